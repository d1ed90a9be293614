"""Subscriptions: every new file of the archive is delivered to a folder or a web address, sooner or later.

A trigger writes each new version of a file into the back-log of every subscription that wants it, in the
transaction that records the file; a row leaves when its delivery has been acknowledged. So nothing is
forgotten, whatever is killed or away, and a file may be delivered twice but never not at all. What is
delivered are the archived bytes. What is not everybody's waits until it is, unless the subscription is for an
account with rights on it, or a mirror of the whole archive.
"""

from __future__ import annotations

import base64
import os
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from psycopg.rows import class_row

from ..access import Caller, Ending, Road, Visit, end_releases, may_have, release
from ..access.rights import keys_of
from ..database import Database
from ..errors import CopyMissing, Forbidden, NotFound, UsageError
from .files import Store
from .registry import Connection, FileVersion, find_file
from .sources import ByteSource

__all__ = ["EVERYTHING", "Delivery", "Subscription", "deliver", "subscribe", "subscriptions", "unsubscribe"]

EVERYTHING = "*"  # in the place of an account: a mirror, which gets what nobody else may have

_LOCK = 0x55_52_41_4E_44_45_01
_PAGE = 50
_TIMEOUT = 60.0  # seconds in which a receiver must take or say something


@dataclass(frozen=True, slots=True)
class Subscription:
    """`pattern` as LIKE has it. `waiting` files are in the back-log, `error` is what the last failure was."""

    name: str
    target: str
    pattern: str
    waiting: int
    attempts: int
    error: str | None


@dataclass
class Delivery:
    """What a round did."""

    delivered: int = 0
    failed: int = 0


def subscribe(
    connection: Connection,
    name: str,
    target: str,
    pattern: str = "*",
    since: datetime | None = None,
    account: str = "",
) -> int:
    """From now on files whose identifier fits the pattern (with * and ?) are delivered to the target.

    With `since` also those that were stored from then on. Files that are not everybody's are delivered as
    soon as the `account` has rights on them, "" being nobody. Returns how many wait at once.
    """
    target = _checked(target)
    if connection.execute("SELECT 1 FROM archive.subscription WHERE name = %s", (name,)).fetchone():
        raise UsageError(f"there is a subscription {name} already", hint="uraniborg store unsubscribe")
    like = _like(pattern)
    connection.execute(
        "INSERT INTO archive.subscription (name, target, pattern, account) VALUES (%s, %s, %s, %s)",
        (name, target, like, account),
    )
    if since is None:
        return 0
    return connection.execute(
        "INSERT INTO archive.backlog (subscription, dp_id, version)"
        " SELECT %s, dp_id, version FROM archive.file WHERE dp_id LIKE %s AND stored_at >= %s",
        (name, like, since),
    ).rowcount


def unsubscribe(connection: Connection, name: str) -> None:
    if not connection.execute("DELETE FROM archive.subscription WHERE name = %s", (name,)).rowcount:
        raise NotFound(f"there is no subscription {name}")


def subscriptions(connection: Connection) -> list[Subscription]:
    with connection.cursor(row_factory=class_row(Subscription)) as cursor:
        return cursor.execute(
            "SELECT name, target, pattern, count(backlog.dp_id) AS waiting,"
            " coalesce(max(attempts), 0) AS attempts, max(error) AS error"
            " FROM archive.subscription LEFT JOIN archive.backlog ON subscription = name"
            " GROUP BY name ORDER BY name"
        ).fetchall()


def _checked(target: str) -> str:
    if urlsplit(target).scheme in {"http", "https"}:
        return target.rstrip("/")
    if not Path(target).is_absolute():
        raise UsageError(
            f"{target!r} is no target", hint="name a folder by its whole path, or an http(s) address"
        )
    return target


