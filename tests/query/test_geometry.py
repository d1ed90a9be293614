"""Geometry against known answers: poles, RA 0, antipodes, milliarcseconds, and places that are none."""

from __future__ import annotations

import math
import random

import pytest

from archive.declare.sphere import distance, vector
from archive.errors import QueryError
from tests.query.sky import MAS, NOWHERE, PLACES, REGIONS, STAR_COUNT, Sky, star_positions

POSITIONS = star_positions()
CONES = [
    (10.0, 20.0, 3.0),
    (0.0, 0.0, 2.5),
    (0.0, 90.0, 4.0),
    (77.0, -90.0, 4.0),
    (359.999, 10.0, 3.0),
    (263.633212, -22.01446, 0.001),
    (120.0, 45.0, 60.0),
    (120.0, 45.0, 90.0),
    (120.0, 45.0, 120.0),
    (120.0, 45.0, 180.0),
    (120.0, 45.0, 500.0),
]


def within(lon: float, lat: float, radius: float) -> set[object]:
    centre = vector(lon, lat)
    limit = math.radians(radius)
    return {i for i, place in enumerate(POSITIONS) if distance(centre, vector(*place)) <= limit}


@pytest.mark.parametrize(("lon", "lat", "radius"), CONES)
def test_a_cone_is_what_lies_in_it(sky: Sky, lon: float, lat: float, radius: float) -> None:
    expected = within(lon, lat, radius)
    for condition in (
        f"1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {lon}, {lat}, {radius}))",
        f"INTERSECTS(CIRCLE({lon}, {lat}, {radius}), POINT(ra, dec)) = 1",
        f"DISTANCE(POINT(ra, dec), POINT({lon}, {lat})) <= {radius}",
        f"{radius} >= DISTANCE({lon}, {lat}, ra, dec)",
        f"DISTANCE(ra, dec, {lon}, {lat}) BETWEEN 0 AND {radius}",
        f"DISTANCE(ra, dec, {lon}, {lat}) * 60 < {radius * 60 * (1 + 1e-9)}",
        f"CONTAINS(POINT(ra, dec), CIRCLE({lon}, {lat}, {radius})) > 0",
    ):
        assert sky.ids(condition) == expected, condition
    outside = set(range(len(POSITIONS))) - expected
    assert sky.ids(f"0 = CONTAINS(POINT(ra, dec), CIRCLE({lon}, {lat}, {radius}))") == outside
    assert sky.ids(f"DISTANCE(ra, dec, {lon}, {lat}) > {radius}") == outside


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_cone_is_right_to_a_milliarcsecond(sky: Sky, place: tuple[float, float]) -> None:
    lon, lat = place
    up = lat - 2 * MAS if lat > 0 else lat + 2 * MAS
    number = STAR_COUNT + list(PLACES.values()).index(place)
    assert number in sky.ids(f"DISTANCE(ra, dec, {lon!r}, {up!r}) < {3 * MAS!r}")
    assert number not in sky.ids(f"DISTANCE(ra, dec, {lon!r}, {up!r}) < {1 * MAS!r}")
    assert number in sky.ids(f"1 = CONTAINS(POINT(ra, dec), CIRCLE({lon!r}, {up!r}, {3 * MAS!r}))")
    assert number not in sky.ids(f"1 = CONTAINS(POINT(ra, dec), CIRCLE({lon!r}, {up!r}, {1 * MAS!r}))")


