"""Opening the archive that a configuration describes: its database and its store, and closing both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from archive import store as storage
from archive.access.hidden_rows import complete_hiding
from archive.access.protection import complete_rights, set_period
from archive.config import Config
from archive.database import Database, open_database
from archive.declare.builtin import builtin_schemas
from archive.declare.tables import Schema
from archive.plugins import load_plugins
from archive.store import Store
from archive.store.tables import TABLES as STORE_TABLES
from ingest import BUILTIN
from ingest.exposures import complete_exposures
from ingest.input_files import mark_restricted
from ingest.lineage import TABLES as LINEAGE_TABLES
from ingest.polling import TABLES as POLLING_TABLES

__all__ = ["BOOKKEEPING", "declared_schemas", "open_archive"]

# Private tables that other rooms and packages make where they need them; when their texts change, they move.
BOOKKEEPING = (STORE_TABLES, LINEAGE_TABLES, POLLING_TABLES)


def declared_schemas(config: Config) -> tuple[Schema, ...]:
    """Everything that this version of the archive publishes, with the tables of its plugins.

    Raises ConfigurationError that tells everything that is wrong with them.
    """
    return load_plugins(config, BUILTIN).beside(builtin_schemas())


@contextmanager
def open_archive(config: Config) -> Iterator[tuple[Database, Store]]:
    """The prepared database (a private one is started if nobody else did) and the store of files."""
    plugins = load_plugins(config, BUILTIN)
    with closing(open_database(config, plugins.beside(builtin_schemas()), BOOKKEEPING)) as database:
        with database.writer() as connection:
            storage.initialise(connection)
            mark_restricted(connection, plugins.ingests)
            complete_exposures(connection)
            set_period(connection, database.catalogue, config.proprietary_days)
            complete_rights(connection, database.catalogue)
            complete_hiding(connection, database.catalogue)
        yield database, storage.open_store(database, config)
