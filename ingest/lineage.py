"""phase3v2: which file was made of which, and which belong together, as far as the archive has them.

Private tables keep the names that files go by and those that they name, so that a link is made as soon as
both files are there, in whatever order they came. All steps work on the files of one transaction at once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from archive.access.hidden_rows import hide_named
from archive.database import write_records
from archive.declare.phase3v2 import PRODUCT_FILES, PROVENANCE
from archive.declare.tables import Record
from archive.store import Connection

from .naming import Alias, Naming, Relation, Strength
from .publication import Publication, fitted
from .times import Span

__all__ = ["TABLES", "Member", "prepare_lineage", "write_lineage"]

_STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS archive.file_name (
        name text NOT NULL,
        dp_id text NOT NULL,
        strength smallint NOT NULL,
        mjd double precision,
        PRIMARY KEY (name, dp_id)
    )
    """,
    "CREATE INDEX IF NOT EXISTS file_name_dp_id ON archive.file_name (dp_id)",
    # `target` is the file that is meant, once it is known; `begins` and `ends` (MJD) tell the product's time.
    """
    CREATE TABLE IF NOT EXISTS archive.file_reference (
        dp_id text NOT NULL,
        relation text NOT NULL,
        name text NOT NULL,
        category text,
        md5 text,
        begins double precision,
        ends double precision,
        target text,
        PRIMARY KEY (dp_id, relation, name)
    )
    """,
    "CREATE INDEX IF NOT EXISTS file_reference_name ON archive.file_reference (name)",
    "CREATE INDEX IF NOT EXISTS file_reference_target ON archive.file_reference (target)",
    "CREATE INDEX IF NOT EXISTS file_reference_md5 ON archive.file_reference (md5) WHERE md5 IS NOT NULL",
    "CREATE SEQUENCE IF NOT EXISTS archive.phase3_file",
)
# What makes all of them in an empty schema.
TABLES = ";\n".join(_STATEMENTS)
_PREPARING = 0x55_52_41_4E_49_42_03
_BY_SUM = 9  # weaker than every name
# Of two transactions that each bring one end of a link, the later must see the earlier.
_LINKING = 0x55_52_41_4E_49_42_04


@dataclass(frozen=True, slots=True)
class Member:
    """A file and what its headers name; `is_dataset` when it has a row in ivoa.ObsCore.

    `span` is when it was observed, `md5` known only of files that have no header to tell their name.
    """

    dp_id: str
    naming: Naming
    is_dataset: bool
    span: Span | None = None
    md5: str | None = None

    @property
    def is_listed(self) -> bool:
        return self.is_dataset or self.naming.is_product


def prepare_lineage(connection: Connection) -> None:
    """Make the private tables where they are missing."""
    if _is_prepared(connection):
        return
    # IF NOT EXISTS alone lets two transactions collide.
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_PREPARING,))
    for statement in _STATEMENTS:
        connection.execute(statement)


def _is_prepared(connection: Connection) -> bool:
    row = connection.execute("SELECT to_regclass('archive.phase3_file') IS NOT NULL").fetchone()
    return row == (True,)


def write_lineage(connection: Connection, members: Collection[Member], publication: Publication) -> None:
    """Write what these files name and are called, in place of what was known of them, and renew all links.

    Holds a lock that keeps other writers waiting until the transaction ends: call it last.
    """
    if not members:
        return
    prepare_lineage(connection)
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LINKING,))
    ids = [member.dp_id for member in members]
    names = _write_names(connection, members)
    _write_references(connection, members)
    _write_files(connection, members)
    changed = _resolve(connection, ids, names)
    _link(connection, sorted({*ids, *changed}), publication)


def _write_names(connection: Connection, members: Collection[Member]) -> list[str]:
    """The names that now mean something else than before."""
    ids = [member.dp_id for member in members]
    before = connection.execute("DELETE FROM archive.file_name WHERE dp_id = ANY (%s) RETURNING name", (ids,))
    old = {str(name) for (name,) in before}
    rows = [
        (alias.name, member.dp_id, alias.strength.value, _night(member, alias))
        for member in members
        for alias in member.naming.aliases
    ]
    rows += [(f"md5:{member.md5}", member.dp_id, _BY_SUM, None) for member in members if member.md5]
    connection.execute(
        "INSERT INTO archive.file_name (name, dp_id, strength, mjd)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::smallint[], %s::float8[]) ON CONFLICT DO NOTHING",
        _columns(rows, 4),
    )
    return sorted(old | {name for name, *_ in rows})


