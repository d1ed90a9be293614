"""Rows of files whose headers were corrected: what follows from headers, follows from the corrected ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.config import Config
from archive.database import Database
from archive.store import Action, Change, Store, correct, initialise
from archive.testing import ClusterForTests
from ingest import ingest_paths, rederive
from tests.ingest.support import RAW, TAN, image, write

FRAME, DEEP = "ISAAC.2006-04-13T06:32:38.944", "ADP.2026-01-01T00:00:01.000"


@pytest.fixture(scope="module")
def database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as own:
        with own.writer() as connection:
            initialise(connection)
        yield own


def test_a_correction_reaches_every_table(database: Database, tmp_path: Path) -> None:
    config, store = Config(), Store(tmp_path / "store")
    night = tmp_path / "night"
    night.mkdir()
    write(night, "frame.fits", image(RAW | {"ESO DET NDIT": 5}))
    product = {
        "ARCFILE": f"{DEEP}.fits",
        "PRODCATG": "SCIENCE.IMAGE",
        "MJD-OBS": 53838.0,
        "PROV1": "wrong.fits",
    }
    write(night, "deep.fits", image(TAN | product))
    ingest_paths(database, store, config, [night], collection="DEEP")
    with database.writer() as connection:
        before = connection.execute("SELECT dp_id, publication_date FROM ivoa.obscore ORDER BY 1").fetchall()
        why = {"who": "an operator", "why": "wrong in the header"}
        changes = [
            Change(0, Action.SET, "ESO DET NDIT", 7),
            Change(0, Action.SET, "OBJECT", "PSR B1740"),
        ]
        correct(connection, store, FRAME, changes, **why)
        correct(connection, store, DEEP, [Change(0, Action.SET, "PROV1", f"{FRAME}.fits")], **why)
        problems = rederive(connection, store, config, [FRAME, DEEP])
    assert problems == []
    with database.writer() as connection:
        rows = connection.execute(
            "SELECT r.object, i.object, r.det_ndit, i.det_ndit, o.target_name, o.obs_collection,"
            " adql.keyword(r.dp_id, 'OBJECT')"
            " FROM dbo.raw AS r JOIN ist.other AS i USING (dp_id) JOIN ivoa.obscore AS o USING (dp_id)"
        ).fetchall()
        sources = connection.execute("SELECT source_file FROM phase3v2.provenance").fetchall()
        after = connection.execute("SELECT dp_id, publication_date FROM ivoa.obscore ORDER BY 1").fetchall()
    assert rows == [("PSR B1740", "PSR B1740", 7, 7, "PSR B1740", "DEEP", "PSR B1740")]
    assert sources == [(FRAME,)]
    assert after == before
