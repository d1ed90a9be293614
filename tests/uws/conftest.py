"""A TAP service with jobs on a real server, over a database of its own: workers take whatever is queued."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from archive import store as storage
from archive.config import Config
from archive.database import Database
from archive.store import Store
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from tests.serving import listening, serving
from tests.uws.support import TOKENS


@contextlib.contextmanager
def job_service(database: Database, folder: Path, **settings: object) -> Iterator[httpx.Client]:
    """A client of the TAP service; the list of jobs is at /async."""
    listener = listening()
    config = replace(Config(data_folder=folder, port=listener.getsockname()[1]), **settings)
    with database.writer() as connection:
        storage.initialise(connection)
    app = create_app(config, database, Store(folder / "files"))
    with (
        serving(app, listener) as address,
        httpx.Client(base_url=f"{address}/tap", timeout=60) as client,
    ):
        yield client


@pytest.fixture(scope="session", autouse=True)
def tokens() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("URANIBORG_TOKENS", " ".join(f"{name}:{token}" for name, token in TOKENS.items()))
        yield


@pytest.fixture(scope="module")
def jobs_database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as own:
        yield own


@pytest.fixture(scope="module")
def jobs(jobs_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with job_service(jobs_database, tmp_path_factory.mktemp("jobs")) as client:
        yield client
