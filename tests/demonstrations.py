"""The demonstration archive without anything that is not in the project, on a real server.

It takes a quarter of a minute to load, so that one serves all tests of a process: `demonstration` in
tests/conftest.py. They leave it as they found it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from archive import store as storage
from archive.config import Config
from archive.database import Database
from archive.store import Store
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from frontdesk.demo import demonstration_config, load_demonstration
from tests.serving import listening, serving

__all__ = ["Demonstration", "demonstration"]


@dataclass(frozen=True)
class Demonstration:
    """The archive that is served at `address`."""

    address: str
    database: Database
    config: Config


@contextmanager
def demonstration(
    cluster: ClusterForTests, folder: Path, environment: dict[str, str]
) -> Iterator[Demonstration]:
    """With the files that `environment` names besides, if it does."""
    listener = listening()
    config = demonstration_config(Config(), folder, listener.getsockname()[1])
    # An archive that fetches nothing lacks #upload-http, which TAP 1.0 wants wherever there are uploads.
    config = replace(config, upload_hosts=("127.0.0.1",), volumes=(), scrub_rate=0)
    store = Store(folder / "files")
    with closing(listener), cluster.database(config=config) as database:
        with database.writer() as connection:
            storage.initialise(connection)
        problems = load_demonstration(database, store, config, folder / "no frames", environment)
        assert problems == [] or environment
        with serving(create_app(config, database, store), listener) as address:
            yield Demonstration(address, database, config)
