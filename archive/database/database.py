"""The database as the rest of the archive sees it: the catalogue, queries, and transactions for writing.

What happens inside each belongs to the modules beside this one.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import psycopg
import pyarrow as pa
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from ..config import Config
from ..declare.builtin import builtin_schemas
from ..declare.catalogue import Catalogue
from ..declare.tables import Schema, Table
from ..errors import Busy, ConfigurationError
from ..query.sql import Statement
from ..query.viewer import Viewer
from . import loading, publication, second_wall
from .batches import Batches, Cancellation, run
from .bookkeeping import Connection, catalogue_version, is_declared, lock_publications, read_catalogue
from .cluster import Cluster
from .copying import Written
from .failures import busy
from .loading import Mode
from .preparation import prepare
from .readers import Readers
from .releases import record_rows, reveals
from .restrictions import check_operator
from .server import Server, given_server, reader_settings
from .tuning import archiving
from .uploads import UploadSchemas, sweep
from .user_tables import UserCatalogues, UserTables, user_tables_version

__all__ = ["DATABASE_NAME", "Database", "open_database", "reached"]

_T = TypeVar("_T")

DATABASE_NAME = "archive"  # of the database in the private cluster
_WRITERS = 8
_PATIENCE = 10.0  # seconds to wait for a connection
_OPERATORS = 4  # queries at the same time that read what is restricted
_BRIEF = 2.0  # the same where an answer is wanted at once, or can be done without
_FRESH = 1.0  # seconds for which the catalogue is taken as current


def open_database(
    config: Config, schemas: Sequence[Schema] | None = None, further: Sequence[str] = ()
) -> Database:
    """The archive's database, ready: with `config.dsn` on that server, else in the private cluster.

    Makes and starts what is missing. ConfigurationError says what only an operator can mend. `schemas`
    are the built-in ones unless given otherwise; `further`: see `preparation.Wanted`.
    """
    settings = reader_settings(config)
    server, cluster = _reached(config)
    try:
        prepare(server, builtin_schemas() if schemas is None else schemas, settings, further)
        return _looked_after(Database(server, config, cluster))
    except BaseException:
        if cluster is not None:
            cluster.release()
        raise


@contextlib.contextmanager
def reached(config: Config) -> Iterator[Server]:
    """The server that `open_database` would use, with the database as it happens to be."""
    server, cluster = _reached(config)
    try:
        yield server
    finally:
        if cluster is not None:
            cluster.release()


def _reached(config: Config) -> tuple[Server, Cluster | None]:
    """With the private cluster, started, which its user has to release."""
    settings = reader_settings(config)
    if config.dsn:
        return given_server(config.dsn, settings), None
    cluster = Cluster(config.data_folder / "database", config.account, archiving(config.wal_archive))
    cluster.ensure()
    try:
        cluster.create_database(DATABASE_NAME)
    except BaseException:
        cluster.release()
        raise
    return cluster.server(DATABASE_NAME, settings), cluster


def _looked_after(database: Database) -> Database:
    """Without the uploads of processes that were killed; what it lacks is told in the log."""
    with database.writer() as connection:
        sweep(connection)
        second_wall.warn_unless_built(connection)
    return database


class Database:
    """An open database. Safe to use from many threads.

    `close` also lets go of the private cluster, which stops with its last user.
    """

    def __init__(
        self, server: Server, config: Config, cluster: Cluster | None = None, *, timed: bool = False
    ) -> None:
        """`timed`: see `Readers`."""
        self.cluster = cluster
        self._server = server
        self._config = config
        self._readers = Readers(server.reader, config.concurrent_queries, timed=timed)
        self._operators = Readers(server.operator, min(_OPERATORS, config.concurrent_queries), timed=timed)
        self._writers = ConnectionPool[Connection](
            server.writer,
            min_size=0,
            max_size=_WRITERS,
            open=True,
            check=ConnectionPool.check_connection,
            # The pool's attempts grow rarer; given up soon, the next request begins a new one.
            reconnect_timeout=5.0,
            name="archive_writer",
        )
        self._glances = Readers(server.writer, _WRITERS)
        self._uploads = UploadSchemas(self.connect)
        self._user_catalogues = UserCatalogues()
        self._lock = threading.Lock()
        self._checked = 0.0
        self._catalogue: Catalogue | None = None

    @property
    def server(self) -> Server:
        """How its roles reach it. It may hold a password: never to be logged or shown."""
        return self._server

    @property
    def catalogue(self) -> Catalogue:
        """What is published; a change made by another process is seen within a second."""
        with self._lock:
            if self._catalogue is None or time.monotonic() - self._checked >= _FRESH:
                try:
                    self._catalogue = self._current(self._catalogue)
                except Busy:
                    if self._catalogue is None:
                        raise
                    # The query that follows will tell that the server is away.
                self._checked = time.monotonic()
            return self._catalogue

    @property
    def fresh_catalogue(self) -> Catalogue | None:
        """The catalogue when it is known to be current, without waiting for anything; None otherwise."""
        catalogue, checked = self._catalogue, self._checked
        return catalogue if time.monotonic() - checked < _FRESH else None

    def catalogue_of(self, user: str) -> Catalogue:
        """What a user sees: everything published, and the tables that he keeps or may read; "" is nobody.

        Of those tables every change counts at once, by whichever process.
        """
        published = self.catalogue
        if not user:
            return published
        known = self._user_catalogues.known(user, published, self.glance(user_tables_version))
        if known is not None:
            return known
        with self._transaction(_BRIEF) as connection:
            return self._user_catalogues.of(connection, user, published)

    def _current(self, known: Catalogue | None) -> Catalogue:
        with self._transaction(_BRIEF) as connection:
            if known is not None and catalogue_version(connection) == known.version:
                return known
            return read_catalogue(connection)

    def run(
        self,
        statement: Statement,
        *,
        maxrec: int | None,
        first_seconds: float,
        total_seconds: float,
        cancellation: Cancellation | None = None,
        begun: float | None = None,
    ) -> Batches:
        """A query as the reader, in a read-only transaction: the rows that the statement's viewer sees.

        What reads restricted tables, or shows an operator hidden rows, runs as the operator; for all others
        `admit` refuses the first.

        Waits up to `first_seconds` for the first batch; the whole transfer may take `total_seconds`; both
        count from `begun`, a moment of time.monotonic(), or from now.
        Raises QueryTimeout, QueryFailed or Busy, and Cancelled by `cancellation`. `statement` should yield
        maxrec + 1 rows at most.
        """
        batches = run(
            self._readers_of(statement),
            statement,
            maxrec=maxrec,
            first_seconds=first_seconds,
            total_seconds=total_seconds,
            cancellation=cancellation,
            begun=begun,
            revealing=reveals(self.catalogue, statement) if statement.hiding else (),
        )
        if batches.revealed:
            self._record(statement.viewer, batches)
        return batches

    def _record(self, viewer: Viewer, batches: Batches) -> None:
        """Before anybody sees a row of them."""
        try:
            with self.writer() as connection:
                record_rows(connection, viewer, batches.revealed)
        except BaseException:
            batches.close()
            raise

    def admit(self, statement: Statement) -> None:
        """Raises Unauthenticated or Forbidden when the viewer may not read the tables of a query."""
        for name in statement.restricted:
            check_operator(statement.viewer, name)

    def _readers_of(self, statement: Statement) -> Readers:
        self.admit(statement)
        commanding = statement.restricted or (statement.hiding and statement.viewer.operator)
        return self._operators if commanding else self._readers

    def estimated_cost(self, statement: Statement) -> float:
        """What PostgreSQL's planner thinks of a query, in its own units; 0 when it cannot say."""
        readers = self._readers_of(statement)
        connection = readers.take(_PATIENCE)
        sound = False
        try:
            row = connection.execute(f"EXPLAIN (FORMAT JSON) {statement.sql}".encode()).fetchone()
            sound = True
        except psycopg.Error:
            return 0.0  # the query itself will tell what is wrong
        finally:
            readers.give_back(connection, sound=sound)
        return float(row[0][0]["Plan"]["Total Cost"]) if row else 0.0

    def ping(self) -> None:
        """Raises Busy unless the database answers."""
        with self._transaction(_BRIEF) as connection:
            connection.execute("SELECT 1")

    def connect(self) -> Connection:
        """A connection as the writer outside all pools, in no transaction: to listen, and to hold locks.

        Whoever asked closes it. psycopg's OperationalError when the server cannot be reached.
        """
        return psycopg.connect(
            self._server.writer,
            autocommit=True,
            connect_timeout=10,
            keepalives_idle=10,
            tcp_user_timeout=20_000,
        )

    def apart(self, queries: int) -> Database:
        """The same database through connections of its own, so that nobody waits for those of the others.

        `queries` at once, which the database itself stops when their time is over. To be closed like any.
        """
        return Database(self._server, replace(self._config, concurrent_queries=queries), timed=True)

    def writer(self) -> contextlib.AbstractContextManager[Connection]:
        """A connection as the writer in a transaction: committed at the end, rolled back on an exception.

        Raises Busy when the server cannot be reached.
        """
        return self._transaction(_PATIENCE)

    def glance(self, look: Callable[[Connection], _T]) -> _T:
        """What `look` finds as the writer, with each of its statements a transaction of its own.

        For what every request asks, as it takes a third of the time of `writer`. `look` runs again on a new
        connection when the kept one has died with its server. Raises Busy when that cannot be reached.
        """
        for fresh in (False, True):
            connection = self._glances.take(_BRIEF, fresh=fresh)
            try:
                return look(connection)
            except psycopg.OperationalError as cause:
                # See `_transaction` for the one that is a fault of ours.
                if not connection.closed:
                    raise
                if fresh:
                    raise busy() from cause
            finally:
                idle = connection.info.transaction_status == TransactionStatus.IDLE
                self._glances.give_back(connection, sound=idle)
        raise busy()

    @contextlib.contextmanager
    def upload_schema(self) -> Iterator[str]:
        """The name of a schema for the tables of one query; it is dropped at the end, whatever happens.

        A server that is away then forgets it by `uploads.sweep`. See `check_upload` for crashes meanwhile.
        """
        try:
            name = self._uploads.new_name()
        except psycopg.OperationalError as cause:
            raise busy() from cause
        try:
            yield name
        finally:
            try:
                with self.writer() as connection:
                    self._uploads.drop(connection, name)
            except Busy:
                self._uploads.leave(name)

    def check_upload(self, name: str) -> None:
        """Raises Busy if the server crashed since the schema was made, which empties its tables.

        To be called once the first rows of the query that reads them are there, before anybody sees them.
        """
        if not self._uploads.outlived(name):
            raise busy()

    @contextlib.contextmanager
    def _transaction(self, patience: float) -> Iterator[Connection]:
        try:
            connection = self._writers.getconn(timeout=patience)
        except PoolTimeout as cause:
            raise busy() from cause
        try:
            with connection.transaction():
                yield connection
        except psycopg.errors.DiskFull as cause:
            raise ConfigurationError(
                f"the database has no room left: {cause.diag.message_primary}",
                hint="what was written before is safe; make room and do it again",
            ) from cause
        except psycopg.OperationalError as cause:
            # SQLSTATE 57P0x or no answer at all; anything else is a statement of ours that is wrong.
            if not connection.closed:
                raise
            raise busy() from cause
        finally:
            self._writers.putconn(connection)

    def publish(self, tables: Iterable[Table], schemas: Iterable[Schema] = ()) -> Catalogue:
        """Creates and publishes tables (see `publication.publish`) in a transaction of its own."""
        with self.writer() as connection:
            catalogue = publication.publish(connection, tables, schemas)
        return self._changed(catalogue)

    def load_table(
        self,
        table: Table,
        batches: Iterable[pa.RecordBatch],
        *,
        mode: Mode = "create",
        schema: Schema | None = None,
    ) -> Written:
        """Loads and publishes a table (see `loading.load_table`), which appears at the end in one step."""
        with self.loads() as loads:
            return loads.load_table(table, batches, mode=mode, schema=schema)

    @contextlib.contextmanager
    def loads(self) -> Iterator[loading.Loads]:
        """Loads of many tables in one transaction: all appear at its end, in one step.

        A transaction has room for the locks of some hundred tables.
        """
        with self.writer() as connection:
            yield loading.Loads(connection)
            lock_publications(connection)
            catalogue = publication.finish_publication(connection)
        self._changed(catalogue)

    def is_declared(self, name: str) -> bool:
        """Whether the archive or a plugin declares a table, or did once: its rows came by ingest."""
        with self.writer() as connection:
            return is_declared(connection, name)

    @contextlib.contextmanager
    def user_tables(self, owner: str) -> Iterator[UserTables]:
        """The tables that a user keeps, in one transaction."""
        with self.writer() as connection:
            tables = UserTables(connection, owner)
            try:
                yield tables
            finally:
                tables.end()
        if tables.catalogue is not None:
            self._changed(tables.catalogue)

    def unpublish(self, name: str) -> Catalogue:
        """Drops a table with all its rows."""
        with self.writer() as connection:
            catalogue = publication.unpublish(connection, self.catalogue.table(name))
        return self._changed(catalogue)

    def refresh_row_counts(self) -> None:
        """Brings TAP_SCHEMA's numbers of rows up to date, after an ingest."""
        with self.writer() as connection:
            lock_publications(connection)
            catalogue = publication.recount(connection, self._catalogue)
        self._changed(catalogue)

    def row_counts(self) -> Mapping[str, int]:
        """Rows by table; above 200 000 PostgreSQL's estimate."""
        with self.writer() as connection:
            return publication.count_rows(connection, self.catalogue)

    def _changed(self, catalogue: Catalogue) -> Catalogue:
        with self._lock:
            self._catalogue = catalogue
            self._checked = time.monotonic()
        return catalogue

    def close(self) -> None:
        self._readers.close()
        self._operators.close()
        self._glances.close()
        self._uploads.close()
        self._writers.close()
        if self.cluster is not None:
            self.cluster.release()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
