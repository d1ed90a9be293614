"""A TAP service over a catalogue of stars, to which tables are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import numpy as np
import pyarrow as pa
import pytest

from archive.database import Database
from archive.declare import Column, Table
from archive.declare.types import DOUBLE, INTEGER
from archive.testing import ClusterForTests
from tests.tap.conftest import tap_client

STARS = 20_000


@pytest.fixture(scope="session")
def stars(test_cluster: ClusterForTests) -> Iterator[Database]:
    """`sky.stars`, at random places; star n is the (n + 1)th."""
    random = np.random.default_rng(11)
    table = Table(
        "sky.stars",
        (
            Column("id", INTEGER, description="Number"),
            Column("ra", DOUBLE, unit="deg", ucd="pos.eq.ra;meta.main", description="Right ascension"),
            Column("dec", DOUBLE, unit="deg", ucd="pos.eq.dec;meta.main", description="Declination"),
        ),
        "Stars",
        positions=(("ra", "dec"),),
    )
    batch = pa.record_batch(
        {
            "id": pa.array(np.arange(STARS), pa.int32()),
            "ra": random.uniform(0, 360, STARS),
            "dec": np.degrees(np.arcsin(random.uniform(-1, 1, STARS))),
        }
    )
    with test_cluster.database() as database:
        database.load_table(table, [batch])
        yield database


@pytest.fixture(scope="session")
def service(stars: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with tap_client(stars, tmp_path_factory.mktemp("uploads")) as client:
        yield client


Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(service: httpx.Client) -> Ask:
    return asking(service)


def asking(client: httpx.Client) -> Ask:
    def ask(query: str, upload: str | list[str] = "", **files: bytes) -> httpx.Response:
        """The answer in JSON to a query with files; UPLOAD names them all unless it is given."""
        pairs = upload or ";".join(f"{name},param:{name}" for name in files)
        data = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "json", "UPLOAD": pairs}
        return client.post("/sync", data=data, files={name: (f"{name}.vot", f) for name, f in files.items()})

    return ask


@pytest.fixture
def schemas(stars: Database) -> Callable[[], list[str]]:
    """The schemas of uploads that there are at this moment."""

    def names() -> list[str]:
        with stars.writer() as connection:
            rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'upload%'")
            return [str(name) for (name,) in rows]

    return names
