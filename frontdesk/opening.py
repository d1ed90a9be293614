"""Opening the archive that a configuration describes: its database and its store, and closing both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from archive import store as storage
from archive.config import Config
from archive.database import Database, open_database
from archive.store import Store

__all__ = ["open_archive"]


@contextmanager
def open_archive(config: Config) -> Iterator[tuple[Database, Store]]:
    """The prepared database (a private one is started if nobody else did) and the store of files."""
    with closing(open_database(config)) as database:
        with database.writer() as connection:
            storage.initialise(connection)
        yield database, storage.open_store(database, config)
