"""The cut-out service on a real server over an archive of ingested files."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from archive.config import Config
from archive.database import Database
from archive.store import Store, initialise
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from ingest import Outcome, ingest_paths
from tests.serving import listening, serving
from tests.soda.files import FILES

AUTHORITY = "archive.example"


@dataclass(frozen=True)
class Site:
    """A client of the server, and the folder of the files as they were before they came into the archive."""

    client: httpx.Client
    originals: Path
    database: Database
    store: Store

    @property
    def url(self) -> str:
        return str(self.client.base_url).rstrip("/")

    def did(self, dp_id: str) -> str:
        return f"ivo://{AUTHORITY}/ID?{dp_id}"

    def sync(self, **parameters: object) -> httpx.Response:
        return self.client.get("/soda/sync", params={k: v for k, v in parameters.items() if v is not None})


@contextlib.contextmanager
def served(database: Database, config: Config, listener: socket.socket) -> Iterator[httpx.Client]:
    app = create_app(config, database, Store(config.data_folder / "files"))
    with serving(app, listener) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


@contextlib.contextmanager
def filled_site(
    test_cluster: ClusterForTests, folder: Path, files: Mapping[str, bytes], **settings: object
) -> Iterator[Site]:
    """A server over an archive into which these files were ingested."""
    originals = folder / "originals"
    originals.mkdir()
    for name, content in files.items():
        (originals / name).write_bytes(content)
    listener = listening()
    base = Config(data_folder=folder, port=listener.getsockname()[1], authority=AUTHORITY)
    config = replace(base, **settings)
    with test_cluster.database() as database:
        with database.writer() as connection:
            initialise(connection)
        summary = ingest_paths(database, Store(folder / "files"), config, [originals])
        assert summary.counts == {Outcome.INGESTED: len(files)}, "\n".join(summary.lines())
        with served(database, config, listener) as client:
            yield Site(client, originals, database, Store(folder / "files"))


@pytest.fixture(scope="session")
def site(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    files = {name: make() for name, make in FILES.items()}
    with filled_site(test_cluster, tmp_path_factory.mktemp("soda"), files) as made:
        yield made
