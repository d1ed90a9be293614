"""Calls of user-defined functions at random, of all there are but aggregates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.adql.generate_values import Column, Values

Call = Callable[[], str]

WORDS = ("'pole'", "'star pole'", "'GRB'")
PATTERNS = ("'^p.*e$'", "'[0-9]+'", "'M ?31'")
FRAMES = ("ICRS", "GALACTIC", "FK5", "FK4", "ECLIPTIC", "SUPER_GALACTIC", "galactic")
SPECTRAL = ("m", "nm", "Angstrom", "Hz", "GHz", "J", "keV", "m**-1")
TERMS = (
    "'datalink/core' , 'calibration'",
    "'product-type' , 'timeseries'",
    "'refframe' , '#EQUATORIAL'",
)
MOCS = ("'6/1,3-5 7/120'", "'0/0-11'", "''")


def integers(values: Values, columns: list[Column], depth: int) -> list[Call]:
    """Of numbers that are whole; most are 0 or 1."""

    def numbers(count: int) -> str:
        return " , ".join(values.number(columns, 0) for _ in range(count))

    def text() -> str:
        return values.text(columns, depth)

    point = values.point(columns)
    return [
        lambda: f"ivo_healpix_index( {values.source.randrange(20)} , {values.position(columns, depth)} )",
        lambda: f"ivo_healpix_index( 6 , {values.geometry('point', columns, depth)} )",
        lambda: f"gavo_ipix( {values.position(columns, depth)} )",
        lambda: f"ivo_hasword( {text()} , {values.pick(*WORDS)} )",
        lambda: f"ivo_nocasematch( {text()} , {values.pick(*WORDS)} )",
        lambda: f"gavo_match( {values.pick(*PATTERNS)} , {text()} )",
        lambda: f"ivo_hashlist_has( {text()} , {text()} )",
        lambda: f"gavo_vocmatch( {values.pick(*TERMS)} , {text()} )",
        lambda: f"ivo_interval_overlaps( {numbers(4)} )",
        lambda: f"uraniborg_moc_has( {values.pick(*MOCS, text())} , {point} )",
    ]


def numbers(values: Values, columns: list[Column], depth: int) -> list[Call]:
    def number() -> str:
        return values.number(columns, depth)

    def unit() -> str:
        return values.pick(*SPECTRAL)

    measured = [column for column in values.columns_of("number", columns) if column.unit in SPECTRAL]
    calls: list[Call] = [
        lambda: (
            f"{values.pick('gavo', 'ivo')}_to_{values.pick('jd', 'mjd')}( {values.time(columns, depth)} )"
        ),
        lambda: f"ivo_{values.pick('hms', 'dms')}_to_degrees( {values.text(columns, depth)} )",
        lambda: f"{values.pick('gavo', 'ivo')}_normal_random( {number()} , {number()} )",
        lambda: f"gavo_specconv( {values.literal()} , '{unit()}' , '{unit()}' )",
        lambda: f"uraniborg_distance( {values.point(columns)} , {values.area(columns, depth)} )",
        lambda: f"uraniborg_overlap_area( {values.area(columns, depth)} , {values.area(columns, 0)} )",
    ]
    if measured:
        calls.append(lambda: f"gavo_specconv( {values.source.choice(measured).text} , '{unit()}' )")
    return calls


def texts(values: Values, columns: list[Column], depth: int) -> list[Call]:
    def text() -> str:
        return values.text(columns, depth)

    moc = f"gavo_moc{values.pick('union', 'intersect')}"
    return [
        lambda: f"gavo_getauthority( {text()} )",
        lambda: f"gavo_urlescape( {text()} )",
        lambda: f"{moc}( {values.pick(*MOCS)} , {values.pick(*MOCS, text())} )",
    ]


def shape(values: Values, kind: str, columns: list[Column], depth: int) -> str:
    """A point, circle or polygon out of another frame."""
    prefix = values.pick("ivo_geom", "gavo", "ivo")
    frames = f"'{values.pick(*FRAMES)}' , '{values.pick(*FRAMES)}'"
    return f"{prefix}_transform( {frames} , {values.geometry(kind, columns, depth)} )"


def solution(values: Values, columns: list[Column]) -> str:
    """All six parameters of a star, an array."""
    rest = " , ".join([values.number(columns, 0) for _ in range(4)])
    return f"ivo_epoch_prop( {values.position(columns, 0)} , {rest} , 2016.0 , 1991.25 )"


def point(values: Values, columns: list[Column]) -> str:
    six = " , ".join([values.number(columns, 0) for _ in range(4)])
    position = values.position(columns, 0)
    return values.pick(
        f"ivo_epoch_prop_pos( {position} , {six} , 2016.0 , 1991.25 )",
        f"{values.pick('gavo', 'ivo')}_apply_pm( {position} , 1e-5 , -2e-5 , 25 )",
    )
