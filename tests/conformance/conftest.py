"""The demonstration archive on a real server, and one that has the real files too, for unmodified clients.

Every test runs on the first; on the second with the mark `real`.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from archive.testing import ClusterForTests
from frontdesk.demo import DATA_VARIABLE
from tests import demonstrations
from tests.datalink.conftest import vocabulary
from tests.demonstrations import Demonstration

__all__ = ["DEMONSTRATION", "REAL_FILES", "Place", "Site", "vocabulary"]

DEMONSTRATION, REAL_FILES = "demonstration", "real files"


@dataclass(frozen=True)
class Place:
    """A dataset and where it is, ICRS degrees."""

    dp_id: str
    did: str
    ra: float
    dec: float


class Site(Demonstration):
    """The archive, and what it is asked."""

    @classmethod
    def of(cls, served: Demonstration) -> Site:
        return cls(served.address, served.database, served.config)

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
    if request.param == DEMONSTRATION:
        yield Site.of(request.getfixturevalue("demonstration"))
        return
    folder = tmp_path_factory.mktemp("conformance")
    environment = {DATA_VARIABLE: os.environ[DATA_VARIABLE]}
    with demonstrations.demonstration(test_cluster, folder, environment) as served:
        yield Site.of(served)


@pytest.fixture(autouse=True)
def alone(vocabulary: None) -> Iterator[None]:
    """No server but ours; and what pyvo leaves open belongs to the test that used it."""
    yield
    gc.collect()
