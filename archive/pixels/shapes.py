"""Which pixels a region of the sky touches: the smallest box of them, exact at poles, wraps and edges.

A region's border is followed where it comes near the image, and the image's border where the region covers
it; the extremes of both, in pixels, are the box. So nothing depends on how an image is turned or projected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..declare.regions import Circle, Polygon, Region
from .worlds import Sky, Vectors, vectors

__all__ = ["PixelBox", "common_box", "covers"]

Flags = npt.NDArray[np.bool_]

_CIRCLE = 720  # points on a circle, or on the part of it that comes near the image
_SIDE = 64  # points on a side of a polygon, twice in turn
_BORDER = 64  # points on a side of the image
_BISECTIONS = 24
# Beyond an edge between pixels by less than this is not beyond it: coordinates have rounding errors.
_EDGE = 1e-4


PixelBox = tuple[tuple[int, int], tuple[int, int]]


def common_box(sky: Sky, regions: Sequence[Region]) -> PixelBox | None:
    """First and last + 1 of the pixels along both axes that all regions touch; None when there are none."""
    image = _Image(sky)
    boxes = [box for region in regions if (box := _box(image, region)) is not None]
    if len(boxes) < len(regions):
        return None
    x = max(box[0][0] for box in boxes), min(box[0][1] for box in boxes)
    y = max(box[1][0] for box in boxes), min(box[1][1] for box in boxes)
    return (x, y) if x[0] < x[1] and y[0] < y[1] else None


def _box(image: _Image, region: Region) -> PixelBox | None:
    found = [places for part in _parts(region) if len(places := image.touched(part))]
    if not found:
        return None
    places = np.concatenate(found)
    low = np.floor(places.min(axis=0) + 0.5 + _EDGE).astype(int)
    # A place on the edge between two pixels belongs to one of them.
    high = np.maximum(np.ceil(places.max(axis=0) - 0.5 - _EDGE).astype(int), low)
    last = np.array(image.shape) - 1
    low, high = np.clip(low, 0, last), np.clip(high, 0, last)
    return (int(low[0]), int(high[0]) + 1), (int(low[1]), int(high[1]) + 1)


class _Circle:
    """A cap of the sphere, which may be a single point."""

    def __init__(self, circle: Circle) -> None:
        lon, lat, radius = circle
        self.centre = vectors(lon, lat)
        self.radius = math.radians(radius)
        self._chord = 4.0 * math.sin(self.radius / 2.0) ** 2

    def holds(self, directions: Vectors) -> Flags:
        with np.errstate(invalid="ignore"):
            return np.asarray(((directions - self.centre) ** 2).sum(axis=1) <= self._chord)

    def border(self, middle: Vectors, reach: float) -> Vectors:
        """Points on the circle, those within `reach` (radians) of `middle` if it is near."""
        away = _distance(self.centre, middle)
        if away > self.radius + reach:
            return np.empty((0, 3))
        if self.radius == 0.0:
            return self.centre[np.newaxis]
        first, span = 0.0, 2.0 * math.pi
        east, north = _tangents(self.centre)
        if reach < 1.0 and away > 1e-12:
            # The cosine rule tells which part of the circle is near.
            sines = math.sin(away) * math.sin(self.radius)
            cosine = (math.cos(reach) - math.cos(away) * math.cos(self.radius)) / sines if sines else -1.0
            if cosine > 1.0:
                return np.empty((0, 3))
            half = math.acos(max(cosine, -1.0))
            towards = math.atan2(float(middle @ east), float(middle @ north))
            first, span = towards - half, 2.0 * half
        angles = first + span * np.linspace(0.0, 1.0, _CIRCLE)
        rim = np.sin(angles)[:, np.newaxis] * east + np.cos(angles)[:, np.newaxis] * north
        return np.asarray(math.cos(self.radius) * self.centre + math.sin(self.radius) * rim)


class _Polygon:
    """An outline of great circles that fits a hemisphere, as `declare.regions.repaired` leaves it."""

    def __init__(self, polygon: Polygon) -> None:
        corners = np.array(polygon)
        self._corners = vectors(corners[:, 0], corners[:, 1])
        self._ends = np.roll(self._corners, -1, axis=0)
        self._middle = self._corners.sum(axis=0)

    def holds(self, directions: Vectors) -> Flags:
        """By how often the outline goes round a point."""
        good = np.isfinite(directions).all(axis=1) & (np.nan_to_num(directions) @ self._middle > 0.0)
        inside = np.zeros(len(directions), dtype=bool)
        points = directions[good]
        normals = np.cross(self._corners, self._ends)
        a, b = points @ self._corners.T, points @ self._ends.T
        cosines = np.einsum("ij,ij->i", self._corners, self._ends)
        turns = np.arctan2(points @ normals.T, cosines - a * b).sum(axis=1)
        inside[good] = np.abs(turns) > math.pi
        return inside

    def border(self, middle: Vectors, reach: float) -> Vectors:
        steps = np.linspace(0.0, 1.0, _SIDE + 1)
        found = [self._corners[_distances(self._corners, middle) <= reach]]
        for a, b in zip(self._corners, self._ends, strict=True):
            coarse = _between(a, b, steps)
            spacing = _distance(a, b) / _SIDE
            near = _distances(coarse, middle) <= reach + spacing
            for i in np.flatnonzero(near[:-1] | near[1:]):
                found.append(_between(coarse[i], coarse[i + 1], steps[:: max(_SIDE // 8, 1)]))
        return np.concatenate(found)


_Part = _Circle | _Polygon


def _parts(region: Region) -> Iterator[_Part]:
    yield from (_Circle((*point, 0.0)) for point in region.points)
    yield from (_Circle(circle) for circle in region.circles)
    yield from (_Polygon(polygon) for polygon in region.polygons)


class _Image:
    """An image on the sky: its border, and a cap that holds it."""

    def __init__(self, sky: Sky) -> None:
        self._sky = sky
        self.shape = sky.shape
        self._size = np.array(sky.shape, dtype=np.float64)
        width, height = self._size
        steps, zero, one = np.arange(_BORDER) / _BORDER, np.zeros(_BORDER), np.ones(_BORDER)
        across = np.concatenate([steps, one, 1.0 - steps, zero])
        up = np.concatenate([zero, steps, one, 1.0 - steps])
        # Pixel edges are at -0.5 and n - 0.5.
        self._border = np.stack([across * width, up * height], axis=1) - 0.5
        self._directions = sky.directions(self._border)
        self._cap()

    def _cap(self) -> None:
        grid = np.linspace(0.0, 1.0, 9)
        x, y = np.meshgrid(grid, grid)
        inner = np.stack([x.ravel(), y.ravel()], axis=1) * self._size - 0.5
        seen = np.concatenate([self._sky.directions(inner), self._directions])
        whole = np.isfinite(seen).all()
        seen = seen[np.isfinite(seen).all(axis=1)]
        total = seen.sum(axis=0) if len(seen) else np.array([0.0, 0.0, 1.0])
        length = float(np.linalg.norm(total))
        self._middle = total / length if length else np.array([0.0, 0.0, 1.0])
        reach = float(_distances(seen, self._middle).max(initial=0.0))
        # A map of much of the sky may be torn: then the whole sky may be in it.
        self._reach = 1.05 * reach + 1e-9 if whole and reach < 0.9 else math.pi

    def touched(self, part: _Part) -> Vectors:
        """Places in the image, in pixels, among which are the extremes of what it has of the part."""
        return np.concatenate([self._rim(part), self._covered(part)])

    def _rim(self, part: _Part) -> Vectors:
        """The part's border as far as it lies in the image."""
        directions = part.border(self._middle, self._reach)
        if not len(directions):
            return np.empty((0, 2))
        pixels = self._sky.pixels(directions)
        with np.errstate(invalid="ignore"):
            inside = np.all((pixels >= -0.5) & (pixels <= self._size - 0.5), axis=1)
        if inside.any():
            # Projections show places behind the observer too, and distortions have more than one inverse.
            back = self._sky.directions(pixels[inside])
            apart = np.linalg.norm(back - directions[inside], axis=1)
            return np.asarray(pixels[np.flatnonzero(inside)[apart < self._tolerance]])
        return np.empty((0, 2))

    @property
    def _tolerance(self) -> float:
        """Half a pixel at the image's border, in radians."""
        steps = np.linalg.norm(np.diff(self._directions, axis=0), axis=1) / (self._size.max() / _BORDER)
        steps = steps[np.isfinite(steps) & (steps > 0.0)]
        return 0.5 * float(np.median(steps)) if len(steps) else math.inf

    def _covered(self, part: _Part) -> Vectors:
        """The image's border as far as it lies in the part, to the very place where that begins and ends."""
        inside = part.holds(self._directions)
        if not inside.any():
            return np.empty((0, 2))
        places = [self._border[inside]]
        following = np.roll(inside, -1)
        entering = np.flatnonzero(inside != following)
        if len(entering):
            held = np.where(inside[entering, np.newaxis], self._border[entering], self._after(entering))
            free = np.where(inside[entering, np.newaxis], self._after(entering), self._border[entering])
            for _ in range(_BISECTIONS):
                middle = (held + free) / 2.0
                holds = part.holds(self._sky.directions(middle))[:, np.newaxis]
                held, free = np.where(holds, middle, held), np.where(holds, free, middle)
            places.append(held)
        return np.concatenate(places)

    def _after(self, places: npt.NDArray[np.int64]) -> Vectors:
        return np.asarray(self._border[(places + 1) % len(self._border)])


