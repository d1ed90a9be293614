"""The store's bookkeeping tables in the private schema `archive`, which no user's query sees.

`file` holds one row for every version of every file, `header` one compressed block for every HDU, and
`ingest_outcome` what became of each path that was offered to the archive, the failures above all. `volume`
lists where files are kept, `copy` which file should be on which of them and when it was last found right;
`subscription` who gets new files, `backlog` which ones he still waits for.
`header_correction` holds one row for every correction of a file's headers, `header_change` what it changed,
card by card, and `corrected_header` the headers that differ from the archived ones since then.
"""

from __future__ import annotations

from .registry import Connection

__all__ = ["TABLES", "initialise"]

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
    """
    CREATE TABLE IF NOT EXISTS archive.header_correction (
        dp_id text NOT NULL,
        version integer NOT NULL,
        correction integer NOT NULL CHECK (correction > 0),
        who text NOT NULL,
        why text NOT NULL,
        at timestamptz NOT NULL,
        bytes bigint NOT NULL,
        sha256 text NOT NULL,
        PRIMARY KEY (dp_id, version, correction),
        FOREIGN KEY (dp_id, version) REFERENCES archive.file ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS archive.header_change (
        dp_id text NOT NULL,
        version integer NOT NULL,
        correction integer NOT NULL,
        number integer NOT NULL,
        hdu integer NOT NULL,
        action text NOT NULL CHECK (action IN ('set', 'add', 'delete')),
        keyword text NOT NULL,
        before text,
        after text,
        PRIMARY KEY (dp_id, version, correction, number),
        FOREIGN KEY (dp_id, version, correction) REFERENCES archive.header_correction ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS archive.corrected_header (
        dp_id text NOT NULL,
        version integer NOT NULL,
        correction integer NOT NULL,
        hdu integer NOT NULL,
        block bytea NOT NULL,
        begins bigint,
        replaces integer,
        PRIMARY KEY (dp_id, version, correction, hdu),
        FOREIGN KEY (dp_id, version, correction) REFERENCES archive.header_correction ON DELETE CASCADE
    )
    """,
    "ALTER TABLE archive.file ADD COLUMN IF NOT EXISTS blocks bytea",
    """
    CREATE TABLE IF NOT EXISTS archive.volume (
        name text PRIMARY KEY,
        address text NOT NULL,
        state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'draining', 'drained')),
        added_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    # The address of the first volume is where the data folder happens to be.
    "INSERT INTO archive.volume (name, address) VALUES ('files', '') ON CONFLICT DO NOTHING",
    """
    CREATE TABLE IF NOT EXISTS archive.copy (
        place text NOT NULL,
        volume text NOT NULL REFERENCES archive.volume,
        state text NOT NULL DEFAULT 'good' CHECK (state IN ('good', 'suspect', 'bad')),
        written_at timestamptz NOT NULL DEFAULT now(),
        checked_at timestamptz,
        PRIMARY KEY (place, volume)
    )
    """,
    "CREATE INDEX IF NOT EXISTS copy_checked ON archive.copy (checked_at NULLS FIRST, place)",
    "CREATE INDEX IF NOT EXISTS copy_bad ON archive.copy (checked_at) WHERE state = 'bad'",
    "CREATE INDEX IF NOT EXISTS file_place ON archive.file (place)",
    # What an archive kept before it had volumes is on the first one.
    """
    INSERT INTO archive.copy (place, volume) SELECT DISTINCT place, 'files' FROM archive.file
    WHERE NOT EXISTS (SELECT FROM archive.copy WHERE copy.place = file.place)
    """,
    """
    CREATE TABLE IF NOT EXISTS archive.subscription (
        name text PRIMARY KEY,
        target text NOT NULL,
        pattern text NOT NULL,
        since timestamptz NOT NULL DEFAULT now(),
        account text NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS archive.backlog (
        subscription text NOT NULL REFERENCES archive.subscription ON DELETE CASCADE,
        dp_id text NOT NULL,
        version integer NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt timestamptz NOT NULL DEFAULT now(),
        error text,
        PRIMARY KEY (subscription, dp_id, version)
    )
    """,
    "CREATE INDEX IF NOT EXISTS backlog_due ON archive.backlog (next_attempt)",
    """
    CREATE OR REPLACE FUNCTION archive.fill_backlog() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO archive.backlog (subscription, dp_id, version)
        SELECT subscription.name, arrived.dp_id, arrived.version
        FROM arrived JOIN archive.subscription ON arrived.dp_id LIKE subscription.pattern
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER fill_backlog AFTER INSERT ON archive.file
    REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION archive.fill_backlog()
    """,
    "CREATE INDEX IF NOT EXISTS file_source ON archive.file (source)",
    "CREATE INDEX IF NOT EXISTS ingest_outcome_dp_id ON archive.ingest_outcome (dp_id)",
)
# What makes all of them in an empty schema.
TABLES = ";\n".join(_STATEMENTS)
_TABLES = (
    "file",
    "header",
    "ingest_outcome",
    "header_correction",
    "header_change",
    "corrected_header",
    "copy",
    "backlog",
)
# Serialises concurrent starts: IF NOT EXISTS alone lets two transactions collide.
_LOCK = 0x55_52_41_4E_49_42_01


def initialise(connection: Connection) -> None:
    """Make the tables where they are missing; the schema `archive` must exist."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    present = connection.execute(
        "SELECT count(to_regclass('archive.' || name)) FROM unnest(%s::text[]) AS name", (list(_TABLES),)
    ).fetchone()
    if present == (len(_TABLES),):
        return
    for statement in _STATEMENTS:
        connection.execute(statement)
