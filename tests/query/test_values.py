"""Values the database computes: functions with known results, casts, units, text that comes back whole."""

from __future__ import annotations

import math
from datetime import datetime

import pytest

from archive.errors import ArchiveError, QueryError
from archive.query import FUNCTIONS, compile, quote_literal
from tap.adql.resolve import translate
from tests.query.sky import Sky

NUMBERS = {
    "ABS(-5)": 5,
    "CEILING(1.2)": 2.0,
    "FLOOR(-1.2)": -2.0,
    "ROUND(2.5)": 3.0,
    "ROUND(-2.5)": -3.0,
    "ROUND(0.49999999999999994)": 0.0,
    "ROUND(1234567890123456.75)": 1234567890123457.0,
    "ROUND(1234567890123456.75, 1)": 1234567890123456.8,
    "ROUND(225.68693967547833, 13)": 225.6869396754783,
    "ROUND(1.5, 99999999999) + ROUND(1.5, -99999999999)": 1.5,
    "ROUND(-1234.5678, 2)": -1234.57,
    "ROUND(1234, -2)": 1200,
    "TRUNCATE(-1.99)": -1.0,
    "TRUNCATE(1.999, 2)": 1.99,
    "LOG(EXP(2))": 2.0,
    "LOG10(1000)": 3.0,
    "MOD(-7, 3)": -1,
    "MOD(5.5, 1.1)": 0.0,
    "MOD(1234567890123457., 10)": 7.0,
    "7 % 4": 3,
    "7.5 % 2": 1.5,
    "1 / 2": 0,
    "-7 / 2": -3,
    "7 / 2.": 3.5,
    "1 / 2 * 0.5": 0.0,
    "2 - 3 - 4": -5,
    "8 / 4 / 2": 1,
    "POWER(2, 10)": 1024.0,
    "SQRT(2)": math.sqrt(2),
    "PI()": math.pi,
    "DEGREES(PI())": 180.0,
    "RADIANS(180)": math.pi,
    "ATAN2(1, -1)": 3 * math.pi / 4,
    "COT(1)": 1 / math.tan(1),
    "ACOS(0) + ASIN(1) + ATAN(0)": math.pi,
    "SIN(1) * SIN(1) + COS(1) * COS(1)": 1.0,
    "TAN(0)": 0.0,
    "RAND(5) - RAND(5)": 0.0,
    "- -1": 1,
    "2147483647 + 1": 2147483648,
    "9223372036854775807": 9223372036854775807,
    "-9223372036854775808": -9223372036854775808,
    "CAST(-0.0 AS VARCHAR)": "-0",
    "RAND(9223372036854775808) - RAND(0)": 0.0,
    "18446744073709551616": 2.0**64,
    "CAST(2.6 AS INTEGER)": 3,
    "CAST(2.5 AS INTEGER)": 2,
    "CAST('-Infinity' AS REAL)": -math.inf,
    "CAST(1e-320 AS DOUBLE PRECISION)": 1e-320,
    "CAST('12' AS SMALLINT)": 12,
    "CAST(' 1e3 ' AS DOUBLE PRECISION)": 1000.0,
    "CAST(0.1 AS REAL)": pytest.approx(0.1, rel=1e-6),
    "COALESCE(NULL, NULL, 3)": 3,
    "ivo_healpix_index(0, 1, 1)": 4,
    "ivo_healpix_index(17, 1, 1)": 81609757711,
    "ivo_healpix_index(17, 359, -1)": 73009064944,
    "ivo_healpix_index(17, POINT(1, 1))": 81609757711,
    "ivo_hasword('The North Pole', 'pole')": 1,
    "ivo_hasword('The North Pole', 'pole THE')": 1,
    "ivo_hasword('The North Poles', 'pole')": 0,
    "ivo_nocasematch('GRB 1', 'grb%')": 1,
    "ivo_nocasematch('GRB 1', 'grb')": 0,
    "ivo_interval_overlaps(1, 2, 2, 3)": 1,
    "ivo_interval_overlaps(1, 2, 2.1, 3)": 0,
    "ivo_interval_overlaps(2, 1, 0, 3)": 0,
    "ivo_interval_overlaps(0, 3, 2, 1)": 0,
    "gavo_to_mjd('1910-12-31T06:00:00')": 19036.25,
    "gavo_to_mjd(NULL)": None,
}


@pytest.mark.parametrize(("expression", "expected"), NUMBERS.items(), ids=NUMBERS)
def test_numbers(sky: Sky, expression: str, expected: object) -> None:
    value = sky.one(expression)
    if isinstance(expected, float):
        expected = pytest.approx(expected, rel=1e-14, abs=1e-15)
    assert value == expected
    assert type(value) is type(expected) or not isinstance(expected, int)


