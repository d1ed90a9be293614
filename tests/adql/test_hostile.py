"""Queries made to hurt: each becomes SQL or a short error, within a second, and exhausts nothing."""

from __future__ import annotations

import math
import time

import pytest

from archive.declare.catalogue import Catalogue
from archive.errors import UsageError
from archive.query import compile
from tap.adql.resolve import translate
from tests.query.sky import SKY

CATALOGUE = Catalogue((SKY,))
SECONDS = 3.0  # on a machine that has other things to do; alone, none takes one


def one(value: str) -> str:
    return f"SELECT {value} AS x FROM sky.targets"


def where(condition: str) -> str:
    return f"SELECT id FROM sky.stars WHERE {condition}"


def ring(corners: int) -> str:
    turns = (2 * math.pi * i / corners for i in range(corners))
    return ", ".join(f"{10 + 5 * math.cos(turn):.9f}, {20 + 5 * math.sin(turn):.9f}" for turn in turns)


def star(corners: int) -> str:
    """Every side crosses nearly every other."""
    turns = (2 * math.pi * i * (corners // 2) / corners for i in range(corners))
    return ", ".join(f"{10 + 5 * math.cos(turn):.9f}, {20 + 5 * math.sin(turn):.9f}" for turn in turns)


def chained(tables: int, join: str) -> str:
    return f"SELECT t0.id FROM sky.targets t0 {' '.join(join.format(i) for i in range(1, tables))}"


ANSWERED = {
    "a list of 10,000": where(f"id IN ({', '.join(map(str, range(10_000)))})"),
    "a list of 10,000 kinds": where(f"id IN ({', '.join(f'{i}, {i}.5' for i in range(5000))})"),
    "10,000 times": "SELECT id FROM sky.targets WHERE seen IN (" + ", ".join(["'2026-01-31'"] * 9999) + ")",
    "10,000 alternatives": where(" OR ".join(f"id = {i}" for i in range(10_000))),
    "3,000 cones": where(" OR ".join(f"DISTANCE(ra, dec, {i / 10}, {i / 100}) < 0.001" for i in range(3000))),
    "1,600 unnamed columns": f"SELECT {', '.join(['id + 1'] * 1600)} FROM sky.stars",
    "1,000 groups": "SELECT {0} FROM sky.stars GROUP BY {0}".format(
        ", ".join(f"ra + {i}" for i in range(1000))
    ),
    "1,000 tables": f"SELECT t0.id FROM {', '.join(f'sky.targets t{i}' for i in range(1000))} WHERE "
    + " AND ".join(f"t{i}.id = t{i - 1}.id" for i in range(1, 1000)),
    "190 joins": chained(190, "JOIN sky.targets t{0} ON t{0}.id = t0.id"),
    "100 natural joins": "SELECT id FROM sky.targets t0 "
    + " ".join(f"NATURAL JOIN sky.targets t{i}" for i in range(1, 100)),
    "60 full joins": "SELECT id FROM sky.targets t0 "
    + " ".join(f"FULL JOIN sky.targets t{i} USING (id)" for i in range(1, 60)),
    "2,000 common tables": "WITH c0 AS (SELECT id FROM sky.targets)"
    + "".join(f", c{i} AS (SELECT id FROM c{i - 1})" for i in range(1, 2000))
    + " SELECT id FROM c1999",
    "3,000 unions": " UNION ALL ".join(["SELECT id FROM sky.stars"] * 3000),
    "20,000 terms": one(" + ".join(["n"] * 20_000)),
    "units that grow": one(" * ".join(["lon"] * 300)),
    "units that vanish": one(" / ".join(["radius"] * 300)),
    "a million quotes": one("'" + "''" * 500_000 + "'"),
    "a ring of 1,000 corners": where(f"1 = CONTAINS(POINT(ra, dec), POLYGON({ring(1000)}))"),
    "a ring around columns": where(f"1 = CONTAINS(POINT(ra, dec), POLYGON(ra, dec, {ring(500)}))"),
    "a range": where("1 = CONTAINS(POINT(ra, dec), REGION('RANGE 0 360 -45 45'))"),
    "3,000 shapes": where(f"1 = CONTAINS(POINT(ra, dec), REGION('UNION ({'POLYGON 1 1 1 2 2 2 ' * 3000})'))"),
    "decimals without end": one("ROUND(lon, 99999999999), TRUNCATE(lon, -99999999999)"),
    "a seed without end": one(f"RAND({'9' * 300})"),
    "a text without end": one("CAST(name AS VARCHAR(9223372036854775807))"),
    "200,000 comments": "SELECT id FROM sky.targets " + "--\n" * 200_000,
}
REFUSED = {
    "a ring of 3,000 corners": where(f"1 = CONTAINS(POINT(ra, dec), POLYGON({ring(3000)}))"),
    "a star": where(f"1 = CONTAINS(POINT(ra, dec), POLYGON({star(999)}))"),
    "unions in unions": one(f"REGION('{'UNION (' * 3000}CIRCLE 1 2 3{')' * 3000}')"),
    "a box at infinity": one("REGION('BOX 1e999 0 1 1')"),
    "a galactic infinity": one("REGION('CIRCLE GALACTIC 1e999 0 1')"),
    "a word of a million letters": one(f"REGION('{'x' * 1_000_000}')"),
    "5,000 columns": f"SELECT {', '.join(['id'] * 5000)} FROM sky.stars",
    "1,000 joins": chained(1000, "JOIN sky.targets t{0} ON t{0}.id = t0.id"),
    "nested polygons": one(
        "CENTROID(POLYGON(POINT(1, 1), POINT(2, 2), " * 24 + "POINT(lon, lat)" + "))" * 24
    ),
    "nested cones": one("CONTAINS(POINT(lon, lat), CIRCLE(lon, lat, " * 28 + "1" + "))" * 28),
    "a unit of a billion digits": one("IN_UNIT(lon, '10+999999999deg')"),
    "a power of a billion": one("IN_UNIT(lon, '10**999999999deg')"),
    "an infinite unit": one("IN_UNIT(lon, '1e999deg')"),
    "a unit of 4,000 letters": one(f"IN_UNIT(lon, '{'m.' * 2000}m')"),
    "a column of a million letters": one("x" * 1_000_000),
    "a delimited column of a million letters": one('"' + "é" * 1_000_000 + '"'),
    "a table of a million letters": f"SELECT id FROM {'y' * 1_000_000}.{'z' * 500_000}",
    "a frame of a million letters": one(f"POINT('{'x' * 1_000_000}', 1, 2)"),
    "a time of a million letters": f"SELECT id FROM sky.targets WHERE seen = '{'x' * 1_000_000}'",
    "a number of a million letters": one(f"CAST('{'x' * 1_000_000}' AS INTEGER)"),
    "digits of another script": one("CAST('١٢' AS INTEGER)"),
    "a number with underscores": one("CAST('1_0.5' AS DOUBLE PRECISION)"),
    "a number too large": one("1e999"),
    "a catalogue of the database": "SELECT * FROM pg_catalog.pg_class",
    "a column of the database": "SELECT ctid FROM sky.stars",
    "a whole row": "SELECT stars FROM sky.stars",
    "a function of the database": one("pg_sleep(10)"),
    "another statement": "SELECT id FROM sky.stars; DROP TABLE sky.stars",
    "an injected table": 'SELECT * FROM sky."stars"" ; DROP TABLE x"',
    "half a surrogate pair": one("'a\ud800b'"),
    "a NUL": one("'a\0b'"),
}


@pytest.mark.parametrize("query", ANSWERED.values(), ids=ANSWERED)
def test_answered(query: str) -> None:
    started = time.perf_counter()
    assert compile(translate(query, CATALOGUE), 1001).sql
    assert time.perf_counter() - started < SECONDS


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED)
def test_refused(query: str) -> None:
    started = time.perf_counter()
    with pytest.raises(UsageError) as caught:
        compile(translate(query, CATALOGUE), 1001)
    assert time.perf_counter() - started < SECONDS
    assert len(str(caught.value)) < 1100
