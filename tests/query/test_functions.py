"""User-defined functions of values: published results, other people's libraries, and what is refused."""

from __future__ import annotations

import math
import random
import statistics
import urllib.parse
from collections.abc import Iterator

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from archive.database.bulk import copy_records
from archive.declare import types
from archive.declare.catalogue import Catalogue
from archive.declare.columns import Column
from archive.declare.tables import Schema, Table
from archive.errors import QueryError, QueryFailed, UnknownFunction
from archive.query import FUNCTIONS, functions_sql, offered_functions
from archive.query.vocabularies import matching_terms
from archive.testing import ClusterForTests
from tests.query.sky import SKY, Sky

# Those with a value in the UDF catalogue (EN 1.2) have that one.
VALUES = {
    "ivo_to_jd(CAST('2000-01-02T12:00:00' AS TIMESTAMP))": 2451546.0,
    "ivo_to_jd('1910-12-31T06:00:00')": 2419036.75,
    "gavo_to_jd('1910-12-31T06:00:00')": 2419036.75,
    "ivo_to_mjd(CAST('2000-01-02T12:00:00' AS TIMESTAMP))": 51545.5,
    "ivo_to_mjd('1910-12-31T06:00:00')": 19036.25,
    "ivo_to_jd(NULL)": None,
    "ivo_to_mjd(NULL)": None,
    "ivo_nocasematch('ABcabc', 'ab__bc')": 1,
    "ivo_nocasematch('abcabc', 'abcab')": 0,
    "ivo_hasword('shown that a primordial', 'shown primordial')": 1,
    "ivo_hasword('shown that a primordial', 'shown soup')": 0,
    "ivo_hashlist_has('red#green#blue', 'red')": 1,
    "ivo_hashlist_has('Red#green#blue', 'red')": 1,
    "ivo_hashlist_has('red#green#blue', 're')": 0,
    "ivo_hashlist_has('red#green#blue', 'red#green')": 0,
    "ivo_hashlist_has('', '')": 0,
    "ivo_hashlist_has(NULL, 'red')": None,
    "ivo_interval_overlaps(-2, 55.3, 3, 2)": 0,
    "ivo_interval_overlaps(-3, -2, 2, 3)": 0,
    "ivo_hms_to_degrees('3:34:45.4')": 53.68916666666667,
    "ivo_hms_to_degrees('3h34m45.4s')": 53.68916666666667,
    "ivo_hms_to_degrees('3H34M45.4S')": 53.68916666666667,
    "ivo_hms_to_degrees('033445.4')": 53.68916666666667,
    "ivo_hms_to_degrees(' 23:59:59.')": 359.9958333333333,
    "ivo_hms_to_degrees('24:00:00')": None,
    "ivo_hms_to_degrees('-1:00:00')": None,
    "ivo_hms_to_degrees('1:60:00')": None,
    "ivo_hms_to_degrees('1h2:3')": None,
    "ivo_hms_to_degrees('')": None,
    "ivo_hms_to_degrees('٣:34:45')": None,
    "ivo_hms_to_degrees(NULL)": None,
    "ivo_dms_to_degrees('42:9:6.768')": 42.15188,
    "ivo_dms_to_degrees('42d9m6.768s')": 42.15188,
    "ivo_dms_to_degrees('42D9M6.768S')": 42.15188,
    "ivo_dms_to_degrees('-00:15:00')": -0.25,
    "ivo_dms_to_degrees('+00:15:00')": 0.25,
    "ivo_dms_to_degrees('-0d15m0s')": -0.25,
    "ivo_dms_to_degrees('+0d15m0s')": 0.25,
    "ivo_dms_to_degrees('-001500')": -0.25,
    "ivo_dms_to_degrees('2651500.5')": 265.25013888888889,
    "ivo_dms_to_degrees('here')": None,
    "gavo_match('^G.*[0-9]$', 'GRB 1')": 1,
    "gavo_match('^g', 'GRB 1')": 0,
    "gavo_match(NULL, 'GRB 1')": None,
    "gavo_getauthority('ivo://org.gavo.dc/foo/bar#baz')": "org.gavo.dc",
    "gavo_getauthority('ivo://org.gavo.dc?x')": "org.gavo.dc",
    "gavo_getauthority('no identifier')": None,
    "gavo_urlescape('M 31/é?&')": "M%2031%2F%C3%A9%3F%26",
    "gavo_urlescape('')": "",
    "gavo_vocmatch('datalink/core', 'calibration', 'flat')": 1,
    "gavo_vocmatch('datalink/core', 'calibration', '#bias')": 1,
    "gavo_vocmatch('datalink/core', '#calibration', 'http://www.ivoa.net/rdf/datalink/core#dark')": 1,
    "gavo_vocmatch('datalink/core', 'calibration', 'calibration')": 1,
    "gavo_vocmatch('datalink/core', 'calibration', 'this')": 0,
    "gavo_vocmatch('product-type', 'timeseries', 'light-curve')": 1,
    "gavo_vocmatch('messenger', 'Photon', 'EUV')": 1,
    "gavo_vocmatch('refframe', 'EQUATORIAL', NULL)": None,
    "gavo_specconv(NULL, 'nm', 'eV')": None,
    "gavo_specconv(0, 'nm', 'eV')": None,
    "gavo_specconv(0, 'Hz', 'eV')": 0.0,
    "ivo_healpix_index(17, CENTROID(CIRCLE(359, -1, 3)))": 73009064944,
}