def test_healpix_centers(sky: Sky) -> None:
    assert sky.one("ivo_healpix_center(0, 6)") == pytest.approx([180, 0])
    assert sky.one("DISTANCE(ivo_healpix_center(0, 6), POINT(180, 0))") == pytest.approx(0)


def test_every_function_is_described() -> None:
    for function in FUNCTIONS:
        assert function.signature.startswith(f"{function.name}(")
        assert len(function.description) > 30
    assert FUNCTIONS[1].signature == "ivo_healpix_index(hpxOrder INTEGER, p POINT) -> BIGINT"


HOSTILE = [
    "it's",
    "back\\slash \\' \\\\ \\n",
    '"double" `quotes`',
    "100 % %s %(x)s {} {0} $1 :name ?",
    "]]> <&> -- ; /* */",
    "E'\\x41'",
    "\t tab, \r\n lines, \x01\x7f controls",
    "ü ☃ 🪐 \u202e \ufeff \U0010ffff e\u0301",
    "",
    " ",
    "$$ $tag$ '' ''''",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_comes_back_unchanged(sky: Sky, text: str) -> None:
    written = text.replace("'", "''")
    assert sky.one(f"'{written}'") == text
    assert sky.ask(f"SELECT COUNT(*) FROM sky.targets WHERE '{written}' = '{written}' AND id = 1") == [(1,)]
    assert sky.ask(f'SELECT \'{written}\' AS "a""b" FROM sky.targets WHERE id = 1') == [(text,)]


@pytest.mark.parametrize("setting", ["on", "off"])
def test_literals_do_not_depend_on_settings(sky: Sky, setting: str) -> None:
    with sky.database.writer() as connection:
        connection.execute(f"SET LOCAL standard_conforming_strings = {setting}".encode())
        for text in HOSTILE:
            assert connection.execute(f"SELECT {quote_literal(text)}".encode(), prepare=False).fetchone() == (
                text,
            )


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfff"])
def test_what_cannot_be_stored_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match=r"NUL character|surrogate"):
        quote_literal(text)


def test_aliases_never_reach_the_database(sky: Sky) -> None:
    text = 'SELECT ra AS "x""; DROP TABLE sky.stars; --" FROM sky.stars AS "evil ""alias" '
    statement = compile(translate(text, sky.database.catalogue))
    assert "evil" not in statement.sql and "DROP" not in statement.sql
    assert statement.fields[0].name == 'x"; DROP TABLE sky.stars; --'


def test_like_has_no_escape_character(sky: Sky) -> None:
    assert sky.one("ivo_nocasematch('a_b', 'a\\_b')") == 0
    assert sky.ask("SELECT COUNT(*) FROM sky.targets WHERE 'a\\b' LIKE 'a\\b' AND id = 1") == [(1,)]
    assert sky.ask("SELECT COUNT(*) FROM sky.targets WHERE 'A\\B' ILIKE 'a_b' AND id = 1") == [(1,)]


def test_casts_to_text(sky: Sky) -> None:
    assert sky.one("CAST(1.5 AS VARCHAR)") == "1.5"
    assert sky.one("CAST('abcdef' AS CHAR(3))") == "abc"
    assert sky.one("CAST(CAST('2026-01-31 12:00:00.5' AS TIMESTAMP) AS VARCHAR)") == "2026-01-31T12:00:00.5"
    assert sky.one("CAST(CIRCLE(1, 2, 3) AS VARCHAR)") == "1 2 3"
    assert sky.one("'n = ' || 5 || ', x = ' || 0.5") == "n = 5, x = 0.5"


def test_units_are_converted(sky: Sky) -> None:
    ((radians, mas, seconds),) = sky.ask(
        "SELECT IN_UNIT(lon, 'rad'), IN_UNIT(\"size\", 'mas'), IN_UNIT(t_min - 61071, 's') FROM sky.targets"
        " WHERE id = 6"
    )
    assert radians == pytest.approx(math.pi)
    assert mas == pytest.approx(21600)
    assert seconds == pytest.approx(6.5 * 86400)


def test_times(sky: Sky) -> None:
    assert sky.one("CAST('2026-01-31T12:00:00.123456Z' AS TIMESTAMP)") == datetime.fromisoformat(
        "2026-01-31T12:00:00.123456"
    )
    assert sky.ids("seen = '2026-01-31 12:00:03'", "sky.targets") == {3}
    assert sky.ids("'2026-01-31T12:00:01' >= seen", "sky.targets") == {0, 1}
    assert sky.ids("seen IN ('2026-01-31T12:00:01', '2026-01-31')", "sky.targets") == {1}
    assert sky.ask("SELECT gavo_to_mjd(seen) - t_min FROM sky.targets WHERE id = 0") == [(0.0,)]


