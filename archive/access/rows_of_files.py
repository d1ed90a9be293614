"""What published rows show of the rights on files: written where it is not so yet.

Dates are found in `clock`; which rows are hidden, and from whom, is `hidden_rows`'.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from psycopg import sql

from ..database.bookkeeping import Connection
from ..declare.tables import Table

__all__ = ["show_dates"]

# What nothing ever protected became public when it arrived.
_DATE = "coalesce(f.release_date, f.arrived) AT TIME ZONE 'UTC'"
_RIGHTS = "CASE WHEN f.is_open THEN 'public' ELSE 'proprietary' END"
# What columns of the tables of files say, by their names.
_SHOWN = {"release_date": _DATE, "obs_release_date": _DATE, "data_rights": _RIGHTS}
_DATES = ("release_date", "obs_release_date")
_CHANGE = "last_mod_date"
_NOW = "greatest(t.last_mod_date, now() AT TIME ZONE 'UTC')"


def show_dates(connection: Connection, tables: Iterable[Table], dp_ids: Collection[str]) -> None:
    """Release dates and data rights in the rows of these files, from archive.file_right."""
    for table in _changeable(tables):
        shown = [name for name in _SHOWN if name in table.by_name]
        if "dp_id" not in table.by_name or not shown:
            continue
        values = {name: _SHOWN[name] for name in shown} | _change(table)
        connection.execute(
            sql.SQL(
                "UPDATE {table} AS t SET {values} FROM archive.file_right AS f"
                " WHERE t.dp_id = f.dp_id AND f.dp_id = ANY (%s) AND ({before}) IS DISTINCT FROM ({after})"
            ).format(
                table=_name(table),
                values=sql.SQL(", ").join(sql.SQL(f"{name} = {value}") for name, value in values.items()),
                before=sql.SQL(", ").join(sql.SQL(f"t.{name}") for name in shown),
                after=sql.SQL(", ").join(sql.SQL(_SHOWN[name]) for name in shown),
            ),
            (list(dp_ids),),
        )


def _change(table: Table) -> dict[str, str]:
    """When the row was changed, for who harvests that; a row that gets its first date has just come."""
    if _CHANGE not in table.by_name:
        return {}
    date = next((name for name in _DATES if name in table.by_name), None)
    return {_CHANGE: f"CASE WHEN t.{date} IS NULL THEN t.{_CHANGE} ELSE {_NOW} END" if date else _NOW}


def _changeable(tables: Iterable[Table]) -> list[Table]:
    return [table for table in tables if table.hides and table.kind == "table"]


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(table.physical_schema, table.physical_name)
