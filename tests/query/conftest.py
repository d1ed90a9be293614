"""The sky that the tests of queries look at, made once for each worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archive.testing import ClusterForTests
from tests.query.sky import Sky, fill


@pytest.fixture(scope="session")
def sky(test_cluster: ClusterForTests) -> Iterator[Sky]:
    with test_cluster.database() as database:
        fill(database)
        yield Sky(database)
