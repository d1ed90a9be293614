"""One archive in two databases: with hidden rows, and without those that a viewer may not see.

Whatever he asks, both have to answer alike. Neither database was ever analysed, and rows lie in the same
order in both, so PostgreSQL makes the same plans for both; what differs comes from rows that are hidden.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import Enum

import psycopg
import pyarrow as pa

from archive import DOUBLE, INTEGER, LONG, TEXT, Column, Table
from archive.access import Administration
from archive.access.rights import keys_of
from archive.database import Database, write_records
from archive.database.bookkeeping import Connection
from archive.database.uploads import load_upload
from archive.database.user_tables import Quota
from archive.declare.catalogue import Catalogue
from archive.declare.dataflow.execution import EXECUTION_FILE
from archive.declare.raw import RAW
from archive.declare.tables import Record
from archive.declare.types import SHORT, TIMESTAMP
from archive.declare.uploads import UploadedColumn, UploadedTable, with_uploads
from archive.errors import ArchiveError, QueryTimeout
from archive.query import Statement, compile
from archive.query.viewer import PUBLIC, Viewer
from archive.testing import ClusterForTests
from tap.adql.resolve import translate
from tap.products import refuse_endless_product
from tests.access import hidden_rows
from tests.access.hidden_rows import KIRSTEN, ONE, OPERATOR, STRANGER

FRAMES = Table(
    "site.frames",
    (
        *(hidden_rows.FRAMES.by_name[name] for name in ("number", "run", "ra", "dec", "outline", "object")),
        Column("low", DOUBLE, "m", description="Begin"),
        Column("high", DOUBLE, "m", description="End"),
        Column("taken", TIMESTAMP, description="When"),
        Column("times", INTEGER, description="How often"),
        Column("step", SHORT, description="Step"),
    ),
    "Frames, some of which are hidden",
    primary_key=("number",),
    positions=(("ra", "dec"),),
    spans=(("low", "high"),),
    covering=((("run", "number"), ("object",)),),
    hides="run",
)
PARTS = Table(
    "site.parts",
    (
        Column("part", LONG, nullable=False, description="Number of the part"),
        Column("number", LONG, indexed=True, description="Number of the frame"),
        Column("label", TEXT, indexed=True, description="Label"),
        Column("dec", DOUBLE, "deg", description="Declination"),
    ),
    "Parts of frames, hidden with them",
    primary_key=("part",),
    hides="label",
)
PLAIN = Table(
    "site.plain",
    (
        Column("number", LONG, nullable=False, description="Number"),
        Column("dec", DOUBLE, "deg", description="Latitude"),
        Column("label", TEXT, description="Label"),
        Column("taken", TIMESTAMP, description="When"),
    ),
    "What everybody sees",
    primary_key=("number",),
)
TABLES = (FRAMES, PARTS, PLAIN)

TWO = "116.25CD.001"
# Of each frame by its number: its run, until when it is hidden, and for whom it is not. What a query computes
# of those that everybody sees seldom fails; for the others it often does.
HIDDEN: dict[int, tuple[str, str | None, str | None]] = {
    1: (ONE, None, None),
    0: (ONE, "infinity", ONE),
    2: (TWO, None, TWO),
    42: (TWO, "infinity", TWO),
    3: (ONE, "2020-01-01", ONE),
    -7: (ONE, "infinity", ONE),
    4: (TWO, None, None),
    2**40: (TWO, "infinity", None),
    2**62: (ONE, "infinity", ONE),
    5: (ONE, "2020-01-01", TWO),
    60: (TWO, "infinity", TWO),
    6: (ONE, None, None),
}
ODD_TEXTS = {0: "", 42: "M 31", -7: "NGC 7", 2**40: "it's", 2**62: None, 60: "["}
ODD_NUMBERS = {0: 0.0, 42: -5.0, -7: 1e300, 2**40: 720.5, 2**62: None, 60: float("nan")}
ODD_REGIONS = {
    0: None,
    42: "CIRCLE ICRS 10 20 90",
    -7: "POLYGON ICRS 1 1 1 2 2 2",
    2**40: "UNION ICRS (CIRCLE 10 20 1 POLYGON 10 20 11 20 11 21)",
    2**62: "CIRCLE ICRS 10 -20 0.5",
    60: "POSITION ICRS 10 20",
}
ODD_TIMES = {0: "0001-01-01T00:00:00", 42: "9999-12-31T00:00:00", -7: None}

DELIA = "delia"  # a delegate, whose right has ended
PATIENCE = 20.0  # seconds for a query


# What a query gives: its rows and whether there are more, or what was wrong. None when it took too long.
Answer = tuple[list[str], bool] | str | None


class Wall(Enum):
    """Which of them stand."""

    BOTH = "both walls"
    FIRST = "the first wall alone"
    SECOND = "the second wall alone"


@dataclass(frozen=True, eq=False)
class Filled:
    """One of the databases, with the tables that somebody has sent along."""

    database: Database
    uploads: tuple[UploadedTable, ...]

    @property
    def catalogue(self) -> Catalogue:
        """With the table that kirsten keeps, which everybody may read here."""
        return with_uploads(self.database.catalogue_of("kirsten"), self.uploads)

    def answer(self, text: str, viewer: Viewer, wall: Wall, maxrec: int, most_pairs: float) -> Answer:
        """As TAP has it answered; with the second wall alone the compiler says nothing of hidden rows."""
        try:
            query = translate(text, self.catalogue)
            statement = compile(query, maxrec + 1, viewer)
            if wall is Wall.SECOND:
                unguarded = compile(query, maxrec + 1, replace(viewer, operator=True))
                statement = replace(unguarded, viewer=viewer)
            refuse_endless_product(query, statement, self.database, most_pairs)
            return self._rows(statement, maxrec)
        except QueryTimeout:
            return None
        except ArchiveError as error:
            return f"{type(error).__name__}: {error}"

    def _rows(self, statement: Statement, maxrec: int) -> Answer:
        with self.database.run(
            statement, maxrec=maxrec, first_seconds=PATIENCE, total_seconds=PATIENCE
        ) as result:
            # As text, so that NaN is like NaN.
            rows = [str(row) for batch in result for row in batch.to_pylist()]
            return rows, result.overflowed

    def _as_owner(self, *statements: str) -> None:
        with psycopg.connect(self.database.server.owner) as owner:
            for statement in statements:
                owner.execute(statement.encode())

    def guard(self, *, on: bool) -> None:
        """The second wall; with it off as without a superuser."""
        self._as_owner(
            *(
                f"ALTER TABLE {table} {'ENABLE' if on else 'DISABLE'} ROW LEVEL SECURITY"
                for table in self._guarded()
            )
        )

    def _guarded(self) -> list[str]:
        with psycopg.connect(self.database.server.owner) as owner:
            found = owner.execute("SELECT DISTINCT polrelid::regclass::text FROM pg_policy").fetchall()
        return [table for (table,) in found]

    def analyse(self) -> None:
        """PostgreSQL looks at all rows, also those that are hidden."""
        with psycopg.connect(self.database.server.owner, autocommit=True) as owner:
            owner.execute("VACUUM ANALYZE")

    @contextmanager
    def planned(self, switched_off: Iterable[str]) -> Iterator[Filled]:
        """The same with connections that have these settings of PostgreSQL's planner switched off."""
        with psycopg.connect(self.database.server.owner) as owner:
            name = owner.info.dbname
        self._as_owner(
            f"ALTER DATABASE {name} RESET ALL",
            *(f"ALTER DATABASE {name} SET {setting} = off" for setting in switched_off),
        )
        with self.database.apart(2) as database:
            yield replace(self, database=database)


