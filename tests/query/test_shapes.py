"""Frames, overlaps, distances and coverage maps against astropy, and against sums and searches in numpy."""

from __future__ import annotations

import math
import random

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import (
    BarycentricMeanEcliptic,
    BaseCoordinateFrame,
    Galactic,
    SkyCoord,
    Supergalactic,
)

from archive.errors import QueryError
from tests.query.sky import Sky

Corners = list[tuple[float, float]]


def units(longitude: object, latitude: object) -> np.ndarray:
    a, d = np.radians(np.asarray(longitude)), np.radians(np.asarray(latitude))
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)


# ------------------------------------------------------------------------------------------------ frames


# UDF catalogue EN 1.2, 2.2.3.
PUBLISHED = {
    "ivo_geom_transform('ICRS', 'GALACTIC', POINT(120, -23))": [241.121831182, 3.62785788087],
    "ivo_geom_transform('FK4', 'GALACTIC', CIRCLE(189.70303055, 22.96240006, 3))": [
        *(275.00025405, 84.99996154),
        3,
    ],
    "ivo_geom_transform('GALACTIC', 'FK5', POLYGON(5, 3, 4, 4, 4.5, 2))": [
        *(266.44721, -23.107310),
        *(264.95088, -23.434037),
        *(267.09936, -24.051919),
    ],
}


@pytest.mark.parametrize(("expression", "expected"), PUBLISHED.items(), ids=PUBLISHED)
@pytest.mark.parametrize("name", ["ivo_geom_transform", "gavo_transform", "ivo_transform"])
def test_published_transforms(sky: Sky, name: str, expression: str, expected: list[float]) -> None:
    found = sky.one(expression.replace("ivo_geom_transform", name))
    assert found == pytest.approx(expected, abs=1e-5 if len(expected) == 6 else 1e-8)


ASTROPY: dict[str, BaseCoordinateFrame] = {
    "GALACTIC": Galactic(),
    "SUPER_GALACTIC": Supergalactic(),
    "ECLIPTIC": BarycentricMeanEcliptic(equinox="J2000"),
}


@pytest.mark.parametrize("frame", ASTROPY)
def test_frames_agree_with_astropy(sky: Sky, frame: str) -> None:
    rows = sky.ask(
        f"SELECT ra, dec, ivo_geom_transform('ICRS', '{frame}', POINT(ra, dec)) AS p"
        f" FROM sky.stars WHERE id < 500 OR id BETWEEN 20000 AND 20008"
    )
    ra, dec, places = zip(*rows, strict=True)
    expected = SkyCoord(ra * u.deg, dec * u.deg).transform_to(ASTROPY[frame])
    found = units(*np.array(places).T)
    assert np.abs(found - units(expected.spherical.lon.deg, expected.spherical.lat.deg)).max() < 1e-13


def test_fk4_is_close_to_astropys(sky: Sky) -> None:
    """Which has the elliptic terms of aberration, 0.35 arcsec, that a rotation cannot have."""
    found = sky.one("ivo_geom_transform('FK4', 'ICRS', POINT(83.6, 22))")
    place = SkyCoord(83.6 * u.deg, 22 * u.deg, frame="fk4").icrs
    assert isinstance(found, list)
    assert SkyCoord(*found, unit="deg").separation(place).arcsec < 0.7


def test_there_and_back(sky: Sky) -> None:
    for frame in ("FK4", "FK5", "ECLIPTIC", "galactic", "ecl_FK5", "supergalactic"):
        inner = f"ivo_geom_transform('ICRS', '{frame}', POINT(s.ra, s.dec))"
        (worst,) = sky.ask(
            f"SELECT MAX(DISTANCE(POINT(ra, dec), ivo_geom_transform('{frame}', 'ICRS', p))) FROM"
            f" (SELECT s.ra, s.dec, {inner} AS p FROM sky.stars AS s WHERE id < 300) AS turned"
        )
        assert isinstance(worst[0], float) and worst[0] < 1e-9