def test_distances(sky: Sky) -> None:
    for a, b in [
        ((0, 0), (180, 0)),
        ((10, 20), (190, -20)),
        ((10, 20), (190, -20 + MAS)),
        ((0, 90), (123, -90)),
        ((359.9999, 0), (0.0001, 0)),
        ((45, 89.9999), (225, 89.9999)),
        ((10, 20), (10, 20 + MAS)),
        ((10, 20), (10, 20 + 0.01 / 3600)),
        ((10, 20), (99, -70)),
    ]:
        expected = math.degrees(distance(vector(*a), vector(*b)))
        got = sky.one(f"DISTANCE({a[0]!r}, {a[1]!r}, {b[0]!r}, {b[1]!r})")
        assert isinstance(got, float)
        assert got == pytest.approx(expected, rel=1e-12, abs=0.2 * MAS)
        assert sky.one(f"DISTANCE(POINT({a[0]!r}, {a[1]!r}), POINT({b[0]!r}, {b[1]!r}))") == got


def test_what_is_no_position_matches_nothing(sky: Sky) -> None:
    numbers = {STAR_COUNT + len(PLACES) + i for i in range(len(NOWHERE))}
    for condition in (
        "1 = CONTAINS(POINT(ra, dec), CIRCLE(0, 0, 180))",
        "0 = CONTAINS(POINT(ra, dec), CIRCLE(0, 0, 10))",
        "DISTANCE(ra, dec, 0, 0) >= 0",
        "1 = INTERSECTS(POINT(ra, dec), REGION('ALLSKY'))",
        "POINT(ra, dec) IS NOT NULL",
    ):
        assert not sky.ids(condition) & numbers, condition
    published = sky.ask(f"SELECT ra, dec FROM sky.stars WHERE id = {STAR_COUNT + len(PLACES)}")
    assert published == [(-596.5, -596.5)]
    assert sky.ids("POINT(ra, dec) IS NULL") == numbers


def test_null_in_null_out(sky: Sky) -> None:
    for expression in (
        "CONTAINS(NULL, CIRCLE(1, 2, 3))",
        "CONTAINS(POINT(NULL, 1), CIRCLE(1, 2, 3))",
        "INTERSECTS(POINT(1, 2), CIRCLE(1, 2, NULL))",
        "INTERSECTS(REGION('CIRCLE 1 2 3'), NULL)",
        "DISTANCE(POINT(1, NULL), POINT(1, 2))",
        "AREA(CIRCLE(1, NULL, 3))",
        "AREA(POLYGON(1, 1, 1, 2, 2, NULL))",
        "COORD1(POINT(NULL, 2))",
        "COORDSYS(POINT(NULL, 2))",
        "CENTROID(POLYGON(1, 1, 1, 2, NULL, 2))",
        "POINT(NULL, NULL)",
        "CIRCLE(1, 2, NULL)",
        "BOX(1, 2, NULL, 3)",
        "CAST(NULL AS POINT)",
    ):
        assert sky.one(expression) is None, expression


def test_pairs_within_a_distance(sky: Sky) -> None:
    expected = {
        (target, star) for target, place in enumerate(PLACES.values()) for star in within(*place, 1.5)
    }
    for condition in (
        "DISTANCE(POINT(s.ra, s.dec), POINT(t.lon, t.lat)) < 1.5",
        "1.5 > DISTANCE(POINT(t.lon, t.lat), POINT(s.ra, s.dec))",
        "1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(t.lon, t.lat, 1.5))",
        "CONTAINS(POINT(t.lon, t.lat), CIRCLE(s.ra, s.dec, 1.5)) = 1",
        "INTERSECTS(CIRCLE(t.lon, t.lat, 1), CIRCLE(s.ra, s.dec, 0.5)) = 1",
    ):
        for tables in ("sky.stars AS s JOIN sky.targets AS t", "sky.targets AS t JOIN sky.stars AS s"):
            assert set(sky.ask(f"SELECT t.id, s.id FROM {tables} ON {condition}")) == expected, condition


def test_radius_in_a_column(sky: Sky) -> None:
    expected = {
        (target, star) for target, place in enumerate(PLACES.values()) for star in within(*place, target / 2)
    }
    query = "SELECT t.id, s.id FROM sky.targets AS t, sky.stars AS s WHERE {}"
    assert (
        set(sky.ask(query.format("1=CONTAINS(POINT(s.ra, s.dec), CIRCLE(t.lon, t.lat, t.radius))")))
        == expected
    )
    assert set(sky.ask(query.format("DISTANCE(s.ra, s.dec, t.lon, t.lat) <= t.radius"))) == expected


