"""Epoch propagation against the catalogue of functions, against astropy, and against vectors in numpy."""

from __future__ import annotations

import math
import random
import warnings

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import Distance, SkyCoord
from astropy.time import Time
from erfa import ErfaWarning

from archive.errors import QueryFailed
from tests.query.sky import Sky

MAS = 1 / 3_600_000
KM_S_PER_AU_YR = 149_597_870.7 / (365.25 * 86_400)

# UDF catalogue EN 1.2, 2.2: six parameters at 2016.0, an epoch, the position then.
PUBLISHED = [
    ("125, 300, -428.8, 52.51", 1992.25, (7.604061404627978, 11.7932703828279)),
    ("125, 300, -428.8, 52.51", 1875.0, (7.594068213694308, 11.807251375203935)),
    ("125, 300, -428.8, NULL", 1875.0, (7.594079587029898, 11.807235464326332)),
    ("125, 300, NULL, NULL", 1875.0, (7.594080321498365, 11.790440798509207)),
    ("NULL, 300, -428.8, 52.51", 1875.0, (7.594079587020846, 11.807235464339055)),
]
NAN = math.nan
PUBLISHED_SIX = [
    (
        "125, 300, -428.8, 52.51",
        (
            *(7.6040614046279735, 11.793270382827929, 125.01993165584682),
            *(300.09877325973605, -428.934593565712, 52.50880381775256),
        ),
    ),
    ("125, NULL, NULL, NULL", (7.606083572, 11.79044105, 125, NAN, NAN, NAN)),
    (
        "NULL, 300, -428.8, 52.51",
        (7.604061727024453, 11.79326993174991, NAN, 300.0030911152833, -428.79783503705033, 52.51),
    ),
    ("125, 21, NULL, NULL", (7.606083572, 11.79044105, 125.0, NAN, NAN, NAN)),
    (
        "125, 300, -428.8, NULL",
        (
            *(7.604061727024712, 11.793269931749549, 124.9999997730655),
            *(300.0030911152833, -428.79783503705033, NAN),
        ),
    ),
]


@pytest.mark.parametrize(("star", "epoch", "expected"), PUBLISHED)
def test_published_positions(sky: Sky, star: str, epoch: float, expected: tuple[float, float]) -> None:
    found = sky.one(f"ivo_epoch_prop_pos(7.606083572, 11.79044105, {star}, 2016.0, {epoch})")
    # The last digits of the published ones come from an unnamed small parallax.
    assert found == pytest.approx(expected, abs=5e-11)


@pytest.mark.parametrize(("star", "expected"), PUBLISHED_SIX)
def test_published_parameters(sky: Sky, star: str, expected: tuple[float, ...]) -> None:
    found = sky.one(f"ivo_epoch_prop(7.606083572, 11.79044105, {star}, 2016.0, 1992.25)")
    assert found == pytest.approx(expected, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("place", ["NULL, 1", "1, NULL"])
@pytest.mark.parametrize("epochs", ["NULL, 2000", "2000, NULL", "2016, 2000"])
def test_unknown_positions_and_epochs_are_errors(sky: Sky, place: str, epochs: str) -> None:
    with pytest.raises(QueryFailed, match="have to be known"):
        sky.one(f"ivo_epoch_prop_pos({place}, 1, 1, 1, 1, {epochs})")


def test_what_is_no_position_stays_none(sky: Sky) -> None:
    rows = sky.ask(
        "SELECT id, ivo_epoch_prop_pos(lon, lat, 1, 1, 1, 1, 2016, 2000) AS p FROM sky.targets"
        " WHERE id <> 100"
    )
    assert [number for number, place in rows if place is None] == [99]


def stars(count: int) -> list[tuple[float, ...]]:
    """Right ascension, declination, parallax, proper motions, radial velocity, years; those hard first."""
    source = random.Random(1838)
    found = [
        (269.452076958619, 4.69336496657667, 546.9759, -801.551, 10362.394, -110.51, 100.0),
        (269.452076958619, 4.69336496657667, 546.9759, -801.551, 10362.394, -110.51, -250.0),
        (219.902, -60.834, 750.8, -3679.25, 473.67, -22.4, 500.0),
        (10.0, 90.0, 50.0, 300.0, 200.0, 10.0, 50.0),
        (10.0, -90.0, 50.0, 300.0, 200.0, 10.0, 50.0),
        (0.0, 89.9999, 20.0, -500.0, 900.0, 100.0, 100.0),
        (359.99999999, 0.0, 20.0, 500.0, 0.0, 0.0, 10.0),
    ]
    while len(found) < count:
        found.append(
            (
                source.uniform(0, 360),
                math.degrees(math.asin(source.uniform(-1, 1))),
                10 ** source.uniform(-1, 2.7),
                source.gauss(0, 10 ** source.uniform(0, 3)),
                source.gauss(0, 10 ** source.uniform(0, 3)),
                source.gauss(0, 60),
                source.uniform(-100, 100),
            )
        )
    return found


def moved(sky: Sky, star: tuple[float, ...]) -> list[float]:
    *six, years = star
    written = ", ".join("NULL" if value is None else repr(value) for value in six)
    found = sky.one(f"ivo_epoch_prop_pos({written}, 2000, {2000 + years!r})")
    assert isinstance(found, list)
    return found


def unit(longitude: float, latitude: float) -> np.ndarray:
    a, d = np.radians([longitude, latitude])
    return np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])