@dataclass(frozen=True)
class Twins:
    """`whole` has every row; of each viewer's `others` those are gone that he does not see."""

    whole: Filled
    others: Mapping[Viewer, Filled]

    @property
    def every(self) -> list[Filled]:
        return list(dict.fromkeys([self.whole, *self.others.values()]))

    def guard(self, *, on: bool) -> None:
        for filled in self.every:
            filled.guard(on=on)

    @contextmanager
    def planned(self, switched_off: Collection[str]) -> Iterator[Twins]:
        with ExitStack() as stack:
            again = {filled: stack.enter_context(filled.planned(switched_off)) for filled in self.every}
            others = {viewer: again[filled] for viewer, filled in self.others.items()}
            yield Twins(again[self.whole], others)


@contextmanager
def twins(cluster: ClusterForTests) -> Iterator[Twins]:
    with ExitStack() as stack:

        def database(seen_by: Viewer | None) -> Filled:
            return stack.enter_context(filled(stack.enter_context(cluster.database()), seen_by))

        whole, public = database(None), database(PUBLIC)
        Administration(whole.database, cluster.config).add(DELIA)
        with whole.database.writer() as connection:
            connection.execute(
                "INSERT INTO archive.run_right (account, key, kind, granted_by, expires)"
                " VALUES (%s, %s, 'delegate', 'kirsten', now() - interval '1 second')",
                (DELIA, ONE),
            )
            expired = Viewer(DELIA, keys=keys_of(connection, DELIA))
        others = dict.fromkeys((PUBLIC, STRANGER, expired), public)
        yield Twins(whole, {**others, KIRSTEN: database(KIRSTEN), OPERATOR: database(OPERATOR)})


