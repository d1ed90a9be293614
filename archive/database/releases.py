"""Records of what was given out while not everybody might have had it: the rows of dfs.download.

Who may have a file is decided in `archive.access`, which rows somebody sees in `archive.query.hiding`. Here
is how it is written down, and which queries are: those that read tables in which rows are hidden from others.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from ..declare.catalogue import Catalogue
from ..declare.dataflow.downloads import DOWNLOAD, Ending, Road
from ..declare.tables import HIDDEN_FOR, HIDDEN_UNTIL
from ..query.hiding import KEYS_SET
from ..query.quoting import quote_literal
from ..query.sql import Statement
from ..query.viewer import Viewer
from ..query.visits import Visit
from .bookkeeping import Connection
from .ddl import qualified_name

__all__ = ["end_releases", "record_release", "record_rows", "reveals"]


def reveals(catalogue: Catalogue, statement: Statement) -> tuple[str, ...]:
    """The queries by which the database tells whether a statement reads hidden rows that its viewer sees.

    One for each table, with the table's name and a run's in a row; the latter is "" for an operator, who sees
    those of all. None for most viewers, and for tables of which the viewer's visit is known to have.
    """
    viewer = statement.viewer
    if not (viewer.keys or viewer.operator) or (viewer.visit is not None and not viewer.visit.content):
        return ()
    told = viewer.visit.rows if viewer.visit is not None else set()
    tables = [name for name in statement.hiding if name != DOWNLOAD.name and name not in told]
    return tuple(_revealed(catalogue, name, viewer) for name in tables)


def _revealed(catalogue: Catalogue, name: str, viewer: Viewer) -> str:
    # The keywords of headers are in no catalogue; their table is called as it is stored.
    table = catalogue.find(name)
    stored = name if table is None else qualified_name(table)
    named, hidden = f"{quote_literal(name)}::text", f"FROM {stored} AS t WHERE t.{HIDDEN_UNTIL} > now()"
    if viewer.operator:
        return f"SELECT {named}, ''::text {hidden} LIMIT 1"
    # Each key is looked up, as there may be many rows of one, now or once hidden.
    return (
        f"SELECT {named}, key FROM unnest({KEYS_SET}) AS key,"
        f" LATERAL (SELECT 1 {hidden} AND t.{HIDDEN_FOR} = key LIMIT 1) AS one"
    )


def record_rows(connection: Connection, viewer: Viewer, revealed: Iterable[tuple[str, str]]) -> None:
    """Writes down that hidden rows of tables were read by who sees them, as the queries of `reveals` found.

    Whether they are in the result is not looked at. Once for each visit, run and table; of an operator, who
    sees them all, once for each table.
    """
    for name, key in revealed:
        record_release(connection, viewer, Road.ROWS, key, table=name)
        if viewer.visit is not None:
            viewer.visit.rows.add(name)


def record_release(
    connection: Connection,
    viewer: Viewer,
    road: Road,
    key: str,
    *,
    dp_id: str | None = None,
    table: str | None = None,
) -> None:
    """Writes down that something protected goes to a user; `key`: the run by whose rights, "" without one.

    The visit, if the user pays one, will tell how it ended (see `end_releases`).
    """
    visit = viewer.visit or Visit()
    number = secrets.token_hex(8)
    connection.execute(
        "INSERT INTO dfs.download (download_id, started_at, account, dp_id, run_id, road, table_name,"
        " token_id, outcome, hidden_until, hidden_for)"
        " VALUES (%(number)s, clock_timestamp() AT TIME ZONE 'UTC', %(account)s, %(dp_id)s, %(key)s,"
        " %(road)s, %(table)s, %(token)s, %(outcome)s, 'infinity', %(key)s)",
        {
            "number": number,
            "account": viewer.user,
            "dp_id": dp_id,
            "key": key or None,
            "road": road.value,
            "table": table,
            "token": visit.token or None,
            "outcome": Ending.BEGUN.value,
        },
    )
    if visit.address:
        connection.execute(
            "INSERT INTO dfs.download_address (download_id, address) VALUES (%s, %s)", (number, visit.address)
        )
    visit.downloads.append(number)


def end_releases(connection: Connection, downloads: Sequence[str], bytes: int, ending: Ending) -> None:
    """Tells of recorded downloads what became of them, and how many bytes were sent."""
    connection.execute(
        "UPDATE dfs.download SET ended_at = clock_timestamp() AT TIME ZONE 'UTC', bytes = %s, outcome = %s"
        " WHERE download_id = ANY (%s)",
        (bytes, ending.value, list(downloads)),
    )
