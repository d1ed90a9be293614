"""What the resolver makes of names: metadata that travel, scopes, types and units that follow."""

from __future__ import annotations

import pytest

from archive.declare.catalogue import Catalogue
from archive.declare.columns import Field
from archive.declare.semantics import ICRS, MJD_UTC
from archive.errors import QueryError, UnknownColumn, UnknownTable
from tap.adql.resolve import translate
from tap.adql.resolve_units import power
from tests.query.sky import SKY, STARS, TARGETS

CATALOGUE = Catalogue((SKY,))


def fields(text: str) -> tuple[Field, ...]:
    return translate(text, CATALOGUE).fields


def field(expression: str, table: str = "sky.targets") -> Field:
    (only,) = fields(f"SELECT {expression} FROM {table}")
    return only


RA = STARS.by_name["ra"].field


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ra FROM sky.stars",
        "SELECT s.RA FROM SKY.Stars AS s",
        'SELECT "ra" FROM "sky"."stars"',
        "SELECT x.ra FROM (SELECT * FROM sky.stars) AS x",
        "WITH x AS (SELECT ra FROM sky.stars), y AS (SELECT * FROM x) SELECT y.ra FROM y",
        "SELECT ra FROM sky.stars UNION SELECT lon FROM sky.targets",
        "SELECT ra FROM (SELECT ra FROM sky.stars EXCEPT SELECT lat FROM sky.targets) AS x",
        "SELECT ra FROM sky.stars JOIN sky.targets USING (id)",
        "(SELECT TOP 3 ra FROM sky.stars ORDER BY mag) ORDER BY ra",
    ],
)
def test_a_column_keeps_everything(query: str) -> None:
    assert fields(query) == (RA,)
    assert RA.coosys == ICRS


def test_star_shows_the_published_columns_in_their_order() -> None:
    assert fields("SELECT * FROM sky.targets") == tuple(column.field for column in TARGETS.columns)
    assert [f.name for f in fields("SELECT s.*, t.name FROM sky.Fields AS s, sky.targets AS t")] == [
        "name",
        "s_region",
        "name_2",
    ]


def test_an_alias_changes_the_name_only() -> None:
    (start,) = fields('SELECT t_min AS "Start of it" FROM sky.targets')
    expected = TARGETS.by_name["t_min"].field
    assert (start.name, start.unit, start.utype, start.timesys) == (
        "Start of it",
        "d",
        expected.utype,
        MJD_UTC,
    )


