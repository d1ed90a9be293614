"""Running a compiled query: its rows while the database makes them, stopped when time or rows are up.

The first rows are fetched before anybody sees the result, so that what fails early fails with a
proper answer. SQL is made elsewhere; so is the form in which the rows leave.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from weakref import WeakKeyDictionary

import psycopg
import pyarrow as pa
from psycopg import pq

from ..declare.columns import Field
from ..errors import ArchiveError, Cancelled, QueryTimeout
from ..query.hiding import KEYS_SETTING, keys_text
from ..query.quoting import quote_literal
from ..query.sql import Statement
from ..wire import Chunk, LostConnection, RowReader, decode, gathered, open_reader
from .failures import busy, from_result, is_lost
from .readers import Readers
from .watchdog import Alarm

__all__ = ["Batches", "Cancellation", "run"]

_BATCH = 1 << 20  # bytes from which an Arrow batch is made
_PATIENCE = 10.0  # seconds to wait for one of the connections
_LATE = 2.0  # seconds that the database's own limit is later than the watchdog's
_AGAIN = 0.5  # seconds between two attempts to cancel
_CANCELLING = 5.0  # seconds that one of them may take
_GIVEN_UP = 30.0  # seconds after which a server that does not even end a cancelled query is left alone


# Why a query stops. Kept as what makes the exception: an exception kept itself would hold, by its traceback,
# all frames that it went through, and with them whole results until the garbage collector comes by.
_Reason = Callable[[], ArchiveError]


def _cancelled() -> ArchiveError:
    return Cancelled("the query was cancelled")


def _closed() -> ArchiveError:
    return Cancelled("the query was closed")


class Batches:
    """The result of a query: iterate once, then `overflowed` tells whether more rows existed.

    Iterated itself it gives Arrow batches; `chunks` gives the rows as the database sent them. `cancel` may
    be called from any thread and makes the iteration raise Cancelled. `close` stops what still runs and
    gives the connection back; it too may be called from anywhere, and again. `revealed`: what the queries
    `revealing` of `run` found.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        source: _Execution | None,
        first: Chunk | None,
        maxrec: int | None,
        *,
        overflowed: bool = False,
    ) -> None:
        self.fields = tuple(fields)
        self.revealed = source.revealed if source is not None else ()
        self.overflowed = overflowed
        self._source = source
        self._first = first
        self._left = maxrec

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([pa.field(field.name, field.type.arrow) for field in self.fields])

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for chunk in gathered(self.chunks(), _BATCH):
            yield decode(self.fields, chunk)

    def chunks(self) -> Iterator[Chunk]:
        """Each chunk is valid until the next one is asked for."""
        chunk, self._first = self._first, None
        while chunk is not None and self._source is not None:
            yield from self._trimmed(chunk)
            # The statement ends one row after maxrec, so this is its end also when there is an overflow,
            # and the connection stays usable.
            chunk = self._source.next()
            if self.overflowed:
                break
        self.close()

    def _trimmed(self, chunk: Chunk) -> Iterator[Chunk]:
        if self._left is not None:
            if chunk.rows > self._left:
                self.overflowed = True
                chunk = chunk.first(self._left)
            self._left -= chunk.rows
        if chunk.rows:
            yield chunk

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
    """Stops a query from another thread, also one that has not given its first rows yet."""

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


