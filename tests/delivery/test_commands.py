"""`uraniborg header` as an operator types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.config import Config
from archive.database import Database
from archive.errors import NotFound, UsageError
from archive.store import Action, Change, Store
from frontdesk.cli import parser
from frontdesk.header_commands import carry_out, parse_change
from ingest import ingest_paths
from tests.ingest.support import RAW, image

NAMES = ["", "CHIP1", "CHIP2"]


@pytest.mark.parametrize(
    ("action", "text", "change"),
    [
        ("set", "EXPTIME=30.5", (0, "EXPTIME", 30.5, None)),
        ("set", "exptime = 30 / seconds", (0, "EXPTIME", 30, "seconds")),
        ("set", "OBJECT='NGC 1/2' / a name", (0, "OBJECT", "NGC 1/2", "a name")),
        ("set", "OBJECT=NGC 1365", (0, "OBJECT", "NGC 1365", None)),
        ("set", "[chip2]NIGHT=T", (2, "NIGHT", True, None)),
        ("set", "[1] HIERARCH ESO DPR CATG = 'CALIB'", (1, "ESO DPR CATG", "CALIB", None)),
        ("set", "[17]eso.dpr.catg='CALIB'", (17, "ESO DPR CATG", "CALIB", None)),
        ("add", "GAIN=", (0, "GAIN", None, None)),
        ("add", "HISTORY=moved by 3'/pixel = much", (0, "HISTORY", "moved by 3'/pixel = much", None)),
        ("delete", "[CHIP1] crval1 ", (1, "CRVAL1", None, None)),
    ],
)
def test_changes_as_they_are_written(action, text, change):
    hdu, keyword, value, comment = change
    assert parse_change(Action(action), text, NAMES) == Change(hdu, Action(action), keyword, value, comment)


@pytest.mark.parametrize(
    ("action", "text", "reason"),
    [
        ("set", "EXPTIME 30", "no card"),
        ("delete", "EXPTIME=30", "takes a keyword"),
        ("set", "[CHIP9]EXPTIME=30", "0 to 2, CHIP1, CHIP2"),
        ("set", "[]EXPTIME=30", "no HDU ''"),
    ],
)
def test_what_is_no_change(action, text, reason):
    with pytest.raises(UsageError, match=reason):
        parse_change(Action(action), text, NAMES)


def test_changes_keep_their_order():
    words = "header correct A B --why x --add HISTORY=1 --delete GAIN --add GAIN=3 --set A=1".split()
    assert parser().parse_args(words).changes == [
        ("add", "HISTORY=1"),
        ("delete", "GAIN"),
        ("add", "GAIN=3"),
        ("set", "A=1"),
    ]


@pytest.fixture
def say(fresh_database: Database, tmp_path: Path) -> Callable[..., str]:
    """Carries a command out, over a store in a folder."""
    store = Store(tmp_path / "files")

    def say(*words: str) -> str:
        arguments = parser().parse_args(["header", *words])
        with fresh_database.writer() as connection:
            return carry_out(connection, store, Config(), arguments, "tycho").decode()

    return say


def test_from_ingest_to_history(fresh_database: Database, tmp_path: Path, say: Callable[..., str]) -> None:
    """Corrected rows follow; refreshing does not take them back; a mistake changes nothing."""

    def rows(query: str) -> list[tuple[object, ...]]:
        with fresh_database.writer() as connection:
            return connection.execute(query.encode()).fetchall()

    def ingest(**options: bool) -> None:
        store = Store(tmp_path / "files")
        ingest_paths(fresh_database, store, Config(), [frame], collection="Nights", **options)

    frame = tmp_path / "frame.fits"
    frame.write_bytes(image(RAW))
    ingest()
    ask = "SELECT dp_id, object, exposure FROM dbo.raw"
    [(dp_id, *before)] = rows(ask)
    change = ("--set", "OBJECT='NGC 1365'", "--set", "EXPTIME=45.5")
    said = say("correct", str(dp_id), *change, "--why", "typing error")
    assert "[0] + EXPTIME =                 45.5" in said and "SHA-256" in said
    assert rows(ask) == [(dp_id, "NGC 1365", 45.5)] != [(dp_id, *before)]
    found = rows("SELECT target_name, t_exptime, obs_collection FROM ivoa.obscore")
    assert found == [("NGC 1365", 45.5, "Nights")]
    ingest(refresh=True)
    assert rows("SELECT target_name, t_exptime, obs_collection FROM ivoa.obscore") == found
    said = say("history", str(dp_id))
    assert "tycho: typing error" in said and said.count("[0] + ") == 2
    shown = json.loads(say("show", str(dp_id), "--format", "json", "--hdu", "0"))
    assert shown["correction"] == 1
    assert {"keyword": "EXPTIME", "value": 45.5, "comment": ""} in shown["hdus"][0]["cards"]
    assert "45.5" not in say("show", str(dp_id), "--correction", "0")
    with pytest.raises(NotFound, match="no file none"):
        say("correct", str(dp_id), "none", "--set", "EXPTIME=3", "--why", "x")
    assert "as it was archived" in say("correct", str(dp_id), "--restore", "0", "--why", "x", "--who", "me")
    assert rows(ask) == [(dp_id, *before)]
    assert rows("SELECT correction, who FROM archive.header_correction ORDER BY 1") == [
        (1, "tycho"),
        (2, "me"),
    ]
