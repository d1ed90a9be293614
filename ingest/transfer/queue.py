"""The queue of files to be sent, in an SQLite file that survives kills and power cuts.

Which files are being sent at this moment is remembered by the running program only, so that after a kill they
are simply waiting again. A file leaves the queue when the archive has acknowledged it and it was put away.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from archive.errors import ConfigurationError
from archive.protocol.incoming.values import Offer, transfer_id

from .folders import Stamp

__all__ = ["Item", "Queue", "State"]

_TABLES = """
CREATE TABLE IF NOT EXISTS item (
    path BLOB PRIMARY KEY, name TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL, sha256 TEXT NOT NULL, priority INTEGER NOT NULL, state TEXT NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,
    queued_at REAL NOT NULL, reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS item_order ON item (state, priority DESC, queued_at);
"""


class State(StrEnum):
    """WAITING to be sent, SENT to the last byte, SAFE in the archive, PUT_AWAY; REFUSED by the archive."""

    WAITING = "waiting"
    SENT = "sent"
    SAFE = "safe"
    PUT_AWAY = "put away"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Item:
    """A file in the queue; `sent` bytes of it are safe at the archive, `queued_at` in seconds since 1970."""

    path: Path
    name: str
    stamp: Stamp
    sha256: str
    priority: int
    state: State
    sent: int
    attempts: int
    queued_at: float
    reason: str

    @property
    def transfer_id(self) -> str:
        return transfer_id(self.name, self.stamp.size, self.sha256)

    @property
    def offer(self) -> Offer:
        moment = datetime.fromtimestamp(self.queued_at, UTC).replace(tzinfo=None)
        return Offer(
            self.name, self.stamp.size, self.sha256, self.priority, moment, self.attempts, self.reason
        )


_COLUMNS = "path, name, size, mtime_ns, inode, sha256, priority, state, sent, attempts, queued_at, reason"


class Queue:
    """Safe to use from many threads; the program that has it open is alone with it."""

    def __init__(self, path: Path) -> None:
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            # What is committed is on the disk.
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_TABLES)
        except sqlite3.Error as cause:
            raise ConfigurationError(f"the queue {path} cannot be used: {cause}") from cause
        self._lock = threading.RLock()
        self._claimed: set[Path] = set()

    def close(self) -> None:
        with self._lock:
            self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    # --- files --------------------------------------------------------------------------------------------

    def stamps(self) -> dict[Path, Stamp]:
        """What is queued, or was and is still there, as it was then."""
        with self._lock:
            rows = self._database.execute("SELECT path, size, mtime_ns, inode FROM item").fetchall()
        return {Path(os.fsdecode(path)): Stamp(size, mtime_ns, inode) for path, size, mtime_ns, inode in rows}

    def add(self, path: Path, name: str, stamp: Stamp, sha256: str, priority: int) -> None:
        """A file to be sent, instead of what was queued under its path before."""
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO item (path, name, size, mtime_ns, inode, sha256, priority, state,"
                " queued_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?)",
                (
                    os.fsencode(path), name, stamp.size, stamp.mtime_ns, stamp.inode, sha256, priority,
                    time.time(),
                ),
            )  # fmt: skip

    def forget(self, item: Item) -> None:
        with self._transaction() as database:
            database.execute(
                "DELETE FROM item WHERE path = ? AND sha256 = ?", (os.fsencode(item.path), item.sha256)
            )

    # --- sending ------------------------------------------------------------------------------------------

    def claim(self) -> Item | None:
        """The most urgent of those that wait and that nobody else is sending; to be released."""
        with self._lock:
            for item in self._waiting():
                if item.path not in self._claimed:
                    self._claimed.add(item.path)
                    return item
        return None

    def release(self, item: Item) -> None:
        with self._lock:
            self._claimed.discard(item.path)

    def is_outdone(self, item: Item) -> bool:
        """Whether something more urgent waits."""
        with self._lock:
            for other in self._waiting():
                if other.priority <= item.priority:
                    return False
                if other.path not in self._claimed:
                    return True
        return False

    def waiting_after(self, last: Item | None, limit: int) -> list[Item]:
        """All that wait, page by page in their order: those behind `last`, also if it has gone meanwhile."""
        after = (
            (1 << 62, 1 << 62, 0.0, 0.0, b"")
            if last is None
            else (last.priority, last.priority, last.queued_at, last.queued_at, os.fsencode(last.path))
        )
        with self._lock:
            rows = self._database.execute(
                f"SELECT {_COLUMNS} FROM item WHERE state = 'waiting' AND (priority < ? OR (priority = ?"
                " AND (queued_at > ? OR (queued_at = ? AND path > ?))))"
                " ORDER BY priority DESC, queued_at, path LIMIT ?",
                (*after, limit),
            )
            return list(map(_item, rows))

    def _waiting(self) -> Iterator[Item]:
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM item WHERE state = 'waiting' AND not_before <= ?"
            " ORDER BY priority DESC, queued_at, path",
            (time.time(),),
        )
        return map(_item, rows)

    def progress(self, item: Item, sent: int) -> None:
        """So many bytes are safe at the archive; what hindered before does not any more."""
        state = State.SENT if sent == item.stamp.size else State.WAITING
        self._update(item, "SET sent = ?, state = ?, reason = '' WHERE", (sent, state))

    def failed(self, item: Item, reason: str, wait: float = 0.0) -> None:
        """An attempt more; nobody tries again for `wait` seconds."""
        self._update(
            item,
            "SET attempts = attempts + 1, reason = ?, not_before = ? WHERE",
            (reason[:500], time.time() + wait if wait else 0.0),
        )

    def settle(self, item: Item, state: State, reason: str = "") -> None:
        self._update(item, "SET state = ?, reason = ? WHERE", (state, reason[:500]))

    def _update(self, item: Item, change: str, values: tuple[object, ...]) -> None:
        # The checksum, too: another file may have come under the same path meanwhile.
        with self._transaction() as database:
            database.execute(
                " ".join(("UPDATE item", change, "path = ? AND sha256 = ?")),
                (*values, os.fsencode(item.path), item.sha256),
            )

    def try_again(self) -> int:
        """What was refused waits again; how many there were."""
        with self._transaction() as database:
            return database.execute(
                "UPDATE item SET state = 'waiting', sent = 0, attempts = 0, not_before = 0"
                " WHERE state = 'refused'"
            ).rowcount

    # --- looking ------------------------------------------------------------------------------------------

    def count(self, *states: State) -> int:
        """How many are in one of these states."""
        with self._lock:
            rows = self._database.execute("SELECT state, count(*) FROM item GROUP BY state").fetchall()
        return sum(_integer(number) for state, number in rows if state in states)

    def items(self, *states: State, limit: int = -1) -> list[Item]:
        """Those in one of these states, the most urgent first."""
        found: list[Item] = []
        with self._lock:
            for state in states:
                rows = self._database.execute(
                    f"SELECT {_COLUMNS} FROM item WHERE state = ?"
                    " ORDER BY priority DESC, queued_at, path LIMIT ?",
                    (state, limit),
                )
                found += map(_item, rows)
        return found


def _item(row: tuple[object, ...]) -> Item:
    path, name, size, mtime_ns, inode, sha256, priority, state, sent, attempts, queued_at, reason = row
    assert isinstance(path, bytes) and isinstance(queued_at, float)
    return Item(
        Path(os.fsdecode(path)),
        str(name),
        Stamp(_integer(size), _integer(mtime_ns), _integer(inode)),
        str(sha256),
        _integer(priority),
        State(str(state)),
        _integer(sent),
        _integer(attempts),
        queued_at,
        str(reason),
    )


def _integer(value: object) -> int:
    assert isinstance(value, int)
    return value