def run(
    readers: Readers,
    statement: Statement,
    *,
    maxrec: int | None,
    first_seconds: float,
    total_seconds: float,
    cancellation: Cancellation | None = None,
    begun: float | None = None,
    revealing: Sequence[str] = (),
) -> Batches:
    """Starts a query and waits for its first rows, `first_seconds` at most; `total_seconds` for all.

    Both count from `begun`, a moment of time.monotonic(), or from now.
    `maxrec` rows are passed on at most; the statement must yield one more for an overflow to be seen.
    With 0 the query is planned but not run (DALI 1.1, 3.4.4: metadata only, marked as overflow).
    `revealing` are queries of two texts a row that the same transaction answers first; few different ones, as
    each connection keeps them prepared.
    """
    keys = statement.viewer.keys if statement.is_guarded else ()
    if maxrec == 0:
        planned = _Asked(f"SELECT * FROM ({statement.sql}) AS planned LIMIT 0", keys)
        _started(readers, planned, first_seconds, first_seconds, cancellation, begun)[0].close()
        return Batches(statement.fields, None, None, 0, overflowed=True)
    without_bitmaps = statement.is_guarded and statement.has_subqueries
    asked = _Asked(_with_declared_types(statement), keys, without_bitmaps, revealing)
    execution, first = _started(readers, asked, first_seconds, total_seconds, cancellation, begun)
    return Batches(statement.fields, execution, first, maxrec)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query, and the keys of who asks, by which the database knows which hidden rows are shown to him.

    `without_bitmaps`: indexes must not be combined. Where the first has no entry PostgreSQL does not look at
    the second; if that is searched by a subquery that fails, or takes its time, it tells of a hidden row.
    """

    sql: str
    keys: tuple[str, ...]
    without_bitmaps: bool = False
    revealing: Sequence[str] = ()

    @property
    def copy(self) -> str:
        return f"COPY ({self.sql}) TO STDOUT (FORMAT binary)"

    def before(self, prepared: set[str]) -> Iterator[str]:
        """What its transaction has to hear first: nothing for most.

        `prepared` are the names of what the connection knows, to which this adds.
        """
        if self.keys:
            yield f"SET LOCAL {KEYS_SETTING} = {quote_literal(keys_text(self.keys))}"
        if self.without_bitmaps:
            yield "SET LOCAL enable_bitmapscan = off"
        for query in self.revealing:
            name = f"revealing_{hashlib.sha256(query.encode()).hexdigest()[:16]}"
            if name not in prepared:
                prepared.add(name)
                yield f"PREPARE {name} AS {query}"
            yield f"EXECUTE {name}"


# By connection the names of what it has prepared, to plan it once and not for each query.
_PREPARED: WeakKeyDictionary[psycopg.Connection, set[str]] = WeakKeyDictionary()


def _with_declared_types(statement: Statement) -> str:
    """The query with each column in its declared type, since the rows do not tell which they have.

    To the same type a cast is nothing, and the planner drops this query around the other.
    """
    fields = statement.fields
    columns = ", ".join(f"c{i}::{field.type.postgresql}" for i, field in enumerate(fields))
    names = ", ".join(f"c{i}" for i in range(len(fields)))
    return f"SELECT {columns} FROM ({statement.sql}) AS result ({names})"


def _started(
    readers: Readers,
    asked: _Asked,
    first_seconds: float,
    total_seconds: float,
    cancellation: Cancellation | None,
    begun: float | None,
) -> tuple[_Execution, Chunk | None]:
    """A kept connection may have died with the server since; then a new one is tried, once."""
    for fresh in (False, True):
        execution = _Execution(readers, min(first_seconds, _PATIENCE), begun, fresh=fresh)
        if cancellation is not None:
            cancellation.attach(execution)
        try:
            return execution, execution.start(asked, first_seconds, total_seconds)
        except _ConnectionLost:
            if fresh:
                break
    raise busy()


class _ConnectionLost(Exception):
    pass


class _Execution:
    """One query on one connection, and the watchdog that stops it."""

    def __init__(self, readers: Readers, patience: float, begun: float | None, *, fresh: bool) -> None:
        self._readers = readers
        self._connection = readers.take(patience, fresh=fresh)
        self._pgconn = self._connection.pgconn
        self._rows: RowReader | None = None
        self.revealed: tuple[tuple[str, str], ...] = ()
        self._begun = time.monotonic() if begun is None else begun
        self._alarm: Alarm | None = None
        self._reason: _Reason | None = None
        self._stopped = 0.0  # when it was asked to stop
        self._open = True
        self._done = False
        self._in_transaction = False
        self._state = threading.Lock()  # held briefly: whether the query runs, and why it stops
        self._turn = threading.Lock()  # held while the connection is read from

    def start(self, asked: _Asked, first_seconds: float, total_seconds: float) -> Chunk | None:
        self._watch(first_seconds)
        try:
            with self._turn:
                if self._reason is not None:
                    raise self._reason()
                if self._readers.timed:
                    self._limit(total_seconds)
                self._copy(asked)
                first = self._read()
        except BaseException:
            self._finish(sound=False)
            raise
        self._watch(total_seconds)
        return first

    def next(self) -> Chunk | None:
        """The next rows, None after the last."""
        try:
            with self._turn:
                if not self._open:
                    raise (self._reason or _closed)()
                return self._read()
        except BaseException:
            self._finish(sound=False)
            raise

    def _limit(self, seconds: float) -> None:
        # The watchdog comes first, and knows what to say.
        milliseconds = math.ceil((seconds + _LATE) * 1000)
        try:
            self._connection.execute(f"SET statement_timeout = {milliseconds:d}".encode())
        except psycopg.OperationalError as cause:
            raise _ConnectionLost from cause

    def _copy(self, asked: _Asked) -> None:
        """Begins to copy, in one trip to the database where that can be."""
        before = tuple(asked.before(_PREPARED.setdefault(self._connection, set())))
        try:
            if not before:
                result = self._alone(asked)
            elif ";" not in asked.sql:
                # A text without a semicolon is one statement, and several together are one transaction.
                result = self._answer(*before, asked.copy)
            else:
                result = self._answer("BEGIN", *before)
                if result is None:
                    self._in_transaction = True
                    result = self._alone(asked)
        except psycopg.OperationalError as cause:
            raise (self._reason() if self._reason is not None else _ConnectionLost()) from cause
        if result is not None and result.status == pq.ExecStatus.COPY_OUT:
            self._rows = open_reader(self._connection, self._check_patience)
            return
        if self._reason is not None:
            raise self._reason()
        if result is None or is_lost(result):
            raise _ConnectionLost
        raise from_result(result)

    def _alone(self, asked: _Asked) -> pq.abc.PGresult | None:
        """By the extended protocol, which unlike the simple one takes one statement only."""
        self._pgconn.send_query_params(asked.copy.encode(), None)
        self._flush()
        return self._result()

    def _answer(self, *statements: str) -> pq.abc.PGresult | None:
        """That of the first statement that copies, or fails; None when none does either."""
        self._pgconn.send_query("; ".join(statements).encode())
        self._flush()
        while (result := self._result()) is not None:
            match result.status:
                case pq.ExecStatus.COMMAND_OK:
                    pass
                case pq.ExecStatus.TUPLES_OK:
                    self.revealed += tuple(_texts(result))
                case _:
                    return result
        return None

    def _flush(self) -> None:
        while self._pgconn.flush():
            self._wait(select.POLLIN | select.POLLOUT)
            self._pgconn.consume_input()

    def _read(self) -> Chunk | None:
        assert self._rows is not None
        try:
            chunk = self._rows.read()
            if chunk is None:
                self._end()
            return chunk
        except (LostConnection, psycopg.OperationalError) as cause:
            if self._reason is not None:
                raise self._reason() from cause
            self._readers.discard_idle()
            raise busy() from cause

    def _end(self) -> None:
        """What the database says behind the last row: that all went well, or why there are no more."""
        result = self._result()
        if result is None or result.status != pq.ExecStatus.COMMAND_OK:
            if self._reason is not None:
                raise self._reason()
            if result is None or is_lost(result):
                raise LostConnection
            raise from_result(result)
        while self._result() is not None:
            pass
        if self._in_transaction:
            # The keys end with it; a connection that is used again knows nobody's.
            self._connection.execute("COMMIT")
        self._done = True

    def _result(self) -> pq.abc.PGresult | None:
        while self._pgconn.is_busy():
            self._wait(select.POLLIN)
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def _wait(self, for_what: int) -> None:
        waiting = select.poll()
        waiting.register(self._pgconn.socket, for_what)
        while not waiting.poll(1000):
            self._check_patience()

    def _check_patience(self) -> None:
        if self._reason is not None and time.monotonic() - self._stopped > _GIVEN_UP:
            raise self._reason()

    def _watch(self, seconds: float) -> None:
        """Stops the query `seconds` after its beginning."""
        if self._alarm is not None:
            self._alarm.cancel()
        left = self._begun + seconds - time.monotonic()
        reason = partial(QueryTimeout, seconds)
        self._alarm = self._readers.watchdog.after(left, partial(self.stop, reason))

    def stop(self, reason: _Reason) -> None:
        """Cancels the query in the database; the thread that reads it will raise what `reason` makes."""
        with self._state:
            if not self._open or self._done:
                return
            # The first reason counts; but a cancel may come too early to hit, so each stop sends one.
            self._reason = self._reason or reason
            self._stopped = self._stopped or time.monotonic()
        self._insist()

    def _insist(self) -> None:
        """A cancel that comes before the query has begun is lost, so it is sent until the query ends."""
        with self._state:
            if not self._open or self._done:
                return
            # A server too busy is asked again; of one that is gone the reading thread learns by itself.
            with contextlib.suppress(psycopg.Error):
                self._connection.cancel_safe(timeout=_CANCELLING)
            self._readers.watchdog.after(_AGAIN, self._insist)

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
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._rows is not None:
            self._rows.close()
        self._readers.give_back(self._connection, sound=sound)


def _texts(result: pq.abc.PGresult) -> Iterator[tuple[str, str]]:
    for row in range(result.ntuples):
        first, second = ((result.get_value(row, column) or b"").decode() for column in (0, 1))
        yield first, second
