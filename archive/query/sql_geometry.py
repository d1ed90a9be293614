"""Geometry as pg_sphere computes it: exact, and so written that an index can be used.

Every predicate is taken apart into pairs of simple shapes. Only the operand that is not inside a `scircle`
can use an index; where both could, both ways round are written and the planner chooses. pg_sphere takes
positions within 1e-9 rad (0.2 mas) for one, so an edge belongs to its shape. Beyond 90 degrees there is
no `scircle`, and the rest of the sky stands in.
"""

from __future__ import annotations

from typing import assert_never

from .speller import Speller
from .sql_shapes import (
    Disc,
    Outline,
    Place,
    Simple,
    Stored,
    constant_number,
    fixed_place,
    number,
    position,
    published,
    region_parts,
    simple,
)
from .storage import WIDE
from .tree import (
    Box,
    Centroid,
    Circle,
    Constant,
    Distance,
    Geometry,
    Kind,
    Literal,
    Near,
    Point,
    Polygon,
    Rotated,
    Shape,
)

__all__ = ["area", "distance", "meets", "near", "ordering", "overlap", "position", "published", "within"]


# Degrees: circles with a larger radius are not looked up in an index of regions.
_WIDEST = 30.0


def area(geometry: Geometry, spell: Speller) -> str:
    match geometry:
        case Rotated():
            return area(geometry.geometry, spell)
        case Constant():
            return number(geometry.region.area())
        case Point() | Centroid() | Shape(kind=Kind.POINT):
            return f"(CASE WHEN {position(geometry, spell)} IS NOT NULL THEN 0::float8 END)"
        case Circle() | Shape(kind=Kind.CIRCLE):
            return f"adql.circle_area(({published(geometry, spell)})[3])"
        case Shape(kind=Kind.REGION):
            return f"adql.area({region_parts(geometry.value, spell).parts})"
        case Polygon() | Box() | Shape():
            return f"adql.polygon_area(adql.vertices({published(geometry, spell)}))"
        case _:
            assert_never(geometry)


def overlap(left: Geometry, right: Geometry, spell: Speller) -> str:
    """In square degrees, the sum over all pairs of parts."""
    pairs = [_common(a, b) for a in simple(left, spell) for b in simple(right, spell)]
    return f"({' + '.join(pairs)})"


def _common(a: Simple, b: Simple) -> str:
    """Operands come in the order stored, outline, disc, place."""
    if _rank(b) < _rank(a):
        a, b = b, a
    match a, b:
        case _, Place():
            return f"(CASE WHEN {_meet(a, b)} IS NOT NULL THEN 0::float8 END)"
        case Disc(), Disc():
            return f"adql.overlap({a.centre.sql}, {a.radius}, {b.centre.sql}, {b.radius})"
        case ((Outline() | Stored()), Disc()):
            return f"adql.overlap({_arguments(a)}, {b.centre.sql}, {b.radius})"
        case ((Outline() | Stored()), (Outline() | Stored())):
            return f"adql.overlap({_arguments(a)}, {_arguments(b)})"
        case _:
            raise AssertionError(f"no overlap of {a} and {b}")


def _arguments(shape: Outline | Stored) -> str:
    return shape.parts if isinstance(shape, Stored) else shape.sql


# ------------------------------------------------------------------------------------------------ distances


def distance(left: Geometry, right: Geometry, spell: Speller) -> str:
    """In degrees; one of the two at least is a point."""
    firsts, seconds = simple(left, spell), simple(right, spell)
    between = [_between(a, b) for a in firsts for b in seconds]
    return between[0] if len(between) == 1 else f"least({', '.join(between)})"


def _between(a: Simple, b: Simple) -> str:
    if not isinstance(b, Place):
        a, b = b, a
    assert isinstance(b, Place)
    match a:
        case Place():
            return f"degrees({a.sql} <-> {b.sql})"
        case Disc():
            return f"adql.outside(degrees({a.centre.sql} <-> {b.sql}) - {a.radius})"
        case Outline():
            return f"adql.polygon_distance({a.sql}, adql.vertices({a.sql}), {b.sql})"
        case Stored():
            return f"adql.distance({a.parts}, {b.sql})"
        case _:
            assert_never(a)


def ordering(node: Distance, spell: Speller) -> str:
    """Something that sorts like the distance."""
    firsts, seconds = simple(node.left, spell), simple(node.right, spell)
    match firsts, seconds:
        case [Place() as a], [Place() as b]:
            return f"({b.sql} <-> {a.sql})" if a.constant else f"({a.sql} <-> {b.sql})"
        case _:
            return distance(node.left, node.right, spell)


def near(node: Near, spell: Speller) -> str:
    """The exact comparison, after what the index can find: a superset of it."""
    firsts, seconds = simple(node.left, spell), simple(node.right, spell)
    comparator = "<=" if node.inclusive else "<"
    known = constant_number(node.radius)
    radius = spell.value(node.radius) if known is None else number(known)
    exact = f"{distance(node.left, node.right, spell)} {comparator} {radius}"
    negative = isinstance(node.radius, Literal) and known is None
    found = ""
    if known is not None:
        found = _reach_of_constant(node.left, seconds, known) or _reach_of_constant(node.right, firsts, known)
    if not found and not negative and len(firsts) == len(seconds) == 1:
        found = _reach(firsts[0], seconds[0], radius, known)
    return f"({found} AND {exact})" if found else f"({exact})"


