"""Queries made without ADQL give what the same question in ADQL gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from archive.database import write_records
from archive.declare import types
from archive.declare.addresses import file_url
from archive.declare.columns import Column, Field
from archive.declare.regions import parse_region
from archive.declare.tables import Table
from archive.query import Query, build, compile
from archive.query.tree import Comparator, Output, Sequence
from tap.adql.resolve import translate
from tests.query.sky import FIELDS, STARS, TARGETS, Sky


def run(sky: Sky, query: Query) -> list[tuple[object, ...]]:
    with sky.database.run(compile(query), maxrec=None, first_seconds=9.0, total_seconds=9.0) as result:
        return [
            row
            for batch in result
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        ]


PAIR = ("ra", "dec")
CASES = [
    (
        build.scan(STARS, ["id", "mag"], build.position_in_circle(STARS, PAIR, 10, 20, 2)),
        "SELECT id, mag FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(10., 20., 2.))",
    ),
    (
        build.scan(
            STARS, ["id"], build.position_in_region(STARS, PAIR, parse_region("POLYGON 9 19 9 21 11 21"))
        ),
        "SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), REGION('POLYGON 9 19 9 21 11 21'))",
    ),
    (
        build.scan(FIELDS, ["name"], build.meets_circle(FIELDS, "s_region", 100, 0, 0.2)),
        "SELECT name FROM sky.Fields WHERE 1 = INTERSECTS(s_region, CIRCLE(100., 0., 0.2))",
    ),
    (
        build.scan(
            FIELDS, ["name"], build.meets_region(FIELDS, "s_region", parse_region("CIRCLE 10 20 0.1"))
        ),
        "SELECT name FROM sky.Fields WHERE 1 = INTERSECTS(s_region, REGION('CIRCLE 10 20 0.1'))",
    ),
    (
        build.scan(
            TARGETS,
            None,
            build.all_of(
                [
                    build.between(TARGETS, "lat", -50.0, None),
                    build.compare(TARGETS, "seen", Comparator.LESS, datetime.fromisoformat("2026-02-01")),
                    build.any_of(
                        [
                            build.one_of(TARGETS, "name", ["origin", "it's"]),
                            build.matches(TARGETS, "name", "%POLE", folded=True),
                            build.none_of(build.is_known(TARGETS, "code")),
                        ]
                    ),
                ]
            ),
        ),
        "SELECT * FROM sky.targets WHERE lat >= -50 AND seen < '2026-02-01' AND"
        " (name IN ('origin', 'it''s') OR name ILIKE '%POLE' OR code IS NULL)",
    ),
]


@pytest.mark.parametrize(("query", "text"), CASES)
def test_built_queries(sky: Sky, query: Query, text: str) -> None:
    expected = sky.ask(text)
    assert expected
    assert sorted(run(sky, query), key=str) == sorted(expected, key=str)
    assert query.fields == translate(text, sky.database.catalogue).fields


def test_nearest_first(sky: Sky) -> None:
    away = build.distance_to(TARGETS, ("lon", "lat"), 0.0, 89.0)
    query = build.scan(TARGETS, ["name", Output(away, away.field)], order=[away], limit=2)
    assert [row[0] for row in run(sky, query)] == ["north pole", "near north pole"]
    backwards = build.scan(TARGETS, ["id"], order=[(build.column(TARGETS, "id"), True)], limit=1)
    assert run(sky, backwards) == [(100,)]


def test_ranges_may_be_open(sky: Sky) -> None:
    assert run(sky, build.scan(TARGETS, ["id"], build.between(TARGETS, "n", 7, None))) == [(7,), (8,)]
    assert len(run(sky, build.scan(TARGETS, ["id"], build.between(TARGETS, "n", None, None)))) == 9


def test_unknown_names_are_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        build.scan(TARGETS, ["nane"])


SPANS = Table(
    "sky.spans",
    (
        Column("id", types.INTEGER, nullable=False),
        Column("low", types.DOUBLE),
        Column("high", types.DOUBLE),
        Column("start", types.DOUBLE),
        Column("stop", types.DOUBLE),
        Column("name", types.TEXT),
    ),
    "Intervals, with and without an index",
    primary_key=("id",),
    spans=(("low", "high"),),
)
INFINITE = float("inf")
ENDS = ((1, 2), (2, 3), (5, 5), (None, 7), (7, None), (9, 8), (-INFINITE, 0), (20, INFINITE))


@pytest.fixture(scope="module")
def spans(test_cluster):
    with test_cluster.database() as database:
        database.publish([SPANS])
        names = ["plain", "with blank", "é#?%", "a:b@c,d;e(f)$g!h*i~j-k_l.m+n/o"]
        with database.writer() as connection:
            rows = [
                SPANS.row(id=n, low=low, high=high, start=low, stop=high, name=names[n % 4])
                for n, (low, high) in enumerate(ENDS)
            ]
            write_records(connection, SPANS, rows)
        yield Sky(database)


@pytest.mark.parametrize("pair", [("low", "high"), ("start", "stop")])
@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.5, 1.5, {0}),
        (2, 2, {0, 1}),
        (3, 5, {1, 2}),
        (3.1, 4.9, set()),
        (-INFINITE, INFINITE, {0, 1, 2, 6, 7}),
        (-INFINITE, 1, {0, 6}),
        (30, INFINITE, {7}),
    ],
)
def test_overlaps(spans, pair, low, high, expected):
    """With the index and without it: ends belong, what is unknown does not match."""
    found = run(spans, build.scan(SPANS, ["id"], build.overlaps(SPANS, pair, low, high)))
    assert {number for (number,) in found} == expected


def test_overlaps_use_the_index(spans):
    query = build.scan(SPANS, ["id"], build.overlaps(SPANS, ("low", "high"), 1.0, 2.0))
    with spans.database.writer() as connection:
        connection.execute(b"SET LOCAL enable_seqscan = off")
        plan = connection.execute(b"EXPLAIN " + compile(query).sql.encode()).fetchall()
    assert any("spans_low_high_span_idx" in line for (line,) in plan)


def test_letter_case_is_ignored(spans):
    found = run(spans, build.scan(SPANS, ["id"], build.one_of_folded(SPANS, "name", ["PLAIN", "É#?%"])))
    assert {number for (number,) in found} == {0, 2, 4, 6}


def test_addresses_are_encoded(spans):
    value = build.address("http://x/", build.column(SPANS, "name"))
    found = run(spans, build.scan(SPANS, [Output(value, value.field)], build.between(SPANS, "id", 0, 3)))
    expected = {file_url("http://x", name).replace("/file/", "/") for name in ("plain", "with blank", "é#?%")}
    assert {text for (text,) in found} >= expected
    assert ("http://x/a:b@c,d;e(f)$g!h*i~j-k_l.m%2Bn%2Fo",) in found


def test_sequences(spans):
    items = (build.column(SPANS, "low"), build.column(SPANS, "high"))
    value = Sequence(items, Field("", types.array_of(types.DOUBLE, "*")))
    found = run(spans, build.scan(SPANS, ["id", Output(value, replace(value.field, name="both"))]))
    both = dict(found)
    assert both[0] == [1.0, 2.0]
    assert both[3] is None and both[4] is None