@pytest.mark.parametrize(("expression", "expected"), VALUES.items(), ids=VALUES)
def test_values(sky: Sky, expression: str, expected: object) -> None:
    found = sky.one(expression)
    assert found == (pytest.approx(expected, rel=1e-14) if isinstance(expected, float) else expected)


def test_times_agree_with_astropy(sky: Sky) -> None:
    for text in ("1972-11-17T00:00:00", "2026-02-28T23:59:59.999", "1999-12-31T12:34:56.789012"):
        moment = Time(text)
        assert sky.one(f"ivo_to_mjd('{text}')") == pytest.approx(moment.mjd, abs=1e-9)
        assert sky.one(f"ivo_to_jd('{text}')") == pytest.approx(moment.jd, abs=1e-8)


SPECTRAL = ["m", "nm", "Angstrom", "um", "Hz", "GHz", "J", "eV", "keV", "erg", "m**-1", "cm**-1"]


def test_spectral_units_agree_with_astropy(sky: Sky) -> None:
    source = random.Random(656)
    for first in SPECTRAL:
        for second in SPECTRAL:
            value = source.uniform(0.1, 100)
            expected = (value * u.Unit(first)).to(u.Unit(second), equivalencies=u.spectral())
            found = sky.one(f"gavo_specconv({value!r}, '{first}', '{second}')")
            assert found == pytest.approx(float(expected.value), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("gavo_specconv(5, 'nm')", "the unit of this expression is not known"),
        ("gavo_specconv(lon, 'nm')", "'deg' is no unit of wavelength, frequency or energy"),
        ("gavo_specconv(5, 'nm', 'kg')", "'kg' is no unit of wavelength"),
        ("gavo_specconv(5, 'furlong', 'nm')", "unit 'furlong' is not VOUnits"),
        ("gavo_specconv(lon, 'nm', 'm')", "the unit of this expression is deg"),
        ("gavo_specconv(5, name, 'm')", "has to be a text in single quotes"),
        ("gavo_specconv(name, 'm')", "has to be a number"),
        ("gavo_vocmatch('datalink', 'this', name)", "the vocabulary 'datalink' is not known here"),
        ("gavo_vocmatch('refframe', 'Icrs', name)", "has no term 'Icrs'; did you mean ICRS"),
        ("gavo_vocmatch('refframe', 'ICRS', n)", "has to be a text, not a number"),
        ("gavo_vocmatch(name, 'ICRS', name)", "vocname of gavo_vocmatch has to be a text in single quotes"),
        ("ivo_geom_transform(name, 'ICRS', POINT(1, 2))", "from_sys of ivo_geom_transform has to be a text"),
        ("ivo_geom_transform('ICRS', 'ICRF', POINT(1, 2))", "the reference frame 'ICRF' is not known"),
        ("ivo_geom_transform('ICRS', 'FK5', lon)", "a number is not a geometry"),
        ("ivo_epoch_prop_pos(lon, lat)", "does not take 2 arguments"),
        (
            "ivo_interval_has(1, lon)",
            "the argument iv of ivo_interval_has has to be an interval, not a number",
        ),
        ("ivo_histogram(lon, 0, 10, 0)", "has to be an integer from 1 to 10000"),
        ("ivo_histogram(lon, 0, 10, 2.5)", "has to be an integer from 1 to 10000"),
        ("ivo_histogram(lon, 5, 5, 10)", "lower has to be less than upper"),
        ("ivo_histogram(lon, lat, 5, 10)", "lower of ivo_histogram has to be written out"),
        ("ivo_histogram(MAX(lon), 0, 5, 10)", "MAX cannot stand in another aggregate"),
        ("MAX(ivo_string_agg(name, ','))", "ivo_string_agg cannot stand in another aggregate"),
        ("ivo_string_agg(n, ',')", "has to be a text, not a number"),
        ("uraniborg_distance(CIRCLE(1, 2, 3), POINT(1, 2))", "has to be a point, not a circle"),
        ("uraniborg_moc_has(POINT(1, 2), POINT(1, 2))", "has to be a text, not a point"),
    ],
)
def test_refused(sky: Sky, call: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        sky.ask(f"SELECT {call} FROM sky.targets")
    assert message in str(caught.value)
    assert str(caught.value).startswith("line 1, column")


@pytest.mark.parametrize("pattern", ["(", "[", "a{2,1}", "*"])
def test_no_regular_expressions(sky: Sky, pattern: str) -> None:
    with pytest.raises(QueryFailed, match="invalid regular expression"):
        sky.one(f"gavo_match('{pattern}', name)")


def test_escapes_agree_with_python(sky: Sky) -> None:
    text = "".join(map(chr, range(32, 127))).replace("'", "") + "é☃𝄞\n"
    assert sky.one(f"gavo_urlescape('{text}')") == urllib.parse.quote(text, safe="")


def test_q3c_pixels(sky: Sky) -> None:
    """Against the cube's definition: a face, a tangent's projection, and interleaved bits."""
    rows = sky.ask("SELECT ra, dec, gavo_ipix(ra, dec) AS p FROM sky.stars WHERE id < 1000 OR id > 20000")
    known = 0
    for ra, dec, pixel in rows:
        if pixel is None:
            assert not (isinstance(ra, float) and isinstance(dec, float) and abs(dec) <= 90 and ra >= 0)
            continue
        face, rest = divmod(pixel, 4**30)
        bits = f"{rest:060b}"
        x, y = ((int(bits[start::2], 2) + 0.5) / 2**29 - 1 for start in (1, 0))
        ray = {
            0: (-y, x, 1.0),
            5: (y, x, -1.0),
            1: (1.0, x, y),
            2: (-x, 1.0, y),
            3: (-1.0, -x, y),
            4: (x, -1.0, y),
        }[face]
        place = (
            math.cos(math.radians(dec)) * math.cos(math.radians(ra)),
            math.cos(math.radians(dec)) * math.sin(math.radians(ra)),
            math.sin(math.radians(dec)),
        )
        length = math.hypot(*ray)
        assert math.dist([c / length for c in ray], place) < 4e-9
        known += 1
    assert known > 1000


def test_random_numbers_are_normal(sky: Sky) -> None:
    for name in ("ivo_normal_random", "gavo_normal_random"):
        found = [float(str(x)) for (x,) in sky.ask(f"SELECT {name}(10, 5) AS x FROM sky.stars")]
        assert len(set(found)) > 20_000
        assert statistics.fmean(found) == pytest.approx(10, abs=0.25)
        assert statistics.stdev(found) == pytest.approx(5, abs=0.2)
        within = sum(abs(x - 10) < 5 for x in found) / len(found)
        assert within == pytest.approx(0.6827, abs=0.025)


# --------------------------------------------------------------------------------------------- aggregates


def test_histograms_count_everything(sky: Sky) -> None:
    rows = sky.ask("SELECT ra FROM sky.stars")
    values = [float("nan") if x is None else float(str(x)) for (x,) in rows]
    ((found,),) = sky.ask("SELECT ivo_histogram(ra, 0, 300, 30) AS h FROM sky.stars")
    array = np.array(values)
    bins = [int(((array >= 10 * i) & (array < 10 * (i + 1))).sum()) for i in range(30)]
    below = int(((array < 0) | np.isnan(array)).sum())
    assert found == [below, *bins, int((array >= 300).sum())]
    assert sum(found) == len(values)
    assert sky.ask("SELECT gavo_histogram(ra, 0, 300, 2) AS h FROM sky.stars WHERE id < 0") == [([0] * 4,)]


def test_groups_have_their_own_aggregates(sky: Sky) -> None:
    rows = sky.ask(
        "SELECT good, ivo_string_agg(name, '; ') AS who, ivo_histogram(n, 0, 10, 2) AS h, COUNT(*) AS c"
        " FROM sky.targets WHERE id < 9 GROUP BY good HAVING COUNT(*) > 1 ORDER BY good"
    )
    assert [(good, sorted(names.split("; ")), h, c) for good, names, h, c in rows] == [
        (False, ["after RA 0", "near north pole", "north pole", "plain"], [0, 2, 2, 0], 4),
        (True, ["antipode", "before RA 0", "its antipode", "origin", "south pole"], [0, 3, 2, 0], 5),
    ]
    assert sky.ask("SELECT ivo_string_agg(name, ',') AS x FROM sky.targets WHERE id = 100") == [(None,)]


def test_counts_of_parallel_workers_add_up(sky: Sky) -> None:
    whole = "SELECT adql.histogram(i, 0, 1000, 3) FROM generate_series(-5, 1500) AS i"
    with sky.database.writer() as connection:
        (expected,) = connection.execute(whole.encode()).fetchone() or (None,)
        assert expected == [5, 334, 333, 333, 501]
        parts = []
        for first, last in ((-5, 300), (301, 1500)):
            state: object = None
            for value in range(first, last + 1):
                (state,) = connection.execute(
                    "SELECT adql.counted(%s, %s, 0, 1000, 3)", (state, value)
                ).fetchone() or (None,)
            parts.append(state)
        (found,) = connection.execute(
            "SELECT adql.counts(adql.added(%s::bytea, %s::bytea))", parts
        ).fetchone() or (None,)
        assert found == expected


# ----------------------------------------------------------------------------------------------- narrower


def test_narrower_terms() -> None:
    assert set(matching_terms("datalink/core", "preview")) == {
        "preview",
        "preview-image",
        "preview-plot",
        "thumbnail",
    }
    assert set(matching_terms("messenger", "Photon")) > {"UV", "EUV"}
    # A thesaurus: one step only.
    steps = matching_terms("product-type", "spectrally-resolved-dataset")
    assert "spectrum" in steps and "spectral-cube" in steps and "sed" not in steps


# ------------------------------------------------------------------------------------------- names, rights


NAMES = Table(
    "simbad.identifiers",
    (
        Column("name", types.TEXT, ucd="meta.id;meta.main", description="A name of an object"),
        Column("ra", types.DOUBLE, "deg", "pos.eq.ra;meta.main", description="Right ascension"),
        Column("dec", types.DOUBLE, "deg", "pos.eq.dec;meta.main", description="Declination"),
    ),
    "Names of objects",
    indexes=(("name",),),
)
NAMES_SCHEMA = Schema("simbad", (NAMES,), "Names of objects")


@pytest.fixture(scope="module")
def named(test_cluster: ClusterForTests) -> Iterator[Sky]:
    with test_cluster.database() as database:
        database.publish([*SKY.tables, *NAMES_SCHEMA.tables], [SKY, NAMES_SCHEMA])
        rows = [
            NAMES.row(name="M 31", ra=10.68470833, dec=41.26875),
            NAMES.row(name="GJ 699", ra=269.452076958619, dec=4.69336496657667),
            NAMES.row(name="dark", ra=None, dec=None),
        ]
        with database.writer() as connection:
            copy_records(connection, NAMES, iter(rows))
            targets = SKY.tables[1]
            copy_records(connection, targets, iter([targets.row(id=1)]))
        yield Sky(database)


def test_names_are_looked_up_where_there_are_any(named: Sky) -> None:
    for name in ("M 31", " M  31", "m31", "M31"):
        assert named.one(f"ivo_simbadpoint('{name}')") == [10.68470833, 41.26875]
    assert named.one("DISTANCE(gavo_simbadpoint('GJ 699'), POINT(269.452, 4.693))") < 1e-3  # type: ignore[operator]
    plan = named.plan(
        "SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(ivo_simbadpoint('M 31'), 1))"
    )
    assert "stars_ra_dec_position_idx" in plan
    for name in ("an invalid identifier", "dark"):
        with pytest.raises(QueryFailed, match=f"no object is known here as '{name}'"):
            named.one(f"ivo_simbadpoint('{name}')")
    with pytest.raises(QueryError, match="in single quotes"):
        named.one("ivo_simbadpoint(name)")
    names = {function.name for function in offered_functions(named.database.catalogue)}
    assert {"ivo_simbadpoint", "gavo_simbadpoint"} <= names


def test_names_are_not_offered_elsewhere(sky: Sky) -> None:
    with pytest.raises(UnknownFunction, match=r"no table simbad\.identifiers"):
        sky.one("ivo_simbadpoint('M 31')")
    names = {function.name for function in offered_functions(Catalogue((SKY,)))}
    assert names == {function.name for function in FUNCTIONS} - {"ivo_simbadpoint", "gavo_simbadpoint"}


def test_the_databases_functions_are_safe(sky: Sky) -> None:
    """None runs as its owner, or text as SQL; those that catch errors alone may not run in parallel."""
    with sky.database.writer() as connection:
        rows = connection.execute(
            "SELECT proname, prosecdef, provolatile, proparallel, prosrc, has_function_privilege("
            " 'archive_reader', oid, 'EXECUTE') FROM pg_proc WHERE pronamespace = 'adql'::regnamespace"
        ).fetchall()
    assert len(rows) > 60
    for name, definer, volatility, parallel, source, callable_ in rows:
        assert not definer and callable_, name
        assert volatility in ("i", "s"), name
        assert parallel == "s" or "EXCEPTION" in source or "adql.polygon" in source or name == "region", name
    assert "EXECUTE " not in functions_sql()
