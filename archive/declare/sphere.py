"""Geometry on the unit sphere, by vectors: right at the poles, across longitude 0 and for any size.

Here belong points, arcs and closed outlines as bare numbers; what an astronomer calls a region, and its
text, is in `regions`. An outline is a sequence of unit vectors joined by the shorter great-circle arcs.
Its orientation is told as DALI has it: positive when counter-clockwise seen from inside the sphere,
that is, on the sky with East to the left. Angles are in radians but for `vector` and `lonlat`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

__all__ = [
    "Vector",
    "arcs",
    "between",
    "cross",
    "distance",
    "dot",
    "hemisphere",
    "lonlat",
    "mean",
    "moment",
    "signed_area",
    "unit",
    "vector",
    "winding",
]

Vector = tuple[float, float, float]


def vector(lon: float, lat: float) -> Vector:
    """The unit vector towards a position in degrees."""
    lam, phi = math.radians(lon), math.radians(lat)
    return (math.cos(lam) * math.cos(phi), math.sin(lam) * math.cos(phi), math.sin(phi))


def lonlat(v: Vector) -> tuple[float, float]:
    """The position, in degrees with 0 <= lon < 360, to which a vector of any length points."""
    lon = math.degrees(math.atan2(v[1], v[0])) % 360.0
    return (0.0 if lon == 360.0 else lon, math.degrees(math.atan2(v[2], math.hypot(v[0], v[1]))))


def dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def unit(v: Vector) -> Vector:
    """`v` scaled to length 1; a vector of no length points to longitude and latitude 0."""
    length = math.hypot(*v)
    return (v[0] / length, v[1] / length, v[2] / length) if length else (1.0, 0.0, 0.0)


def mean(vectors: Sequence[Vector]) -> Vector:
    """The direction of the sum."""
    return unit((sum(v[0] for v in vectors), sum(v[1] for v in vectors), sum(v[2] for v in vectors)))


def distance(a: Vector, b: Vector) -> float:
    return math.atan2(math.hypot(*_normal(a, b)), dot(a, b))


def _difference(a: Vector, b: Vector) -> Vector:
    return (b[0] - a[0], b[1] - a[1], b[2] - a[2])


def _normal(a: Vector, b: Vector) -> Vector:
    # Equal to cross(a, b), without the cancellation where the two are close.
    return cross(a, _difference(a, b))


def arcs(outline: Sequence[Vector]) -> Iterator[tuple[Vector, Vector]]:
    """The sides, the closing one last."""
    return zip(outline, [*outline[1:], outline[0]], strict=True)


def between(a: Vector, b: Vector, fraction: float) -> Vector:
    """The point at `fraction` of the way along the arc from `a` to `b`."""
    angle = distance(a, b)
    if angle < 1e-12:
        return a
    s, t = math.sin((1.0 - fraction) * angle), math.sin(fraction * angle)
    return unit((s * a[0] + t * b[0], s * a[1] + t * b[1], s * a[2] + t * b[2]))


def hemisphere(outline: Sequence[Vector]) -> Vector | None:
    """The middle of a hemisphere that holds all corners; None when there is none with room to spare."""
    middle = mean(outline)
    for _ in range(1000):
        # The perceptron's rule: turn towards the corner that is left out farthest. Without scaling it
        # ends after 1 / sin(room)**2 turns.
        farthest = min(outline, key=lambda corner: dot(middle, corner))
        if dot(middle, farthest) > 1e-9 * math.hypot(*middle):
            return unit(middle)
        middle = (middle[0] + farthest[0], middle[1] + farthest[1], middle[2] + farthest[2])
    return None


def signed_area(outline: Sequence[Vector]) -> float:
    """Solid angle in steradians, between -2 pi and 2 pi: that of the smaller side, with its orientation."""
    apex = outline[0]
    total = 0.0
    for b, c in pairwise(outline[1:]):
        # van Oosterom & Strackee (1983); differences keep the digits of small triangles.
        volume = dot(apex, cross(_difference(apex, b), _difference(apex, c)))
        total -= 2.0 * math.atan2(volume, 1.0 + dot(apex, b) + dot(b, c) + dot(c, apex))
    return math.remainder(total, 4.0 * math.pi)


def moment(outline: Sequence[Vector]) -> Vector:
    """The integral of the direction over the area that lies to the left of the outline, seen from inside."""
    total = [0.0, 0.0, 0.0]
    for a, b in arcs(outline):
        normal = _normal(a, b)
        length = math.hypot(*normal)
        if length > 0.0:
            weight = -0.5 * math.atan2(length, dot(a, b)) / length
            for axis in range(3):
                total[axis] += weight * normal[axis]
    return (total[0], total[1], total[2])


def winding(outline: Sequence[Vector], centre: Vector) -> tuple[float, bool]:
    """How the outline turns around `centre`: the angle in all, and whether it never turns back.

    +-2 pi where it goes round the centre (or its antipode) once; the sign is that of `signed_area`.
    """
    total, steady = 0.0, [False, False]
    for a, b in arcs(outline):
        turn = -math.atan2(dot(centre, _normal(a, b)), dot(a, b) - dot(a, centre) * dot(b, centre))
        total += turn
        steady[turn > 0.0] = True
    return total, not all(steady)
