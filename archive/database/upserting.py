"""Rows written by their natural key: the same rows twice change nothing, and what changes leaves a version.

One call writes what one input says about one table, within the caller's transaction: rows that are there as
they are stay untouched; others are added or replaced; of each whole that the input has, rows that it has no
more are removed; and the history of the table, if it has one, gets a version of each row that really changed.
Of a part of a table (`declare.parts`) all this holds for its columns, and the others stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from ..declare.histories import history_table
from ..declare.names import quote_identifier
from ..declare.parts import whole_table
from ..declare.tables import HIDDEN_FOR, HIDDEN_UNTIL, Table
from . import ddl
from .bookkeeping import Connection, execute
from .copying import STAGING, Written, copy_plain, insert_staged, refusals, replacing, stage

__all__ = ["Changes", "lock_tables", "upsert"]

_WHOLES = "uraniborg_wholes"
_MANY = 1000  # rows from which on the planner should know how many there are


@dataclass(slots=True)
class Changes:
    """`rows` that an input has, `changed` of them that are new or other than before, `removed` ones.

    `problems`: what was wrong with their regions.
    """

    rows: int = 0
    changed: int = 0
    removed: int = 0
    problems: list[str] = field(default_factory=list)

    def __iadd__(self, other: Changes) -> Changes:
        self.rows += other.rows
        self.changed += other.changed
        self.removed += other.removed
        self.problems += other.problems
        return self


def lock_tables(connection: Connection, tables: Iterable[Table]) -> None:
    """Keeps other upserts away from these tables until the transaction ends.

    Two inputs that have the same rows in another order would wait for each other for ever.
    """
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('upsert ' || name, 0))"
        " FROM unnest(%s::text[]) AS name",
        (sorted({table.name for table in tables}),),
    )


def upsert(
    connection: Connection,
    table: Table,
    batches: Iterable[pa.RecordBatch],
    wholes: Sequence[pa.RecordBatch],
    *,
    input_id: str,
    moment: datetime,
) -> Changes:
    """Writes rows as this module's first lines tell; of rows with equal keys the last one stays.

    `wholes` are those that the input has, as values of the columns `table.whole`. `moment` (UTC, without a
    zone) and `input_id` go into the history. Raises UnreadableFile for rows that do not fit; the caller's
    transaction must be rolled back then. The caller holds the lock of `lock_tables`.
    """
    written = Written()
    with refusals(table):
        stage(connection, table, batches, written)
        if written.rows > _MANY:
            execute(connection, f"ANALYZE {STAGING}")
        rows = written.rows - _drop_repeated(connection, table)
        removed = _remove_stale(connection, table, wholes, moment) if wholes else 0
        changed = rows - _drop_unchanged(connection, table)
        insert_staged(
            connection, table, ddl.qualified_name(table), written, conflict=replacing(table), keep=True
        )
        if table.history and changed:
            _add_versions(connection, table, input_id, moment)
    execute(connection, f"DROP TABLE {STAGING}")
    return Changes(rows, changed, removed, written.problems)


def _names(table: Table, columns: Iterable[str]) -> list[str]:
    return [quote_identifier(table.by_name[name].physical_name) for name in columns]


def _equal(left: str, right: str, names: Iterable[str]) -> str:
    return " AND ".join(f"{left}.{name} = {right}.{name}" for name in names)


def _drop_repeated(connection: Connection, table: Table) -> int:
    """How many there were."""
    keys = _names(table, table.primary_key)
    listed = ", ".join(keys)
    # Rows stand in a new table in the order in which they came.
    return execute(
        connection,
        f"DELETE FROM {STAGING} AS earlier USING (SELECT {listed}, max(ctid) AS place FROM {STAGING}"
        f" GROUP BY {listed} HAVING count(*) > 1) AS last"
        f" WHERE {_equal('earlier', 'last', keys)} AND earlier.ctid <> last.place",
    ).rowcount


def _drop_unchanged(connection: Connection, table: Table) -> int:
    """How many there were."""
    keys = _names(table, table.primary_key)
    others = _names(table, (c.name for c in table.columns if c.name not in table.primary_key))
    same = ""
    if others:
        # The hidden parts of regions follow from their texts.
        staged, stored = (", ".join(f"{of}.{name}" for name in others) for of in ("staged", "stored"))
        same = f" AND ROW({staged}) IS NOT DISTINCT FROM ROW({stored})"
    return execute(
        connection,
        f"DELETE FROM {STAGING} AS staged USING {ddl.qualified_name(table)} AS stored"
        f" WHERE {_equal('staged', 'stored', keys)}{same}",
    ).rowcount


def _remove_stale(
    connection: Connection, table: Table, wholes: Sequence[pa.RecordBatch], moment: datetime
) -> int:
    columns = _names(table, table.whole)
    keys = _names(table, table.primary_key)
    typed = ", ".join(
        f"{name} {table.by_name[column].type.postgresql}"
        for name, column in zip(columns, table.whole, strict=True)
    )
    execute(connection, f"CREATE TEMP TABLE {_WHOLES} ({typed}) ON COMMIT DROP")
    copy_plain(connection, _WHOLES, [table.by_name[name].physical_name for name in table.whole], wholes)
    removed = (
        f"DELETE FROM {ddl.qualified_name(table)} AS stored"
        f" USING (SELECT DISTINCT * FROM {_WHOLES}) AS known WHERE {_equal('stored', 'known', columns)}"
        f" AND NOT EXISTS (SELECT FROM {STAGING} AS staged WHERE {_equal('staged', 'stored', keys)})"
    )
    listed = ", ".join(f"stored.{name}" for name in keys)
    closed, values = "", tuple[datetime, ...]()
    if table.history:
        closed, values = (
            f", closed AS (UPDATE {_history(table)} AS version SET valid_to = %s FROM gone"
            f" WHERE {_equal('version', 'gone', keys)} AND version.valid_to IS NULL)",
            (moment,),
        )
    found = execute(
        connection,
        f"WITH gone AS ({removed} RETURNING {listed}){closed} SELECT count(*) FROM gone",
        values or None,
    ).fetchone()
    execute(connection, f"DROP TABLE {_WHOLES}")
    return int(str(found[0])) if found else 0


def _history(table: Table) -> str:
    return ddl.qualified_name(history_table(whole_table(table), "Versions"))


def _add_versions(connection: Connection, table: Table, input_id: str, moment: datetime) -> None:
    keys = _names(table, table.primary_key)
    whole = whole_table(table)
    columns = [quote_identifier(name) for name, _, _ in ddl.stored_columns(whole)]
    columns += [HIDDEN_UNTIL, HIDDEN_FOR] if whole.hides else []
    # As they stand in the table now, which has what a part leaves out.
    values = [f"stored.{name}" for name in columns]
    execute(
        connection,
        f"UPDATE {_history(table)} AS version SET valid_to = %s FROM {STAGING} AS staged"
        f" WHERE {_equal('version', 'staged', keys)} AND version.valid_to IS NULL",
        (moment,),
    )
    execute(
        connection,
        f"INSERT INTO {_history(table)} (row_version, valid_from, input_id, {', '.join(columns)})"
        f" SELECT 1 + coalesce((SELECT max(row_version) FROM {_history(table)} AS version"
        f" WHERE {_equal('version', 'staged', keys)}), 0), %s, %s, {', '.join(values)}"
        f" FROM {STAGING} AS staged JOIN {ddl.qualified_name(table)} AS stored"
        f" ON {_equal('stored', 'staged', keys)}",
        (moment, input_id),
    )
