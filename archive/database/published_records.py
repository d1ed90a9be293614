"""The registry's records with their history, in schema `archive`.

Every content of a record is a row that holds from one revision to another, so that a harvest that has begun
ends on what it began with. What records say, and how they are harvested, is `archive.protocol.registry`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg.rows import class_row

from .bookkeeping import Connection

__all__ = [
    "TABLES",
    "PublishedRecord",
    "Revision",
    "Selection",
    "count_records",
    "earliest_datestamp",
    "find_record",
    "lock_records",
    "newest_revision",
    "revision_exists",
    "select_records",
    "write_records",
]

# `until` is the first revision in which a row does not hold any more. A record that was deleted keeps a row
# without a document for ever (OAI-PMH 2.0, 2.5.1: persistent). `source` tells what a revision was made from.
TABLES = """
CREATE TABLE IF NOT EXISTS archive.registry_record (
    identifier text NOT NULL, since bigint NOT NULL, until bigint, datestamp timestamptz NOT NULL,
    created timestamptz NOT NULL, digest text, document text, PRIMARY KEY (identifier, since));
CREATE UNIQUE INDEX IF NOT EXISTS registry_record_current
    ON archive.registry_record (lower(identifier)) WHERE until IS NULL;
CREATE TABLE IF NOT EXISTS archive.registry_revision (
    revision bigint PRIMARY KEY, source text NOT NULL, made timestamptz NOT NULL, seconds float8 NOT NULL);
"""
_LOCK = 0x72656769  # key of the advisory lock of whoever makes the records anew
_KEPT_DAYS = 2  # for which older revisions can still be harvested


@dataclass(frozen=True, slots=True)
class Revision:
    """All records at one time; making them took `seconds`."""

    revision: int
    source: str
    made: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class PublishedRecord:
    """`document` is None for one that was deleted; times in UTC, whole seconds."""

    identifier: str
    datestamp: datetime
    created: datetime
    document: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The records of a revision, or those that changed in a span of time, both ends included."""

    revision: int
    first: datetime | None = None
    last: datetime | None = None


def newest_revision(connection: Connection) -> Revision | None:
    with connection.cursor(row_factory=class_row(Revision)) as cursor:
        cursor.execute(
            "SELECT revision, source, made, seconds FROM archive.registry_revision"
            " ORDER BY revision DESC LIMIT 1"
        )
        return cursor.fetchone()


def revision_exists(connection: Connection, revision: int) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM archive.registry_revision WHERE revision = %s)", (revision,)
    ).fetchone()
    return bool(row and row[0])


def lock_records(connection: Connection, *, wait: bool) -> bool:
    """Whether it is this transaction that makes the records anew; no two do it at once."""
    if wait:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        return True
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,)).fetchone()
    return bool(row and row[0])


def write_records(
    connection: Connection, documents: Mapping[str, tuple[str, str]], source: str, seconds: float
) -> None:
    """Makes `documents` (digest and text, by identifier) the records of a new revision.

    One whose digest is as it was stays as it was, with its datestamp; one that is not among them any more
    was deleted. The caller holds the lock.
    """
    before = newest_revision(connection)
    revision = before.revision + 1 if before else 1
    known = {
        str(identifier): (digest, created)
        for identifier, digest, created in connection.execute(
            "SELECT identifier, digest, created FROM archive.registry_record WHERE until IS NULL"
        )
    }
    changed = [name for name, (digest, _) in documents.items() if known.get(name, (None,))[0] != digest]
    gone = [name for name, (digest, _) in known.items() if digest is not None and name not in documents]
    # Harvesters count whole seconds, and ask next time from the second in which they asked last.
    now = datetime.now(UTC).replace(microsecond=0)
    connection.execute(
        "UPDATE archive.registry_record SET until = %s WHERE until IS NULL AND identifier = ANY (%s)",
        (revision, [*changed, *gone]),
    )
    created = {name: known[name][1] if name in known else now for name in changed}
    nothing: tuple[None, None] = (None, None)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO archive.registry_record (identifier, since, datestamp, created, digest, document)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [
                *((name, revision, now, created[name], *documents[name]) for name in changed),
                *((name, revision, now, known[name][1], *nothing) for name in gone),
            ],
        )
    connection.execute(
        "INSERT INTO archive.registry_revision VALUES (%s, %s, %s, %s)",
        (revision, source, datetime.now(UTC), seconds),
    )
    _forget(connection)


def _forget(connection: Connection) -> None:
    """Revisions that no harvest can still be reading, and the rows that only they had."""
    connection.execute(
        "DELETE FROM archive.registry_revision WHERE made < now() - make_interval(days => %s)"
        " AND revision < (SELECT max(revision) FROM archive.registry_revision)",
        (_KEPT_DAYS,),
    )
    connection.execute(
        "DELETE FROM archive.registry_record"
        " WHERE until <= (SELECT min(revision) FROM archive.registry_revision)"
    )


# Rows that hold in a revision and changed in a span of time.
_SELECTED = (
    " FROM archive.registry_record WHERE since <= %(revision)s AND (until IS NULL OR until > %(revision)s)"
    " AND (%(first)s::timestamptz IS NULL OR datestamp >= %(first)s)"
    " AND (%(last)s::timestamptz IS NULL OR datestamp <= %(last)s)"
)


def count_records(connection: Connection, selection: Selection) -> int:
    row = connection.execute(f"SELECT count(*){_SELECTED}", _binds(selection)).fetchone()
    return int(row[0]) if row else 0


def select_records(
    connection: Connection, selection: Selection, after: str, most: int
) -> list[PublishedRecord]:
    """Up to `most` of them behind the identifier `after`, in the order of identifiers."""
    with connection.cursor(row_factory=class_row(PublishedRecord)) as cursor:
        cursor.execute(
            f"SELECT identifier, datestamp, created, document{_SELECTED}"
            ' AND identifier COLLATE "C" > %(after)s ORDER BY identifier COLLATE "C" LIMIT %(most)s',
            {**_binds(selection), "after": after, "most": most},
        )
        return cursor.fetchall()


def _binds(selection: Selection) -> dict[str, object]:
    return {"revision": selection.revision, "first": selection.first, "last": selection.last}


def find_record(connection: Connection, identifier: str) -> PublishedRecord | None:
    """As it is now, also a deleted one; identifiers are compared without regard to letter case."""
    with connection.cursor(row_factory=class_row(PublishedRecord)) as cursor:
        cursor.execute(
            "SELECT identifier, datestamp, created, document FROM archive.registry_record"
            " WHERE until IS NULL AND lower(identifier) = lower(%s)",
            (identifier,),
        )
        return cursor.fetchone()


def earliest_datestamp(connection: Connection) -> datetime | None:
    row = connection.execute("SELECT min(datestamp) FROM archive.registry_record").fetchone()
    return row[0] if row else None
