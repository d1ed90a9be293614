"""Which rows are hidden, until when and from whom: written into the rows themselves, where it is not so yet.

A row is hidden by what it names: files, runs, and rows of other tables that are hidden
(`Table.hidden_with`). Of several it waits for the last, and only who has rights on all of them sees it
meanwhile. Embargoes come from archive.protection, those of files from `clock`; who sees a hidden row, the
query path decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

import pyarrow as pa
from psycopg import sql

from ..database.bookkeeping import Connection
from ..declare.builtin import builtin_schemas
from ..declare.tables import HIDDEN_FOR, HIDDEN_UNTIL, Table

__all__ = [
    "are_embargoes",
    "complete_hiding",
    "hide_named",
    "hide_rows",
    "hide_written",
    "names_files",
    "record_runs",
]

Batches = Mapping[str, Iterable[pa.RecordBatch]]
Named = Mapping[str, Collection[object]]
Concerned = tuple[sql.Composable, Mapping[str, object]]  # a condition on rows r, and its binds

# Columns that name files.
_FILE_COLUMNS = ("dp_id", "archive_id", "product_id", "source_file", "input_id", "entry_dp_id")
_UNTIL, _KEY = sql.Identifier(HIDDEN_UNTIL), sql.Identifier(HIDDEN_FOR)
# Until when a file is hidden, and for whom not. An input of a plugin is by the runs that it tells of.
_BY_FILE = """SELECT f.hidden_until, f.run_id FROM archive.file_right AS f WHERE f.dp_id = r.{column}
    UNION ALL SELECT archive.embargo_of(ARRAY[i.run]), i.run FROM archive.input_run AS i
    WHERE i.input_id = r.{column}"""
# A file goes before its run, as far as the archive knows it.
_BY_RUN = """SELECT archive.embargo_of(named.runs), archive.key_of(named.runs)
    FROM archive.runs_of(r.{column}) AS named (runs)
    WHERE NOT EXISTS (SELECT FROM archive.file_right AS f WHERE f.dp_id = {file})"""
_BY_ROW = "SELECT p.hidden_until, p.hidden_for FROM {parent} AS p WHERE p.{key} = {value}"
_HIDE = """
    UPDATE {table} AS t SET {until} = found.until, {key} = found.key FROM (
        SELECT {names}, max(rule.until) AS until, CASE WHEN max(rule.until) IS NOT NULL
            THEN archive.key_of(coalesce(array_agg(DISTINCT rule.key) FILTER (WHERE rule.until > now()),
                array_agg(DISTINCT rule.key) FILTER (WHERE rule.until IS NOT NULL))) END AS key
        FROM {table} AS r LEFT JOIN LATERAL ({rules}) AS rule (until, key) ON true
        WHERE {concerned} GROUP BY {names}
    ) AS found
    WHERE {same} AND (t.{until}, t.{key}) IS DISTINCT FROM (found.until, found.key)"""
_KEYWORDS = """
    UPDATE adql.header_keywords AS t SET hidden_until = rule.until, hidden_for = rule.key
    FROM (SELECT dp_id, hidden_until AS until, CASE WHEN hidden_until IS NOT NULL THEN run_id END AS key
        FROM archive.file_right WHERE dp_id = ANY (%s)) AS rule
    WHERE t.dp_id = rule.dp_id AND (t.hidden_until, t.hidden_for) IS DISTINCT FROM (rule.until, rule.key)"""
# Values that name one of some runs or programmes; a list of runs in one value is found by any of them.
_NAMING = """SELECT named.value FROM (SELECT DISTINCT r.{column} AS value FROM {table} AS r) AS named
    WHERE EXISTS (SELECT FROM unnest(%(keys)s::text[]) AS wanted WHERE strpos(named.value, wanted) > 0)"""
_INPUTS = sql.SQL("SELECT DISTINCT input_id FROM archive.input_run WHERE run IN ({naming})").format(
    naming=sql.SQL(_NAMING).format(column=sql.Identifier("run"), table=sql.SQL("archive.input_run"))
)
_EMBARGOED = """
    SELECT DISTINCT key FROM archive.protection WHERE kind IN ('run', 'programme') AND hidden_until > now()"""
_HIDDEN_FILES = "SELECT dp_id FROM archive.file_right WHERE hidden_until > now()"


def are_embargoes(connection: Connection) -> bool:
    """Whether anything is hidden that would not be so by itself."""
    row = connection.execute("SELECT EXISTS (SELECT FROM archive.protection WHERE hidden_until > now())")
    return row.fetchone() == (True,)


def names_files(table: Table) -> bool:
    """Whether its rows are hidden as files are, as far as these are known."""
    return bool(_files_of(table))


def hide_rows(
    connection: Connection,
    tables: Iterable[Table],
    *,
    files: Collection[str] = (),
    keys: Collection[str] = (),
) -> None:
    """Hides or shows rows that belong to these files or name one of these runs or programmes.

    And those that are parts of them. Tables whose rows are hidden at first have rules of their own.
    """
    listed = _hiding(tables)
    binds = {"keys": list(keys)}
    wanted = list(files)
    if keys:
        wanted += (str(name) for (name,) in connection.execute(_INPUTS, binds))
    rows: dict[str, list[Concerned]] = {}
    for table in listed:
        found = rows.setdefault(table.name, [])
        if wanted:
            found += [_among(table, column, wanted) for column in _files_of(table)]
        # Every file of a run is known, but for those that a night log is about.
        for column in _runs_of(table) if keys and _is_found_by_run(table) else ():
            naming = sql.SQL(_NAMING).format(column=_column(table, column), table=_name(table))
            found.append((sql.SQL("r.{} IN ({})").format(_column(table, column), naming), binds))
    _hide(connection, listed, rows)
    if files:
        connection.execute(_KEYWORDS.encode(), (list(files),))


def hide_written(connection: Connection, tables: Iterable[Table], batches: Batches) -> None:
    """The same for rows that were just written, with their versions and their parts; call it behind them."""
    listed = _hiding(tables)
    histories = {table.history: table.name for table in tables if table.history}
    rows = {}
    for table in listed:
        given = list(batches.get(histories.get(table.name, table.name), ()))
        named = {column: _values(given, column) for column in _ways(table)}
        rows[table.name] = [_among(table, column, values) for column, values in named.items() if values]
    _hide(connection, listed, rows)


def hide_named(connection: Connection, table: Table, named: Named) -> None:
    """The same for rows of one table that name one of these values, by its columns; call it behind them."""
    if are_embargoes(connection):
        rows = {table.name: [_among(table, name, values) for name, values in named.items() if values]}
        _hide(connection, [table], rows)


def record_runs(connection: Connection, input_id: str, tables: Collection[Table], batches: Batches) -> None:
    """Remembers of which runs an input tells, so that it is hidden with them."""
    runs: set[object] = set()
    parts: dict[str, set[object]] = {}
    for table in _hiding(tables):
        given = list(batches.get(table.name, ()))
        for column in _runs_of(table):
            runs |= _values(given, column)
        for column, other in table.hidden_with:
            parts.setdefault(other, set()).update(_values(given, column))
    known = {table.name: table for table in tables}
    for name, values in parts.items():
        parent = _parent(name, known)
        if others := values - _values(batches.get(name, ()), parent.primary_key[0]):
            runs |= _runs_in(connection, parent, others)
    connection.execute(
        "INSERT INTO archive.input_run (input_id, run) SELECT DISTINCT %s, one"
        " FROM unnest(%s::text[]) AS written, unnest(archive.runs_of(written)) AS one ON CONFLICT DO NOTHING",
        (input_id, sorted(map(str, runs))),
    )


def _runs_in(connection: Connection, table: Table, names: Iterable[object]) -> set[object]:
    """The runs of rows of a table, by their primary key."""
    condition, binds = _among(table, table.primary_key[0], names)
    found: set[object] = set()
    for column in _runs_of(table):
        query = sql.SQL("SELECT DISTINCT r.{} FROM {} AS r WHERE {}").format(
            _column(table, column), _name(table), condition
        )
        found |= {run for (run,) in connection.execute(query, binds) if run is not None}
    return found


def complete_hiding(connection: Connection, tables: Iterable[Table]) -> None:
    """Hides what an older version of the archive did not: tables have hidden rows now that had none."""
    listed = _hiding(tables)
    told = repr(sorted((table.name, table.hides, table.hidden_with) for table in listed))
    mark = hashlib.sha256(told.encode()).hexdigest()
    marked = "SELECT mark FROM archive.hiding"
    if connection.execute(marked).fetchone() == (mark,):
        return
    connection.execute("LOCK TABLE archive.hiding IN EXCLUSIVE MODE")
    if connection.execute(marked).fetchone() == (mark,):
        return  # another process was faster
    for table in listed:
        if {"input_id", "row_version"} <= table.by_name.keys():
            _record_told(connection, table)
    if are_embargoes(connection):
        keys = [str(key) for (key,) in connection.execute(_EMBARGOED)]
        files = [str(dp_id) for (dp_id,) in connection.execute(_HIDDEN_FILES)]
        hide_rows(connection, listed, files=files, keys=keys)
    connection.execute("DELETE FROM archive.hiding")
    connection.execute("INSERT INTO archive.hiding (mark) VALUES (%s)", (mark,))


def _record_told(connection: Connection, history: Table) -> None:
    """Inputs that came before it was written down of which runs they tell, as far as versions name them."""
    for column in _runs_of(history):
        connection.execute(
            sql.SQL(
                "INSERT INTO archive.input_run (input_id, run) SELECT DISTINCT r.input_id, one"
                " FROM {table} AS r, unnest(archive.runs_of(r.{column})) AS one WHERE r.input_id <> ''"
                " ON CONFLICT DO NOTHING"
            ).format(table=_name(history), column=_column(history, column))
        )


# --- how a table's rows are hidden --------------------------------------------------------------------------


def _hiding(tables: Iterable[Table]) -> list[Table]:
    """Tables whose hidden rows are found here, those behind others that they are hidden with."""
    wanted = {
        table.name: table
        for table in tables
        if table.hides and table.kind == "table" and not table.hidden_at_first
    }
    ordered: dict[str, Table] = {}

    def add(table: Table) -> None:
        for _, parent in table.hidden_with:
            if parent in wanted and parent not in ordered:
                add(wanted[parent])
        ordered[table.name] = table

    for table in wanted.values():
        add(table)
    return list(ordered.values())


def _files_of(table: Table) -> list[str]:
    # The input that a version came from is not what its row tells of.
    listed = [name for name in _FILE_COLUMNS if name in table.by_name and table.hides]
    return [name for name in listed if name != "input_id" or table.hides == name]


def _runs_of(table: Table) -> list[str]:
    """The column that names the run of a row, if there is one."""
    own = table.hides not in {*_files_of(table), *(column for column, _ in table.hidden_with)}
    keys = [key.columns[0] for key in table.keys if key.target == "dfs.run" and len(key.columns) == 1]
    return [table.hides] if own else keys


def _is_found_by_run(table: Table) -> bool:
    files = _files_of(table)
    return not files or table.hides in files


def _ways(table: Table) -> list[str]:
    parents = [column for column, _ in table.hidden_with]
    return list(dict.fromkeys([*_files_of(table), *_runs_of(table), *parents]))


def _parent(name: str, given: Mapping[str, Table]) -> Table:
    return given.get(name) or _builtin()[name]


@cache
def _builtin() -> Mapping[str, Table]:
    return {table.name: table for schema in builtin_schemas() for table in schema.tables}


def _rules(table: Table, parents: Mapping[str, Table]) -> sql.Composable:
    """What hides a row r: each gives the moment and the key."""
    files = _files_of(table)
    rules: list[sql.Composable] = [sql.SQL(_BY_FILE).format(column=_column(table, name)) for name in files]
    for name in _runs_of(table):
        file = sql.SQL("r.{}").format(_column(table, files[0])) if files else sql.SQL("NULL")
        rules.append(sql.SQL(_BY_RUN).format(column=_column(table, name), file=file))
    rules += (_by_row(table, name, _parent(other, parents)) for name, other in table.hidden_with)
    return sql.SQL(" UNION ALL ").join(rules)


def _by_row(table: Table, name: str, parent: Table) -> sql.Composed:
    key = parent.by_name[parent.primary_key[0]]
    value: sql.Composable = sql.SQL("r.{}").format(_column(table, name))
    if key.type.is_integer and not table.by_name[name].type.is_integer:
        # A number in a text, among others that are none.
        value = sql.SQL("CASE WHEN {0} ~ '^-?[0-9]{{1,18}}$' THEN {0}::bigint END").format(value)
    return sql.SQL(_BY_ROW).format(parent=_name(parent), key=sql.Identifier(key.physical_name), value=value)


# --- rows that are concerned --------------------------------------------------------------------------------


def _hide(
    connection: Connection,
    ordered: Sequence[Table],
    rows: Mapping[str, list[Concerned]],
) -> None:
    """Writes for these rows of each table, and for all that are hidden with them."""
    by_name = {table.name: table for table in ordered}
    needed = {parent for table in ordered for _, parent in table.hidden_with}
    names: dict[str, list[object]] = {}  # of the rows of other tables, by their primary keys
    for table in ordered:
        conditions = list(rows.get(table.name, ()))
        conditions += [_among(table, name, names[of]) for name, of in table.hidden_with if names.get(of)]
        for condition, binds in conditions:
            if table.name in needed:
                names.setdefault(table.name, []).extend(_keys(connection, table, condition, binds))
            _update(connection, table, by_name, condition, binds)


def _update(
    connection: Connection,
    table: Table,
    parents: Mapping[str, Table],
    condition: sql.Composable,
    binds: Mapping[str, object],
) -> None:
    # Rows without a name of their own are written once and never changed.
    names = [sql.Identifier(table.by_name[name].physical_name) for name in table.primary_key]
    listed = names or [sql.Identifier("ctid")]
    connection.execute(
        sql.SQL(_HIDE).format(
            table=_name(table),
            until=_UNTIL,
            key=_KEY,
            names=sql.SQL(", ").join(sql.SQL("r.{}").format(name) for name in listed),
            rules=_rules(table, parents),
            concerned=condition,
            same=sql.SQL(" AND ").join(sql.SQL("t.{0} = found.{0}").format(name) for name in listed),
        ),
        binds,
    )


def _keys(
    connection: Connection, table: Table, condition: sql.Composable, binds: Mapping[str, object]
) -> list[object]:
    query = sql.SQL("SELECT r.{} FROM {} AS r WHERE {}").format(
        _column(table, table.primary_key[0]), _name(table), condition
    )
    return [value for (value,) in connection.execute(query, binds)]


def _among(table: Table, name: str, values: Iterable[object]) -> Concerned:
    type_ = table.by_name[name].type
    listed = sorted({str(value) for value in values})
    if type_.is_integer:
        listed = [value for value in listed if value.lstrip("-").isdecimal()]
    condition = sql.SQL("r.{} = ANY (%(values)s::{}[])").format(
        _column(table, name),
        sql.SQL(type_.postgresql),
    )
    return condition, {"values": listed}


def _values(batches: Iterable[pa.RecordBatch], column: str) -> set[object]:
    """What is in a column of these batches, some of which may be parts of rows without it."""
    found = (batch.column(column).to_pylist() for batch in batches if column in batch.schema.names)
    return {value for values in found for value in values if value is not None}


def _column(table: Table, name: str) -> sql.Identifier:
    return sql.Identifier(table.by_name[name].physical_name)


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(table.physical_schema, table.physical_name)
