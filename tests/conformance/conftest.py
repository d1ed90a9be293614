"""The demonstration archive on a real server, and one that has the real files too, for unmodified clients.

Every test runs on the first; on the second with the mark `real`.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from archive import store as storage
from archive.config import Config
from archive.database import Database
from archive.store import Store
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from frontdesk.demo import DATA_VARIABLE, demonstration_config, load_demonstration
from tests.datalink.conftest import vocabulary
from tests.serving import listening, serving

__all__ = ["DEMONSTRATION", "REAL_FILES", "Place", "Site", "vocabulary"]

DEMONSTRATION, REAL_FILES = "demonstration", "real files"


@dataclass(frozen=True)
class Place:
    """A dataset and where it is, ICRS degrees."""

    dp_id: str
    did: str
    ra: float
    dec: float


@dataclass(frozen=True)
class Site:
    """The archive that is served at `address`."""

    address: str
    database: Database
    config: Config

    def rows(self, query: str) -> list[list[Any]]:
        """What an ADQL query finds, which must be something."""
        form = {"LANG": "ADQL", "RESPONSEFORMAT": "json", "QUERY": query}
        answer = httpx.post(f"{self.address}/tap/sync", data=form, timeout=60)
        assert answer.status_code == 200, answer.text
        found: list[list[Any]] = answer.json()["data"]
        assert found, query
        return found

    def first(self, kind: str, condition: str = "calib_level >= 2") -> Place:
        """The first dataset of a type, in the order of identifiers."""
        (row,) = self.rows(
            "SELECT TOP 1 dp_id, obs_publisher_did, s_ra, s_dec FROM ivoa.ObsCore "
            f"WHERE dataproduct_type = '{kind}' AND s_ra IS NOT NULL AND {condition} ORDER BY dp_id"
        )
        return Place(*row)


@pytest.fixture(scope="session", params=[DEMONSTRATION, pytest.param(REAL_FILES, marks=pytest.mark.real)])
def site(
    request: pytest.FixtureRequest, test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("conformance")
    listener = listening()
    port = listener.getsockname()[1]
    config = demonstration_config(Config(), folder, port)
    config = replace(config, upload_hosts=("127.0.0.1",), volumes=(), scrub_rate=0)
    environment = {DATA_VARIABLE: os.environ[DATA_VARIABLE]} if request.param == REAL_FILES else {}
    store = Store(folder / "files")
    with closing(listener), test_cluster.database(config=config) as database:
        with database.writer() as connection:
            storage.initialise(connection)
        said: list[str] = []
        load_demonstration(database, store, config, Path("no frames"), environment, said.append)
        assert said
        with serving(create_app(config, database, store), listener) as address:
            yield Site(address, database, config)


@pytest.fixture(autouse=True)
def alone(vocabulary: None) -> Iterator[None]:
    """No server but ours; and what pyvo leaves open belongs to the test that used it."""
    yield
    gc.collect()
