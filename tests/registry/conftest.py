"""A site whose registry can be harvested: observations and a catalogue, on a real server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow as pa
import pytest

from archive.database import Database
from archive.declare.columns import Column
from archive.declare.semantics import ICRS
from archive.declare.tables import Schema, Table
from archive.declare.types import DOUBLE, LONG
from archive.protocol.registry import keeper
from archive.testing import ClusterForTests
from tests.sia.sky import load, site

STARS = Table(
    "novae.stars_V1",
    (
        Column("star", LONG, ucd="meta.id;meta.main", nullable=False),
        Column("ra", DOUBLE, unit="deg", ucd="pos.eq.ra;meta.main", coosys=ICRS),
        Column("dec", DOUBLE, unit="deg", ucd="pos.eq.dec;meta.main", coosys=ICRS),
    ),
    title="New stars",
    description="Stars that were not there before <1572> & later",
    positions=(("ra", "dec"),),
)


def load_stars(database: Database, places: list[tuple[float, float]]) -> None:
    ras, decs = zip(*places, strict=True)
    batch = pa.RecordBatch.from_pydict(
        {"star": pa.array(range(len(places)), pa.int64()), "ra": list(ras), "dec": list(decs)}
    )
    database.load_table(STARS, [batch], mode="replace", schema=Schema("novae", (), "New stars"))


@contextlib.contextmanager
def _site(cluster: ClusterForTests, folder: Path) -> Iterator[tuple[httpx.Client, Database]]:
    with cluster.database() as own:
        load(own)
        load_stars(own, [(6.3, 64.1), (6.4, 64.2), (187.0, -20.0)])
        with site(own, folder) as client:
            yield client, own


@pytest.fixture(scope="session")
def registry(
    test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client whose /oai is the registry."""
    with _site(test_cluster, tmp_path_factory.mktemp("registry")) as (client, _):
        yield client


@pytest.fixture
def changing(
    test_cluster: ClusterForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[httpx.Client, Database]]:
    """One of its own with the database behind it, in which every change counts at once."""
    monkeypatch.setattr(keeper, "_SHARE", 0.0)
    with _site(test_cluster, tmp_path) as both:
        yield both
