"""A position or region is searched through its index, whichever way round the question is put."""

from __future__ import annotations

import pytest

from tests.query.sky import Sky

STARS_INDEX = "stars_ra_dec_position_idx"
ROUNDED_INDEX = "stars_ra4_dec4_position_idx"
FIELDS_INDEX = "fields_s_region_region_idx"

CONES = [
    "1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 10, 20, 0.1))",
    "CONTAINS(POINT(ra, dec), CIRCLE(POINT(10, 20), 0.1)) = 1",
    "0 <> CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 0.1))",
    "CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 0.1)) >= 1",
    "INTERSECTS(POINT(ra, dec), CIRCLE(10, 20, 0.1)) = 1",
    "1 = INTERSECTS(CIRCLE(10, 20, 0.1), POINT(ra, dec))",
    "CONTAINS(POINT(10, 20), CIRCLE(ra, dec, 0.1)) = 1",
    "INTERSECTS(CIRCLE(ra, dec, 0.05), CIRCLE(10, 20, 0.05)) = 1",
    "CONTAINS(CIRCLE(ra, dec, 0.05), CIRCLE(10, 20, 0.15)) = 1",
    "DISTANCE(POINT(ra, dec), POINT(10, 20)) < 0.1",
    "DISTANCE(POINT(10, 20), POINT(ra, dec)) <= 0.1",
    "0.1 > DISTANCE(POINT(10, 20), POINT(ra, dec))",
    "6. / 60 >= DISTANCE(ra, dec, 10, 20)",
    "DISTANCE(10, 20, ra, dec) BETWEEN 0 AND 0.1",
    "DISTANCE(10, 20, ra, dec) BETWEEN 0.05 AND 0.1",
    "NOT DISTANCE(10, 20, ra, dec) > 0.1",
    "3600 * DISTANCE(ra, dec, 10, 20) < 360",
    "DISTANCE(ra, dec, 10, 20) * 60 * 60 < 360",
    "IN_UNIT(DISTANCE(ra, dec, 10, 20), 'arcsec') < 360",
    "1 = CONTAINS(POINT(ra, dec), POLYGON(9, 19, 9, 20, 10, 20))",
    "1 = CONTAINS(POINT(ra, dec), BOX(10, 20, 1, 1))",
    "1 = CONTAINS(POINT(ra, dec), REGION('CIRCLE ICRS 10 20 0.1'))",
    "1 = CONTAINS(POINT(ra, dec), REGION('UNION ICRS (CIRCLE 10 20 0.1 CIRCLE 50 20 0.1)'))",
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(ivo_epoch_prop_pos(10, 20, 5, 99, 9, 5, 2016, 2026), 0.1))",
    "DISTANCE(POINT(ra, dec), ivo_epoch_prop_pos(10, 20, 5, 99, 9, 5, 2016, 2026)) < 0.1",
    "1 = CONTAINS(POINT(ra, dec), ivo_geom_transform('GALACTIC', 'ICRS', CIRCLE(10, 20, 0.1)))",
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(ivo_geom_transform('GALACTIC', 'ICRS', POINT(10, 20)), 0.1))",
    "1 = CONTAINS(ivo_geom_transform('ICRS', 'GALACTIC', POINT(ra, dec)), CIRCLE(10, 20, 0.1))",
    "1 = CONTAINS(ivo_geom_transform('ICRS', 'FK4', POINT(ra, dec)), BOX(10, 20, 0.1, 0.1))",
    "DISTANCE(ivo_geom_transform('ICRS', 'GALACTIC', POINT(ra, dec)), POINT(10, 20)) < 0.1",
    "uraniborg_distance(POINT(ra, dec), POLYGON(9, 19, 9, 20, 10, 20)) < 0.1",
    "DISTANCE(REGION('UNION (CIRCLE 10 20 0.1 CIRCLE 11 20 0.1)'), POINT(ra, dec)) < 0.1",
    "mag < 99 AND (1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 0.1)) AND id > 0)",
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 0.1)) OR 1 = CONTAINS(POINT(ra, dec), CIRCLE(9, 20, 0.1))",
]


@pytest.mark.parametrize("condition", CONES)
def test_cones_use_the_index(sky: Sky, condition: str) -> None:
    plan = sky.plan(f"SELECT * FROM sky.stars WHERE {condition}")
    assert STARS_INDEX in plan
    assert "Seq Scan" not in plan


def test_every_published_pair_has_its_index(sky: Sky) -> None:
    plan = sky.plan("SELECT * FROM sky.stars WHERE 1 = CONTAINS(POINT(ra4, dec4), CIRCLE(10, 20, 0.1))")
    assert ROUNDED_INDEX in plan


def test_positions_are_followed_through_subqueries(sky: Sky) -> None:
    inner = "(SELECT ra AS x, dec AS y, id FROM sky.stars)"
    plan = sky.plan(f"SELECT id FROM {inner} AS s WHERE DISTANCE(s.x, s.y, 10, 20) < 0.1")
    assert STARS_INDEX in plan
    plan = sky.plan(
        "WITH near AS (SELECT * FROM sky.stars) SELECT id FROM near WHERE DISTANCE(ra, dec, 10, 20) < 0.1"
    )
    assert STARS_INDEX in plan


