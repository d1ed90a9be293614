"""A small archive with hidden rows, and what asks for them by every road that ADQL has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pyarrow as pa

from archive import DOUBLE, LONG, TEXT, Column, Table
from archive.database import Database, write_records
from archive.database.uploads import load_upload
from archive.database.user_tables import Quota
from archive.declare.catalogue import Catalogue
from archive.declare.dataflow.execution import EXECUTION, EXECUTION_FILE
from archive.declare.raw import RAW
from archive.declare.types import REGION
from archive.declare.uploads import UploadedColumn, UploadedTable, with_uploads
from archive.query import Statement, compile
from archive.query.viewer import PUBLIC, Viewer
from tap.adql.resolve import translate
from tests.database.support import rows

FRAMES = Table(
    "site.frames",
    (
        Column("number", LONG, nullable=False, description="Number"),
        Column("run", TEXT, description="Run"),
        Column("ra", DOUBLE, "deg", "pos.eq.ra;meta.main", description="Right ascension"),
        Column("dec", DOUBLE, "deg", "pos.eq.dec;meta.main", description="Declination"),
        Column("outline", REGION, "", "pos.outline", description="Footprint"),
        Column("first", DOUBLE, description="Begin"),
        Column("last", DOUBLE, description="End"),
        Column("object", TEXT, folded=True, indexed=True, description="What was looked at"),
    ),
    "Frames, some of which are hidden",
    primary_key=("number",),
    positions=(("ra", "dec"),),
    spans=(("first", "last"),),
    covering=((("run", "number"), ("object",)),),
    hides="run",
)
PLAIN = Table(
    "site.plain",
    (
        Column("number", LONG, nullable=False, description="Number"),
        Column("lon", DOUBLE, "deg", description="Longitude"),
        Column("lat", DOUBLE, "deg", description="Latitude"),
    ),
    "What everybody sees",
    primary_key=("number",),
)

ONE, TWO = "116.25AB.001", "a run \"with\" \\signs, {and} 'more'"
# Of each frame by its number: its run, until when it is hidden, and for whom it is not.
HIDDEN: dict[int, tuple[str, str | None, str | None]] = {
    1: (ONE, None, None),
    2: (ONE, "infinity", ONE),
    3: (TWO, "infinity", TWO),
    4: (ONE, "2020-01-01", ONE),
    5: (ONE, "infinity", None),
    6: (TWO, None, TWO),
}
EVERYTHING = frozenset(HIDDEN)
KIRSTEN = Viewer("kirsten", keys=(ONE,))
SOPHIE = Viewer("sophie", keys=("116.25AB", ONE, TWO))
STRANGER = Viewer("stranger", keys=("116.25AB.00", "%", "{}", ""))
OPERATOR = Viewer("tycho", operator=True)
SEEN: dict[Viewer, frozenset[int]] = {
    PUBLIC: frozenset({1, 4, 6}),
    STRANGER: frozenset({1, 4, 6}),
    KIRSTEN: frozenset({1, 2, 4, 6}),
    SOPHIE: frozenset({1, 2, 3, 4, 6}),
    OPERATOR: EVERYTHING,
}


def _every(seen: frozenset[int]) -> frozenset[object]:
    return frozenset(seen)


def _others(seen: frozenset[int]) -> frozenset[object]:
    return frozenset(EVERYTHING - seen)


def _count(seen: frozenset[int]) -> frozenset[object]:
    return frozenset({len(seen)})


def _sum(seen: frozenset[int]) -> frozenset[object]:
    return frozenset({sum(seen)})


def _highest(seen: frozenset[int]) -> frozenset[object]:
    return frozenset({max(seen)})


def _names(seen: frozenset[int]) -> frozenset[object]:
    return frozenset(f"F.{number}" for number in seen)


Expected = Callable[[frozenset[int]], frozenset[object]]

CONE = "1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 1))"
# The values of the only column that a query gives, by the frames that its viewer sees.
ROADS: dict[str, Expected] = {
    "SELECT number FROM site.frames": _every,
    "SELECT DISTINCT number FROM Site.FRAMES ORDER BY number DESC": _every,
    "SELECT TOP 100 number FROM site.frames ORDER BY number OFFSET 0": _every,
    f"SELECT number FROM site.frames WHERE {CONE}": _every,
    "SELECT number FROM site.frames WHERE NOT 1 = CONTAINS(POINT(ra, dec), CIRCLE(100, 20, 1))": _every,
    "SELECT number FROM site.frames WHERE 1 = INTERSECTS(outline, CIRCLE(10, 20, 1))": _every,
    "SELECT number FROM site.frames ORDER BY DISTANCE(POINT(ra, dec), POINT(10, 20))": _every,
    "SELECT number FROM site.frames WHERE LOWER(object) LIKE 'ngc%'": _every,
    "SELECT number FROM site.frames WHERE object = 'NGC 1' OR 1 = 1": _every,
    "SELECT number FROM site.frames WHERE number IN (1, 2, 3, 4, 5, 6)": _every,
    "SELECT number FROM site.frames WHERE object <> '; SELECT 1; --'": _every,
    "SELECT COUNT(*) FROM site.frames": _count,
    "SELECT SUM(number) FROM site.frames": _sum,
    "SELECT MAX(number) FROM site.frames HAVING COUNT(*) > 0": _highest,
    "SELECT number FROM site.frames GROUP BY number HAVING COUNT(*) = 1": _every,
    "SELECT f.number FROM site.plain AS p JOIN site.frames AS f ON f.number = p.number": _every,
    "SELECT number FROM site.plain JOIN site.frames USING (number)": _every,
    "SELECT f.number FROM site.plain AS p NATURAL JOIN site.frames AS f": _every,
    "SELECT DISTINCT f.number FROM site.plain AS p, site.frames AS f": _every,
    "SELECT p.number FROM site.plain AS p LEFT JOIN site.frames AS f ON f.number = p.number"
    " WHERE f.number IS NULL": _others,
    "SELECT p.number FROM site.frames AS f RIGHT JOIN site.plain AS p ON f.number = p.number"
    " WHERE f.number IS NULL": _others,
    "SELECT f.number FROM site.frames AS f FULL JOIN site.plain AS p ON f.number = p.number"
    " WHERE f.number IS NOT NULL": _every,
    "SELECT f.number FROM (site.plain AS p FULL JOIN site.frames AS f ON f.number = p.number)"
    " FULL JOIN (site.plain AS q FULL JOIN site.frames AS g ON g.number > q.number + 100)"
    " ON f.number = g.number WHERE g.number IS NOT NULL": _every,
    "SELECT f.number FROM site.frames AS f LEFT JOIN (site.plain AS p JOIN site.frames AS g"
    " ON g.number = p.number) ON g.number = f.number WHERE g.number IS NOT NULL": _every,
    "SELECT p.number FROM site.plain AS p JOIN site.frames AS f ON f.number = p.number"
    " AND 1 = CONTAINS(POINT(f.ra, f.dec), CIRCLE(p.lon, p.lat, 1))": _every,
    "SELECT number FROM (SELECT number FROM site.frames) AS x": _every,
    "SELECT number FROM (SELECT * FROM (SELECT * FROM site.frames) AS y) AS x WHERE number > 0": _every,
    "SELECT number FROM site.plain WHERE number IN (SELECT number FROM site.frames)": _every,
    "SELECT number FROM site.plain WHERE number NOT IN (SELECT number FROM site.frames)": _others,
    "SELECT number FROM site.plain AS p WHERE EXISTS"
    " (SELECT 1 FROM site.frames AS f WHERE f.number = p.number)": _every,
    "SELECT number FROM site.plain AS p WHERE NOT EXISTS"
    " (SELECT 1 FROM site.frames AS f WHERE f.number = p.number)": _others,
    "SELECT number FROM site.frames AS f WHERE number = (SELECT MAX(number) FROM site.frames)": _highest,
    "SELECT p.number FROM site.plain AS p WHERE 0 ="
    " (SELECT COUNT(*) FROM site.frames AS f WHERE f.number = p.number)": _others,
    "WITH x AS (SELECT number FROM site.frames) SELECT number FROM x": _every,
    "WITH x AS (SELECT * FROM site.frames), y AS (SELECT number FROM x)"
    " SELECT y.number FROM y JOIN x ON x.number = y.number": _every,
    "SELECT number FROM site.frames UNION SELECT number FROM site.frames": _every,
    "SELECT number FROM site.frames UNION ALL SELECT number FROM site.plain WHERE number > 100": _every,
    "SELECT number FROM site.frames INTERSECT SELECT number FROM site.plain": _every,
    "SELECT number FROM site.plain EXCEPT SELECT number FROM site.frames": _others,
    "SELECT number FROM site.plain EXCEPT ALL (SELECT number FROM site.frames INTERSECT"
    " SELECT number FROM site.frames)": _others,
    "SELECT f.number FROM tap_upload.mine AS u JOIN site.frames AS f ON f.number = u.number": _every,
    "SELECT u.number FROM tap_upload.mine AS u"
    " WHERE u.number NOT IN (SELECT number FROM site.frames)": _others,
    "SELECT f.number FROM my_kirsten.mine AS u JOIN site.frames AS f ON f.number = u.number": _every,
    "SELECT dp_id FROM dbo.raw": _names,
    "SELECT id FROM prov.entity": _names,
    "SELECT COUNT(*) FROM prov.entity": _count,
    "SELECT e.id FROM dbo.raw AS r RIGHT JOIN prov.entity AS e ON e.id = r.dp_id": _names,
    "SELECT entity_id FROM prov.was_generated_by": _names,
    "SELECT id FROM prov.activity WHERE name = 'observation'": _names,
    "SELECT r.dp_id FROM dbo.raw AS r WHERE uraniborg_keyword(r.dp_id, 'OBJECT') = 'treasure'": _names,
    "SELECT 'F.' || CAST(number AS VARCHAR(9)) FROM site.plain"
    " WHERE uraniborg_keyword('F.' || CAST(number AS VARCHAR(9)), 'OBJECT') = 'treasure'": _names,
    "SELECT 'F.' || CAST(number AS VARCHAR(9)) FROM site.plain"
    " WHERE uraniborg_keyword_number('F.' || CAST(number AS VARCHAR(9)), 'EXPTIME') = 2.5": _names,
    "SELECT 'F.' || CAST(number AS VARCHAR(9)) FROM site.plain"
    " WHERE 1 = uraniborg_has_keyword('F.' || CAST(number AS VARCHAR(9)), 'OBJECT', 'treasure')": _names,
    "SELECT COUNT(*) FROM site.plain WHERE uraniborg_keyword('F.5', 'OBJECT') = 'treasure'": lambda seen: (
        frozenset({len(EVERYTHING) if 5 in seen else 0})
    ),
}


@dataclass(frozen=True)
class HiddenRows:
    """The filled archive, with the tables that somebody has sent along for a query."""

    database: Database
    uploads: tuple[UploadedTable, ...] = ()

    @property
    def catalogue(self) -> Catalogue:
        """With the table that kirsten keeps, which everybody may read here."""
        return with_uploads(self.database.catalogue_of("kirsten"), self.uploads)

    def statement(self, query: str, viewer: Viewer) -> Statement:
        return compile(translate(query, self.catalogue), viewer=viewer)

    def values(self, statement: Statement) -> frozenset[object]:
        found = [value for (value,) in rows(self.database, statement)]
        assert len(found) == len(set(found)) or "DISTINCT" in statement.sql
        return frozenset(found)

    def unguarded(self, query: str, viewer: Viewer) -> Statement:
        """The query without a word about hidden rows, run for the viewer as any other."""
        return replace(self.statement(query, replace(viewer, operator=True)), viewer=viewer)


@contextmanager
def hidden_rows(database: Database) -> Iterator[HiddenRows]:
    database.publish([FRAMES, PLAIN])
    with database.writer() as connection:
        for table, records in (
            (FRAMES, map(_frame, HIDDEN)),
            (PLAIN, (PLAIN.row(number=n, lon=10.0, lat=20.0) for n in HIDDEN)),
            (
                RAW,
                (
                    RAW.row(dp_id=f"F.{n}", object="treasure", prog_id=run)
                    for n, (run, _, _) in HIDDEN.items()
                ),
            ),
            (EXECUTION_FILE, (EXECUTION_FILE.row(execution_id=f"F.{n}", dp_id=f"F.{n}") for n in HIDDEN)),
            (EXECUTION, map(_execution, HIDDEN)),
        ):
            write_records(connection, table, list(records))
        for number in HIDDEN:
            connection.execute(
                "INSERT INTO adql.header_keywords (dp_id, words, fractions) VALUES (%s, %s, %s)",
                (f"F.{number}", '{"OBJECT": "treasure"}', '{"EXPTIME": 2.5}'),
            )
        hide(connection)
    mine = pa.record_batch({"number": pa.array(sorted(EVERYTHING), pa.int64())})
    kept = Table("my_kirsten.mine", (PLAIN.by_name["number"],), "What she keeps")
    with database.user_tables("kirsten") as tables:
        tables.prepare(kept.name, Quota(10**9, 10))
        tables.keep(kept, [mine], Quota(10**9, 10))
    with database.upload_schema() as schema:
        number = UploadedColumn("c1", LONG, label="number")
        upload = UploadedTable(
            "TAP_UPLOAD.mine", (number,), "Sent along", stored_schema=schema, stored_name="t1"
        )
        with database.writer() as connection:
            load_upload(connection, upload, [mine.rename_columns(["c1"])])
        yield HiddenRows(database, (upload,))


def hide(connection) -> None:
    places = {
        "site.frames": "number::text",
        "dbo.raw": "substr(dp_id, 3)",
        "dfs.execution_file": "substr(dp_id, 3)",
        "dfs.execution": "substr(execution_id, 3)",
        "adql.header_keywords": "substr(dp_id, 3)",
    }
    for table, number in places.items():
        for each, (_, until, key) in HIDDEN.items():
            connection.execute(
                f"UPDATE {table} SET hidden_until = %s, hidden_for = %s WHERE {number} = %s".encode(),
                (until, key, str(each)),
            )


def _frame(number: int):
    run = HIDDEN[number][0]
    return FRAMES.row(
        number=number,
        run=run,
        ra=10.0 + number / 1000,
        dec=20.0,
        outline="CIRCLE ICRS 10 20 0.5",
        first=float(number),
        last=float(number + 1),
        object=f"NGC {number}",
    )


def _execution(number: int):
    return EXECUTION.row(
        execution_id=f"F.{number}", ob_id=number, run_id=HIDDEN[number][0], start_time="2026-01-01T00:00:00"
    )
