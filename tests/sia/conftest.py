"""The image services on a real server over the datasets of `sky`."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from archive.database import Database
from archive.testing import ClusterForTests
from tests.sia.sky import load, site


@pytest.fixture(scope="session")
def images_database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as own:
        load(own)
        yield own


@pytest.fixture(scope="session")
def images(images_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with site(images_database, tmp_path_factory.mktemp("images")) as client:
        yield client
