"""Cone searches on a real server: a few stars, datasets, and tables with odd declarations."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from archive.database import Database
from archive.database.bulk import copy_records
from archive.declare import types
from archive.declare.columns import Column
from archive.declare.semantics import GALACTIC, ICRS
from archive.declare.tables import Schema, Table
from archive.testing import ClusterForTests
from tests.query.sky import SKY, STARS, TARGETS
from tests.sia.sky import load, site
from tests.uws.support import TOKENS

# No key, no identifier, galactic positions first, and columns that have the names of what is added.
NAMELESS = Table(
    "odd.nameless",
    (
        Column("l", types.DOUBLE, "deg", "pos.galactic.lon", coosys=GALACTIC),
        Column("b", types.DOUBLE, "deg", "pos.galactic.lat", coosys=GALACTIC),
        Column("lon", types.FLOAT, "deg", "pos.eq.ra"),
        Column("lat", types.FLOAT, "deg", "pos.eq.dec"),
        Column("distance", types.DOUBLE, "pc", "pos.distance"),
        Column("id", types.INTEGER, description="Not unique"),
    ),
    "Rows that nothing tells apart",
    positions=(("l", "b"), ("lon", "lat")),
)
# Two columns that claim to be the main one, a key of two columns, and a position without an index.
DOUBLE_MAIN = Table(
    "odd.Doubled",
    (
        Column("field", types.INTEGER, nullable=False, ucd="meta.id;obs"),
        Column("number", types.INTEGER, nullable=False),
        Column("ra", types.DOUBLE, "deg", "pos.eq.ra;meta.main", principal=True, coosys=ICRS),
        Column("dec", types.DOUBLE, "deg", "pos.eq.dec;meta.main", principal=True, coosys=ICRS),
        Column("ra2", types.DOUBLE, "deg", "pos.eq.ra;meta.main"),
        Column("dec2", types.DOUBLE, "deg", "pos.eq.dec;meta.main"),
        Column("mag", types.FLOAT, "mag", "phot.mag", principal=True),
        Column("note", types.TEXT),
    ),
    "Positions twice",
    primary_key=("field", "number"),
)
ODD = Schema("odd", (NAMELESS, DOUBLE_MAIN), "Tables with odd declarations")


@pytest.fixture(scope="session", autouse=True)
def tokens() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("URANIBORG_TOKENS", " ".join(f"{name}:{token}" for name, token in TOKENS.items()))
        yield


@pytest.fixture(scope="session")
def cone_database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as own:
        load(own)
        own.publish((STARS, TARGETS, NAMELESS, DOUBLE_MAIN), (SKY, ODD))
        with own.writer() as connection:
            copy_records(connection, STARS, [_star(n, *place) for n, place in enumerate(PLACES)])
            copy_records(
                connection,
                NAMELESS,
                [NAMELESS.row(l=100.0, b=10.0, lon=50.0, lat=5.0, distance=1.5, id=7) for _ in range(2)],
            )
            copy_records(
                connection,
                DOUBLE_MAIN,
                [
                    DOUBLE_MAIN.row(field=1, number=n, ra=30.0 + n / 10, dec=0.0, ra2=90.0, dec2=0.0, mag=n)
                    for n in range(3)
                ],
            )
        own.refresh_row_counts()
        yield own


PLACES = (
    (10.0, 20.0),
    (10.0, 20.1),
    (10.0, 19.95),
    (359.95, 0.0),
    (0.05, 0.0),
    (0.0, 90.0),
    (120.0, 89.95),
    (240.0, -89.99),
    (None, None),
)


def _star(number: int, ra: float | None, dec: float | None):
    return STARS.row(id=number, ra=ra, dec=dec, ra4=0.0, dec4=0.0, mag=number / 2, radius=0.1)


@pytest.fixture(scope="session")
def cone(cone_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with site(cone_database, tmp_path_factory.mktemp("cone")) as client:
        yield client