def test_radius_in_a_column_beyond_a_hemisphere(sky: Sky) -> None:
    expected = {
        (target, star)
        for target, place in enumerate(PLACES.values())
        for star in within(*place, target * 20)
        if star in range(500)
    }
    query = "SELECT t.id, s.id FROM sky.targets t, sky.stars s WHERE s.id < 500 AND {}"
    for condition in (
        "1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(t.lon, t.lat, t.radius * 40))",
        "DISTANCE(s.ra, s.dec, t.lon, t.lat) <= t.radius * 40",
    ):
        assert set(sky.ask(query.format(condition))) == expected


def test_polygons_against_their_vertices(sky: Sky) -> None:
    inside = "1 = CONTAINS(POINT(ra, dec), {})"
    both = [
        sky.ids(inside.format("POLYGON(9, 19, 9, 21, 11, 21, 11, 19)")),
        sky.ids(inside.format("POLYGON(11, 19, 11, 21, 9, 21, 9, 19)")),
        sky.ids(inside.format("POLYGON('ICRS', 9, 19, 9, 21, 11, 21, 11, 19, 9, 19)")),
        sky.ids(inside.format("POLYGON(POINT(9, 19), POINT(9, 21), POINT(11, 21), POINT(11, 19))")),
        sky.ids(inside.format("REGION('POLYGON ICRS 9 19 9 21 11 21 11 19')")),
        sky.ids(inside.format("CAST('9 19 9 21 11 21 11 19' AS POLYGON)")),
        sky.ids(
            "POINT(ra, dec) IS NOT NULL AND 1 <> CONTAINS(POINT(ra, dec), POLYGON(9,19,9,21,11,21,11,19))"
        ),
    ]
    *same, others = both
    assert all(found == same[0] for found in same)
    assert others == set(range(len(POSITIONS))) - same[0]


def test_a_polygon_round_the_pole(sky: Sky) -> None:
    cap = "POLYGON(0, 80, 90, 80, 180, 80, 270, 80)"
    assert sky.one(f"CONTAINS(POINT(123, 90), {cap})") == 1
    assert sky.one(f"CONTAINS(POINT(123, -90), {cap})") == 0
    assert sky.one(f"CONTAINS(POINT(45, 83.1), {cap})") == 1  # beyond the great circle through two corners
    assert sky.one(f"CONTAINS(POINT(45, 82.8), {cap})") == 0


def test_a_box_is_made_of_great_circles(sky: Sky) -> None:
    # Of a cross at 60 degrees the upper corners lie lower than its top, and farther out in RA.
    assert sky.one("CONTAINS(POINT(10, 64.9999), BOX(10, 60, 20, 10))") == 1
    assert sky.one("CONTAINS(POINT(10, 65.0001), BOX(10, 60, 20, 10))") == 0
    east = 10 + math.degrees(math.atan2(math.sin(math.radians(10)), math.cos(math.radians(10)) * 0.5))
    north = math.degrees(math.asin(math.sin(math.radians(60)) * math.cos(math.radians(10))))
    assert sky.one(f"CONTAINS(POINT({east - 1e-5}, {north}), BOX(10, 60, 20, 10))") == 1
    assert sky.one(f"CONTAINS(POINT({east + 1e-5}, {north}), BOX(10, 60, 20, 10))") == 0
    corners = sky.one("BOX('ICRS', POINT(10, 60), 20, 10)")
    ((from_columns,),) = sky.ask(
        "SELECT BOX(n + 9, 59 + n, 19 + n, 9 + n) FROM sky.targets WHERE name = 'north pole'"
    )
    assert corners == pytest.approx(from_columns, abs=1e-12)


