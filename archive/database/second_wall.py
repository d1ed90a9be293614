"""The second wall around hidden rows: what PostgreSQL has to be told before it can withhold them by itself.

Under row security PostgreSQL reads an index only by functions that cannot tell anything of a row that is then
withheld: LEAKPROOF ones. Which of those that queries use are such is said here; only a superuser can say it
to PostgreSQL. Where none has, tables have no row security, since every cone would read all of them, and the
condition that the compiler adds to every query stands alone. What is withheld: see `archive.query.hiding`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

from ..declare.tables import Table
from ..query.hiding import shown_by_setting
from ..query.quoting import quote_literal
from . import ddl
from .bookkeeping import Connection, execute
from .roles import is_superuser
from .server import OPERATOR, READER, WRITER

__all__ = [
    "DEFINITION",
    "OFF",
    "build",
    "can_be_built",
    "guard",
    "guard_keywords",
    "is_built",
    "warn_unless_built",
]

_log = logging.getLogger("uraniborg")

OFF = (
    "the second wall around hidden rows is off, as no superuser has prepared this database: only the"
    " condition in the archive's queries hides them, and how long a search takes may tell of them"
)

# These never fail, and take the same time for any value: PostgreSQL may compute them of a hidden row before
# it withholds that. (What scircle and span would fail for, adql.cap and adql.extent do not give them.)
_HARMLESS = (
    "pg_catalog.radians(float8)",
    "pg_catalog.lower(text)",
    "pg_catalog.range_overlaps(anyrange, anyrange)",
    "public.spoint(float8, float8)",
    "public.scircle(public.spoint, float8)",
    "adql.span(float8, float8, text)",
    # As they are where PostgreSQL does not write what is in them in their place.
    "adql.position(float8, float8)",
    "adql.position(float8[])",
    "adql.cap(public.spoint, float8)",
    "adql.beyond(public.spoint, float8)",
)
# PostgreSQL computes what costs as much as these only of rows that it has not withheld, although an index may
# be searched for their values of another table's rows.
_COSTLY = (
    "pg_catalog.textlike(text, text)",
    "pg_catalog.jsonb_contains(jsonb, jsonb)",
    "adql.opposite(public.spoint)",
    "adql.polygon(float8[])",
    "adql.box(float8, float8, float8, float8)",
    "adql.moved(float8, float8, float8, float8, float8, float8, float8)",
    "adql.rotated(float8[], float8[])",
    "adql.rotated_circle(float8[], float8[])",
)
_COST = 10  # ten times cpu_operator_cost: PostgreSQL's order_qual_clauses


def _listed(functions: Sequence[str]) -> str:
    return ", ".join(f"to_regprocedure({quote_literal(function)})" for function in functions)


# Besides these, all operators of pg_sphere between positions, circles and polygons.
_FUNCTIONS = f"""
    SELECT p.oid, NULL::integer AS cost FROM pg_proc p WHERE p.oid IN ({_listed(_HARMLESS)})
    UNION ALL
    SELECT p.oid, greatest(p.procost::integer, {_COST}) FROM pg_proc p WHERE p.oid IN ({_listed(_COSTLY)})
    UNION ALL
    SELECT o.oprcode, NULL FROM pg_operator o JOIN pg_depend d ON d.objid = o.oid
    JOIN pg_extension e ON e.oid = d.refobjid
    JOIN pg_type one ON one.oid = o.oprleft JOIN pg_type other ON other.oid = o.oprright
    WHERE d.classid = 'pg_operator'::regclass AND d.deptype = 'e' AND e.extname = 'pg_sphere'
        AND o.oprresult IN ('boolean'::regtype, 'float8'::regtype)
        AND one.typname IN ('spoint', 'scircle', 'spoly') AND other.typname IN ('spoint', 'scircle', 'spoly')
"""


def build(connection: Connection) -> None:
    """Marks the functions, when the connection's user is a superuser; those of ADQL have to be there."""
    if not is_superuser(connection):
        return
    execute(
        connection,
        f"""
        DO $$ DECLARE f regprocedure; price integer; BEGIN
          FOR f, price IN SELECT DISTINCT ON (p.oid) p.oid, w.cost
                          FROM ({_FUNCTIONS}) w JOIN pg_proc p USING (oid)
                          WHERE NOT p.proleakproof OR p.procost < w.cost
          LOOP
            EXECUTE format('ALTER FUNCTION %s LEAKPROOF', f);
            IF price IS NOT NULL THEN EXECUTE format('ALTER FUNCTION %s COST %s', f, price); END IF;
          END LOOP;
        END $$
        """,
    )


def is_built(connection: Connection) -> bool:
    """Whether PostgreSQL knows all that it has to know of the functions."""
    row = execute(
        connection,
        f"SELECT coalesce(bool_and(p.proleakproof), false) FROM ({_FUNCTIONS}) w JOIN pg_proc p USING (oid)",
    ).fetchone()
    return bool(row and row[0])


def can_be_built(connection: Connection) -> bool:
    """Whether the connection's user may, and nobody has."""
    return is_superuser(connection) and not is_built(connection)


def warn_unless_built(connection: Connection) -> None:
    """Tells the log when the wall is off."""
    if not is_built(connection):
        _log.warning(OFF)


def guard(connection: Connection, table: Table) -> None:
    """Has PostgreSQL withhold the table's hidden rows, or not do so any more, as far as that is to change.

    As the table's owner.
    """
    _guard(connection, ddl.qualified_name(table), hides=bool(table.hides))


def guard_keywords(connection: Connection) -> None:
    """The same for the keywords of headers, which are in no catalogue."""
    _guard(connection, "adql.header_keywords", hides=True)


# Who writes the rows sees them all; of most tables he is the owner in any case.
_CONDITIONS = {
    "shown": ("SELECT", READER, shown_by_setting()),
    "everything": ("SELECT", OPERATOR, "true"),
    "written": ("ALL", WRITER, "true"),
}
DEFINITION = repr((_HARMLESS, _COSTLY, _CONDITIONS))
_MARK = hashlib.sha256(DEFINITION.encode()).hexdigest()[:16]  # by which those of older versions are known
_STATE = """
    SELECT c.relrowsecurity, (SELECT obj_description(p.oid, 'pg_policy') FROM pg_policy p
        WHERE p.polrelid = c.oid AND p.polname = 'shown')
    FROM pg_class c WHERE c.oid = %s::regclass
"""


def _guard(connection: Connection, table: str, *, hides: bool) -> None:
    row = connection.execute(_STATE, (table,)).fetchone()
    guarded, mark = row or (False, None)
    wanted = hides and is_built(connection)
    if wanted == guarded and (not guarded or mark == _MARK):
        return
    for statement in [*_removal(table), *(_policies(table) if wanted else [])]:
        execute(connection, statement)


def _policies(table: str) -> list[str]:
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        *(
            f"CREATE POLICY {policy} ON {table} FOR {action} TO {role} USING ({condition})"
            for policy, (action, role, condition) in _CONDITIONS.items()
        ),
        f"COMMENT ON POLICY shown ON {table} IS '{_MARK}'",
    ]


def _removal(table: str) -> list[str]:
    return [
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        *(f"DROP POLICY IF EXISTS {policy} ON {table}" for policy in _CONDITIONS),
    ]