@contextmanager
def filled(database: Database, seen_by: Viewer | None) -> Iterator[Filled]:
    """With all rows, or with those alone that somebody sees."""
    database.publish(TABLES)
    records = {
        FRAMES: [_frame(i, number) for i, number in enumerate(HIDDEN)],
        PARTS: [_part(i, number) for i, number in enumerate(HIDDEN)],
        PLAIN: [_plain(number) for number in (1, 2, 3, 4, 5, 6, 0, 42, -7)],
        RAW: [_raw(i, number) for i, number in enumerate(HIDDEN)],
        EXECUTION_FILE: [EXECUTION_FILE.row(execution_id=f"F.{n}", dp_id=f"F.{n}") for n in HIDDEN],
    }
    with database.writer() as connection:
        for table, each in records.items():
            write_records(connection, table, each)
        for number in HIDDEN:
            connection.execute(
                "INSERT INTO adql.header_keywords (dp_id, words, fractions)"
                " VALUES (%s, jsonb_build_object('OBJECT', %s::text), '{\"EXPTIME\": 2.5}')",
                (f"F.{number}", ODD_TEXTS.get(number, str(number))),
            )
        for table, named in PLACES.items():
            _hide(connection, table, named, seen_by)
    numbers = pa.array([*HIDDEN][::2], pa.int64())
    mine = pa.record_batch({"number": numbers, "label": pa.array([str(n) for n in numbers.to_pylist()])})
    kept = Table("my_kirsten.mine", (PLAIN.by_name["number"], PLAIN.by_name["label"]), "What she keeps")
    with database.user_tables("kirsten") as tables:
        tables.prepare(kept.name, Quota(10**9, 10))
        tables.keep(kept, [mine], Quota(10**9, 10))
    with database.upload_schema() as schema:
        columns = (UploadedColumn("c1", LONG, label="number"), UploadedColumn("c2", TEXT, label="label"))
        upload = UploadedTable(
            "TAP_UPLOAD.mine", columns, "Sent along", stored_schema=schema, stored_name="t1"
        )
        with database.writer() as connection:
            load_upload(connection, upload, [mine.rename_columns(["c1", "c2"])])
        yield Filled(database, (upload,))


# The tables with hidden rows, and how they tell the number of the frame.
PLACES = {
    "site.frames": "number::text",
    "site.parts": "coalesce(number, part)::text",
    "dbo.raw": "substr(dp_id, 3)",
    "dfs.execution_file": "substr(dp_id, 3)",
    "adql.header_keywords": "substr(dp_id, 3)",
}


def _hide(connection: Connection, table: str, named: str, seen_by: Viewer | None) -> None:
    """All rows are written anew one by one, so that those that stay lie in the same order everywhere."""
    for number, (_, until, key) in HIDDEN.items():
        if until and seen_by == OPERATOR:
            until = "2020-01-01"
        connection.execute(
            f"UPDATE {table} SET hidden_until = %s, hidden_for = %s WHERE {named} = %s".encode(),
            (until, key, str(number)),
        )
    if seen_by is not None:
        connection.execute(
            f"DELETE FROM {table} WHERE hidden_until > now() AND hidden_for = ANY (%s) IS NOT TRUE".encode(),
            (list(seen_by.keys),),
        )


def _frame(i: int, number: int) -> Record:
    return FRAMES.row(
        number=number,
        run=HIDDEN[number][0],
        ra=10.0 + i / 100,
        dec=ODD_NUMBERS.get(number, i / 20),
        outline=ODD_REGIONS.get(number, f"CIRCLE ICRS 10 {i} 0.5"),
        low=ODD_NUMBERS.get(number, i / 15),
        high=ODD_NUMBERS.get(number, i / 12),
        object=ODD_TEXTS.get(number, str(number)),
        taken=ODD_TIMES.get(number, f"2026-01-{1 + i:02}T00:00:00"),
        times=number if abs(number) < 2**31 else None,
        step=number if abs(number) < 2**15 else 0,
    )


def _part(i: int, number: int) -> Record:
    """Of hidden frames one does not tell its number."""
    return PARTS.row(
        part=number,
        number=None if number == 60 else number,
        label=ODD_TEXTS.get(number, str(number)),
        dec=ODD_NUMBERS.get(number, i / 20),
    )


def _plain(number: int) -> Record:
    return PLAIN.row(number=number, dec=number / 10, label=str(number), taken="2026-01-02T00:00:00")


def _raw(i: int, number: int) -> Record:
    return RAW.row(
        dp_id=f"F.{number}",
        object=ODD_TEXTS.get(number, str(number)),
        prog_id=HIDDEN[number][0],
        ra=10.0 + i / 100,
        dec=ODD_NUMBERS.get(number, i / 20) if number not in (42, -7, 2**40, 60) else None,
        exposure=ODD_NUMBERS.get(number, i + 1.0),
    )
