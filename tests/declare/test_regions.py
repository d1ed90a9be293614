"""Regions: what text is read, what is repaired, and how large it all is."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.declare.regions import Polygon, Region, box_polygon, parse_region, repaired
from archive.declare.sphere import cross, distance, dot, lonlat, signed_area, unit, vector
from archive.errors import UsageError
from tests.declare.outlines import LATITUDES, LONGITUDES, convex_outlines, scribbles

WHOLE_SKY = 4.0 * math.pi * math.degrees(1.0) ** 2


@pytest.mark.parametrize(
    ("text", "stcs"),
    [
        ("POSITION ICRS 10.5 -20", "POSITION ICRS 10.5 -20"),
        ("Position J2000 10.5 -20", "POSITION ICRS 10.5 -20"),
        ("point 10.5 -20", "POSITION ICRS 10.5 -20"),
        ("CIRCLE ICRS 1 2 0.5", "CIRCLE ICRS 1 2 0.5"),
        ("circle 1 2 5e-1", "CIRCLE ICRS 1 2 0.5"),
        ("Circle ICRS TOPOCENTER SPHERICAL2 1 2 .5 unit deg", "CIRCLE ICRS 1 2 0.5"),
        ("Circle FK5 -10 2 1", "CIRCLE ICRS 350 2 1"),
        ("POLYGON ICRS 1 2 3 4 5 3", "POLYGON ICRS 1 2 3 4 5 3"),
        ("polygon 1 2 3 4 5 3 1 2", "POLYGON ICRS 1 2 3 4 5 3"),
        ("polygon 1,2, 3,4, 5,3", "POLYGON ICRS 1 2 3 4 5 3"),
        ("POLYGON J2000 GEOCENTER 0 0 360 1 359 1", "POLYGON ICRS 0 0 0 1 359 1"),
        ("BOX ICRS 10 0 2 4", "POLYGON ICRS 9 -1.99969564 9 1.99969564 11 1.99969564 11 -1.99969564"),
        ("ALLSKY ICRS", "UNION ICRS (CIRCLE 0 90 90 CIRCLE 0 -90 90)"),
        ("UNION ICRS (CIRCLE 1 2 3 POSITION 4 5)", "UNION ICRS (POSITION 4 5 CIRCLE 1 2 3)"),
        ("Union ICRS ( Circle 1 2 3 Union ( Circle 4 5 6 ) )", "UNION ICRS (CIRCLE 1 2 3 CIRCLE 4 5 6)"),
        (
            "POLYGON ICRS 0 0 0 1 1 1 POLYGON ICRS 2 0 2 1 3 1",
            "UNION ICRS (POLYGON 0 0 0 1 1 1 POLYGON 2 0 2 1 3 1)",
        ),
        ("POSITION GALACTIC 0 0", "POSITION ICRS 266.4049948 -28.93617396"),
        ("UNION GALACTIC (POSITION 0 90)", "POSITION ICRS 192.85948 27.12825"),
        ("range 10 10.05 -90 -89", "POLYGON ICRS 10 -90 10 -89 10.05 -89"),
        ("CIRCLE ICRS 1.123456789 -0.000000001 1e-8", "CIRCLE ICRS 1.12345679 0 0.00000001"),
        ("POSITION ICRS 359.999999999 0", "POSITION ICRS 0 0"),
    ],
)
def test_text_that_is_read(text: str, stcs: str) -> None:
    assert parse_region(text).stcs() == stcs
    assert parse_region(stcs).stcs() == stcs


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("UNION ICRS ()", "empty"),
        ("10 20 30", "no shape"),
        ("ELLIPSE ICRS 1 2 3 4 5", "ELLIPSE"),
        ("NOT (CIRCLE 1 2 3)", "NOT"),
        ("CIRCLE ECLIPTIC 1 2 3", "frame ECLIPTIC is not known"),
        ("CIRCLE FK4 1 2 3", "frame FK4 is not known"),
        ("CIRCLE ICRS CARTESIAN2 1 2 3", "CARTESIAN2"),
        ("CIRCLE ICRS 1 2", "longitude, latitude and radius"),
        ("POSITION ICRS 1", "longitude and latitude"),
        ("POSITION ICRS 1 2 UNIT arcsec", "degrees only"),
        ("POLYGON ICRS 1 2 3 4 5", "without latitude"),
        ("POLYGON ICRS 1 2 3 4", "encloses nothing"),
        ("POLYGON ICRS 1 2 3 4 1 2", "three different"),
        ("CIRCLE ICRS 1 91 3", "no position"),
        ("CIRCLE ICRS 1 2 -3", "radius of -3"),
        ("CIRCLE ICRS 1 2 100", "radius of 100"),
        ("CIRCLE ICRS nan 2 1", "NAN"),
        ("CIRCLE ICRS 1 2 1e999", "radius of inf"),
        ("BOX ICRS 1 2 0 1", "box cannot"),
        ("RANGE 10 10 1 2", "enclose nothing"),
        ("UNION ICRS CIRCLE 1 2 3", "parentheses"),
        ("UNION ICRS (CIRCLE 1 2 3", "too early"),
        ("CIRCLE ICRS 1 2 3)", "no shape"),
        ("CIRCLE ICRS 1;2;3", "cannot read ';2;3'"),
        ("CIRCLE ICRS 12h30m 2 3", "cannot read '12h30m 2 3'"),
    ],
)
def test_text_that_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        repaired(parse_region(text))


@pytest.mark.parametrize(
    ("text", "stcs", "notes"),
    [
        ("POLYGON ICRS 0 0 0 1 1 1 1 0", "POLYGON ICRS 0 0 0 1 1 1 1 0", ()),
        ("POLYGON ICRS 0 0 1 0 1 1 0 1", "POLYGON ICRS 0 1 1 1 1 0 0 0", ("reversed a clockwise outline",)),
        (
            "POLYGON ICRS 0 0 0 0 0 1 1 1 1 1 1 0",
            "POLYGON ICRS 0 0 0 1 1 1 1 0",
            ("dropped repeated vertices",),
        ),
        ("POLYGON ICRS 0 0 0 1 0.5 1 1 1 1 0", "POLYGON ICRS 0 0 0 1 0.5 1 1 1 1 0", ()),
        ("POLYGON ICRS 0 0 1 1 0 1 1 0", "POLYGON ICRS 0 0 0 1 1 1 1 0", ("put four corners in order",)),
        (
            "POLYGON ICRS 0 0 2 0 2 2 1 0 0 2",
            "UNION ICRS (POLYGON 0 2 1 0 0 0 POLYGON 2 2 2 0 1 0)",
            ("split an outline that touches or crosses itself", "reversed a clockwise outline"),
        ),
        (
            # A hole, joined to the outline by a cut, is filled.
            "POLYGON ICRS 0 -2 0 2 4 2 4 -2 0 -2 1 -1 2 -1 2 1 1 1 1 -1",
            "POLYGON ICRS 0 -2 0 2 4 2 4 -2",
            ("split an outline that touches or crosses itself",),
        ),
    ],
)
def test_outlines_that_are_repaired(text: str, stcs: str, notes: tuple[str, ...]) -> None:
    region, said = repaired(parse_region(text))
    assert set(_shapes(region)) == set(_shapes(parse_region(stcs)))
    assert said == notes


def _shapes(region: Region) -> list[tuple[object, ...]]:
    """Polygons, each begun with its smallest corner."""
    return [polygon[(i := polygon.index(min(polygon))) :] + polygon[:i] for polygon in region.polygons]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("POLYGON ICRS 0 0 0 1 0 2", "encloses nothing"),
        ("POLYGON ICRS 5 0 5 0 5 0", "three different"),
        ("POLYGON ICRS 10 0 20 0 30 0", "encloses nothing"),
        ("POLYGON ICRS 0 0 100 60 200 -60 90 -80 300 70", "larger than a hemisphere"),
    ],
)
def test_outlines_beyond_repair(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        repaired(parse_region(text))


@pytest.mark.parametrize(
    ("text", "square_degrees"),
    [
        ("CIRCLE ICRS 0 0 90", WHOLE_SKY / 2.0),
        ("ALLSKY", WHOLE_SKY),
        ("CIRCLE ICRS 123 90 0.0002777777777777778", math.pi / 3600.0**2),
        ("POLYGON ICRS 0 0 0 90 90 0", WHOLE_SKY / 8.0),
        ("POLYGON ICRS 0 89 270 89 180 89 90 89", 2.000101540),
        ("POLYGON ICRS 0 0 0 0.0002777777777777778 0.0002777777777777778 0", 0.5 / 3600.0**2),
        ("POSITION ICRS 1 2", 0.0),
        ("UNION ICRS (CIRCLE 0 0 1 CIRCLE 180 0 1)", 2.0 * 3.141513),
        ("POLYGON ICRS 0 0 240 0 120 0", WHOLE_SKY / 2.0),
    ],
)
def test_areas(text: str, square_degrees: float) -> None:
    assert parse_region(text).area() == pytest.approx(square_degrees, rel=1e-6)


@pytest.mark.parametrize(
    "corners", [((350.0, 0.0), (0.0, 80.0), (20.0, 0.0)), ((0.0, -30.0), (120.0, -30.0), (240.0, -30.0))]
)
def test_areas_of_triangles_follow_from_their_angles(corners: Polygon) -> None:
    assert Region(polygons=(corners,)).area() == pytest.approx(_girard(corners))


def _girard(corners: Polygon) -> float:
    """Area of a triangle in square degrees by its angles."""
    a, b, c = (vector(*corner) for corner in corners)
    angles = 0.0
    for at, left, right in ((a, b, c), (b, c, a), (c, a, b)):
        n, m = unit(cross(at, left)), unit(cross(at, right))
        angles += math.acos(dot(n, m))
    return (angles - math.pi) * math.degrees(1.0) ** 2


# Up and down around the equator, to the West and so with the North inside.
ZIGZAG = tuple((float(lon), 20.0 if lon % 60 else -20.0) for lon in range(330, -1, -30))


def test_outlines_that_fit_no_hemisphere_have_what_lies_to_the_left() -> None:
    north, south = Region(polygons=(ZIGZAG,)), Region(polygons=(ZIGZAG[::-1],))
    assert north.area() == pytest.approx(WHOLE_SKY / 2.0)
    assert south.area() == pytest.approx(WHOLE_SKY / 2.0)
    assert north.centroid()[1] == pytest.approx(90.0)
    assert south.centroid()[1] == pytest.approx(-90.0)


@pytest.mark.parametrize(
    "outline", [ZIGZAG, ZIGZAG[::-1], tuple((lon, abs(lat) - 19.0) for lon, lat in ZIGZAG)]
)
def test_outlines_too_large_for_the_index_are_split(outline: Polygon) -> None:
    region, notes = repaired(Region(polygons=(outline,)))
    assert notes == ("split an outline too large for the index",)
    assert region.area() == pytest.approx(Region(polygons=(outline,)).area())
    assert all(Region(polygons=(polygon,)).bounds()[2] < 60.0 for polygon in region.polygons)


def test_outlines_that_fit_a_hemisphere_have_their_smaller_side() -> None:
    clockwise = parse_region("POLYGON ICRS 0 10 120 10 240 10")
    other_way = parse_region("POLYGON ICRS 240 10 120 10 0 10")
    assert clockwise.area() == other_way.area() < WHOLE_SKY / 2.0


@pytest.mark.parametrize(
    ("text", "lon", "lat"),
    [
        ("CIRCLE ICRS 350 -60 3", 350.0, -60.0),
        ("POLYGON ICRS 359 -1 359 1 1 1 1 -1", 0.0, 0.0),
        ("POLYGON ICRS 1 -1 1 1 359 1 359 -1", 0.0, 0.0),
        ("UNION ICRS (CIRCLE 10 0 1 CIRCLE 20 0 1)", 15.0, 0.0),
        ("UNION ICRS (POSITION 50 50 CIRCLE 10 0 1)", 10.0, 0.0),
        ("UNION ICRS (POSITION 359 0 POSITION 3 0)", 1.0, 0.0),
    ],
)
def test_centroids(text: str, lon: float, lat: float) -> None:
    centroid = parse_region(text).centroid()
    assert distance(vector(*centroid), vector(lon, lat)) < 1e-10


def test_a_centroid_at_the_pole() -> None:
    lon, lat = parse_region("POLYGON ICRS 0 89 270 89 180 89 90 89").centroid()
    assert lat == pytest.approx(90.0, abs=1e-9)
    assert 0.0 <= lon < 360.0


def test_the_whole_sky_has_no_centroid() -> None:
    with pytest.raises(UsageError, match="evenly"):
        parse_region("ALLSKY").centroid()


@pytest.mark.parametrize(
    ("centre", "size"), [((10.0, 0.0), (2.0, 4.0)), ((350.0, 80.0), (10.0, 10.0)), ((0.0, 90.0), (1.0, 1.0))]
)
def test_sides_of_a_box_meet_the_arms_at_right_angles(
    centre: tuple[float, float], size: tuple[float, float]
) -> None:
    corners = [vector(*corner) for corner in box_polygon(*centre, *size)]
    assert signed_area(corners) > 0.0
    north = (corners[1], corners[2])
    arm = distance(vector(*centre), unit(tuple(a + b for a, b in zip(*north, strict=True))))  # type: ignore[arg-type]
    assert math.degrees(arm) == pytest.approx(size[1] / 2.0)


def test_sides_of_a_range_follow_parallels() -> None:
    (polygon,) = parse_region("RANGE 10 12 40 41").polygons
    vectors = [vector(*corner) for corner in polygon]
    for a, b in pairwise(vectors):
        _, lat = lonlat((a[0] + b[0], a[1] + b[1], a[2] + b[2]))
        if abs(lat - 40.0) < 0.1 or abs(lat - 41.0) < 0.1:
            assert min(abs(lat - 40.0), abs(lat - 41.0)) * 3.6e6 < 1.1


# Properties


@settings(max_examples=300, deadline=None)
@given(convex_outlines())
def test_convex_outlines_keep_their_area_and_are_counter_clockwise(outline: Polygon) -> None:
    region, notes = repaired(Region(polygons=(outline,)))
    assert set(notes) <= {"reversed a clockwise outline"}
    (polygon,) = region.polygons
    assert signed_area([vector(*corner) for corner in polygon]) > 0.0
    assert region.area() == pytest.approx(Region(polygons=(outline,)).area(), rel=1e-3)
    assert repaired(region) == (region, ())
    assert parse_region(region.stcs()) == region


@settings(max_examples=300, deadline=None)
@given(scribbles())
def test_bounds_enclose_and_text_keeps_whatever_is_left_of_a_scribble(outline: Polygon) -> None:
    try:
        region, _ = repaired(Region(polygons=(outline,)))
    except UsageError:
        return
    lon, lat, radius = region.bounds()
    centre = vector(lon, lat)
    corners = [vector(*corner) for polygon in region.polygons for corner in polygon]
    assert all(math.degrees(distance(centre, corner)) < radius for corner in corners)
    # The middles of sides too, which on the sphere lie outside the hull of the corners.
    for polygon in region.polygons:
        vectors = [vector(*corner) for corner in polygon]
        for a, b in zip(vectors, [*vectors[1:], vectors[0]], strict=True):
            middle = unit((a[0] + b[0], a[1] + b[1], a[2] + b[2]))
            assert math.degrees(distance(centre, middle)) < radius
    assert parse_region(region.stcs()) == region
    assert region.area() > 0.0


@settings(max_examples=100, deadline=None)
@given(LONGITUDES, LATITUDES, st.floats(0.0, 90.0), LONGITUDES, LATITUDES)
def test_bounds_of_a_circle_and_a_position(
    lon: float, lat: float, radius: float, other_lon: float, other_lat: float
) -> None:
    region = Region(points=((other_lon, other_lat),), circles=((lon, lat, radius),))
    at_lon, at_lat, reach = region.bounds()
    centre = vector(at_lon, at_lat)
    assert math.degrees(distance(centre, vector(other_lon, other_lat))) <= reach
    assert reach == 180.0 or math.degrees(distance(centre, vector(lon, lat))) + radius <= reach


@given(LONGITUDES, LATITUDES)
def test_positions_come_back(lon: float, lat: float) -> None:
    back = lonlat(vector(lon, lat))
    assert 0.0 <= back[0] < 360.0
    assert distance(vector(*back), vector(lon, lat)) < 1e-15
