"""The TAP service on a real server over a real database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from archive import store as storage
from archive.config import Config
from archive.database import Cluster, Database
from archive.store import Store
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from tests.serving import listening, serving
from tests.tap.hard_values import hard_database


@contextlib.contextmanager
def tap_client(database: Database, folder: Path, **settings: object) -> Iterator[httpx.Client]:
    listener = listening()
    config = replace(Config(data_folder=folder, port=listener.getsockname()[1]), **settings)
    with database.writer() as connection:
        storage.initialise(connection)
    app = create_app(config, database, Store(folder / "files"))
    # Compression has its own tests; the others see what was made.
    plain = {"Accept-Encoding": "identity"}
    with (
        serving(app, listener) as address,
        httpx.Client(base_url=f"{address}/tap", timeout=30, headers=plain) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def tap(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with tap_client(database, tmp_path_factory.mktemp("tap")) as client:
        yield client


@pytest.fixture(scope="session")
def hard(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with the tables of `hard_values`."""
    with (
        hard_database(test_cluster) as database,
        tap_client(database, tmp_path_factory.mktemp("hard")) as client,
    ):
        yield client


@pytest.fixture
def hurried_tap(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    """A service that waits one second for a first row."""
    with tap_client(database, tmp_path, sync_seconds=1.0) as client:
        yield client


@pytest.fixture
def small_tap(database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    """A service that sends 2 rows unless asked for more, and never more than 4."""
    with tap_client(database, tmp_path, default_rows=2, hard_rows=4) as client:
        yield client


@pytest.fixture(scope="session")
def owner_dsn(cluster: Cluster) -> str:
    return cluster.server("postgres").owner
