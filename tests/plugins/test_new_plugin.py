"""`uraniborg plugins new`: what it writes works as it is, is clean, and is found where it is put."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archive.config import Config
from archive.database import Cluster
from archive.errors import UsageError
from archive.plugins import find_plugins
from frontdesk.cli import main
from frontdesk.plugin_skeleton import skeleton

from .forked import forked

ROOT = Path(__file__).parents[2]
NAMES = ["weather-mast", "a", "public", "my-" + "x" * 21]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def made(tmp_path: Path) -> Path:
    assert main(["plugins", "new", "weather-mast", "--in", str(tmp_path)]) == 0
    return tmp_path / "weather-mast"


def test_its_own_test_passes(made: Path, cluster: Cluster) -> None:
    assert cluster.folder.exists()  # the session's, which it uses

    def work() -> int:
        os.chdir(made)
        return int(pytest.main(["-q", "-p", "no:cacheprovider", str(made)]))

    status, out, err = forked(work)
    assert status == 0, out + err
    assert "2 passed" in out


def test_it_is_clean_under_mypy(made: Path) -> None:
    # Everything that it imports is looked at, which takes a minute the first time.
    found = run(made, "mypy", "--strict", f"--cache-dir={ROOT}/.mypy_cache/plugins", ".")
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("name", NAMES)
def test_it_is_clean_under_ruff(tmp_path: Path, name: str) -> None:
    for file, text in skeleton(name).items():
        (tmp_path / file).write_text(text)
    for words in (("check",), ("format", "--check")):
        found = run(tmp_path, "ruff", *words, "--no-cache", ".")
        assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_in_the_folder_is_found(tmp_path: Path, name: str) -> None:
    for file, text in skeleton(name).items():
        if file.endswith("_plugin.py") and not file.startswith("test_"):
            (tmp_path / file).write_text(text)
    found = find_plugins(Config(plugins_folder=tmp_path))
    assert (found.problems, [plugin.name for plugin in found.ingests]) == ((), [name])


@pytest.mark.parametrize("name", ["", "Night", "night_log", "../x", "a" * 25, "1a", "a--b"])
def test_a_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no name of a plugin"):
        skeleton(name)


def test_a_name_of_the_archives_own_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "new", "night-log", "--in", str(tmp_path)]) == 2
    assert "Uraniborg has a plugin night-log of its own" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "new", "weather-mast", "--in", str(made.parent)]) == 2
    assert "exists already" in capsys.readouterr().err
