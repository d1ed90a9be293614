"""The generic writer: natural keys, wholes, histories, and that the same rows twice change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC as ZONE
from datetime import datetime, timedelta

import pytest

from archive import (
    DOUBLE,
    INTEGER,
    LONG,
    REGION,
    TEXT,
    TIMESTAMP,
    UTC,
    Column,
    Record,
    Table,
    UnreadableFile,
    part_of,
)
from archive import history_table as versions_of
from archive.database import Changes, Database
from archive.declare.tables import Schema
from archive.errors import DeclarationError
from archive.plugins import Accepts, Ingest
from archive.plugins.writing import Written, told_by, write_input
from archive.testing import ClusterForTests

BLOCK = Table(
    "test.block",
    (
        Column("ob_id", LONG, nullable=False),
        Column("name", TEXT),
        Column("exposure", DOUBLE, unit="s"),
        Column("modified", TIMESTAMP, timesys=UTC),
        Column("footprint", REGION),
    ),
    "Blocks",
    primary_key=("ob_id",),
    history="test.block_version",
)
BLOCK_VERSION = versions_of(BLOCK, "All versions of blocks")
TEMPLATE = Table(
    "test.template",
    (
        Column("ob_id", LONG, nullable=False),
        Column("number", INTEGER, nullable=False),
        Column("name", TEXT),
    ),
    "Templates",
    primary_key=("ob_id", "number"),
    whole=("ob_id",),
    history="test.template_version",
)
TEMPLATE_VERSION = versions_of(TEMPLATE, "All versions of templates")
PARAMETER = Table(
    "test.parameter",
    (
        Column("ob_id", INTEGER, nullable=False),
        Column("name", TEXT, nullable=False),
    ),
    "Parameters",
    primary_key=("ob_id", "name"),
    whole=("ob_id",),
)
ITEM = Table(
    "test.item",
    (Column("container_id", LONG, nullable=False), Column("ob_id", LONG, nullable=False)),
    "Items of containers",
    primary_key=("container_id", "ob_id"),
    whole=("container_id",),
)
TABLES = (BLOCK, TEMPLATE, PARAMETER, ITEM)
# Two sources that tell of the same blocks, each its own columns.
NAMES, TIMES = part_of(BLOCK, "name", "footprint"), part_of(BLOCK, "exposure", "modified")
START = datetime(2026, 4, 1, tzinfo=ZONE)


class Blocks:
    """A database with these tables; each write is an hour after the one before."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.hours = 0

    def write(self, *records: Record, tables: tuple[Table, ...] = TABLES) -> Written:
        self.hours += 1
        with self.database.writer() as connection:
            return write_input(
                connection,
                records,
                tables=tables,
                input_id=f"input {self.hours}",
                moment=START + timedelta(hours=self.hours),
            )

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.database.writer() as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="module")
def shared(test_cluster: ClusterForTests) -> Iterator[Database]:
    tables = (*TABLES, BLOCK_VERSION, TEMPLATE_VERSION)
    with test_cluster.database([Schema("test", tables, "Tests")]) as database:
        yield database


@pytest.fixture
def blocks(shared: Database) -> Blocks:
    with shared.writer() as connection:
        for table in ("block", "block_version", "template", "template_version", "parameter", "item"):
            connection.execute(f"DELETE FROM test.{table}".encode())
    return Blocks(shared)


def block(number: int, name: str = "A", **more: object) -> Record:
    return BLOCK.row(ob_id=number, name=name, **more)


def template(block: int, number: int, name: str = "acq") -> Record:
    return TEMPLATE.row(ob_id=block, number=number, name=name)


