"""Queries made without ADQL give what the same question in ADQL gives."""

from __future__ import annotations

from datetime import datetime

import pytest

from archive.declare.regions import parse_region
from archive.query import Query, build, compile
from archive.query.tree import Comparator, Output
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