def test_areas_and_centroids(sky: Sky) -> None:
    assert sky.one("AREA(CIRCLE(10, 20, 90))") == pytest.approx(2 * math.pi * (180 / math.pi) ** 2)
    assert sky.one("AREA(CIRCLE(10, 20, 0.001))") == pytest.approx(math.pi * 1e-6, rel=1e-9)
    assert sky.one("AREA(POLYGON(0, 0, 90, 0, 0, 90))") == pytest.approx(math.pi / 2 * (180 / math.pi) ** 2)
    assert sky.one("AREA(POLYGON(10, 0, 10.0001, 0, 10.0001, 0.0001, 10, 0.0001))") == pytest.approx(
        1e-8, rel=1e-6
    )
    assert sky.one("AREA(POINT(1, 2))") == 0
    assert sky.one("CENTROID(CIRCLE(10, 20, 3))") == [10, 20]
    assert sky.one("CENTROID(BOX(350, 60, 1, 1))") == pytest.approx([350, 60])
    assert sky.one("COORD1(CENTROID(POLYGON(359, -1, 359, 1, 1, 1, 1, -1)))") == pytest.approx(0, abs=1e-9)
    assert sky.one("COORD2(POINT(10, 20))") == 20
    assert sky.one("COORDSYS(CIRCLE(10, 20, 3))") == "ICRS"


def test_shapes_in_columns(sky: Sky) -> None:
    rows = {
        row[0]: row[1:]
        for row in sky.ask(
            "SELECT name, AREA(o), AREA(c), CONTAINS(p, o), CONTAINS(p, c), CENTROID(o), COORD1(p)"
            " FROM sky.shapes"
        )
    }
    assert rows["square"][0] == pytest.approx(3.7588, abs=1e-3)
    assert rows["square"][1] == pytest.approx(math.pi, rel=1e-4)
    assert rows["square"][2:4] == (1, 1)
    assert rows["square"][4] == pytest.approx([10, 20], abs=0.01)  # a little off: its sides are great circles
    assert rows["closed"][0] == pytest.approx(rows["square"][0])
    assert rows["closed"][2:4] == (0, 1)
    assert rows["crossed"][2:4] == (None, None)
    assert rows["empty"] == (None, None, None, None, None, None)
    assert sky.names("1 = INTERSECTS(o, CIRCLE(12, 20, 1.1))", "sky.shapes") == {"square", "closed"}
    # In RA the square reaches 0.94 degrees from its centre only.
    assert sky.names("1 = CONTAINS(c, o)", "sky.shapes") == set()
    assert sky.names("1 = CONTAINS(CIRCLE(p, 0.93), o)", "sky.shapes") == {"square"}
    assert sky.names("DISTANCE(p, POINT(10, 21)) < 1.1", "sky.shapes") == {"square"}
    assert sky.ask("SELECT CAST(c AS VARCHAR) FROM sky.shapes WHERE name = 'square'") == [("10 20 1",)]
    assert sky.names("1 = CONTAINS(POINT(9.2, 20), CAST(text AS POLYGON))", "sky.shapes") == {"square"}


INTERSECTING = [
    ("CIRCLE(10, 20, 0.1)", {"square"}),
    ("CIRCLE(12, 20, 0.9)", set()),
    ("CIRCLE(12, 20, 1.0)", {"square"}),
    ("CIRCLE(100, 0, 0.05)", set()),
    ("CIRCLE(100, 0, 0.2)", {"two chips"}),
    ("POINT(100, 0)", set()),
    ("POINT(99.5, 0.5)", {"two chips"}),
    ("POINT(150, 2)", {"spectrum"}),
    ("CIRCLE(150, 2.1, 0.1001)", {"spectrum"}),
    ("POINT(0, -30)", {"over RA 0"}),
    ("CIRCLE(0, 90, 1)", {"north cap"}),
    ("POLYGON(199, -45, 201, -45, 200, -40)", {"circle"}),
    ("POLYGON(98, -2, 98, 2, 102, 2, 102, -2)", {"two chips"}),
    ("BOX(50, 20, 0.1, 0.1)", {"clockwise square"}),
    ("REGION('UNION ICRS (POSITION 150 2 CIRCLE 10 20 1)')", {"square", "spectrum"}),
    ("REGION('circle 200 -45 0.1')", {"circle"}),
    ("CIRCLE(10, 20, 95)", {"square", "clockwise square", "two chips", "over RA 0", "north cap"}),
    (
        "CIRCLE(10, 20, 180)",
        {"square", "clockwise square", "two chips", "circle", "spectrum", "over RA 0", "north cap"},
    ),
]


