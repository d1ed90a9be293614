"""User-defined functions of positions and shapes."""

from __future__ import annotations

from dataclasses import replace

from ..declare.types import DOUBLE, INTEGER, LONG, POINT, TEXT, array_of
from .frames import FRAMES
from .user_functions import Argument, Meaning, UserFunction

__all__ = ["SKY_FUNCTIONS"]

_SIX = (
    ("ra", DOUBLE),
    ("dec", DOUBLE),
    ("parallax", DOUBLE),
    ("pmra", DOUBLE),
    ("pmdec", DOUBLE),
    ("radial_velocity", DOUBLE),
    ("ref_epoch", DOUBLE),
    ("out_epoch", DOUBLE),
)
_MOTION = (
    "with the position in degrees, parallax in mas, proper motions in mas/yr (that in longitude times the "
    "cosine of the latitude), radial velocity in km/s and epochs in Julian years, by rigorous linear motion "
    "through space. "
)

_FRAMES = ", ".join(name for name in FRAMES if name.isupper())
_TRANSFORM = UserFunction(
    "ivo_geom_transform",
    (("from_sys", Argument.WORD), ("to_sys", Argument.WORD), ("geo", Argument.GEOMETRY)),
    Argument.GEOMETRY,
    "The same POINT, CIRCLE, POLYGON or region in another reference frame, by a simple rotation. Frames "
    f"are named as in IVOA's vocabulary refframe, in its letter case: {_FRAMES}, and their old names. FK4 "
    "is at B1950, ECLIPTIC and FK5 are at J2000; FK5 counts as ICRS.",
    meaning=Meaning.TRANSFORM,
)
_APPLY_PM = UserFunction(
    "ivo_apply_pm",
    (("ra", DOUBLE), ("dec", DOUBLE), ("pmra", DOUBLE), ("pmde", DOUBLE), ("epdist", DOUBLE)),
    POINT,
    "Deprecated, use ivo_epoch_prop_pos. The position (degrees) after epdist Julian years of a proper motion "
    "in degrees per year, that in longitude times the cosine of the latitude.",
    "adql.moved({0}, {1}, NULL, {2} * 3.6e6::float8, {3} * 3.6e6::float8, NULL, {4})",
    unit="deg",
    ucd="pos.eq",
)
_SIMBADPOINT = UserFunction(
    "ivo_simbadpoint",
    (("identifier", Argument.WORD),),
    POINT,
    "The position of an object by one of its names, from the table simbad.identifiers of this archive; an "
    "unknown name is an error.",
    "adql.known({0}, {1})",
    unit="deg",
    ucd="pos.eq",
    meaning=Meaning.NAME,
)

SKY_FUNCTIONS: tuple[UserFunction, ...] = (
    UserFunction(
        "ivo_healpix_index",
        (("hpxOrder", INTEGER), ("long", DOUBLE), ("lat", DOUBLE)),
        LONG,
        "The index of the HEALPix pixel in the NESTED scheme, at the order given (0 to 29), in which a "
        "position (degrees) lies; NULL where there is no such position.",
        "healpix_nest({0}, adql.position({1}, {2}))",
        ucd="pos.healpix",
    ),
    UserFunction(
        "ivo_healpix_index",
        (("hpxOrder", INTEGER), ("p", POINT)),
        LONG,
        "The index of the HEALPix pixel in the NESTED scheme, at the order given (0 to 29), in which a point "
        "lies.",
        "healpix_nest({0}, {1})",
        ucd="pos.healpix",
    ),
    UserFunction(
        "ivo_healpix_center",
        (("hpxOrder", INTEGER), ("hpxIndex", LONG)),
        POINT,
        "The centre of a HEALPix pixel, given by its order (0 to 29) and its index in the NESTED scheme.",
        "adql.degrees(center_of_healpix_nest({0}, {1}))",
        unit="deg",
        ucd="pos.eq",
    ),
    UserFunction(
        "ivo_epoch_prop_pos",
        _SIX,
        POINT,
        f"The position at out_epoch of an object known at ref_epoch, {_MOTION}A NULL parallax stands for an "
        "infinite distance, a NULL motion for none; a NULL in position or epochs is an error.",
        "adql.moved({0}, {1}, {2}, {3}, {4}, {5}, {7} - {6})",
        unit="deg",
        ucd="pos.eq",
    ),
    UserFunction(
        "ivo_epoch_prop",
        _SIX,
        array_of(DOUBLE, "6"),
        f"Position, parallax, proper motions and radial velocity at out_epoch of an object known at "
        f"ref_epoch, {_MOTION}What is NULL becomes NaN; where one proper motion is NULL, neither counts.",
        "adql.propagated({0}, {1}, {2}, {3}, {4}, {5}, {7} - {6})",
    ),
    _APPLY_PM,
    replace(_APPLY_PM, name="gavo_apply_pm"),
    _TRANSFORM,
    replace(_TRANSFORM, name="gavo_transform"),
    replace(_TRANSFORM, name="ivo_transform"),
    _SIMBADPOINT,
    replace(_SIMBADPOINT, name="gavo_simbadpoint"),
    UserFunction(
        "uraniborg_distance",
        (("p", POINT), ("geo", Argument.GEOMETRY)),
        DOUBLE,
        "The distance in degrees of a point from the nearest point of a CIRCLE, POLYGON or region; 0 inside.",
        unit="deg",
        ucd="pos.angDistance",
        meaning=Meaning.DISTANCE,
    ),
    UserFunction(
        "uraniborg_overlap_area",
        (("geo1", Argument.GEOMETRY), ("geo2", Argument.GEOMETRY)),
        DOUBLE,
        "The area in square degrees that two shapes have in common; of regions with several parts, the sum "
        "over all pairs of parts.",
        unit="deg**2",
        ucd="phys.angArea",
        meaning=Meaning.OVERLAP,
    ),
    UserFunction(
        "gavo_ipix",
        (("long", DOUBLE), ("lat", DOUBLE)),
        LONG,
        "The number of Q3C's pixel in which a position (degrees) lies.",
        "adql.q3c_pixel({0}, {1})",
    ),
    UserFunction(
        "gavo_mocunion",
        (("moc1", TEXT), ("moc2", TEXT)),
        TEXT,
        "What is covered by one of two coverage maps at least, both in the text of MOC 2.0 (6/1,3-5 7/120); "
        "NULL where one of them is something else.",
        "smoc_union(adql.moc({0}), adql.moc({1}))::text",
    ),
    UserFunction(
        "gavo_mocintersect",
        (("moc1", TEXT), ("moc2", TEXT)),
        TEXT,
        "What is covered by both of two coverage maps in the text of MOC 2.0 (6/1,3-5 7/120); NULL where one "
        "of them is something else.",
        "smoc_intersection(adql.moc({0}), adql.moc({1}))::text",
    ),
    UserFunction(
        "uraniborg_moc_has",
        (("moc", TEXT), ("p", POINT)),
        INTEGER,
        "1 where a point lies in a coverage map in the text of MOC 2.0 (6/1,3-5 7/120), else 0.",
        "(adql.moc({0}) @> {1})",
        meaning=Meaning.CONDITION,
    ),
)
