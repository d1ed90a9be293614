"""`uraniborg store ...` as an operator types it; the process around it is tested in test_backup.py."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from archive.errors import ArchiveError, ConfigurationError, NotFound, UsageError
from frontdesk.cli import parser
from frontdesk.store_commands import act
from tests.store.support import Site, content, flip

SIZE = 100_000


def say(site: Site, *words: object) -> int:
    arguments = parser().parse_args(["store", *map(str, words)])
    return act(site.config, arguments, site.database, site.store)


def test_the_volumes_are_listed(site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    site.keep("A", content(1, SIZE))
    (tmp_path / "three" / "uraniborg-volume").unlink()
    assert say(site, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == "volume state copies bytes free suspect bad oldest check address".split()
    assert [line.split()[0] for line in lines[1:]] == ["files", "three", "two"]
    assert "open, away" in lines[2] and lines[3].endswith(str(tmp_path / "two"))


def test_a_volume_is_added_and_drained(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.keep("A", content(1, SIZE))
    assert say(site, "add", "four", tmp_path / "four") == 0
    assert say(site, "drain", "two") == 0 and say(site, "drain", "three") == 0
    assert "three is drained" in capsys.readouterr().out
    assert len(site.good_copies(site.file("A"))) == 2
    for wrong in (
        ("add", "five", "relative"),
        ("add", "a b", tmp_path),
        ("add", "files", tmp_path),
        ("add", "five", tmp_path / "four"),
    ):
        with pytest.raises(ConfigurationError):
            say(site, *wrong)
    with pytest.raises(ConfigurationError, match="there is no volume nine; there are: files"):
        say(site, "drain", "nine")


def test_scrub_and_check_tell_by_their_status(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    file = site.keep("A", content(1, SIZE))
    assert say(site, "scrub", "--once") == 0
    flip(next(iter(site.copies(file).values())), 10)
    assert say(site, "check", "A") == 0  # repaired
    assert capsys.readouterr().out.count("good") == 2
    for path in site.copies(file).values():
        flip(path, 10)
    assert say(site, "scrub", "--once") == 1
    assert "no good copy left" in capsys.readouterr().out
    assert say(site, "check", "A") == 1
    with pytest.raises(UsageError, match="not negative"):
        say(site, "scrub", "--once", "--rate", "-1")


def test_a_file_is_cloned(site: Site) -> None:
    file = site.keep("A", content(1, SIZE))
    [other] = {"files", "two", "three"} - set(site.copies(file))
    assert say(site, "clone", "A", other) == 0
    assert site.good_copies(file) == {"files", "two", "three"}


def test_any_file_is_archived_and_retrieved(
    site: Site, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    note = tmp_path / "night.txt"
    note.write_text("clouds")
    assert say(site, "archive", note) == 0
    assert say(site, "archive", note) == 0  # the same again
    note.write_text("clear")
    assert say(site, "archive", note, "--id", "night.txt", "--media-type", "text/plain") == 0
    assert site.rows("SELECT version, media_type FROM archive.file ORDER BY version") == [
        (1, "text/plain"), (2, "text/plain"),
    ]  # fmt: skip
    capfdbinary.readouterr()
    assert say(site, "retrieve", "night.txt", "--version", "1") == 0
    assert capfdbinary.readouterr().out == b"clouds"
    folder = tmp_path / "out"
    folder.mkdir()
    assert say(site, "retrieve", "night.txt", folder) == 0
    assert (folder / "night.txt").read_text() == "clear"
    with pytest.raises(UsageError, match="File exists"):
        say(site, "retrieve", "night.txt", folder)
    with pytest.raises(NotFound):
        say(site, "retrieve", "nothing")
    digest = hashlib.sha256(b"clear").hexdigest()
    assert digest in capfdbinary.readouterr().out.decode()


def test_a_damaged_file_is_not_retrieved(site: Site, tmp_path: Path) -> None:
    file = site.keep("A", content(1, SIZE))
    for path in site.copies(file).values():
        flip(path, 10)
    with pytest.raises(ArchiveError, match="no good copy"):
        say(site, "retrieve", "A", tmp_path / "out.fits")


def test_subscriptions(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    assert (
        say(site, "subscribe", "quality", tmp_path / "out", "--pattern", "A*", "--since", "2020-01-01") == 0
    )
    site.keep("A", content(1, SIZE))
    assert say(site, "deliver") == 0
    assert "quality" in capsys.readouterr().out
    assert (tmp_path / "out" / "A.fits").read_bytes() == content(1, SIZE)
    assert say(site, "unsubscribe", "quality") == 0