@pytest.mark.parametrize(("shape", "expected"), INTERSECTING, ids=[shape for shape, _ in INTERSECTING])
def test_regions_that_meet_a_shape(sky: Sky, shape: str, expected: set[object]) -> None:
    found = sky.names(f"1 = INTERSECTS(s_region, {shape})")
    assert sky.names(f"INTERSECTS({shape}, s_region) <> 0") == found
    # The same when only the text is known.
    plain = "(SELECT DISTINCT name, s_region FROM sky.Fields WHERE name NOT LIKE 'random%') AS f"
    assert sky.names(f"1 = INTERSECTS(f.s_region, {shape})", plain) | {"all the sky"} == found
    assert found == expected | {"all the sky"}


CONTAINING = [
    ("CONTAINS(s_region, CIRCLE(10, 20, 2)) = 1", {"square"}),
    ("CONTAINS(s_region, CIRCLE(10, 20, 1.3)) = 1", set()),
    ("CONTAINS(s_region, POLYGON(98, -2, 98, 2, 102, 2, 102, -2)) = 1", {"two chips"}),
    ("CONTAINS(s_region, POLYGON(98, -2, 98, 2, 100, 2, 100, -2)) = 1", set()),
    (
        "CONTAINS(s_region, CIRCLE(10, 20, 100)) = 1",
        {"square", "clockwise square", "two chips", "over RA 0", "north cap"},
    ),
    ("CONTAINS(POINT(100.5, 0), s_region) = 1", {"two chips", "all the sky"}),
    ("CONTAINS(POINT(100, 0), s_region) = 1", {"all the sky"}),
    (
        "CONTAINS(POINT(100, 0), s_region) = 0",
        {"square", "clockwise square", "two chips", "circle", "spectrum", "over RA 0", "north cap"},
    ),
    ("CONTAINS(CIRCLE(99.5, 0, 0.3), s_region) = 1", {"two chips", "all the sky"}),
    ("CONTAINS(CIRCLE(200, -45, 1.999), s_region) = 1", {"circle", "all the sky"}),
    ("CONTAINS(CIRCLE(200, -45, 2.001), s_region) = 1", {"all the sky"}),
    ("CONTAINS(POLYGON(9.1, 19.1, 9.1, 19.2, 9.2, 19.2), s_region) = 1", {"square", "all the sky"}),
]


@pytest.mark.parametrize(("condition", "expected"), CONTAINING)
def test_regions_inside_and_outside(sky: Sky, condition: str, expected: set[object]) -> None:
    assert sky.names(condition) == expected


def test_regions_of_two_tables(sky: Sky) -> None:
    pairs = sky.ask(
        "SELECT a.name, b.name FROM sky.Fields AS a JOIN sky.Fields AS b"
        " ON 1 = INTERSECTS(a.s_region, b.s_region)"
        " WHERE a.name NOT LIKE 'random%' AND b.name NOT LIKE 'random%' AND a.name < b.name"
    )
    assert {b if a == "all the sky" else None for a, b in pairs} == {
        "circle",
        "clockwise square",
        "north cap",
        "over RA 0",
        "spectrum",
        "square",
        "two chips",
    }
    within_itself = sky.ask(
        "SELECT a.name FROM sky.Fields a, sky.Fields b WHERE a.name = b.name AND a.name NOT LIKE 'random%'"
        " AND CONTAINS(a.s_region, b.s_region) = 1"
    )
    # A point contains nothing, and halves of the sky lie in themselves; "nothing" has no region.
    assert {name for (name,) in within_itself} == REGIONS.keys() - {"nothing"}