FRAME_SEARCHES = [
    "1 = CONTAINS(ivo_geom_transform('ICRS', 'GALACTIC', POINT(ra, dec)), CIRCLE(120, -30, 9))",
    "1 = CONTAINS(POINT(ra, dec), ivo_geom_transform('GALACTIC', 'ICRS', CIRCLE(120, -30, 9)))",
    "1 = INTERSECTS(CIRCLE(120, -30, 9), ivo_geom_transform('ICRS', 'GALACTIC', POINT(ra, dec)))",
    "DISTANCE(ivo_geom_transform('ICRS', 'GALACTIC', POINT(ra, dec)), POINT(120, -30)) < 9",
    "DISTANCE(ivo_geom_transform('ICRS', 'ECLIPTIC', POINT(ra, dec)),"
    " ivo_geom_transform('GALACTIC', 'ECLIPTIC', POINT(120, -30))) < 9",
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(ivo_geom_transform('GALACTIC', 'ICRS', POINT(120, -30)), 9))",
]


def test_searches_in_other_frames_find_the_same(sky: Sky) -> None:
    rows = sky.ask("SELECT id, ra, dec FROM sky.stars WHERE id <= 20008")
    numbers, ra, dec = zip(*rows, strict=True)
    away = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(120 * u.deg, -30 * u.deg, frame="galactic"))
    expected = {number for number, angle in zip(numbers, away.deg, strict=True) if angle < 9}
    assert len(expected) > 50
    for search in FRAME_SEARCHES:
        assert sky.ids(search) == expected, search


def test_regions_turn_with_their_parts(sky: Sky) -> None:
    turned = "ivo_geom_transform('ICRS', 'GALACTIC', s_region)"
    for ra, dec in ((10.0, 20.0), (100.5, 0.0), (200.0, -45.0), (50.0, 20.5)):
        place = f"ivo_geom_transform('ICRS', 'GALACTIC', POINT({ra}, {dec}))"
        inside = sky.names(f"1 = CONTAINS(POINT({ra}, {dec}), s_region)")
        assert inside
        assert sky.names(f"1 = CONTAINS({place}, {turned})") == inside
    text = sky.ask(f"SELECT {turned} AS r FROM sky.Fields WHERE name = 'circle'")[0][0]
    centre = SkyCoord(200 * u.deg, -45 * u.deg).galactic
    words = str(text).split()
    assert words[:2] == ["CIRCLE", "GALACTIC"]
    assert [float(word) for word in words[2:]] == pytest.approx([centre.l.deg, centre.b.deg, 2])


def test_coordinates_have_their_frames_names(sky: Sky) -> None:
    assert sky.one("COORDSYS(gavo_transform('ICRS', 'GALACTIC', POINT(lon, lat)))") == "GALACTIC"
    with pytest.raises(QueryError, match="did you mean GALACTIC"):
        sky.one("gavo_transform('ICRS', 'Galactic', POINT(1, 2))")
    with pytest.raises(QueryError, match="two regions"):
        sky.ask(
            "SELECT * FROM sky.Fields AS a, sky.Fields AS b"
            " WHERE 1 = INTERSECTS(a.s_region, gavo_transform('GALACTIC', 'ICRS', b.s_region))"
        )


# ---------------------------------------------------------------------------------------------- overlaps


def outline(source: random.Random, centre: np.ndarray, size: float) -> np.ndarray:
    """The corners of a star-shaped polygon around a direction, counter-clockwise; `size` in radians."""
    east, north = tangents(centre)
    angles = np.sort([source.uniform(0, 2 * math.pi) for _ in range(source.randrange(5, 10))])
    while np.diff([*angles, angles[0] + 2 * math.pi]).max() > 2.5:
        angles = np.sort([source.uniform(0, 2 * math.pi) for _ in range(source.randrange(5, 10))])
    lengths = size * np.array([source.uniform(0.3, 1) for _ in angles])
    x, y = np.tan(lengths) * np.cos(angles), np.tan(lengths) * np.sin(angles)
    corners = centre + x[:, None] * east + y[:, None] * north
    return np.asarray(corners / np.linalg.norm(corners, axis=1)[:, None])