def test_the_same_rows_twice_change_nothing(blocks: Blocks) -> None:
    whole = [
        block(7, exposure=1.5, modified="2026-04-01T12:00:00", footprint="CIRCLE ICRS 10 20 1"),
        block(8, exposure=float("nan")),
        template(7, 1),
        template(7, 2),
        PARAMETER.row(ob_id=7, name="DET.DIT"),
        ITEM.row(container_id=1, ob_id=7),
    ]
    first = blocks.write(*whole)
    assert {name: (c.rows, c.changed, c.removed) for name, c in first.items()} == {
        "test.block": (2, 2, 0),
        "test.template": (2, 2, 0),
        "test.parameter": (1, 1, 0),
        "test.item": (1, 1, 0),
    }
    before = blocks.rows("SELECT xmin::text, ob_id FROM test.block ORDER BY ob_id")
    again = blocks.write(*reversed(whole))
    assert {(c.changed, c.removed) for c in again.values()} == {(0, 0)}
    assert blocks.rows("SELECT xmin::text, ob_id FROM test.block ORDER BY ob_id") == before
    assert blocks.rows("SELECT count(*) FROM test.block_version") == [(2,)]


def test_each_real_change_is_a_version(blocks: Blocks) -> None:
    for name in ("A", "A", "B", "A"):
        blocks.write(block(7, name))
    found = blocks.rows(
        "SELECT row_version, name, extract(hour FROM valid_from)::int, extract(hour FROM valid_to)::int,"
        " input_id FROM test.block_version ORDER BY row_version"
    )
    assert found == [
        (1, "A", 1, 3, "input 1"),
        (2, "B", 3, 4, "input 3"),
        (3, "A", 4, None, "input 4"),
    ]


def test_a_part_changes_its_own_columns_only(blocks: Blocks) -> None:
    names, times = (NAMES, TEMPLATE), (TIMES, TEMPLATE)
    asked = "SELECT ob_id, name, footprint, exposure FROM test.block ORDER BY ob_id"
    circle = "CIRCLE ICRS 10 20 1"
    blocks.write(template(7, 1))
    blocks.write(NAMES.row(ob_id=7, name="A", footprint=circle), tables=names)
    written = blocks.write(TIMES.row(ob_id=7, exposure=1.5), TIMES.row(ob_id=8, exposure=2.5), tables=times)
    assert blocks.rows(asked) == [(7, "A", circle, 1.5), (8, None, None, 2.5)]
    assert (written["test.block"].rows, written["test.block"].changed) == (2, 2)
    # The same again is no change, whatever others have told meanwhile.
    blocks.write(NAMES.row(ob_id=8, name="B"), tables=names)
    again = blocks.write(TIMES.row(ob_id=7, exposure=1.5), TIMES.row(ob_id=8, exposure=2.5), tables=times)
    assert again["test.block"].changed == 0
    # What its next version has no more is gone; what others said stays.
    blocks.write(NAMES.row(ob_id=7), tables=names)
    assert blocks.rows(asked) == [(7, None, None, 1.5), (8, "B", None, 2.5)]
    # Versions are of whole rows.
    versions = "SELECT name, footprint, exposure, input_id FROM test.block_version WHERE ob_id = 7"
    assert blocks.rows(f"{versions} ORDER BY row_version") == [
        ("A", circle, None, "input 2"),
        ("A", circle, 1.5, "input 3"),
        (None, None, 1.5, "input 6"),
    ]
    assert blocks.rows("SELECT count(*) FROM test.template") == [(1,)]  # a part tells of no whole


def test_a_row_of_the_table_has_all_columns(blocks: Blocks) -> None:
    """A newer version of a document must not keep what it says no more."""
    blocks.write(block(7, exposure=1.5, modified="2026-04-01T12:00:00"))
    blocks.write(block(7))
    assert blocks.rows("SELECT name, exposure, modified FROM test.block") == [("A", None, None)]


def test_parts_that_cannot_be() -> None:
    with pytest.raises(DeclarationError, match=r"table test.block has no column colour"):
        part_of(BLOCK, "colour")
    needing = replace(TEMPLATE, columns=(*TEMPLATE.columns, Column("kind", TEXT, nullable=False)))
    with pytest.raises(DeclarationError, match="needs kind, which is never NULL"):
        part_of(needing, "name")
    with pytest.raises(DeclarationError, match=r"plugin both has table test\.block twice"):
        Ingest("both", Accepts(("*.x",)), (BLOCK, NAMES), lambda _: ())