def _night(member: Member, alias: Alias) -> float | None:
    """When a name was given that may be given again every night; None where it stands for one file only."""
    if alias.strength is not Strength.ORIGINAL or member.is_listed:
        return None
    return member.span.start if member.span else math.nan


def _write_references(connection: Connection, members: Collection[Member]) -> None:
    connection.execute(
        "DELETE FROM archive.file_reference WHERE dp_id = ANY (%s)", ([member.dp_id for member in members],)
    )
    rows = [
        (
            member.dp_id,
            one.relation.value,
            one.name,
            one.category,
            one.md5,
            member.span.start if member.span else None,
            member.span.end if member.span else None,
        )
        for member in members
        for one in member.naming.references
    ]
    connection.execute(
        "INSERT INTO archive.file_reference (dp_id, relation, name, category, md5, begins, ends)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::float8[],"
        " %s::float8[])",
        _columns(rows, 7),
    )


def _write_files(connection: Connection, members: Collection[Member]) -> None:
    """phase3v2.files: a file keeps its number."""
    _unlist(connection, [member.dp_id for member in members if not member.is_listed])
    rows = [
        (member.dp_id, member.naming.category, member.naming.original_name)
        for member in members
        if member.is_listed
    ]
    connection.execute(
        "WITH given (archive_id, category, name) AS"
        " (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])),"
        " known AS (UPDATE phase3v2.files AS f SET category = given.category, name = given.name"
        "  FROM given WHERE f.archive_id = given.archive_id RETURNING f.archive_id)"
        " INSERT INTO phase3v2.files (file_id, archive_id, category, name)"
        " SELECT nextval('archive.phase3_file'), archive_id, category, name FROM given"
        " WHERE archive_id NOT IN (SELECT archive_id FROM known) ORDER BY archive_id",
        _columns(rows, 3),
    )


def _unlist(connection: Connection, ids: Collection[str]) -> None:
    gone = connection.execute(
        "DELETE FROM phase3v2.files WHERE archive_id = ANY (%s) RETURNING file_id", (list(ids),)
    )
    numbers = [number for (number,) in gone]
    connection.execute("DELETE FROM phase3v2.provenance WHERE product_file = ANY (%s)", (numbers,))
    connection.execute("DELETE FROM phase3v2.product_files WHERE product_id = ANY (%s)", (list(ids),))


def _resolve(connection: Connection, ids: Collection[str], names: Collection[str]) -> list[str]:
    """Find anew what is meant by `names` and by all that these files name; the files whose links changed.

    Of several files of one name the surest is meant, and none when several are equally sure: a wrong link is
    worse than none. Raw frames get their original names anew every night, so that those of another night
    are not meant. The MD5 sum decides where the name of a companion is unknown.
    """
    sums = [name.removeprefix("md5:") for name in names if name.startswith("md5:")]
    changed = connection.execute(
        """
        WITH affected AS MATERIALIZED (
            SELECT * FROM archive.file_reference WHERE dp_id = ANY (%(ids)s)
            UNION
            SELECT * FROM archive.file_reference WHERE name = ANY (%(names)s)
            UNION
            SELECT * FROM archive.file_reference WHERE md5 = ANY (%(sums)s)
        ), candidate AS (
            SELECT a.dp_id, a.relation, a.name, f.dp_id AS meant, f.strength
            FROM affected AS a JOIN archive.file_name AS f ON f.name = a.name
            WHERE f.mjd IS NULL OR f.mjd BETWEEN a.begins - 1 AND a.ends + 1
            UNION ALL
            SELECT a.dp_id, a.relation, a.name, f.dp_id, f.strength
            FROM affected AS a JOIN archive.file_name AS f ON f.name = 'md5:' || a.md5
        ), surest AS (
            SELECT *, min(strength) OVER (PARTITION BY dp_id, relation, name) AS best FROM candidate
            WHERE meant <> dp_id
        ), known AS (
            SELECT dp_id, relation, name, min(meant) AS meant FROM surest WHERE strength = best
            GROUP BY dp_id, relation, name HAVING count(*) = 1
        ), found AS (
            SELECT dp_id, relation, name, target, known.meant
            FROM affected LEFT JOIN known USING (dp_id, relation, name)
        )
        UPDATE archive.file_reference AS r SET target = found.meant FROM found
        WHERE r.dp_id = found.dp_id AND r.relation = found.relation AND r.name = found.name
          AND found.target IS DISTINCT FROM found.meant
        RETURNING r.dp_id
        """,
        {"ids": list(ids), "names": list(names), "sums": sums},
    )
    products = {str(dp_id) for (dp_id,) in changed}
    # What is told of a companion may be another than before: its size, its name.
    beside = connection.execute(
        "SELECT DISTINCT dp_id FROM archive.file_reference WHERE target = ANY (%s) AND relation = %s",
        (list(ids), Relation.COMPANION.value),
    )
    return sorted(products | {str(dp_id) for (dp_id,) in beside})