def test_a_radius_in_a_column_is_as_good_as_a_number(sky: Sky) -> None:
    """The radius n * 25 of nine targets: from 0 to 200 degrees."""
    questions = [
        "INTERSECTS(f.s_region, CIRCLE({c}, {r}))",
        "CONTAINS(f.s_region, CIRCLE({c}, {r}))",
        "CONTAINS(CIRCLE({c}, {r}), f.s_region)",
        "INTERSECTS(CIRCLE({c}, {r}), POLYGON(80, 20, 90, 20, 85, 25))",
        "CONTAINS(POLYGON(80, 20, 90, 20, 85, 25), CIRCLE({c}, {r}))",
        "CONTAINS(CIRCLE({c}, {r}), POLYGON(80, 20, 90, 20, 85, 25))",
        "CONTAINS(CIRCLE({c}, {r}), CIRCLE(0, 0, 95))",
        "CONTAINS(CIRCLE(83, 22, 1), CIRCLE({c}, {r}))",
        "INTERSECTS(CIRCLE({c}, {r}), CIRCLE(120, -40, 5))",
        "CONTAINS(POINT(83, 22), CIRCLE({c}, {r}))",
    ]
    few = "(SELECT name, s_region FROM sky.Fields WHERE name NOT LIKE 'random%') AS f"
    for question in questions:
        in_columns = sky.ask(
            f"SELECT t.id, f.name, {question.format(c='t.lon, t.lat', r='t.n * 25')}"
            f" FROM sky.targets AS t, {few} WHERE t.id < 9"
        )
        for number, (lon, lat) in enumerate(PLACES.values()):
            written = question.format(c=f"{lon!r}, {lat!r}", r=25 * number)
            in_numbers = sky.ask(f"SELECT {number}, f.name, {written} FROM {few}")
            assert {row for row in in_columns if row[0] == number} == set(in_numbers), written


def test_measures_of_regions(sky: Sky) -> None:
    rows = {
        name: (area, centre, near)
        for name, area, centre, near in sky.ask(
            "SELECT name, AREA(s_region), CENTROID(s_region), DISTANCE(s_region, POINT(12, 20))"
            " FROM sky.Fields WHERE name NOT LIKE 'random%'"
        )
    }
    assert rows["all the sky"][0] == pytest.approx(4 * math.pi * (180 / math.pi) ** 2)
    assert rows["two chips"][0] == pytest.approx(2 * 0.9 * 2, rel=1e-3)
    assert rows["two chips"][1] == pytest.approx([100, 0], abs=1e-6)
    assert rows["circle"][1] == pytest.approx([200, -45])
    assert rows["square"][2] == pytest.approx(0.9396, abs=1e-3)
    assert rows["all the sky"][2] == 0
    assert rows["nothing"] == (None, None, None)
    assert sky.names("DISTANCE(s_region, POINT(12, 20)) < 0.95") == {"square", "all the sky"}
    assert sky.names("DISTANCE(POINT(12, 20), s_region) < 0.93") == {"all the sky"}


