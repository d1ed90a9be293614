"""A database with rows, whose declarations the tests then change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archive.testing import ClusterForTests
from tests.migrate.support import Site, copied, sample


@pytest.fixture(scope="session")
def template(test_cluster: ClusterForTests) -> Iterator[str]:
    with sample(test_cluster) as name:
        yield name


@pytest.fixture
def site(test_cluster: ClusterForTests, template: str) -> Iterator[Site]:
    with copied(test_cluster, template) as own:
        yield own