def _link(connection: Connection, products: list[str], publication: Publication) -> None:
    """The published links of these products, in place of those they had."""
    connection.execute(
        "UPDATE phase3v2.files AS f SET category = r.category FROM archive.file_reference AS r"
        " WHERE r.dp_id = ANY (%s) AND r.target = f.archive_id AND r.relation = %s"
        " AND f.category IS NULL AND r.category IS NOT NULL",
        (products, Relation.COMPANION.value),
    )
    connection.execute(
        "DELETE FROM phase3v2.provenance WHERE product_file IN"
        " (SELECT file_id FROM phase3v2.files WHERE archive_id = ANY (%s))",
        (products,),
    )
    connection.execute(
        "INSERT INTO phase3v2.provenance (source_file, product_file)"
        " SELECT DISTINCT r.target, f.file_id FROM archive.file_reference AS r"
        " JOIN phase3v2.files AS f ON f.archive_id = r.dp_id"
        " WHERE r.dp_id = ANY (%s) AND r.relation = %s AND r.target IS NOT NULL",
        (products, Relation.SOURCE.value),
    )
    connection.execute("DELETE FROM phase3v2.product_files WHERE product_id = ANY (%s)", (products,))
    rows = connection.execute(
        """
        SELECT DISTINCT ON (parts.product_id, parts.archive_id)
               parts.product_id, parts.archive_id, coalesce(f.category, parts.category), f.name,
               newest.name, newest.bytes
        FROM (
            SELECT dp_id AS product_id, dp_id AS archive_id, NULL AS category
            FROM ivoa.obscore WHERE dp_id = ANY (%(products)s)
            UNION ALL
            SELECT o.dp_id, r.target, r.category FROM archive.file_reference AS r
            JOIN ivoa.obscore AS o ON o.dp_id = r.dp_id
            WHERE r.dp_id = ANY (%(products)s) AND r.relation = %(companion)s AND r.target IS NOT NULL
        ) AS parts
        JOIN phase3v2.files AS f ON f.archive_id = parts.archive_id
        JOIN LATERAL (
            SELECT name, bytes FROM archive.file WHERE dp_id = parts.archive_id
            ORDER BY version DESC LIMIT 1) AS newest ON true
        """,
        {"products": products, "companion": Relation.COMPANION.value},
    )
    records = [_product_file(row, publication) for row in rows]
    if records:
        write_records(connection, PRODUCT_FILES, records)
    numbers = connection.execute(
        "SELECT file_id FROM phase3v2.files WHERE archive_id = ANY (%s)", (products,)
    )
    hide_named(connection, PROVENANCE, {"product_file": {number for (number,) in numbers}})
    hide_named(connection, PRODUCT_FILES, {"product_id": products})


def _product_file(row: tuple[object, ...], publication: Publication) -> Record:
    product_id, archive_id, category, original, name, size = row
    values: Mapping[str, object] = {
        "product_id": product_id,
        "archive_id": archive_id,
        "eso_category": category,
        "original_filename": original,
        "extension": _extension(str(name)),
        "size_kb": -(-int(str(size)) // 1000),
        "access_url": publication.url(str(archive_id)),
    }
    return fitted(PRODUCT_FILES, values, [])


def _extension(name: str) -> str | None:
    """What follows the last dot, with what was packed before it: fits, fits.fz, png, tar.gz."""
    parts = name.lower().split(".")
    packed = len(parts) > 2 and parts[-1] in {"gz", "z", "fz", "bz2", "xz"}
    return ".".join(parts[-2:] if packed else parts[-1:]) if len(parts) > 1 else None


def _columns(rows: Iterable[tuple[object, ...]], width: int) -> list[list[object]]:
    """Rows as columns, which PostgreSQL's unnest takes."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
