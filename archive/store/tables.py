"""The store's bookkeeping tables in the private schema `archive`, which no user's query sees.

`file` holds one row for every version of every file, `header` one compressed block for every HDU, and
`ingest_outcome` what became of each path that was offered to the archive, the failures above all.
"""

from __future__ import annotations

from .registry import Connection

__all__ = ["initialise"]

_STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS archive.file (
        dp_id text NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        name text NOT NULL,
        place text NOT NULL,
        sha256 text NOT NULL,
        bytes bigint NOT NULL,
        media_type text NOT NULL,
        source text NOT NULL,
        stored_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (dp_id, version)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS archive.header (
        dp_id text NOT NULL,
        version integer NOT NULL,
        hdu integer NOT NULL,
        name text NOT NULL,
        cards integer NOT NULL,
        block bytea NOT NULL,
        PRIMARY KEY (dp_id, version, hdu),
        FOREIGN KEY (dp_id, version) REFERENCES archive.file ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS archive.ingest_outcome (
        path text PRIMARY KEY,
        outcome text NOT NULL,
        reason text,
        problems text[] NOT NULL DEFAULT '{}',
        dp_id text,
        version integer,
        at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX IF NOT EXISTS file_source ON archive.file (source)",
    "CREATE INDEX IF NOT EXISTS ingest_outcome_dp_id ON archive.ingest_outcome (dp_id)",
)
# Serialises concurrent starts: IF NOT EXISTS alone lets two transactions collide.
_LOCK = 0x55_52_41_4E_49_42_01


def initialise(connection: Connection) -> None:
    """Make the tables where they are missing; the schema `archive` must exist."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    present = connection.execute(
        "SELECT count(*) FROM pg_class WHERE oid = ANY (ARRAY[to_regclass('archive.file'), "
        "to_regclass('archive.header'), to_regclass('archive.ingest_outcome')])"
    ).fetchone()
    if present == (3,):
        return
    for statement in _STATEMENTS:
        connection.execute(statement)