def tangents(centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    east = np.cross([0, 0, 1] if abs(centre[2]) < 0.9 else [1, 0, 0], centre)
    east = east / np.linalg.norm(east)
    return east, np.cross(centre, east)


def near(source: random.Random, centre: np.ndarray, size: float) -> np.ndarray:
    east, north = tangents(centre)
    place = centre + source.uniform(-size, size) * east + source.uniform(-size, size) * north
    return np.asarray(place / np.linalg.norm(place))


def degrees(direction: np.ndarray) -> tuple[float, float]:
    x, y, z = direction
    return math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))


def polygon(corners: np.ndarray) -> str:
    return f"POLYGON({', '.join(f'{x!r}, {y!r}' for x, y in map(degrees, corners))})"


def circle(centre: np.ndarray, radius: float) -> str:
    x, y = degrees(centre)
    return f"CIRCLE({x!r}, {y!r}, {math.degrees(radius)!r})"


def grid(centre: np.ndarray, size: float, steps: int) -> tuple[np.ndarray, float]:
    """Directions that each stand for the same area (Lambert's azimuthal projection), and that area."""
    east, north = tangents(centre)
    half = 2 * math.sin(min(size, math.pi) / 2)
    line = (np.arange(steps) + 0.5) / steps * 2 * half - half
    x, y = (axis.ravel() for axis in np.meshgrid(line, line))
    rho2 = x * x + y * y
    kept = rho2 <= 4
    x, y, rho2 = x[kept], y[kept], rho2[kept]
    scale = np.sqrt(1 - rho2 / 4)
    places = (1 - rho2 / 2)[:, None] * centre + (x * scale)[:, None] * east + (y * scale)[:, None] * north
    return places, (2 * half / steps) ** 2