def _reach_of_constant(shape: Geometry, others: list[Simple], radius: float) -> str:
    """As `_reach`, for a position with an index and a shape that is known beforehand."""
    match shape, others:
        case Constant(), [Place(indexed=True) as place]:
            longitude, latitude, around = shape.region.bounds()
            total = around + radius
            return "" if total > 90 else _cone(place, fixed_place(longitude, latitude), number(total), total)
        case _:
            return ""


def _reach(a: Simple, b: Simple, radius: str, known: float | None) -> str:
    """A condition with an index for all that lies within the radius; empty when there is none."""
    if known is not None and known > 90:
        return ""
    if not isinstance(b, Place):
        a, b = b, a
    match a, b:
        case Place(), Place():
            return _cone(a, b, radius, known)
        case Outline() | Stored(), Place() if known is not None:
            return _meet(a, Disc(b, radius, known))
        case _:
            return ""


def _cone(a: Place, b: Place, radius: str, known: float | None) -> str:
    """`a` lies within the radius (90 at most, if known) of `b`."""
    clauses = [_one_cone(a, b, radius, known)] if a.indexed or (not b.indexed and not a.constant) else []
    if b.indexed or not clauses:
        clauses.append(_one_cone(b, a, radius, known))
    if len(clauses) == 2 and known is not None:
        # The planner thinks that a cone holds a thousandth of any table, and then cares little which of two
        # tables it searches for each row of the other, which may be a hundred times as many. Said twice, once
        # from either side of the operator, a cone holds a millionth, and it searches the larger table.
        clauses += [f"scircle({q.sql}, radians({radius})) @> {p.sql}" for p, q in ((a, b), (b, a))]
    elif len(clauses) == 1 and known is not None and not (a.constant or b.constant):
        # It would also take the few rows found for so many that sharing out the work is not worth collecting
        # them from several processes.
        found, given = (a, b) if a.indexed or not b.indexed else (b, a)
        clauses.append(f"scircle({given.sql}, radians({radius})) @> {found.sql}")
    return " AND ".join(clauses)


def _one_cone(left: Place, right: Place, radius: str, known: float | None) -> str:
    if known is not None:
        return f"{left.sql} <@ scircle({right.sql}, radians({radius}))"
    caps = (f"{left.sql} <@ adql.{cap}({right.sql}, {radius})" for cap in ("cap", "beyond"))
    return f"({' OR '.join(caps)})"


# --------------------------------------------------------------------------------------------- intersection


def meets(left: Geometry, right: Geometry, spell: Speller) -> str:
    pairs = [_meet(a, b) for a in simple(left, spell) for b in simple(right, spell)]
    return "(" + " OR ".join(pairs) + ")"


def _meet(a: Simple, b: Simple) -> str:
    """The two have a point in common. Operands come in the order stored, outline, disc, place."""
    if _rank(b) < _rank(a):
        a, b = b, a
    match a, b:
        case Place(), Place():
            return f"{a.sql} = {b.sql}"
        case Disc(), Place():
            return _place_in_disc(b, a)
        case Disc(), Disc():
            return _discs_meet(a, b)
        case Outline(), Place():
            return f"{b.sql} <@ {a.sql}"
        case Outline(), Disc():
            return f"{a.sql} && {b.sql}" if b.small else f"adql.meets({a.sql}, {b.given})"
        case Outline(), Outline():
            return f"{a.sql} && {b.sql}"
        case Stored(), _:
            return _stored_meets(a, b)
        case _:
            raise AssertionError(f"no intersection of {a} and {b}")


def _rank(simple: Simple) -> int:
    return (Stored, Outline, Disc, Place).index(type(simple))


def _place_in_disc(place: Place, disc: Disc) -> str:
    """Edges belong to the disc, to pg_sphere's precision of 1e-9 rad, for any radius."""
    away = f"{place.sql} <-> {disc.centre.sql}"
    if disc.degrees is None:
        cone = _cone(place, disc.centre, disc.radius, None)
        return f"({cone} AND {away} <= radians({disc.radius}) + 1e-9)"
    if disc.degrees >= 180:
        return f"{away} >= 0"  # unknown without a place
    if disc.small:
        return _cone(place, disc.centre, disc.radius, disc.degrees)
    return f"{away} <= radians({disc.radius}) + 1e-9"


def _discs_meet(a: Disc, b: Disc) -> str:
    """Their centres are no farther apart than their radii together, which the index of a centre answers."""
    known = None if a.degrees is None or b.degrees is None else a.degrees + b.degrees
    radius = f"({a.radius} + {b.radius})" if known is None else number(known)
    together = _place_in_disc(a.centre, Disc(b.centre, radius, known))
    if known is not None:
        return together
    # No circle has a negative radius, whatever their sum.
    signs = [f"{disc.radius} >= 0" for disc in (a, b) if disc.degrees is None]
    return f"({together} AND {' AND '.join(signs)})"


