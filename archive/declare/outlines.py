"""Outlines made fit for an index: simple polygons that pg_sphere takes, whatever a header described.

pg_sphere refuses outlines that touch or cross themselves and those that reach 90 degrees from the
middle of their bounding box, and it does not tell positions apart that are closer than 1e-9 radians.
Here each such outline becomes one or several that cover the same sky, and a note says what was done.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from ..errors import UsageError
from .sphere import (
    Vector,
    arcs,
    between,
    cross,
    distance,
    dot,
    hemisphere,
    mean,
    moment,
    signed_area,
    unit,
    winding,
)

__all__ = ["simple_outlines"]

Outline = list[Vector]


_SAME = 4e-9  # radians, 0.8 mas: closer positions are one; four times what pg_sphere tells apart
_THIN = 2e-8  # radians, 4 mas: the mean width below which an outline has no area
_BLUNT = 1e-7  # radians, 20 mas: what is left out of the corners where an outline crossed itself
_STEP = math.radians(30.0)
_REACH = math.radians(85.0)
_MOST_CORNERS = 1000  # pg_sphere before 1.3 takes no more than 1024
_FEW_CORNERS = 8
_MOST_MEETINGS = 1000  # an outline that meets itself more often is noise, and untangling it takes for ever


def simple_outlines(outline: Sequence[Vector], *, untangle: bool = True) -> tuple[list[Outline], list[str]]:
    """Simple outlines, counter-clockwise as DALI has it, that together cover what `outline` encloses.

    What an outline that touches or crosses itself encloses is a guess, made only when `untangle` is true.
    Raises UsageError for outlines without area or of more than 1000 corners, and for those larger than a
    hemisphere which are not seen whole from a point inside.
    """
    if len(outline) > _MOST_CORNERS:
        raise UsageError(
            f"an outline of {len(outline)} corners, more than {_MOST_CORNERS}",
            hint="describe it as a UNION of smaller polygons",
        )
    notes: list[str] = []
    corners = _distinct(outline)
    if len(corners) < len(outline):
        notes.append("dropped repeated vertices")
    if len(corners) < 3:
        raise UsageError("the outline has fewer than three different vertices")
    if _touches(corners):
        if not untangle:
            raise UsageError(
                "the outline crosses or touches itself",
                hint="give its vertices in order, round the outline; divide it where it meets itself",
            )
        loops = _untangled(corners, notes)
    else:
        loops = [corners]
        if _width(corners) < _THIN:
            raise UsageError("the outline has no area: its vertices lie on one great circle")
    pieces = [piece for loop in loops for piece in _oriented(loop, notes)]
    return pieces, list(dict.fromkeys(notes))


def _distinct(outline: Sequence[Vector], same: float = _SAME) -> Outline:
    """The vertices without those that repeat the one before, and without there-and-back spikes."""
    corners = list(outline)
    index = 0
    while index < len(corners) and len(corners) > 2:
        before, here, after = corners[index - 1], corners[index], corners[(index + 1) % len(corners)]
        if distance(before, here) < same or distance(before, after) < same:
            del corners[index]
            index = max(index - 2, 0)
        else:
            index += 1
    return corners


def _width(corners: Outline) -> float:
    """Twice the area over the length of the outline: of a strip, its width in radians."""
    return 2.0 * abs(signed_area(corners)) / sum(distance(a, b) for a, b in arcs(corners))


def _oriented(corners: Outline, notes: list[str]) -> list[Outline]:
    if not _is_large(corners):
        if signed_area(corners) < 0.0:
            notes.append("reversed a clockwise outline")
            corners.reverse()
        return [corners]
    return _split(corners, notes)


# Crossings


def _touches(corners: Outline) -> bool:
    """True when two sides that are not neighbours come together, or two neighbours overlap."""
    if len(corners) <= _FEW_CORNERS and _is_clearly_convex(corners):
        return False
    sides = list(arcs(corners))
    last = len(sides) - 1
    return any(
        _meeting(*sides[i], *sides[j]) is not None
        for i, j in _close_pairs(sides)
        if j - i > 1 and (i, j) != (0, last)
    ) or any(_folds(a, b, c) for (a, b), (_, c) in zip(sides, [*sides[1:], sides[0]], strict=True))


def _is_clearly_convex(corners: Outline) -> bool:
    """True when all other corners lie on one side of every side, and farther from it than what is told apart.

    Nearly all detectors are: what follows for others takes fifty times as long.
    """
    turn = 0.0
    for index, corner in enumerate(corners):
        normal = unit(cross(corners[index - 1], corner))
        turn = turn or math.copysign(1.0, dot(normal, corners[index - 2]))
        others = (*corners[: max(index - 1, 0)], *corners[index + 1 : len(corners) - (index == 0)])
        if any(turn * dot(normal, other) <= 2.0 * _SAME for other in others):
            return False
    return True


def _close_pairs(sides: Sequence[tuple[Vector, Vector]]) -> Iterator[tuple[int, int]]:
    """The pairs of sides, i < j, so close that they may meet: those whose chords' spheres do."""
    ends = np.array(sides)
    middles = ends.mean(axis=1)
    # No point of an arc is farther from the middle of its chord than its ends are.
    radii = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1) / 2.0 + _SAME
    for i in range(len(sides) - 1):
        apart = np.linalg.norm(middles[i + 1 :] - middles[i], axis=1)
        for j in np.flatnonzero(apart <= radii[i] + radii[i + 1 :]):
            yield i, i + 1 + int(j)


