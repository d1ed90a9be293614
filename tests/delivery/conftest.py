"""A store and a database for the tests of delivery."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archive import store as storage
from archive.database import Database
from archive.store import FileVersion, Store
from archive.testing import ClusterForTests
from tests.delivery.support import keep


@pytest.fixture(scope="session")
def archived(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        with database.writer() as connection:
            storage.initialise(connection)
        yield database


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def put(
    archived: Database, store: Store, tmp_path: Path, numbers: Iterator[int]
) -> Callable[..., FileVersion]:
    """Keeps content as a file, under an identifier of its own unless one is given."""

    def put(
        content: bytes, dp_id: str | None = None, version: int = 1, name: str | None = None
    ) -> FileVersion:
        chosen = f"TEST.{next(numbers)}" if dp_id is None else dp_id
        return keep(archived, store, tmp_path, content, chosen, version, name)

    return put