def test_booleans(sky: Sky) -> None:
    even = {0, 2, 4, 6, 8}
    for condition in (
        "good = 1",
        "1 = good",
        "good = 'true'",
        "good <> 0",
        "NOT good = 'F'",
        "good = good AND good > 0",
    ):
        assert sky.ids(condition, "sky.targets") == even, condition


def test_sums_keep_their_digits(sky: Sky) -> None:
    ((total, mean, count),) = sky.ask("SELECT SUM(big), AVG(n), COUNT(DISTINCT good) FROM sky.targets")
    assert total == 9 * 2**40 + 36
    assert mean == 4.0
    assert count == 2
    assert sky.ask("SELECT SUM(CAST(0.1 AS REAL)) / 20 FROM sky.stars WHERE id < 20")[0][0] == pytest.approx(
        0.1
    )


def test_full_joins_by_any_condition(sky: Sky) -> None:
    rows = sky.ask(
        "SELECT a.id, b.id FROM (SELECT id FROM sky.targets WHERE id < 3) AS a"
        " FULL JOIN (SELECT id FROM sky.targets WHERE id < 3) AS b ON a.id > b.id"
    )
    assert sorted(rows, key=str) == sorted([(1, 0), (2, 0), (2, 1), (0, None), (None, 2)], key=str)


def test_natural_and_using_merge_columns(sky: Sky) -> None:
    statement = translate("SELECT * FROM sky.stars NATURAL JOIN sky.targets", sky.database.catalogue)
    names = [field.name for field in statement.fields]
    assert names[:2] == ["id", "radius"]
    assert len(set(names)) == len(names)
    rows = sky.ask(
        "SELECT id FROM sky.targets AS a FULL JOIN (SELECT 500 AS id FROM sky.shapes) AS b USING (id)"
    )
    assert {row[0] for row in rows} == {*range(9), 99, 100, 500}


def test_nested_as_deep_as_the_parser_allows(sky: Sky) -> None:
    for template in ("({})", "ABS({})", "-({} + 1)", "COALESCE({}, 1)", "(SELECT MAX({}) FROM sky.shapes)"):
        text = "1"
        for depth in range(1, 250):
            deeper = template.format(text)
            try:
                translate(f"SELECT {deeper} FROM sky.shapes", sky.database.catalogue)
            except ArchiveError:
                assert depth > 10
                break
            text = deeper
        statement = compile(translate(f"SELECT {text} FROM sky.shapes", sky.database.catalogue))
        with sky.database.writer() as connection:
            connection.execute(f"PREPARE deep AS {statement.sql}".encode(), prepare=False)
            connection.execute(b"DEALLOCATE deep")


def test_long_chains_are_no_deep_trees(sky: Sky) -> None:
    assert sky.one(" + ".join(["n * 0"] * 2000)) is not None
    ids = " OR ".join(f"id = {i}" for i in range(2000))
    assert len(sky.ids(ids)) == 2000
    assert len(sky.ids(f"id IN ({', '.join(map(str, range(3000)))})")) == 3000
    many = " UNION ALL ".join(["SELECT id FROM sky.shapes, sky.targets WHERE id = 1"] * 100)
    assert len(sky.ask(many)) == 400


def test_the_limit_keeps_order_and_the_querys_own_limit(sky: Sky) -> None:
    catalogue = sky.database.catalogue

    def ids(text: str, limit: int | None) -> list[object]:
        statement = compile(translate(text, catalogue), limit)
        with sky.database.run(statement, maxrec=None, first_seconds=9.0, total_seconds=9.0) as result:
            return [value for batch in result for value in batch.column(0).to_pylist()]

    assert ids("SELECT id FROM sky.targets ORDER BY id DESC", 3) == [100, 99, 8]
    assert ids("SELECT TOP 2 id FROM sky.targets ORDER BY id DESC", 3) == [100, 99]
    assert ids("SELECT TOP 5 id FROM sky.targets ORDER BY id", 3) == [0, 1, 2]
    assert ids("SELECT TOP 2 id FROM sky.targets ORDER BY id OFFSET 3", None) == [3, 4]
    assert ids("SELECT id FROM sky.targets UNION SELECT id FROM sky.targets ORDER BY id DESC", 1) == [100]
    assert ids(
        "WITH x AS (SELECT TOP 4 id FROM sky.targets ORDER BY id) SELECT id FROM x ORDER BY id", 2
    ) == [0, 1]
    assert ids("SELECT id FROM sky.targets", 0) == []
