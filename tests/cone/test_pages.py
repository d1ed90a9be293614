"""What the users' page about cone search shows runs as it stands."""

from __future__ import annotations

from tests.documentation import Page, check_examples


def test_the_examples_run(cone, monkeypatch):
    check_examples(Page.read("users/conesearch.md"), cone, monkeypatch, snippets=1)