def within_outline(places: np.ndarray, corners: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """By crossings in the gnomonic projection, where great circles are straight."""
    east, north = tangents(centre)
    px, py = places @ east / (places @ centre), places @ north / (places @ centre)
    cx, cy = corners @ east / (corners @ centre), corners @ north / (corners @ centre)
    inside = np.zeros(len(places), dtype=bool)
    for x1, y1, x2, y2 in zip(cx, cy, np.roll(cx, -1), np.roll(cy, -1), strict=True):
        crossed = (y1 > py) != (y2 > py)
        inside ^= crossed & (px < (x2 - x1) * (py - y1) / (y2 - y1 if y2 != y1 else 1) + x1)
    return inside & (places @ centre > 0)


SIZES = [math.radians(size) for size in (1 / 3600, 0.01, 1, 20, 40)]


@pytest.mark.parametrize("size", SIZES, ids=[f"{math.degrees(size):.4f}" for size in SIZES])
def test_overlaps_agree_with_counted_cells(sky: Sky, size: float) -> None:
    source = random.Random(int(size * 1e6))
    for _ in range(4):
        place = units(source.uniform(0, 360), math.degrees(math.asin(source.uniform(-1, 1))))
        other = near(source, place, size)
        first, second = outline(source, place, size), outline(source, other, size)
        places, cell = grid(place, size * 1.05, 400)
        in_first, in_second = within_outline(places, first, place), within_outline(places, second, other)
        chord = 2 * math.sin(size / 4)
        in_circle = np.linalg.norm(places - other, axis=1) <= chord
        square = np.degrees(np.degrees(1.0))
        whole = in_first.sum() * cell * square
        expressions = {
            f"uraniborg_overlap_area({polygon(first)}, {polygon(second)})": in_first & in_second,
            f"uraniborg_overlap_area({polygon(second[::-1])}, {polygon(first)})": in_first & in_second,
            f"uraniborg_overlap_area({polygon(first)}, {circle(other, size / 2)})": in_first & in_circle,
            f"uraniborg_overlap_area({circle(other, size / 2)}, {polygon(first[::-1])})": in_first
            & in_circle,
        }
        for expression, cells in expressions.items():
            assert sky.one(expression) == pytest.approx(cells.sum() * cell * square, abs=8e-3 * whole)


@pytest.mark.parametrize("radius", [1e-4, 0.5, 30.0, 89.0, 120.0, 179.0])
@pytest.mark.parametrize("other", [2e-4, 0.7, 60.0, 170.0])
def test_circles_overlap_as_integrals_do(sky: Sky, radius: float, other: float) -> None:
    for share in (0.0, 0.3, 0.7, 0.99, 1.2):
        away = abs(radius - other) + share * (min(radius + other, 180.0) - abs(radius - other))
        if away > 180:
            continue
        r, q, d = np.radians([min(radius, other), max(radius, other), away])
        rho = (np.arange(100_000) + 0.5) / 100_000 * r
        # How much of each ring around the smaller one's centre lies in the larger one.
        with np.errstate(divide="ignore", invalid="ignore"):
            cosine = (np.cos(q) - np.cos(rho) * np.cos(d)) / (np.sin(rho) * np.sin(d))
        if d == 0:
            cosine = np.where(rho <= q, -1.0, 1.0)
        area = float((2 * np.arccos(np.clip(cosine, -1, 1)) * np.sin(rho)).sum() * r / 100_000)
        found = sky.one(f"uraniborg_overlap_area(CIRCLE(0, 0, {radius}), CIRCLE({away!r}, 0, {other}))")
        expected = float(np.degrees(np.degrees(area)))
        smaller = float(np.degrees(np.degrees(4 * math.pi * math.sin(r / 2) ** 2)))
        assert found == pytest.approx(expected, abs=1e-4 * smaller)


# Shapes with sides and corners in common, one in the other, and nothing in common.
EXACT = {
    "uraniborg_overlap_area(BOX(10, 20, 1, 1), BOX(10, 20, 1, 1)) - AREA(BOX(10, 20, 1, 1))": 0.0,
    "uraniborg_overlap_area(BOX(0, 0, 4, 4), POLYGON(0,0,1,0,1,1)) - AREA(POLYGON(0,0,1,0,1,1))": 0.0,
    "uraniborg_overlap_area(POLYGON(0, 0, 1, 0, 1, 1), POLYGON(0, 0, 1, 0, 1, -1))": 0.0,
    "uraniborg_overlap_area(POLYGON(0, 0, 1, 0, 1, 1), POLYGON(5, 5, 6, 5, 6, 6))": 0.0,
    "uraniborg_overlap_area(CIRCLE(0, 90, 10), POLYGON(0, 89, 90, 89, 180, 89, 270, 89))"
    " - AREA(POLYGON(0, 89, 90, 89, 180, 89, 270, 89))": 0.0,
    "uraniborg_overlap_area(CIRCLE(0, 90, 0.1), POLYGON(0, 89, 90, 89, 180, 89, 270, 89))"
    " - AREA(CIRCLE(0, 90, 0.1))": 0.0,
    # Around the point opposite to the centre.
    "uraniborg_overlap_area(CIRCLE(0, -90, 179), POLYGON(0, 80, 90, 80, 180, 80, 270, 80))"
    " - AREA(POLYGON(0, 80, 90, 80, 180, 80, 270, 80)) + AREA(CIRCLE(0, 90, 1))": 0.0,
    "uraniborg_overlap_area(CIRCLE(0, -90, 20), POLYGON(0, 80, 90, 80, 180, 80, 270, 80))": 0.0,
    "uraniborg_overlap_area(CIRCLE(0, 0, 180), BOX(10, 20, 1, 1)) - AREA(BOX(10, 20, 1, 1))": 0.0,
    "uraniborg_overlap_area(POINT(1, 1), CIRCLE(1, 1, 1))": 0.0,
    "uraniborg_overlap_area(POINT(NULL, 1), CIRCLE(1, 1, 1))": None,
    "uraniborg_overlap_area(CIRCLE(1, 1, 1), NULL)": None,
    "uraniborg_overlap_area(REGION('UNION (CIRCLE 10 20 1 CIRCLE 30 20 1)'), BOX(10, 20, 8, 8))"
    " - AREA(CIRCLE(10, 20, 1))": 0.0,
}


@pytest.mark.parametrize(("expression", "expected"), EXACT.items(), ids=EXACT)
def test_overlaps_known_beforehand(sky: Sky, expression: str, expected: float | None) -> None:
    assert sky.one(expression) == (None if expected is None else pytest.approx(expected, abs=1e-9))


def test_stored_regions_overlap_part_by_part(sky: Sky) -> None:
    rows = sky.ask(
        "SELECT name, uraniborg_overlap_area(s_region, s_region) - AREA(s_region) AS d FROM sky.Fields"
        " WHERE name IN ('square', 'clockwise square', 'two chips', 'circle')"
    )
    assert len(rows) == 4
    assert max(abs(float(str(difference))) for _, difference in rows) < 1e-9
    cut = "uraniborg_overlap_area(s_region, BOX(99.45, 0, 0.9, 10)) AS d"
    ((half,),) = sky.ask(f"SELECT {cut} FROM sky.Fields WHERE name = 'two chips'")
    assert half == pytest.approx(1.8, rel=1e-2)


# --------------------------------------------------------------------------------------------- distances


def test_distances_from_outlines_agree_with_a_search(sky: Sky) -> None:
    source = random.Random(7)
    for size in SIZES[1:4]:
        for _ in range(5):
            place = units(source.uniform(0, 360), source.uniform(-89, 89))
            corners = outline(source, place, size)
            point = near(source, place, 4 * size)
            share = np.linspace(0, 1, 50_001)[:, None]
            sides = [a + (b - a) * share for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
            edge = np.concatenate(sides)
            edge /= np.linalg.norm(edge, axis=1)[:, None]
            chord = np.linalg.norm(edge - point, axis=1).min()
            expected = math.degrees(2 * math.asin(chord / 2))
            if within_outline(point[None, :], corners, place)[0]:
                expected = 0.0
            x, y = degrees(point)
            found = sky.one(f"uraniborg_distance(POINT({x!r}, {y!r}), {polygon(corners)})")
            assert found == pytest.approx(expected, abs=2e-6 * math.degrees(size))
            assert found == sky.one(f"DISTANCE({polygon(corners)}, POINT({x!r}, {y!r}))")


# ------------------------------------------------------------------------------------------ coverage maps


def cells(moc: str) -> set[int]:
    """The pixels of order 5 of an ASCII MOC."""
    found: set[int] = set()
    order = 0
    for word in moc.replace("/", "/ ").replace(",", " ").split():
        if word.endswith("/"):
            order = int(word[:-1])
            continue
        first, _, last = word.partition("-")
        width = 4 ** (5 - order)
        found.update(range(int(first) * width, (int(last or first) + 1) * width))
    return found


def random_moc(source: random.Random) -> str:
    parts = []
    for order in sorted(source.sample(range(6), 3)):
        highest = 12 * 4**order - 1
        words = [str(source.randrange(highest)) for _ in range(3)]
        start = source.randrange(highest)
        parts.append(f"{order}/{','.join(words)} {start}-{min(highest, start + 5)}")
    return " ".join(parts)


def test_maps_are_sets_of_cells(sky: Sky) -> None:
    source = random.Random(3)
    for _ in range(40):
        first, second = random_moc(source), random_moc(source)
        union = str(sky.one(f"gavo_mocunion('{first}', '{second}')"))
        both = str(sky.one(f"gavo_mocintersect('{first}', '{second}')"))
        assert cells(union) == cells(first) | cells(second)
        assert cells(both) == cells(first) & cells(second)
        pixel = source.randrange(12 * 4**5)
        has = sky.one(f"uraniborg_moc_has('{first}', ivo_healpix_center(5, {pixel}))")
        assert has == (pixel in cells(first))


NOT_MAPS = ["x", "30/1", "1/48", "1/5-3", "5", "1/-3", "1/1 2/99999999999999999999999", "1/3; 2/4"]


@pytest.mark.parametrize("text", NOT_MAPS)
def test_other_texts_are_no_maps(sky: Sky, text: str) -> None:
    assert sky.one(f"gavo_mocunion('{text}', '0/1')") is None
    assert sky.one(f"uraniborg_moc_has('{text}', POINT(1, 1))") is None


def test_empty_maps(sky: Sky) -> None:
    assert cells(str(sky.one("gavo_mocunion('', '0/1')"))) == cells("0/1")
    assert cells(str(sky.one("gavo_mocintersect('1/ 2/', '0/1')"))) == set()