def _on_arc(p: Vector, a: Vector, b: Vector) -> bool:
    """True when `p` lies on the arc, its ends included, to within what is told apart."""
    normal = cross(a, b)
    if abs(dot(unit(normal), p)) >= _SAME:
        return distance(p, a) < _SAME or distance(p, b) < _SAME
    inside = dot(cross(normal, a), p) > 0.0 > dot(cross(normal, b), p)
    return inside or distance(p, a) < _SAME or distance(p, b) < _SAME


def _folds(a: Vector, b: Vector, c: Vector) -> bool:
    return _on_arc(c, a, b) or _on_arc(a, b, c)


def _meeting(a: Vector, b: Vector, c: Vector, d: Vector) -> Vector | None:
    """A point common to the arcs ab and cd: an end of one of them where there is such, else the crossing."""
    for end, first, second in ((c, a, b), (d, a, b), (a, c, d), (b, c, d)):
        if _on_arc(end, first, second):
            return end
    ab, cd = cross(a, b), cross(c, d)
    if dot(ab, c) * dot(ab, d) < 0.0 and dot(cd, a) * dot(cd, b) < 0.0:
        point = unit(cross(ab, cd))
        point = point if dot(point, mean((a, b))) > 0.0 else (-point[0], -point[1], -point[2])
        if dot(point, mean((a, b))) > 0.0 and dot(point, mean((c, d))) > 0.0:
            return point
    return None


def _untangled(corners: Outline, notes: list[str]) -> list[Outline]:
    """The loops of an outline that touches or crosses itself."""
    if len(corners) == 4:
        # The corners of one detector in the wrong order; no outline meant as two triangles has been seen.
        for order in ((0, 1, 3, 2), (0, 2, 1, 3)):
            straight = [corners[i] for i in order]
            if not _touches(straight) and _is_convex(straight):
                notes.append("put four corners in order")
                return [straight]
    loops = _loops(_with_meetings(corners))
    loops = [_distinct(loop, _BLUNT) for loop in loops]
    loops = [loop for loop in loops if len(loop) >= 3 and _width(loop) > _THIN]
    loops = [loop for loop in loops if not _touches(loop)]
    if not loops:
        raise UsageError("the outline crosses itself and encloses nothing")
    notes.append("split an outline that touches or crosses itself")
    loops.sort(key=lambda loop: -abs(signed_area(loop)))
    kept: list[Outline] = []
    for loop in loops:
        if not any(_encloses(larger, loop) for larger in kept):
            kept.append(loop)
    return kept


