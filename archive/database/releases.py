"""Records of what was given out while not everybody might have had it: the rows of dfs.download.

Who may have a file is decided in `archive.access`, which rows somebody sees in `archive.query.hiding`. Here
is how it is written down, and which queries are: those that read tables in which rows are hidden from others.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from ..declare.catalogue import Catalogue
from ..declare.dataflow.downloads import DOWNLOAD, Ending, Road
from ..declare.tables import HIDDEN_FOR, HIDDEN_UNTIL
from ..query.sql import Statement
from ..query.viewer import Viewer
from ..query.visits import Visit
from .bookkeeping import Connection, execute
from .ddl import qualified_name

__all__ = ["end_releases", "record_release", "record_rows", "shows_hidden_rows"]


def shows_hidden_rows(statement: Statement) -> bool:
    """Whether a query may show rows that others do not see. Those of the records themselves do not count."""
    viewer = statement.viewer
    if not (viewer.keys or viewer.operator) or (viewer.visit is not None and not viewer.visit.content):
        return False
    return any(name != DOWNLOAD.name for name in statement.hiding)


def record_rows(connection: Connection, catalogue: Catalogue, statement: Statement) -> None:
    """Writes down a query that reads tables in which rows are hidden now, and shown to its viewer.

    Whether they are in the result is not looked at. Once for each visit, run and table; of an operator, who
    sees them all, once for each table.
    """
    viewer = statement.viewer
    told = viewer.visit.rows if viewer.visit is not None else set()
    for name in statement.hiding:
        if name == DOWNLOAD.name or name in told:
            continue
        told.add(name)
        # The keywords of headers are in no catalogue; their table is called as it is stored.
        table = catalogue.find(name)
        stored = name if table is None else qualified_name(table)
        for key in _hidden(connection, stored, viewer):
            record_release(connection, viewer, Road.ROWS, key, table=name)


def _hidden(connection: Connection, table: str, viewer: Viewer) -> list[str]:
    """The runs of which rows are hidden and shown to the viewer; "" alone stands for all of them."""
    hidden = f"FROM {table} WHERE {HIDDEN_UNTIL} > now()"
    if viewer.operator:
        found = execute(connection, f"SELECT 1 {hidden} LIMIT 1").fetchone()
        return [""] if found is not None else []
    rows = execute(
        connection, f"SELECT DISTINCT {HIDDEN_FOR} {hidden} AND {HIDDEN_FOR} = ANY (%s)", [list(viewer.keys)]
    )
    return sorted(str(key) for (key,) in rows)


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
