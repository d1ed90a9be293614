"""What the users' page about images shows runs as it stands."""

from __future__ import annotations

from tests.documentation import Page, check_examples


def test_the_examples_run(images, monkeypatch):
    check_examples(Page.read("users/images.md"), images, monkeypatch, snippets=3)