def _is_convex(corners: Outline) -> bool:
    n = len(corners)
    turns = [dot(cross(corners[i - 2], corners[i - 1]), corners[i]) > 0.0 for i in range(n)]
    return len(set(turns)) == 1


def _with_meetings(corners: Outline) -> Outline:
    """The outline with a vertex, the same on both sides, wherever two of its sides meet."""
    points = list(corners)
    sides = list(arcs(corners))
    for i, j in _close_pairs(sides):
        (a, b), (c, d) = sides[i], sides[j]
        meeting = _meeting(a, b, c, d)
        points += [meeting] if meeting is not None else []
        points += [end for end in (a, b) if _on_arc(end, c, d)] + [e for e in (c, d) if _on_arc(e, a, b)]
        if len(points) > len(corners) + 3 * _MOST_MEETINGS:
            raise UsageError("the outline crosses itself too often to make sense of")
    known: Outline = []
    for point in points:
        if all(distance(point, other) >= _SAME for other in known):
            known.append(point)
    complete: Outline = []
    for a, b in sides:
        on_side = [point for point in known if _on_arc(point, a, b) and distance(point, b) >= _SAME]
        complete += sorted(on_side, key=lambda point: distance(a, point))
    return complete


def _loops(corners: Outline) -> list[Outline]:
    """The closed walks between visits of the same vertex."""
    loops: list[Outline] = []
    path: Outline = []
    for corner in corners:
        if corner in path:
            start = path.index(corner)
            loops.append(path[start:])
            del path[start:]
        path.append(corner)
    return [*loops, path]


def _encloses(outer: Outline, inner: Outline) -> bool:
    """True when `inner`, whose sides do not cross those of `outer`, lies in it."""
    corner = mean(inner[:2])
    return dot(corner, mean(outer)) > 0.0 and abs(winding(outer, corner)[0]) > math.pi


# Size


def _box_middle(corners: Outline) -> Vector:
    low, high = [2.0] * 3, [-2.0] * 3
    for corner in corners:
        low = [min(pair) for pair in zip(low, corner, strict=True)]
        high = [max(pair) for pair in zip(high, corner, strict=True)]
    x, y, z = (a + b for a, b in zip(low, high, strict=True))
    return (x, y, z)


def _is_large(corners: Outline) -> bool:
    """True when pg_sphere would call the polygon too large, or nearly so."""
    middle = _box_middle(corners)
    return math.hypot(*middle) < 0.02 or max(distance(unit(middle), corner) for corner in corners) > _REACH


def _split(corners: Outline, notes: list[str]) -> list[Outline]:
    """Triangles and quadrangles around a point inside, from which the whole outline is seen."""
    fine = [
        between(a, b, part / steps)
        for a, b in arcs(corners)
        for steps in [math.ceil(distance(a, b) / _STEP)]
        for part in range(steps)
    ]
    if hemisphere(fine) is not None and signed_area(fine) < 0.0:
        # It fits a hemisphere, and then the smaller side is meant, however it was walked around.
        notes.append("reversed a clockwise outline")
        fine.reverse()
    if not _is_large(fine):
        return [fine]
    centre = unit(moment(fine))
    angle, steady = winding(fine, centre)
    if not steady or abs(angle - 2.0 * math.pi) > 1e-6:
        raise UsageError(
            "the outline is larger than a hemisphere and not seen whole from its centre",
            hint="describe it as a UNION of smaller polygons",
        )
    notes.append("split an outline too large for the index")
    return [piece for a, b in arcs(fine) for piece in _sector(centre, a, b)]


def _sector(centre: Vector, a: Vector, b: Vector) -> list[Outline]:
    """The triangle from `centre` to the side ab, cut across so that no piece is long."""
    cuts = math.ceil(max(distance(centre, a), distance(centre, b)) / _STEP)
    rungs = [(between(centre, a, k / cuts), between(centre, b, k / cuts)) for k in range(1, cuts + 1)]
    pieces = [[centre, *rungs[0]]]
    for (near_a, near_b), (far_a, far_b) in pairwise(rungs):
        pieces.append([near_a, far_a, far_b, near_b])
    return pieces