# Expression: ADQL type, unit, UCD.
METADATA = {
    "ABS(lat)": ("DOUBLE PRECISION", "deg", "pos.eq.dec;meta.main"),
    "COUNT(*)": ("BIGINT", "", "meta.number"),
    "COUNT(DISTINCT name)": ("BIGINT", "", "meta.number"),
    "SUM(n)": ("BIGINT", "", ""),
    "SUM(flux)": ("DOUBLE PRECISION", "Jy", "phot.flux"),
    "AVG(flux)": ("DOUBLE PRECISION", "Jy", "phot.flux;stat.mean"),
    "MAX(flux)": ("REAL", "Jy", "phot.flux;stat.max"),
    "MIN(seen)": ("TIMESTAMP", "", "time.epoch;stat.min"),
    "MAX(name)": ("VARCHAR", "", "meta.id;stat.max"),
    "lon + lat": ("DOUBLE PRECISION", "deg", ""),
    "lon + t_min": ("DOUBLE PRECISION", "", ""),
    "lon + 1": ("DOUBLE PRECISION", "deg", ""),
    "1 - lon": ("DOUBLE PRECISION", "deg", ""),
    "2 * lon": ("DOUBLE PRECISION", "deg", ""),
    "lon * lat": ("DOUBLE PRECISION", "deg**2", ""),
    "lon / t_min": ("DOUBLE PRECISION", "deg.d**-1", ""),
    "lon / lat": ("DOUBLE PRECISION", "", ""),
    "1 / t_min": ("DOUBLE PRECISION", "d**-1", ""),
    "(lon - lat) / t_min * t_min": ("DOUBLE PRECISION", "deg", ""),
    "flux * flux": ("REAL", "Jy**2", ""),
    "lon * t_min / lon": ("DOUBLE PRECISION", "d", ""),
    "(lon + t_min) * lon": ("DOUBLE PRECISION", "", ""),
    "ABS(lon + t_min) * lon": ("DOUBLE PRECISION", "", ""),
    "n * (lon - n) * lat": ("DOUBLE PRECISION", "", ""),
    "lon / lat * t_min": ("DOUBLE PRECISION", "d", ""),
    "flux * n": ("DOUBLE PRECISION", "Jy", ""),
    "n + n": ("INTEGER", "", ""),
    "n * big": ("BIGINT", "", ""),
    "n / 2": ("INTEGER", "", ""),
    "-n": ("INTEGER", "", ""),
    "-lat": ("DOUBLE PRECISION", "deg", "pos.eq.dec;meta.main"),
    "ROUND(lat, 2)": ("DOUBLE PRECISION", "deg", "pos.eq.dec;meta.main"),
    "FLOOR(n)": ("SMALLINT", "", ""),
    "SQRT(lat)": ("DOUBLE PRECISION", "deg**(1/2)", ""),
    "SQRT(POWER(lon, 2) + POWER(lat, 2))": ("DOUBLE PRECISION", "deg", ""),
    "POWER(lon, -1)": ("DOUBLE PRECISION", "deg**-1", ""),
    "POWER(lon, flux)": ("DOUBLE PRECISION", "", ""),
    "POWER(lon, 1000000)": ("DOUBLE PRECISION", "", ""),
    "-9223372036854775808": ("BIGINT", "", ""),
    "ASIN(0.5)": ("DOUBLE PRECISION", "rad", ""),
    "DEGREES(flux)": ("DOUBLE PRECISION", "deg", ""),
    "MOD(n, 2)": ("INTEGER", "", ""),
    "MOD(lon, 2)": ("DOUBLE PRECISION", "deg", ""),
    "name || code": ("VARCHAR", "", ""),
    "UPPER(name)": ("VARCHAR", "", "meta.id"),
    "code": ("VARCHAR(4)", "", ""),
    "COALESCE(flux, 0)": ("DOUBLE PRECISION", "Jy", "phot.flux"),
    "COALESCE(lon, lat)": ("DOUBLE PRECISION", "deg", "pos.eq.ra;meta.main"),
    "COALESCE(lon, t_min)": ("DOUBLE PRECISION", "", "pos.eq.ra;meta.main"),
    "CAST(lon AS REAL)": ("REAL", "deg", "pos.eq.ra;meta.main"),
    "CAST(lon AS CHAR(5))": ("VARCHAR(5)", "", "pos.eq.ra;meta.main"),
    "IN_UNIT(lon, 'arcsec')": ("DOUBLE PRECISION", "arcsec", "pos.eq.ra;meta.main"),
    "IN_UNIT(lon / t_min, 'mas.yr**-1')": ("DOUBLE PRECISION", "mas.yr**-1", ""),
    "POINT(lon, lat)": ("POINT", "deg", "pos.eq"),
    "CIRCLE(lon, lat, 1)": ("CIRCLE", "deg", "pos.outline"),
    "BOX(lon, lat, 1, 1)": ("POLYGON", "deg", "pos.outline"),
    "REGION('CIRCLE 1 2 3')": ("REGION", "", "pos.outline"),
    "CONTAINS(POINT(1, 2), CIRCLE(lon, lat, 1))": ("INTEGER", "", ""),
    "DISTANCE(lon, lat, 1, 2)": ("DOUBLE PRECISION", "deg", "pos.angDistance"),
    "AREA(CIRCLE(1, 2, 3))": ("DOUBLE PRECISION", "deg**2", "phys.angArea"),
    "COORD1(POINT(lon, lat))": ("DOUBLE PRECISION", "deg", "pos.eq.ra"),
    "ivo_healpix_center(3, n)": ("POINT", "deg", "pos.eq"),
    "gavo_to_mjd(seen)": ("DOUBLE PRECISION", "d", "time.epoch"),
    "(SELECT MAX(mag) FROM sky.stars)": ("REAL", "mag", "phot.mag;em.opt.V;stat.max"),
    "5": ("INTEGER", "", ""),
    "5000000000": ("BIGINT", "", ""),
    "99999999999999999999": ("DOUBLE PRECISION", "", ""),
    "5.": ("DOUBLE PRECISION", "", ""),
    "'x'": ("VARCHAR", "", ""),
    "NULL": ("VARCHAR", "", ""),
}


@pytest.mark.parametrize(("expression", "expected"), METADATA.items(), ids=METADATA)
def test_types_and_units_follow(expression: str, expected: tuple[str, str, str]) -> None:
    found = field(expression)
    assert (found.type.adql, found.unit, found.ucd) == expected


def test_results_have_unique_names() -> None:
    names = [
        f.name
        for f in fields(
            "SELECT MAX(n), MAX(big), n + 1, 5, COUNT(*) AS expression FROM sky.targets GROUP BY n + 1"
        )
    ]
    assert names == ["max", "max_2", "expression_2", "expression_3", "expression"]
    names = [f.name for f in fields("SELECT a.id, b.id, b.id AS ID FROM sky.stars AS a, sky.stars AS b")]
    assert len({name.lower() for name in names}) == 3
    assert names[0] == "id"


