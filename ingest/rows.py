"""What is written about the newest version of a file besides the file itself: rows, links, keywords.

All of it replaces what was written before, within the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from psycopg import sql

from archive.access.clock import derive_files, lock_rights
from archive.access.hidden_rows import names_files
from archive.database import write_records
from archive.declare.builtin import builtin_schemas
from archive.declare.instruments import Instrument
from archive.declare.obscore import OBSCORE
from archive.declare.raw import RAW
from archive.declare.ssa import SSA
from archive.declare.tables import Table
from archive.store import Connection
from archive.store.keyword_index import record_keywords

from .exposures import derive_exposures
from .harvest import Harvest
from .lineage import Member, write_lineage
from .obsplan import follow_frames
from .publication import Publication

__all__ = ["row_tables", "write_rows"]

# Products, of whatever a file has become, have rows in these.
_OF_DATASETS = (OBSCORE, SSA)


def row_tables(instruments: Iterable[Instrument]) -> tuple[Table, ...]:
    """The tables whose rows are files, under their dp_id."""
    return (RAW, OBSCORE, SSA, *(instrument.table for instrument in instruments))


def write_rows(connection: Connection, latest: Mapping[str, Harvest], publication: Publication) -> list[str]:
    """The rows of the newest versions; a version without a row takes away that of the one before.

    Returns what was wrong with their regions. Call it after the versions were recorded, and last: it holds a
    lock that other writers wait for.
    """
    lock_rights(connection)
    faults: list[str] = []
    by_table: dict[str, list[Harvest]] = {}
    for found in latest.values():
        for record in found.records:
            by_table.setdefault(record.table.name, []).append(found)
    published = _dates_of_publication(connection, latest)
    tables = row_tables(publication.instruments)
    for table in tables:
        connection.execute(
            sql.SQL("DELETE FROM {} WHERE dp_id = ANY (%s)").format(
                sql.Identifier(table.physical_schema, table.physical_name)
            ),
            (list(latest),),
        )
        rows = [
            record
            for found in by_table.get(table.name, ())
            for record in found.records
            if record.table.name == table.name
        ]
        if rows:
            faults += write_records(connection, table, rows).problems
    connection.execute(
        "UPDATE ivoa.obscore AS o SET publication_date = before.published"
        " FROM unnest(%s::text[], %s::timestamp[]) AS before (dp_id, published) WHERE o.dp_id = before.dp_id",
        (list(published), list(published.values())),
    )
    record_keywords(connection, {dp_id: found.searchable for dp_id, found in latest.items() if found.headers})
    write_lineage(connection, [_member(found) for found in latest.values()], publication)
    follow_frames(connection, latest)
    derive_exposures(connection, latest)
    shown = [table for table in tables if table.name in by_table or table in _OF_DATASETS]
    rows_of_files = {table.name for table in tables}
    beside = [table for table in _of_files() if table.name not in rows_of_files]
    derive_files(connection, latest, (*shown, *beside), arriving=True)
    return faults


@cache
def _of_files() -> tuple[Table, ...]:
    """All tables with rows that are hidden when a file is."""
    tables = (table for schema in builtin_schemas() for table in schema.tables)
    return tuple(table for table in tables if table.hides and names_files(table))


def _dates_of_publication(connection: Connection, dp_ids: Iterable[str]) -> dict[str, object]:
    """When datasets that are there already were published; that stays, whatever becomes known of them."""
    rows = connection.execute(
        "SELECT dp_id, publication_date FROM ivoa.obscore WHERE dp_id = ANY (%s)", (list(dp_ids),)
    )
    return {str(dp_id): date for dp_id, date in rows}


def _member(found: Harvest) -> Member:
    is_dataset = any(record.table is OBSCORE for record in found.records)
    is_raw = any(record.table is RAW for record in found.records)
    return Member(found.dp_id, found.naming, is_dataset and not is_raw, found.span, found.md5)
