"""What a reader does in its process stays there."""

from __future__ import annotations

import os

import pytest

from ingest.confined import MOST_PRINTED, Limits, confined


def test_what_is_printed_fits_into_a_log(capfd: pytest.CaptureFixture[str]) -> None:
    def talk() -> str:
        for _ in range(10_000):
            print("x" * 99)
        os.write(1, b"z" * 1000)
        return "done"

    assert confined(talk, Limits(60.0, 100 << 20)) == "done"
    out, error = capfd.readouterr()
    assert (out, error[:MOST_PRINTED].count("x"), "z" in error) == ("", MOST_PRINTED // 100 * 99 + 36, False)
    assert error.endswith("\nwhat this process prints from here on is not shown\n")


def test_what_little_is_printed_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    assert confined(lambda: print("one", "\ud800"), Limits(60.0, 100 << 20)) is None
    assert capfd.readouterr().err == "one \\ud800\n"