def test_set_operations_widen_types() -> None:
    (number,) = fields("SELECT n FROM sky.targets UNION SELECT big FROM sky.targets")
    assert number.type.adql == "BIGINT"
    (real,) = fields(
        "SELECT n FROM sky.targets UNION SELECT flux FROM sky.targets UNION SELECT NULL FROM sky.stars"
    )
    assert real.type.adql == "DOUBLE PRECISION"
    (typed,) = fields("SELECT NULL AS x FROM sky.stars UNION SELECT seen FROM sky.targets")
    assert (typed.name, typed.type.adql) == ("x", "TIMESTAMP")
    (text,) = fields("SELECT code FROM sky.targets UNION SELECT name FROM sky.targets")
    assert text.type.adql == "VARCHAR"


ACCEPTED = [
    "SELECT name FROM sky.targets AS t WHERE EXISTS (SELECT * FROM sky.stars WHERE id = t.id AND ra > lon)",
    "SELECT t.name FROM sky.targets AS t WHERE id = (SELECT MAX(id) FROM sky.stars AS t WHERE t.mag < 5)",
    "SELECT COUNT(*) FROM sky.targets HAVING COUNT(*) > 1",
    "SELECT n + 1, COUNT(*) FROM sky.targets GROUP BY n + 1 ORDER BY COUNT(*), n + 1",
    "SELECT ABS(n + 1) * 2 FROM sky.targets GROUP BY n + 1",
    "SELECT t.n FROM sky.targets AS t GROUP BY n",
    "SELECT name, MAX(lon - lat) FROM sky.targets GROUP BY name, name HAVING MIN(lat) < 5 AND name <> 'x'",
    "SELECT code FROM sky.targets GROUP BY code HAVING (SELECT MAX(mag) FROM sky.stars WHERE id < 5) > 1",
    "SELECT DISTINCT n + 1 FROM sky.targets ORDER BY n + 1",
    "SELECT n AS lon FROM sky.targets ORDER BY lon",
    "SELECT lat, *, lon FROM sky.targets ORDER BY lon, targets.lat",
    "SELECT name AS x FROM sky.targets GROUP BY x",
    "SELECT (SELECT SUM(s.mag + t.n) FROM sky.stars AS s) FROM sky.targets AS t",
    "SELECT MAX(n), 5, 'x', PI() FROM sky.targets",
    "SELECT a.id FROM sky.stars AS a NATURAL JOIN sky.stars AS b",
    "SELECT * FROM sky.stars AS a, (SELECT id AS target FROM sky.targets) AS b WHERE a.id = b.target",
    "SELECT id FROM sky.stars WHERE mag IN (SELECT n FROM sky.targets) AND id IN (1, 2.5, NULL)",
    "SELECT id FROM sky.targets WHERE seen IS NULL OR NULL = name OR NULL IN (1, 2) OR n BETWEEN NULL AND 5",
    'SELECT "Odd name" AS Name, name AS "Name 2" FROM sky.targets WHERE "Odd name" = 1',
    "SELECT stars.id FROM sky.stars JOIN sky.targets ON sky.stars.id = sky.targets.id;",
]


@pytest.mark.parametrize("query", ACCEPTED)
def test_accepted(query: str) -> None:
    assert fields(query)


REFUSED = {
    "SELECT id FROM sky.stars AS s WHERE s.ra = t.lon": UnknownColumn,
    "SELECT x.id FROM (SELECT a.id, b.id FROM sky.stars AS a, sky.stars AS b) AS x": QueryError,
    "SELECT * FROM sky.targets AS t, (SELECT id FROM sky.stars WHERE id = t.id) AS x": UnknownColumn,
    "SELECT n + 2 FROM sky.targets GROUP BY n + 1": QueryError,
    "SELECT * FROM sky.targets GROUP BY name": QueryError,
    "SELECT name FROM sky.targets HAVING n > 1": QueryError,
    "SELECT COUNT(*) FROM sky.targets ORDER BY name": QueryError,
    "SELECT COUNT(*) FROM sky.targets GROUP BY COUNT(*)": QueryError,
    "SELECT s.id FROM sky.stars AS s JOIN sky.targets AS t ON MAX(s.id) = t.id": QueryError,
    "SELECT x FROM sky.targets WHERE id = 1 UNION SELECT 1 FROM sky.targets": UnknownColumn,
    "SELECT lon AS x FROM sky.targets WHERE x > 1": UnknownColumn,
    "SELECT t.* FROM sky.stars AS s": QueryError,
    "SELECT id FROM tap_schema.tables": UnknownTable,
    "SELECT id FROM information_schema.tables": UnknownTable,
    "SELECT ctid FROM sky.stars": UnknownColumn,
    "SELECT s_region__bounds FROM sky.Fields": UnknownColumn,
    "SELECT xmin_ FROM sky.targets": UnknownColumn,
    "SELECT 1e999 FROM sky.stars": QueryError,
}


@pytest.mark.parametrize(("query", "error"), REFUSED.items(), ids=REFUSED)
def test_refused(query: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="line 1, column"):
        fields(query)


def test_deprecated_units_are_worked_with_silently():
    # In the tests a warning is an error; in the server it would be a line for every query.
    assert power("Angstrom", 2) == "Angstrom**2"