def covers(region: Region, lon: float, lat: float) -> bool:
    """Whether a position, in ICRS degrees, lies in a region."""
    place = vectors(lon, lat)[np.newaxis]
    return any(bool(part.holds(place)[0]) for part in _parts(region))


def _distance(a: Vectors, b: Vectors) -> float:
    return float(_distances(a[np.newaxis], b)[0])


def _distances(directions: Vectors, point: Vectors) -> Vectors:
    """Radians, exact for small ones too."""
    return np.asarray(2.0 * np.arcsin(np.clip(np.linalg.norm(directions - point, axis=-1) / 2.0, 0.0, 1.0)))


def _tangents(point: Vectors) -> tuple[Vectors, Vectors]:
    """Unit vectors to the East and North of a point; at a pole, some pair at right angles."""
    pole = np.array([0.0, 0.0, 1.0]) if abs(point[2]) < 0.99 else np.array([1.0, 0.0, 0.0])
    east = np.cross(pole, point)
    east /= np.linalg.norm(east)
    return east, np.cross(point, east)


def _between(a: Vectors, b: Vectors, steps: Vectors) -> Vectors:
    """Points on the arc from `a` to `b`."""
    angle = _distance(a, b)
    if angle < 1e-9:
        return np.asarray(a + steps[:, np.newaxis] * (b - a))
    first, second = np.sin((1.0 - steps) * angle), np.sin(steps * angle)
    return np.asarray((first[:, np.newaxis] * a + second[:, np.newaxis] * b) / math.sin(angle))
