"""The library is made when it is missing or out of date, and nothing needs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from archive.wire import library, transcoder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(
        ROOT / "archive" / "wire", tmp_path / "wire", ignore=shutil.ignore_patterns("*.so", "__pycache__")
    )
    return tmp_path / "wire"


def build(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / "build.py")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_made_once_and_again_when_the_sources_change(folder: Path) -> None:
    made = folder / "wire.so"
    assert (build(folder).returncode, made.exists()) == (0, True)
    first = made.stat().st_mtime_ns
    assert build(folder, PATH="/nowhere").returncode == 0
    assert made.stat().st_mtime_ns == first
    (folder / "native" / "wire.cpp").write_text("not C++")
    failed = build(folder)
    assert failed.returncode == 1
    assert "could not be compiled" in failed.stderr
    assert sorted(path.name for path in folder.glob("wire*")) == ["wire.so"]


def test_no_compiler_is_a_message_and_no_more(folder: Path) -> None:
    done = build(folder, PATH="/nowhere", CXX="")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "no compiler" in done.stderr


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("URANIBORG_WIRE", raising=False)
    library._loaded.cache_clear()
    monkeypatch.setattr(library, "_loaded", library._loaded.__wrapped__)
    return monkeypatch


def test_without_a_library_there_is_a_line_in_the_log(
    unloaded: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "uraniborg")
    unloaded.setattr(library, "LIBRARY", tmp_path / "wire.so")
    assert transcoder(()) is None
    (tmp_path / "wire.so").write_bytes(b"no library")
    assert transcoder(()) is None
    assert [message.split(":")[0] for message in caplog.messages] == [
        "results are written without compiled code"
    ] * 2


def test_a_library_of_other_sources_is_not_used(
    unloaded: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "uraniborg")
    unloaded.setattr(library, "fingerprint", lambda: "another")
    assert transcoder(()) is None
    assert "out of date" in caplog.text