def apart(first: np.ndarray, second: np.ndarray) -> float:
    """In mas."""
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(first, second)), first @ second))) / MAS


def straight(star: tuple[float, ...]) -> np.ndarray:
    """The direction after a straight flight, in numbers of au and au per year."""
    ra, dec, parallax, pmra, pmdec, velocity, years = star
    distance = 1 / np.radians(parallax * MAS)
    place = unit(ra, dec)
    east = unit(ra + 90, 0)
    north = np.cross(place, east)
    across = distance * (np.radians(pmra * MAS) * east + np.radians(pmdec * MAS) * north)
    there = distance * place + (across + velocity / KM_S_PER_AU_YR * place) * years
    return np.asarray(there / np.linalg.norm(there))


def test_positions_agree_with_vectors(sky: Sky) -> None:
    worst = max(apart(unit(*moved(sky, star)), straight(star)) for star in stars(300))
    assert worst < 1e-5


def test_positions_agree_with_astropy(sky: Sky) -> None:
    """To 1 mas, wherever light needs no time to speak of: astropy allows for it, the catalogue forbids it."""
    chosen = [star for star in stars(300) if abs(star[1]) < 89.9 and abs(star[6]) <= 100][1:]
    ra, dec, parallax, pmra, pmdec, velocity, years = np.array(chosen).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ErfaWarning)  # years that UTC does not reach
        start = SkyCoord(
            ra * u.deg,
            dec * u.deg,
            distance=Distance(parallax=parallax * u.mas),
            pm_ra_cosdec=pmra * u.mas / u.yr,
            pm_dec=pmdec * u.mas / u.yr,
            radial_velocity=velocity * u.km / u.s,
            obstime=Time(np.full(len(years), 2000.0), format="jyear", scale="tcb"),
        )
        later = start.apply_space_motion(new_obstime=Time(2000.0 + years, format="jyear", scale="tcb"))
    for star, x, y in zip(chosen, later.ra.deg, later.dec.deg, strict=True):
        assert apart(unit(*moved(sky, star)), unit(x, y)) < 1.0, star


@pytest.mark.parametrize("parallax", [0.0, None, -0.8])
def test_parallaxes_that_tell_no_distance(sky: Sky, parallax: float | None) -> None:
    """Far away a radial velocity changes nothing; a negative parallax is used as it is."""
    ra, dec, pmra, pmdec, velocity, years = 123.4, -56.7, 900.0, -1200.0, 300.0, 80.0
    nearer = 1 + np.radians((parallax or 0) * MAS) * velocity / KM_S_PER_AU_YR * years
    place, east = unit(ra, dec), unit(ra + 90, 0)
    motion = np.radians(pmra * MAS) * east + np.radians(pmdec * MAS) * np.cross(place, east)
    expected = nearer * place + motion * years
    found = moved(sky, (ra, dec, parallax, pmra, pmdec, velocity, years))
    assert apart(unit(*found), expected / np.linalg.norm(expected)) < 1e-5


def test_there_and_back(sky: Sky) -> None:
    """All six parameters, which would not find back if one of them were wrong."""
    for star in stars(60):
        *six, years = star
        there = sky.one(f"ivo_epoch_prop({', '.join(map(repr, six))}, 2000, {2000 + years!r})")
        assert isinstance(there, list)
        back = sky.one(f"ivo_epoch_prop({', '.join(map(repr, there))}, {2000 + years!r}, 2000)")
        assert isinstance(back, list)
        assert apart(unit(*back[:2]), unit(*six[:2])) < 1e-4
        assert math.hypot(back[3], back[4]) == pytest.approx(math.hypot(six[3], six[4]), rel=1e-9)
        assert [back[2], back[5]] == pytest.approx([six[2], six[5]], rel=1e-9, abs=1e-8)


def test_proper_motion_alone(sky: Sky) -> None:
    for name in ("ivo_apply_pm", "gavo_apply_pm"):
        old = sky.one(f"{name}(40, 50, 1e-4, -2e-4, 25)")
        assert old == pytest.approx(
            sky.one("ivo_epoch_prop_pos(40, 50, NULL, 360, -720, NULL, 0, 25)"), abs=1e-12
        )