def _stored_meets(a: Stored, b: Simple) -> str:
    match b:
        case Place():
            return f"({_bounds_hold(a, b)}adql.meets({a.parts}, {b.sql}))"
        case Disc():
            return f"({_bounds_reach(a, b)}adql.meets({a.parts}, {b.given}))"
        case Outline():
            return f"({_bounds_meet(a, b.sql)}adql.meets({a.parts}, {b.sql}))"
        case Stored():
            return f"({_both_bounds(a, b)}adql.meets({a.parts}, {b.parts}))"
        case _:
            assert_never(b)


# What an index finds, followed by AND; nothing where there is none.


def _bounds_hold(stored: Stored, place: Place) -> str:
    if stored.bounds is None:
        return ""
    found = f"({stored.bounds} @> {place.sql} OR {stored.bounds} = scircle '{WIDE}') AND "
    if place.indexed:
        halves = (f"{place.sql} <@ adql.{half}({stored.bounds})" for half in ("northern", "southern"))
        found += f"({' OR '.join(halves)}) AND "
    return found


def _bounds_meet(stored: Stored, shape: str) -> str:
    if stored.bounds is None:
        return ""
    return f"({stored.bounds} && {shape} OR {stored.bounds} = scircle '{WIDE}') AND "


def _bounds_reach(stored: Stored, disc: Disc) -> str:
    if stored.bounds is None or (disc.degrees is not None and not disc.small):
        return ""
    if disc.small:
        found = _bounds_meet(stored, disc.sql)
        if disc.degrees is None or disc.degrees <= _WIDEST:
            return found
        # The planner takes every shape for one that finds a thousandth of the table.
        return f"({found.removesuffix(' AND ')}) IS NOT FALSE AND "
    caps = (f"{stored.bounds} && adql.{cap}({disc.centre.sql}, {disc.radius})" for cap in ("cap", "beyond"))
    return f"({' OR '.join(caps)} OR {stored.bounds} = scircle '{WIDE}') AND "


def _both_bounds(a: Stored, b: Stored) -> str:
    """Whichever of the two tables is searched for each row of the other."""

    def searched(x: str, y: str) -> str:
        halves = (f"{x} && adql.{half}({y})" for half in ("northern", "southern"))
        return f"({' OR '.join(halves)} OR {x} = scircle '{WIDE}') AND "

    if a.bounds is None or b.bounds is None:
        return ""
    return searched(a.bounds, b.bounds) + searched(b.bounds, a.bounds)


# ---------------------------------------------------------------------------------------------- containment


def within(inner: Geometry, outer: Geometry, spell: Speller) -> str:
    """Every part of the inner lies in one part of the outer."""
    outers = simple(outer, spell)
    every = []
    for a in simple(inner, spell):
        anywhere = [_lies_in(a, b) for b in outers]
        every.append(anywhere[0] if len(anywhere) == 1 else "(" + " OR ".join(anywhere) + ")")
    return "(" + " AND ".join(every) + ")"


def _lies_in(inner: Simple, outer: Simple) -> str:
    match inner, outer:
        case Place(), _:
            return _meet(inner, outer)
        case Disc(), Disc():
            return _disc_in_disc(inner, outer)
        case Disc(), Outline():
            return f"{inner.sql} <@ {outer.sql}" if inner.small else f"adql.holds({outer.sql}, {inner.given})"
        case Disc(), Stored():
            return f"({_bounds_reach(outer, inner)}adql.holds({outer.parts}, {inner.given}))"
        case Outline(), Disc():
            return (
                f"{inner.sql} <@ {outer.sql}" if outer.small else f"adql.inside({inner.sql}, {outer.given})"
            )
        case Outline(), Outline():
            return f"{inner.sql} <@ {outer.sql}"
        case Outline(), Stored():
            return f"({_bounds_meet(outer, inner.sql)}adql.holds({outer.parts}, {inner.sql}))"
        case Stored(), Disc():
            return f"({_bounds_reach(inner, outer)}adql.inside({inner.parts}, {outer.given}))"
        case Stored(), Outline():
            return f"({_bounds_meet(inner, outer.sql)}adql.inside({inner.parts}, {outer.sql}))"
        case Stored(), Stored():
            return f"({_both_bounds(inner, outer)}adql.inside({inner.parts}, {outer.parts}))"
        case _:
            raise AssertionError(f"no containment of {inner} in {outer}")


def _disc_in_disc(inner: Disc, outer: Disc) -> str:
    """The inner centre keeps its radius away from the outer edge."""
    if inner.degrees is None or outer.degrees is None:
        return f"adql.within({inner.centre.sql}, {inner.radius}, {outer.centre.sql}, {outer.radius})"
    slack = outer.degrees if outer.degrees >= 180 else outer.degrees - inner.degrees
    if slack < 0:
        return f"{inner.centre.sql} <-> {outer.centre.sql} < 0"
    return _place_in_disc(inner.centre, Disc(outer.centre, number(slack), slack))
