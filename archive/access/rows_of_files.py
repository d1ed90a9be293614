"""What published rows show of the rights on files, and which are hidden: written where it is not so yet.

Dates and embargoes are found in `clock`; who sees a hidden row, the query path decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from psycopg import sql

from ..database.bookkeeping import Connection
from ..declare.tables import HIDDEN_FOR, HIDDEN_UNTIL, Table

__all__ = ["hide_rows", "names_files", "show_dates"]

# Columns by which rows belong to files.
_FILE_COLUMNS = ("dp_id", "archive_id")
_DATE = "f.release_date AT TIME ZONE 'UTC'"
_RIGHTS = "CASE WHEN f.is_open THEN 'public' ELSE 'proprietary' END"
# What columns of the tables of files say, by their names.
_SHOWN = {"release_date": _DATE, "obs_release_date": _DATE, "data_rights": _RIGHTS}
_OF_FILE = "SELECT f.hidden_until, CASE WHEN f.hidden_until IS NOT NULL THEN f.run_id END"
_KEYWORDS = sql.SQL(
    f"UPDATE adql.header_keywords AS t SET hidden_until = rule.until, hidden_for = rule.key"
    f" FROM (SELECT f.dp_id, given.* FROM archive.file_right AS f, LATERAL ({_OF_FILE}) AS given (until, key)"
    f" WHERE f.dp_id = ANY (%(files)s)) AS rule WHERE t.dp_id = rule.dp_id"
    f" AND (t.hidden_until, t.hidden_for) IS DISTINCT FROM (rule.until, rule.key)"
)


def show_dates(connection: Connection, tables: Iterable[Table], dp_ids: Collection[str]) -> None:
    """Release dates and data rights in the rows of these files, from archive.file_right."""
    for table in _changeable(tables):
        shown = [name for name in _SHOWN if name in table.by_name]
        if "dp_id" not in table.by_name or not shown:
            continue
        connection.execute(
            sql.SQL(
                "UPDATE {table} AS t SET {values} FROM archive.file_right AS f"
                " WHERE t.dp_id = f.dp_id AND f.dp_id = ANY (%s) AND ({before}) IS DISTINCT FROM ({after})"
            ).format(
                table=_name(table),
                values=sql.SQL(", ").join(sql.SQL(f"{name} = {_SHOWN[name]}") for name in shown),
                before=sql.SQL(", ").join(sql.SQL(f"t.{name}") for name in shown),
                after=sql.SQL(", ").join(sql.SQL(_SHOWN[name]) for name in shown),
            ),
            (list(dp_ids),),
        )


def names_files(table: Table) -> bool:
    """Whether its rows are hidden as files are, rather than by the run that they name."""
    return table.hides in _FILE_COLUMNS or "dp_id" in table.by_name


def hide_rows(
    connection: Connection,
    tables: Iterable[Table],
    *,
    files: Collection[str] = (),
    keys: Collection[str] = (),
) -> None:
    """Hides or shows rows that belong to these files, and those that name one of these runs or programmes.

    A list of runs in one value is found by any of them. Tables whose rows are hidden at first have rules of
    their own.
    """
    for table in _changeable(tables):
        if table.hidden_at_first:
            continue
        if names_files(table):
            if files:
                _hide(connection, table, _by_files(table), {"files": list(files)})
        elif keys:
            _hide(connection, table, _by_keys(table), {"keys": list(keys)})
    if files:
        connection.execute(_KEYWORDS, {"files": list(files)})


def _changeable(tables: Iterable[Table]) -> list[Table]:
    return [table for table in tables if table.hides and table.kind == "table"]


def _hide(connection: Connection, table: Table, rule: sql.Composable, binds: dict[str, object]) -> None:
    connection.execute(
        sql.SQL(
            "UPDATE {table} AS t SET {until} = rule.until, {key} = rule.key FROM {rule}"
            " AND (t.{until}, t.{key}) IS DISTINCT FROM (rule.until, rule.key)"
        ).format(
            table=_name(table),
            until=sql.Identifier(HIDDEN_UNTIL),
            key=sql.Identifier(HIDDEN_FOR),
            rule=rule,
        ),
        binds,
    )


def _by_files(table: Table) -> sql.Composable:
    column = table.hides if table.hides in _FILE_COLUMNS else "dp_id"
    return sql.SQL(
        f"(SELECT f.dp_id, given.* FROM archive.file_right AS f, LATERAL ({_OF_FILE}) AS given (until, key)"
        " WHERE f.dp_id = ANY (%(files)s)) AS rule WHERE t.{column} = rule.dp_id"
    ).format(column=sql.Identifier(table.by_name[column].physical_name))


def _by_keys(table: Table) -> sql.Composable:
    return sql.SQL(
        "(SELECT named.value, archive.embargo_of(archive.runs_of(named.value)) AS until,"
        " CASE WHEN archive.embargo_of(archive.runs_of(named.value)) IS NOT NULL"
        " THEN archive.key_of(archive.runs_of(named.value)) END AS key"
        " FROM (SELECT DISTINCT {column} AS value FROM {table} WHERE EXISTS ("
        "  SELECT FROM unnest(%(keys)s::text[]) AS wanted WHERE strpos({column}, wanted) > 0)) AS named"
        ") AS rule WHERE t.{column} = rule.value"
    ).format(
        column=sql.Identifier(table.by_name[table.hides].physical_name),
        table=_name(table),
    )


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(table.physical_schema, table.physical_name)
