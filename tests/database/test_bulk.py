"""Writing many rows: values come back as they went in, loads are whole, regions find their hidden parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.database import Database, copy_arrow, copy_records, load_table, write_records
from archive.database.copybinary import END, START, encode
from archive.declare import types
from archive.declare.columns import Column
from archive.declare.tables import Record, Schema, Table
from archive.errors import UnreadableFile, UsageError
from archive.testing import ClusterForTests
from tests.database.support import rows, statement
from tests.database.tables import STARS

EVERY_TYPE = Table(
    "cat.every_type",
    columns=(
        Column("id", types.INTEGER, nullable=False),
        Column("b", types.BOOLEAN),
        Column("u", types.UNSIGNED_BYTE),
        Column("s", types.SHORT),
        Column("l", types.LONG),
        Column("f", types.FLOAT),
        Column("d", types.DOUBLE),
        Column("t", types.TEXT),
        Column("c", types.char(3)),
        Column("w", types.TIMESTAMP),
        Column("da", types.array_of(types.DOUBLE, "*")),
        Column("ia", types.array_of(types.INTEGER, "2x2")),
        Column("ba", types.array_of(types.BOOLEAN, "*")),
        Column("p", types.POINT),
    ),
    description="One column of each type",
    primary_key=("id",),
)
FOOTPRINTS = Table(
    "cat.footprints",
    columns=(
        Column("dp_id", types.TEXT, nullable=False),
        Column("s_region", types.REGION),
        Column("s_ra", types.DOUBLE, unit="deg"),
        Column("s_dec", types.DOUBLE, unit="deg"),
    ),
    description="Outlines",
    primary_key=("dp_id",),
    positions=(("s_ra", "s_dec"),),
)
CAT = Schema("cat", (), "Catalogues for tests")
_LEAP_DAY = datetime.fromisoformat("2024-02-29T23:59:59.999999")
_FILLED = EVERY_TYPE.row(
    id=1, b=True, u=255, s=-32768, l=2**63 - 1, f=1.5, d=float("inf"), t="naïve 🔭 \\ ' \" ]]>\n\t", c="abc",
    w=_LEAP_DAY, da=[1.0, None, -0.0], ia=[1, 2, 3, None], ba=[True, None, False],
    p=[1.0, 2.0],
)  # fmt: skip
_EMPTY = EVERY_TYPE.row(id=2)
_SHORT = EVERY_TYPE.row(id=3, t="", da=[], ia=[], ba=[])


@pytest.fixture(scope="module")
def catalogues(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        database.publish([EVERY_TYPE, FOOTPRINTS, STARS], [CAT])
        yield database


def emptied(database: Database, table: Table) -> None:
    with database.writer() as connection:
        connection.execute(f"DELETE FROM {table.name}".encode())


def stored(database: Database, table: Table) -> list[tuple[object, ...]]:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    key = table.primary_key[0]
    asked = statement(
        f"SELECT {names} FROM {table.name} ORDER BY {key}", *(column.type for column in table.columns)
    )
    return rows(database, asked)


# --- records -----------------------------------------------------------------------------------------


def test_records_come_back_as_they_were(catalogues: Database) -> None:
    emptied(catalogues, EVERY_TYPE)
    with catalogues.writer() as connection:
        written = copy_records(connection, EVERY_TYPE, [_FILLED, _EMPTY, _SHORT])
    assert written.rows == 3
    assert stored(catalogues, EVERY_TYPE) == [_FILLED.values, _EMPTY.values, _SHORT.values]


def test_writing_again_replaces_by_key(catalogues: Database) -> None:
    emptied(catalogues, EVERY_TYPE)
    first, second = EVERY_TYPE.row(id=1, t="first"), EVERY_TYPE.row(id=1, t="second")
    other = EVERY_TYPE.row(id=2, t="other")
    for _ in range(2):
        with catalogues.writer() as connection:
            assert write_records(connection, EVERY_TYPE, [first, other, second]).rows == 2
    assert stored(catalogues, EVERY_TYPE) == [second.values, other.values]


def test_no_records_are_no_rows(catalogues: Database) -> None:
    emptied(catalogues, EVERY_TYPE)
    with catalogues.writer() as connection:
        assert write_records(connection, EVERY_TYPE, []).rows == 0
        assert copy_records(connection, FOOTPRINTS, []).rows == 0
    assert stored(catalogues, EVERY_TYPE) == []


def test_what_archives_hold_is_understood(catalogues: Database) -> None:
    """numpy scalars and arrays, times as ISO text and with a zone."""
    emptied(catalogues, EVERY_TYPE)
    records = [
        EVERY_TYPE.row(
            id=np.int32(1), d=np.float32(0.5), da=np.array([1.0, 2.0]), w="2024-01-02T03:04:05.25"
        ),
        EVERY_TYPE.row(id=2, w=datetime(2024, 1, 2, tzinfo=UTC), d=3),
    ]
    with catalogues.writer() as connection:
        copy_records(connection, EVERY_TYPE, records)
    asked = statement("SELECT d, w::text FROM cat.every_type ORDER BY id", types.DOUBLE, types.TEXT)
    assert rows(catalogues, asked) == [(0.5, "2024-01-02 03:04:05.25"), (3.0, "2024-01-02 00:00:00")]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (EVERY_TYPE.row(id=1, s=40_000), "column s"),
        (EVERY_TYPE.row(id=1, s="many"), "column s"),
        (EVERY_TYPE.row(id=1, t="nul \0 inside"), "0x00"),
        (EVERY_TYPE.row(id=1, t="lone \ud800"), "column t"),
        (Record(EVERY_TYPE, (None,) * len(EVERY_TYPE.columns)), "null value"),
    ],
)
def test_a_value_that_does_not_fit_is_named(catalogues: Database, record: Record, reason: str) -> None:
    emptied(catalogues, EVERY_TYPE)
    with pytest.raises(UnreadableFile, match=reason), catalogues.writer() as connection:
        copy_records(connection, EVERY_TYPE, [record])
    assert stored(catalogues, EVERY_TYPE) == []


_CELLS = {
    "b": st.booleans(),
    "s": st.integers(-(2**15), 2**15 - 1),
    "l": st.integers(-(2**63), 2**63 - 1),
    "f": st.floats(width=32, allow_nan=False),
    "d": st.floats(allow_nan=False),
    "t": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    "w": st.datetimes(),
    "da": st.lists(st.none() | st.floats(allow_nan=False)),
    "ba": st.lists(st.none() | st.booleans()),
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries({name: st.none() | cell for name, cell in _CELLS.items()}), max_size=6))
def test_the_binary_form_is_postgresqls(catalogues: Database, cells: list[dict[str, object]]) -> None:
    names = ("id", *_CELLS)
    columns = [list(range(len(cells)))] + [[row[name] for row in cells] for name in _CELLS]
    arrays = [
        pa.array(column, EVERY_TYPE.by_name[name].type.arrow)
        for name, column in zip(names, columns, strict=True)
    ]
    with catalogues.writer() as connection:
        connection.execute("DELETE FROM cat.every_type")
        listed = ", ".join(names)
        copy_sql = f"COPY cat.every_type ({listed}) FROM STDIN (FORMAT binary)".encode()
        with connection.cursor().copy(copy_sql) as copy:
            copy.write(START + encode(arrays) + END)
        # In binary, since the text of a real has fewer digits than its value as a Python float.
        asked = f"SELECT {listed} FROM cat.every_type ORDER BY id".encode()
        found = connection.execute(asked, binary=True).fetchall()
    assert found == [(index, *(row[name] for name in _CELLS)) for index, row in enumerate(cells)]


def test_slices_of_arrow_arrays_are_encoded_from_their_beginning(catalogues: Database) -> None:
    emptied(catalogues, STARS)
    whole = pa.RecordBatch.from_pydict(
        {"id": [1, 2, 3, 4], "name": ["one", None, "three", "four"], "mag": [1.0, 2.0, None, 4.0]}
    )
    with catalogues.writer() as connection:
        copy_arrow(connection, STARS, [whole.slice(1, 2)])
    assert stored(catalogues, STARS) == [(2, None, None, 2.0, None), (3, None, None, None, "three")]


# --- regions -----------------------------------------------------------------------------------------


def hidden(database: Database) -> list[tuple[object, ...]]:
    asked = statement(
        "SELECT dp_id, s_region__bounds IS NOT NULL, coalesce(cardinality(s_region__points), 0),"
        " coalesce(cardinality(s_region__circles), 0), coalesce(cardinality(s_region__polygons), 0)"
        " FROM cat.footprints ORDER BY dp_id",
        types.TEXT, types.BOOLEAN, *(types.INTEGER,) * 3,
    )  # fmt: skip
    return rows(database, asked)


def test_regions_are_taken_apart(catalogues: Database) -> None:
    emptied(catalogues, FOOTPRINTS)
    texts = {
        "a": "POLYGON ICRS 10 10 20 10 20 20 10 20",
        "b": "POSITION ICRS 10 10",
        "c": "CIRCLE ICRS 10 10 1",
        "d": "UNION ICRS (POLYGON 10 10 20 10 20 20 POLYGON 30 10 40 10 40 20)",
        "e": "POLYGON ICRS 10 10 10 20 20 20 20 10 10 10",
        "f": None,
    }
    records = [FOOTPRINTS.row(dp_id=name, s_region=text) for name, text in texts.items()]
    with catalogues.writer() as connection:
        written = write_records(connection, FOOTPRINTS, records)
    assert written.faulty_regions == 0
    assert hidden(catalogues) == [
        ("a", True, 0, 0, 1),
        ("b", True, 1, 0, 0),
        ("c", True, 0, 1, 0),
        ("d", True, 0, 0, 2),
        ("e", True, 0, 0, 1),
        ("f", False, 0, 0, 0),
    ]


def test_a_region_without_sense_keeps_its_text_and_is_reported(catalogues: Database) -> None:
    emptied(catalogues, FOOTPRINTS)
    records = [
        FOOTPRINTS.row(dp_id="bad", s_region="POLYGON ICRS 1 2 three"),
        FOOTPRINTS.row(dp_id="good", s_region="CIRCLE ICRS 10 10 1"),
    ]
    with catalogues.writer() as connection:
        written = copy_records(connection, FOOTPRINTS, records)
    assert (written.rows, written.faulty_regions) == (2, 1)
    assert "POLYGON ICRS 1 2 three" in written.problems[0]
    assert hidden(catalogues) == [("bad", False, 0, 0, 0), ("good", True, 0, 1, 0)]
    assert stored(catalogues, FOOTPRINTS)[0][1] == "POLYGON ICRS 1 2 three"


def test_what_pg_sphere_refuses_is_found_row_by_row(catalogues: Database) -> None:
    """The fallback for outlines that pass our own check: each value is tried by itself."""
    with catalogues.writer() as connection:
        found = connection.execute(
            "SELECT archive.is_region('<(1d,1d),1d>', NULL, NULL, NULL),"
            " archive.is_region('<(1d,1d),1d>', NULL, NULL, '{\"{(0d,0d),(1d,1d),(1d,0d),(0d,1d)}\"}'),"
            " archive.is_region('<(1d,1d),100d>', NULL, NULL, NULL)"
        ).fetchone()
    assert found == (True, False, False)


# --- loads -------------------------------------------------------------------------------------------


def stars(count: int, first: int = 1) -> Iterator[pa.RecordBatch]:
    generator = np.random.default_rng(seed=count)
    for start in range(0, count, 1000):
        size = min(1000, count - start)
        yield pa.RecordBatch.from_pydict(
            {
                "id": np.arange(first + start, first + start + size),
                "ra": generator.uniform(0, 360, size),
                "dec": np.degrees(np.arcsin(generator.uniform(-1, 1, size))),
                "mag": generator.uniform(5, 20, size).astype("f4"),
            }
        )


def count_of(database: Database) -> object:
    return rows(database, statement("SELECT count(*) FROM cat.stars", types.LONG))[0][0]


def test_create_append_replace(fresh_database: Database) -> None:
    with fresh_database.writer() as connection:
        assert load_table(connection, STARS, stars(3000), schema=CAT).rows == 3000
    assert count_of(fresh_database) == 3000
    with pytest.raises(UsageError, match="exists already"), fresh_database.writer() as connection:
        load_table(connection, STARS, stars(10))
    with fresh_database.writer() as connection:
        load_table(connection, STARS, stars(500, first=10_001), mode="append")
    assert count_of(fresh_database) == 3500
    wider = replace(STARS, columns=(*STARS.columns, Column("plx", types.DOUBLE)))
    with fresh_database.writer() as connection:
        load_table(connection, wider, stars(7), mode="replace")
    assert count_of(fresh_database) == 7
    with fresh_database.writer() as connection:
        nrows = connection.execute(
            "SELECT nrows FROM tap_schema.tables WHERE table_name = 'cat.stars'"
        ).fetchone()
        names = connection.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'stars' ORDER BY 1"
        ).fetchall()
    assert nrows == (7,)
    assert names == [("stars_mag_idx",), ("stars_pkey",), ("stars_ra_dec_position_idx",)]


def test_nothing_to_append_to(fresh_database: Database) -> None:
    with pytest.raises(UsageError, match="no table"), fresh_database.writer() as connection:
        load_table(connection, STARS, stars(1), mode="append")


def test_a_load_that_fails_leaves_the_old_table(fresh_database: Database) -> None:
    with fresh_database.writer() as connection:
        load_table(connection, STARS, stars(100))
    before = fresh_database.catalogue.version

    def twice_the_same() -> Iterator[pa.RecordBatch]:
        yield from stars(2000)
        yield from stars(5)

    with pytest.raises(UnreadableFile, match="duplicate key"), fresh_database.writer() as connection:
        load_table(connection, STARS, twice_the_same(), mode="replace")
    assert count_of(fresh_database) == 100
    with fresh_database.writer() as connection:
        row = connection.execute("SELECT version FROM archive.catalogue_version").fetchone()
    assert row == (before,)


def test_rows_lie_in_healpix_order_and_a_cone_uses_the_index(fresh_database: Database) -> None:
    with fresh_database.writer() as connection:
        load_table(connection, STARS, stars(20_000))
        row = connection.execute(
            "SELECT bool_and(ascending) FROM (SELECT h >= lag(h) OVER (ORDER BY ctid) AS ascending FROM"
            " (SELECT ctid, healpix_nest(29, adql.position(ra, dec)) AS h FROM cat.stars) AS a) AS b"
        ).fetchone()
        plan = connection.execute(
            "EXPLAIN SELECT id FROM cat.stars WHERE adql.position(ra, dec) <@ scircle '<(10d,10d),0.1d>'"
        ).fetchall()
    assert row == (True,)
    assert "stars_ra_dec_position_idx" in "".join(str(line) for line in plan)


def test_positions_that_are_none_load_and_match_nothing(fresh_database: Database) -> None:
    odd = pa.RecordBatch.from_pydict(
        {
            "id": [1, 2, 3, 4, 5],
            "ra": [-596.5, float("nan"), None, 10.0, float("inf")],
            "dec": [-100.0, 0.0, 0.0, 10.0, 0.0],
        }
    )
    with fresh_database.writer() as connection:
        load_table(connection, STARS, [odd])
    near = statement(
        "SELECT id FROM cat.stars WHERE adql.position(ra, dec) <@ scircle '<(10d,10d),90d>'", types.LONG
    )
    assert rows(fresh_database, near) == [(4,)]
    assert rows(fresh_database, statement("SELECT ra FROM cat.stars WHERE id = 1", types.DOUBLE)) == [
        (-596.5,)
    ]


def test_unknown_columns_and_wrong_types_are_refused(fresh_database: Database) -> None:
    for columns, reason in (({"id": [1], "nope": [1]}, "nope"), ({"id": ["x"]}, "column id")):
        with pytest.raises(UnreadableFile, match=reason), fresh_database.writer() as connection:
            load_table(connection, STARS, [pa.RecordBatch.from_pydict(columns)])
    assert fresh_database.catalogue.find("cat.stars") is None


def test_a_table_of_regions_and_positions_loads(fresh_database: Database) -> None:
    batch = pa.RecordBatch.from_pydict(
        {
            "dp_id": ["a", "b"],
            "s_region": ["CIRCLE ICRS 10 10 1", "nonsense"],
            "s_ra": [10.0, 350.0],
            "s_dec": [10.0, -10.0],
        }
    )
    with fresh_database.writer() as connection:
        written = load_table(connection, FOOTPRINTS, [batch])
    assert (written.rows, written.faulty_regions) == (2, 1)
    assert hidden(fresh_database) == [("a", True, 0, 1, 0), ("b", False, 0, 0, 0)]