def test_random_shapes_agree_whichever_way_they_are_asked(sky: Sky) -> None:
    """A circle of stars found through POLYGON constants equals the one found through columns."""
    source = random.Random(7)
    for _ in range(20):
        lon, lat, size = source.uniform(0, 360), source.uniform(-85, 85), source.uniform(0.5, 4)
        box = f"BOX({lon}, {lat}, {size}, {size / 2})"
        corners = sky.one(box)
        assert isinstance(corners, list)
        polygon = f"POLYGON({', '.join(map(repr, corners))})"
        points = [f"POINT({x!r} + 0 * ra, {y!r})" for x, y in zip(corners[::2], corners[1::2], strict=True)]
        expected = sky.ids(f"1 = CONTAINS(POINT(ra, dec), {box})")
        assert sky.ids(f"1 = CONTAINS(POINT(ra, dec), {polygon})") == expected
        near = f"DISTANCE(ra, dec, {lon}, {lat}) < 5 AND "
        assert sky.ids(f"{near} 1 = CONTAINS(POINT(ra, dec), POLYGON({', '.join(points)}))") == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("POINT(10, 91)", "no latitude 91"),
        ("CIRCLE(10, 20, -1)", "negative"),
        ("POLYGON(0, 0, 10, 10, 10, 0, 0, 10)", "crosses or touches itself"),
        ("POLYGON(POINT(0, 0), 1, 2, 3, 4, 5)", "not a geometry"),
        ("POLYGON(0, 0, 10, 10, 0, 0)", "three"),
        ("BOX(10, 20, 200, 1)", "180"),
        ("POINT('FK4', 1, 2)", "FK4"),
        ("BOX('GALACTIC', 1, 2, 3, 4)", "axes of ICRS"),
        ("REGION('DODECAHEDRON 1 2')", "DODECAHEDRON"),
        ("CONTAINS(CIRCLE(1, 2, 3), POINT(1, 2))", "contains nothing"),
        ("DISTANCE(CIRCLE(1, 2, 3), CIRCLE(1, 2, 3))", "needs a point"),
        ("AREA(5)", "not a geometry"),
        ("CAST('1 2 x' AS CIRCLE)", "numbers"),
        ("CAST('1 99' AS POINT)", "sky"),
    ],
)
def test_what_is_no_geometry_is_refused(sky: Sky, expression: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        sky.one(expression)


def test_galactic_literals_are_rotated(sky: Sky) -> None:
    assert sky.one("DISTANCE(POINT('GALACTIC', 0, 0), POINT(266.40499, -28.93617))") < 1e-4  # type: ignore[operator]
    assert sky.one("CONTAINS(POINT(192.85948, 27.12825), CIRCLE('GALACTIC', 0, 90, 0.001))") == 1


@pytest.mark.parametrize(
    "region",
    [
        "CIRCLE ICRS 10 20 3",
        "POLYGON ICRS 9 19 9 21 11 21 11 19",
        "UNION ICRS (POSITION 83.633212 22.01446 CIRCLE 0 90 4 BOX 200 -45 6 4)",
        "CIRCLE GALACTIC 120 60 5",
        "POLYGON ICRS 0 0 90 0 180 0 270 10",
        "ALLSKY",
    ],
)
def test_a_computed_region_is_searched_outside_its_query(sky: Sky, region: str) -> None:
    direct = sky.ids(f"1 = CONTAINS(POINT(ra, dec), REGION('{region}'))")
    assert direct
    outside = sky.ask(
        f"SELECT s.id FROM (SELECT TOP 1 REGION('{region}') AS r FROM sky.targets) AS q, sky.stars AS s"
        " WHERE 1 = CONTAINS(POINT(s.ra, s.dec), q.r)"
    )
    assert {row[0] for row in outside} == direct


def test_a_polygon_may_have_columns_for_a_hundred_corners(sky: Sky) -> None:
    ring = ", ".join(
        f"lon + {10 * math.cos(math.radians(turn))!r}, lat + {10 * math.sin(math.radians(turn))!r}"
        for turn in range(0, 360, 3)
    )
    found = sky.ask(f"SELECT name FROM sky.targets WHERE 1 = CONTAINS(POINT(lon, lat), POLYGON({ring}))")
    assert {row[0] for row in found} >= {"origin", "antipode", "plain", "its antipode"}