def test_regions_go_into_the_history_with_what_is_hidden_beside_them(blocks: Blocks) -> None:
    written = blocks.write(block(7, footprint="CIRCLE ICRS 10 20 1"), block(8, footprint="nonsense"))
    assert [problem.partition(":")[0] for problem in written["test.block"].problems] == ["footprint"]
    bounds = "SELECT ob_id, count(footprint_bounds) FROM test.block_version GROUP BY ob_id ORDER BY ob_id"
    columns = (
        "SELECT attname FROM pg_attribute WHERE attrelid = 'test.block_version'::regclass AND attnum > 0"
    )
    hidden = [
        str(name) for (name,) in blocks.rows(columns) if "footprint" in str(name) and name != "footprint"
    ]
    assert len(hidden) == 4
    bounds = bounds.replace("footprint_bounds", hidden[0])
    assert blocks.rows(bounds) == [(7, 1), (8, 0)]


def test_what_a_whole_has_no_more_is_removed(blocks: Blocks) -> None:
    blocks.write(block(7), template(7, 1), template(7, 2), block(8), template(8, 1))
    written = blocks.write(block(7), template(7, 1))
    assert written["test.template"] == Changes(rows=1, changed=0, removed=1)
    assert blocks.rows("SELECT ob_id, number FROM test.template ORDER BY 1, 2") == [(7, 1), (8, 1)]
    versions = "SELECT ob_id, number, valid_to IS NULL FROM test.template_version ORDER BY 1, 2"
    assert blocks.rows(versions) == [(7, 1, True), (7, 2, False), (8, 1, True)]


def test_a_whole_is_told_by_its_parent_when_it_has_no_rows_left(blocks: Blocks) -> None:
    blocks.write(block(7), template(7, 1), PARAMETER.row(ob_id=7, name="DET.DIT"))
    written = blocks.write(block(7))
    assert written["test.template"].removed == written["test.parameter"].removed == 1
    blocks.write(block(7), template(7, 1))
    versions = "SELECT row_version, valid_to IS NULL FROM test.template_version ORDER BY 1"
    assert blocks.rows(versions) == [(1, False), (2, True)]


def test_a_row_that_only_mentions_a_whole_removes_nothing(blocks: Blocks) -> None:
    blocks.write(block(7), template(7, 1))
    blocks.write(ITEM.row(container_id=1, ob_id=7))
    assert blocks.rows("SELECT count(*) FROM test.template") == [(1,)]
    assert not told_by(ITEM, TEMPLATE)
    assert told_by(BLOCK, TEMPLATE) and told_by(PARAMETER, TEMPLATE)
    assert not told_by(TEMPLATE, BLOCK)


def test_of_equal_keys_the_last_row_stays(blocks: Blocks) -> None:
    written = blocks.write(block(7, "first"), block(8), block(7, "last"))
    assert written["test.block"] == Changes(rows=2, changed=2)
    assert blocks.rows("SELECT name FROM test.block WHERE ob_id = 7") == [("last",)]
    assert blocks.rows("SELECT count(*) FROM test.block_version") == [(2,)]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (block(7, exposure="long"), "test.block, column exposure"),
        (block(2**70), "test.block, column ob_id"),
        (block(7, modified="yesterday"), "test.block, column modified"),
        (block(7, name="\0"), "test.block"),
        (block(7, name="\ud800"), "test.block, column name"),
        (Record(BLOCK, (None, "A", 1.0, None, None)), "test.block"),
        (Record(BLOCK, (1, "A")), "test.block"),
        (ITEM.row(container_id=1.5, ob_id=1), "test.item, column container_id"),
    ],
)
def test_what_does_not_fit_is_refused(blocks: Blocks, record: Record, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        blocks.write(block(1), record)
    assert blocks.rows("SELECT count(*) FROM test.block") == [(0,)]


def test_a_table_of_nothing_but_its_key(blocks: Blocks) -> None:
    item = ITEM.row(container_id=1, ob_id=7)
    assert blocks.write(item)["test.item"] == Changes(rows=1, changed=1)
    assert blocks.write(item)["test.item"] == Changes(rows=1)


def test_many_rows(blocks: Blocks) -> None:
    many = [block(number) for number in range(10_000)]
    assert blocks.write(*many)["test.block"].changed == 10_000
    changed = [*many[:-1], block(9_999, "B")]
    assert blocks.write(*changed)["test.block"] == Changes(rows=10_000, changed=1)