JOINS = [
    "1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(t.lon, t.lat, 0.01))",
    "CONTAINS(POINT(t.lon, t.lat), CIRCLE(s.ra, s.dec, 0.01)) = 1",
    "DISTANCE(POINT(s.ra, s.dec), POINT(t.lon, t.lat)) < 0.01",
    "0.01 >= DISTANCE(POINT(t.lon, t.lat), POINT(s.ra, s.dec))",
    "1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(t.lon, t.lat, t.radius))",
    "DISTANCE(POINT(t.lon, t.lat), POINT(s.ra, s.dec)) < t.radius",
    "DISTANCE(ivo_epoch_prop_pos(t.lon, t.lat, 1, 2, 3, 4, 2016, 2020), POINT(s.ra, s.dec)) < 0.01",
    "1 = CONTAINS(POINT(s.ra, s.dec), gavo_transform('GALACTIC', 'ICRS', CIRCLE(t.lon, t.lat, 0.01)))",
    "1 = INTERSECTS(CIRCLE(s.ra, s.dec, 0.01), CIRCLE(t.lon, t.lat, 0.02))",
]


@pytest.mark.parametrize("condition", JOINS)
@pytest.mark.parametrize(
    "tables", ["sky.stars AS s JOIN sky.targets AS t", "sky.targets AS t JOIN sky.stars AS s"]
)
def test_joins_search_the_larger_table(sky: Sky, tables: str, condition: str) -> None:
    plan = sky.plan(f"SELECT * FROM {tables} ON {condition}")
    assert STARS_INDEX in plan
    assert "Seq Scan on stars" not in plan


def test_left_joins_search_the_right_table(sky: Sky) -> None:
    plan = sky.plan(
        "SELECT * FROM sky.targets AS t LEFT JOIN sky.stars AS s"
        " ON DISTANCE(s.ra, s.dec, t.lon, t.lat) < 0.01"
    )
    assert STARS_INDEX in plan


def test_correlated_subqueries_use_the_index(sky: Sky) -> None:
    plan = sky.plan(
        "SELECT name FROM sky.targets AS t WHERE EXISTS (SELECT * FROM sky.stars AS s WHERE"
        " DISTANCE(s.ra, s.dec, t.lon, t.lat) < 0.01)"
    )
    assert STARS_INDEX in plan


REGIONS = [
    "0.1 > uraniborg_distance(POINT(10, 20), s_region)",
    "1 = CONTAINS(ivo_geom_transform('GALACTIC', 'ICRS', POINT(10, 20)), s_region)",
    "1 = INTERSECTS(ivo_geom_transform('ICRS', 'GALACTIC', s_region), CIRCLE(10, 20, 1))",
    "1 = INTERSECTS(s_region, CIRCLE(10, 20, 0.1))",
    "INTERSECTS(CIRCLE(10, 20, 0.1), s_region) = 1",
    "1 = INTERSECTS(s_region, POLYGON(9, 19, 9, 20, 10, 20))",
    "1 = INTERSECTS(s_region, POINT(10, 20))",
    "1 = CONTAINS(POINT(10, 20), s_region)",
    "1 = CONTAINS(CIRCLE(10, 20, 0.1), s_region)",
    "1 = CONTAINS(s_region, CIRCLE(10, 20, 2))",
    "1 = CONTAINS(s_region, BOX(10, 20, 2, 2))",
    "DISTANCE(s_region, POINT(10, 20)) < 0.1",
    "0.1 > DISTANCE(POINT(10, 20), s_region)",
]


@pytest.mark.parametrize("condition", REGIONS)
def test_regions_use_the_index(sky: Sky, condition: str) -> None:
    plan = sky.plan(f"SELECT name FROM sky.Fields WHERE {condition}")
    assert FIELDS_INDEX in plan
    assert "Seq Scan" not in plan
    within = sky.plan(f"SELECT name FROM (SELECT * FROM sky.Fields) AS f WHERE {condition}")
    assert FIELDS_INDEX in within


def test_joins_of_regions(sky: Sky) -> None:
    plan = sky.plan(
        "SELECT * FROM sky.Fields AS a JOIN sky.Fields AS b ON 1 = INTERSECTS(a.s_region, b.s_region)"
    )
    assert FIELDS_INDEX in plan
    stars_in_fields = "1 = CONTAINS(POINT(s.ra, s.dec), f.s_region)"
    plan = sky.plan(f"SELECT * FROM sky.stars AS s JOIN sky.Fields AS f ON {stars_in_fields}")
    assert STARS_INDEX in plan or FIELDS_INDEX in plan
    few = "(SELECT * FROM sky.Fields WHERE name = 'circle')"
    plan = sky.plan(f"SELECT s.id FROM sky.stars AS s JOIN {few} AS f ON {stars_in_fields}")
    assert STARS_INDEX in plan
    targets = "1 = CONTAINS(POINT(t.lon, t.lat), f.s_region)"
    plan = sky.plan(f"SELECT t.id FROM sky.targets AS t JOIN sky.Fields AS f ON {targets}")
    assert FIELDS_INDEX in plan