def _like(pattern: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", pattern)
    return escaped.replace("*", "%").replace("?", "_")


# --- delivering -------------------------------------------------------------------------------------------


def deliver(database: Database, store: Store) -> Delivery:
    """One attempt for every file whose time has come; nothing while another process delivers."""
    done = Delivery()
    with database.writer() as connection:
        rows = connection.execute(
            "SELECT DISTINCT subscription FROM archive.backlog WHERE next_attempt <= now()"
        ).fetchall()
    names = [str(name) for (name,) in rows]
    if not names:
        return done
    with _alone(database) as ours:
        if ours:
            with ThreadPoolExecutor(min(8, len(names))) as pool:
                for one in pool.map(lambda name: _deliver_to(database, store, name), names):
                    done.delivered += one.delivered
                    done.failed += one.failed
    return done


@contextmanager
def _alone(database: Database) -> Iterator[bool]:
    with database.connect() as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        yield row == (True,)


def _deliver_to(database: Database, store: Store, name: str) -> Delivery:
    """Everything that one subscriber waits for; one who does not answer is not asked for each file."""
    done = Delivery()
    while True:
        with database.writer() as connection:
            waiting = connection.execute(
                "SELECT target, account, dp_id, version FROM archive.backlog JOIN archive.subscription"
                " ON name = subscription WHERE name = %s AND next_attempt <= now()"
                " ORDER BY next_attempt, dp_id, version LIMIT %s",
                (name, _PAGE),
            ).fetchall()
            kept_back = _kept_back(
                connection, {(str(account), str(dp_id)) for _, account, dp_id, _ in waiting}
            )
            _put_off(connection, name, kept_back)
        for target, account, dp_id, version in waiting:
            if dp_id in kept_back:
                continue
            error = _attempt(database, store, str(target), str(account), str(dp_id), int(version))
            with database.writer() as connection:
                _note(connection, name, dp_id, version, error)
            if error is None:
                done.delivered += 1
            else:
                done.failed += 1
        if len(waiting) < _PAGE or done.failed:
            return done


def _kept_back(connection: Connection, wanted: set[tuple[str, str]]) -> list[str]:
    """The files that the account of a subscription may not have now."""
    kept_back: list[str] = []
    for account in {account for account, _ in wanted} - {EVERYTHING}:
        files = {dp_id for _, dp_id in wanted}
        caller = Caller(account, keys=keys_of(connection, account))
        kept_back += files - may_have(connection, caller, files)
    return kept_back


def _put_off(connection: Connection, name: str, dp_ids: list[str]) -> None:
    connection.execute(
        "UPDATE archive.backlog SET next_attempt = now() + interval '10 minutes', error = %s"
        " WHERE subscription = %s AND dp_id = ANY (%s)",
        ("waits for its release, as it is not everybody's yet", name, dp_ids),
    )


def _attempt(
    database: Database, store: Store, target: str, account: str, dp_id: str, version: int
) -> str | None:
    """None, or what went wrong. What an account gets of what is not everybody's is a download of its own."""
    visit = Visit()
    try:
        with database.writer() as connection:
            file = find_file(connection, dp_id, version)
            if account not in {"", EVERYTHING}:
                caller = Caller(account, keys=keys_of(connection, account), visit=visit)
                release(connection, caller, dp_id, Road.SUBSCRIPTION)
    except (Forbidden, NotFound) as refusal:
        return str(refusal)
    error = _hand_over(store, target, file)
    if visit.downloads:
        size, ending = (0, Ending.BROKEN_OFF) if error else (file.bytes, Ending.COMPLETE)
        with database.writer() as connection:
            end_releases(connection, visit.downloads, size, ending)
    return error


def _hand_over(store: Store, target: str, file: FileVersion) -> str | None:
    try:
        source = store.open(file)
        if urlsplit(target).scheme in {"http", "https"}:
            _send(target, file, source)
        else:
            _write(Path(target), file, source)
    except CopyMissing as error:
        return str(error)
    except urllib.error.HTTPError as error:
        return f"the receiver answered {error.code} {error.reason}"
    except OSError as error:
        return f"{target}: {error.strerror or error}"
    return None


def _note(connection: Connection, name: str, dp_id: object, version: object, error: str | None) -> None:
    key = {"name": name, "dp_id": dp_id, "version": version, "error": error}
    if error is None:
        connection.execute(
            "DELETE FROM archive.backlog WHERE subscription = %(name)s AND dp_id = %(dp_id)s"
            " AND version = %(version)s",
            key,
        )
        return
    # Again after 10 s, 20 s, 40 s ... and at least every hour.
    connection.execute(
        "UPDATE archive.backlog SET attempts = attempts + 1, error = %(error)s, next_attempt = now()"
        " + least(3600, 10 * power(2, least(attempts, 10))) * interval '1 second'"
        " WHERE subscription = %(name)s AND dp_id = %(dp_id)s AND version = %(version)s",
        key,
    )


def _write(folder: Path, file: FileVersion, source: ByteSource) -> None:
    """Whole or not at all; a newer version takes the place of an older one of the same name."""
    if not folder.is_dir():
        raise FileNotFoundError(2, "the folder is not there", str(folder))
    handle, name = tempfile.mkstemp(prefix=".", suffix=".incoming", dir=folder)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as writer:
            for chunk in source.chunks():
                writer.write(chunk)
            writer.flush()
            os.fsync(writer.fileno())
            os.fchmod(writer.fileno(), 0o644)
        os.replace(temporary, folder / file.name)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(handle)
        os.close(handle)
    finally:
        temporary.unlink(missing_ok=True)


def _send(target: str, file: FileVersion, source: ByteSource) -> None:
    """PUT target/name; any answer of 2xx is the receipt."""
    request = urllib.request.Request(
        f"{target}/{quote(file.name, safe='')}",
        data=source.chunks(),
        method="PUT",
        headers={
            "Content-Type": file.media_type,
            "Content-Length": str(source.size),
            "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:",
            "Archive-Identifier": quote(file.dp_id, safe=" :+@()="),
            "Archive-Version": str(file.version),
        },
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
        answer.read()
