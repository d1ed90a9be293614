"""A site with a few spectra, which tests only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from archive.database import Database
from archive.testing import ClusterForTests
from tests.ssa.spectra import FILES, served


@pytest.fixture(scope="session")
def site(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    with (
        test_cluster.database() as database,
        served(database, tmp_path_factory.mktemp("ssa"), FILES) as address,
    ):
        yield address


@pytest.fixture(scope="session")
def client(site: str) -> Iterator[httpx.Client]:
    plain = {"Accept-Encoding": "identity"}
    with httpx.Client(base_url=site, timeout=30, headers=plain) as client:
        yield client


@pytest.fixture
def empty_client(fresh_database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    with (
        served(fresh_database, tmp_path, {}) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        yield client
