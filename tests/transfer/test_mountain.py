"""The demonstration's line from the mountain: files come by the daemon, and no interruption doubles one."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.config import Config
from archive.database import Database
from frontdesk.demo_transfer import send_from_mountain
from tests.transfer.local import prepared, write_fits


class Interrupted(Exception):
    pass


def _write(folder: Path) -> None:
    for number in range(6):
        write_fits(folder / f"FORS2.2026-03-14T0{number}:00:00.000.fits", number, ESO_DPR_CATG="CALIB")


def test_an_interruption_is_gone_on_from(fresh_database: Database, tmp_path: Path) -> None:
    config = Config(data_folder=tmp_path / "data")
    store = prepared(fresh_database, config)
    raw = tmp_path / "raw"
    raw.mkdir()
    _write(raw)

    def send(spool: str, stop_at: int) -> list[str]:
        def progress(done: int, total: int) -> None:
            assert total <= 6
            if done >= stop_at:
                raise Interrupted

        return send_from_mountain(
            fresh_database, store, config, [raw], tmp_path / spool, "SIMULATED", progress
        )

    with pytest.raises(Interrupted):
        send("first", 1)
    # The next start makes all files anew, and knows nothing of what was sent.
    _write(raw)
    assert send("second", 7) == []
    assert list(raw.iterdir()) == []
    with fresh_database.writer() as connection:
        transfers = connection.execute(
            "SELECT status, sender, priority, count(*) FROM dfs.transfer GROUP BY 1, 2, 3"
        ).fetchall()
        stored = connection.execute("SELECT count(*), max(version) FROM archive.file").fetchone()
    assert transfers == [("ingested", "mountain", 40, 6)]
    assert stored == (6, 1)
