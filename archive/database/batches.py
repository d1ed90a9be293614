"""Running a compiled query: Arrow batches while the database makes them, stopped when time or rows are up.

The first batch is fetched before anybody sees the result, so that what fails early fails with a
proper answer. SQL is made elsewhere; so is the form in which the rows leave.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import adbc_driver_postgresql
import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_manager import dbapi

from ..declare.columns import Field
from ..errors import ArchiveError, Cancelled, QueryTimeout
from ..query.sql import Statement
from .failures import busy, from_adbc, from_stream, is_lost
from .readers import Readers

__all__ = ["Batches", "Cancellation", "run"]

# Bytes of a batch: the first byte leaves three times sooner than with the driver's 16 MiB, at the same rate.
_BATCH = 1 << 20
_HINT = adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value
_PATIENCE = 10.0  # seconds to wait for one of the connections
_AGAIN = 0.5  # seconds between two attempts to cancel
# The first moment PostgreSQL knows, -infinity excepted (microseconds; 4714-11-24 BC).
_FIRST_TIMESTAMP = -210_866_803_200_000_000


# Why a query stops. Kept as what makes the exception: an exception kept itself would hold, by its traceback,
# all frames that it went through, and with them whole results until the garbage collector comes by.
_Reason = Callable[[], ArchiveError]


def _cancelled() -> ArchiveError:
    return Cancelled("the query was cancelled")


def _closed() -> ArchiveError:
    return Cancelled("the query was closed")


class Batches:
    """The result of a query: iterate once, then `overflowed` tells whether more rows existed.

    `cancel` may be called from any thread and makes the iteration raise Cancelled. `close` stops what
    still runs and gives the connection back; it too may be called from anywhere, and again.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        source: _Execution | None,
        first: pa.RecordBatch | None,
        maxrec: int | None,
        *,
        overflowed: bool = False,
    ) -> None:
        self.fields = tuple(fields)
        self.schema = pa.schema([pa.field(field.name, field.type.arrow) for field in self.fields])
        self.overflowed = overflowed
        self._source = source
        self._first = first
        self._left = maxrec

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        batch, self._first = self._first, None
        while batch is not None and self._source is not None:
            yield from self._trimmed(batch)
            # The statement ends one row after maxrec, so this is its end also when there is an overflow,
            # and the connection stays usable.
            batch = self._source.next()
            if self.overflowed:
                break
        self.close()

    def _trimmed(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        if self._left is not None:
            if batch.num_rows > self._left:
                self.overflowed = True
                batch = batch.slice(0, self._left)
            self._left -= batch.num_rows
        if batch.num_rows:
            columns = [
                _fitting(column, field) for column, field in zip(batch.columns, self.fields, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def cancel(self) -> None:
        if self._source is not None:
            self._source.stop(_cancelled)

    def close(self) -> None:
        if self._source is not None:
            self._source.close()

    def __enter__(self) -> Batches:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Cancellation:
    """Stops a query from another thread, also one that has not given its first batch yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._execution: _Execution | None = None
        self._cancelled = False

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            execution = self._execution
        if execution is not None:
            execution.stop(_cancelled)

    def attach(self, execution: _Execution) -> None:
        with self._lock:
            self._execution = execution
            if self._cancelled:
                execution.stop(_cancelled)


def _fitting(column: pa.Array, field: Field) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        # The driver wraps PostgreSQL's infinities around to before the first moment; no format has them.
        wrapped = pc.less(column.cast(pa.int64()), _FIRST_TIMESTAMP)
        column = pc.if_else(wrapped, pa.scalar(None, column.type), column)
    return column if column.type == field.type.arrow else column.cast(field.type.arrow)


def run(
    readers: Readers,
    statement: Statement,
    *,
    maxrec: int | None,
    first_seconds: float,
    total_seconds: float,
    cancellation: Cancellation | None = None,
) -> Batches:
    """Starts a query and waits for its first batch, `first_seconds` at most; `total_seconds` for all.

    `maxrec` rows are passed on at most; the statement must yield one more for an overflow to be seen.
    With 0 the query is planned but not run (DALI 1.1, 3.4.4: metadata only, marked as overflow).
    """
    if maxrec == 0:
        planned = f"SELECT * FROM ({statement.sql}) AS planned LIMIT 0"
        _started(readers, planned, first_seconds, first_seconds, cancellation)[0].close()
        return Batches(statement.fields, None, None, 0, overflowed=True)
    execution, first = _started(readers, statement.sql, first_seconds, total_seconds, cancellation)
    return Batches(statement.fields, execution, first, maxrec)


def _started(
    readers: Readers,
    sql: str,
    first_seconds: float,
    total_seconds: float,
    cancellation: Cancellation | None,
) -> tuple[_Execution, pa.RecordBatch | None]:
    """A kept connection may have died with the server since; then a new one is tried, once."""
    for fresh in (False, True):
        execution = _Execution(readers, min(first_seconds, _PATIENCE), fresh=fresh)
        if cancellation is not None:
            cancellation.attach(execution)
        try:
            return execution, execution.start(sql, first_seconds, total_seconds)
        except _ConnectionLost:
            if fresh:
                break
    raise busy()


class _ConnectionLost(Exception):
    pass


class _Execution:
    """One query on one connection, and the watchdog that stops it."""

    def __init__(self, readers: Readers, patience: float, *, fresh: bool) -> None:
        self._readers = readers
        self._connection = readers.take(patience, fresh=fresh)
        self._cursor = self._connection.cursor()
        self._cursor.adbc_statement.set_options(**{_HINT: str(_BATCH)})
        self._reader: pa.RecordBatchReader | None = None
        self._begun = time.monotonic()
        self._watchdog: threading.Timer | None = None
        self._reason: _Reason | None = None
        self._open = True
        self._done = False
        self._state = threading.Lock()  # held briefly: whether the query runs, and why it stops
        self._turn = threading.Lock()  # held while the driver works

    def start(self, sql: str, first_seconds: float, total_seconds: float) -> pa.RecordBatch | None:
        self._watch(first_seconds)
        try:
            with self._turn:
                if self._reason is not None:
                    raise self._reason()
                try:
                    self._cursor.execute(sql)
                    self._reader = self._cursor.fetch_record_batch()
                except dbapi.Error as cause:
                    if self._reason is not None:
                        raise self._reason() from cause
                    if is_lost(cause):
                        raise _ConnectionLost from cause
                    raise from_adbc(cause) from cause
                first = self._read()
        except BaseException:
            self._finish(sound=False)
            raise
        self._watch(total_seconds)
        return first

    def next(self) -> pa.RecordBatch | None:
        """The next batch, None after the last."""
        try:
            with self._turn:
                if not self._open:
                    raise (self._reason or _closed)()
                return self._read()
        except BaseException:
            self._finish(sound=False)
            raise

    def _read(self) -> pa.RecordBatch | None:
        assert self._reader is not None
        try:
            return self._reader.read_next_batch()
        except StopIteration:
            self._done = True
            return None
        except OSError as cause:
            if self._reason is not None:
                raise self._reason() from cause
            if self._is_broken():
                raise busy() from cause
            raise from_stream(cause) from cause

    def _is_broken(self) -> bool:
        try:
            self._cursor.close()
            self._connection.rollback()
        except dbapi.Error:
            self._readers.discard_idle()
            return True
        return False

    def _watch(self, seconds: float) -> None:
        """Stops the query `seconds` after its beginning."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        left = self._begun + seconds - time.monotonic()
        self._watchdog = threading.Timer(max(left, 0.0), self.stop, (partial(QueryTimeout, seconds),))
        self._watchdog.daemon = True
        self._watchdog.start()

    def stop(self, reason: _Reason) -> None:
        """Cancels the query in the database; the thread that reads it will raise what `reason` makes."""
        with self._state:
            if not self._open or self._done:
                return
            # The first reason counts; but a cancel may come too early to hit, so each stop sends one.
            self._reason = self._reason or reason
        self._insist()

    def _insist(self) -> None:
        """A cancel that comes before the query has begun is lost, so it is sent until the query ends."""
        with self._state:
            if not self._open or self._done:
                return
            try:
                self._cursor.adbc_cancel()
            except dbapi.Error:
                return  # no server any more, so the reading thread learns of it by itself
            again = threading.Timer(_AGAIN, self._insist)
            again.daemon = True
            again.start()

    def close(self) -> None:
        """Stops what runs; a result read to its end leaves its connection for the next query."""
        sound = self._done
        if not sound:
            self.stop(_closed)
        with self._turn:
            self._finish(sound=sound and self._reason is None)

    def _finish(self, *, sound: bool) -> None:
        with self._state:
            if not self._open:
                return
            self._open = False
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        try:
            if self._reader is not None:
                self._reader.close()
            self._cursor.close()
        except (dbapi.Error, OSError):
            sound = False
        self._readers.give_back(self._connection, sound=sound)
