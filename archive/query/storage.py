"""How positions and regions are stored and indexed: the spellings that queries and tables must share.

The index is used only when a query writes the very expression that made it, so both come from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..declare.names import physical_column, quote_identifier
from ..declare.regions import Region

__all__ = [
    "HEALPIX_ORDER",
    "WIDE",
    "RegionColumns",
    "RegionValues",
    "circle_text",
    "folded_expression",
    "point_text",
    "polygon_text",
    "position_expression",
    "quoted_region_columns",
    "region_columns",
    "region_values",
    "span_expression",
]

# The bounds of a region wider than a hemisphere, for which pg_sphere has no circle. Queries ask for it by
# `=`, which the index knows, beside what they are looking for; no other bounds have the radius 0.
WIDE = "<(0d,90d),0d>"

# Of the cells in whose order tables are written.
HEALPIX_ORDER = 29

# Added to the radius of every bounding circle, degrees (1 mas): rounding must not lose a match at the edge.
_MARGIN = 3e-7


@dataclass(frozen=True, slots=True)
class RegionColumns:
    """The hidden columns beside a region's text: a `scircle`, indexed; `spoint[]`, `scircle[]`, `spoly[]`."""

    bounds: str
    points: str
    circles: str
    polygons: str


@dataclass(frozen=True, slots=True)
class RegionValues:
    """What the hidden columns hold, as text for the database; None for NULL."""

    bounds: str | None = None
    points: str | None = None
    circles: str | None = None
    polygons: str | None = None


def position_expression(longitude: str, latitude: str) -> str:
    """The position of a pair of columns (spelled in SQL; degrees) as pg_sphere's `spoint`.

    NULL for what is no position: not finite, or outside -180..360 and -90..90 (functions.sql).
    """
    return f"adql.position({longitude}, {latitude})"


def folded_expression(text: str) -> str:
    """A text (spelled in SQL) without regard to letter case, as queries compare it then."""
    return f"lower({text})"


def span_expression(low: str, high: str) -> str:
    """The interval between a pair of columns (spelled in SQL), both ends included, as a range.

    NULL where an end is unknown or the lower one is above the other (functions.sql).
    """
    return f"adql.extent({low}, {high})"


def region_columns(name: str) -> RegionColumns:
    """The hidden columns of the published region column `name`; no published name can collide with them."""
    stored = physical_column(name)
    return RegionColumns(
        f"{stored}__bounds", f"{stored}__points", f"{stored}__circles", f"{stored}__polygons"
    )


def quoted_region_columns(name: str) -> tuple[str, str, str, str]:
    columns = region_columns(name)
    return (
        quote_identifier(columns.bounds),
        quote_identifier(columns.points),
        quote_identifier(columns.circles),
        quote_identifier(columns.polygons),
    )


def region_values(region: Region) -> RegionValues:
    """The hidden columns of a region (ICRS degrees) that `declare.regions.repaired` has made fit."""
    longitude, latitude, radius = region.bounds()
    radius += _MARGIN
    return RegionValues(
        bounds=circle_text(longitude, latitude, radius) if radius <= 90 else WIDE,
        points=_array(point_text(*place) for place in region.points) if region.points else None,
        circles=_array(circle_text(*circle) for circle in region.circles) if region.circles else None,
        polygons=_array(polygon_text(polygon) for polygon in region.polygons) if region.polygons else None,
    )


def _array(elements: Iterable[str]) -> str:
    return "{" + ",".join(f'"{element}"' for element in elements) + "}"


def point_text(longitude: float, latitude: float) -> str:
    return f"({longitude!r}d,{latitude!r}d)"


def circle_text(longitude: float, latitude: float, radius: float) -> str:
    return f"<({longitude!r}d,{latitude!r}d),{radius!r}d>"


def polygon_text(vertices: Iterable[tuple[float, float]]) -> str:
    return "{" + ",".join(point_text(*vertex) for vertex in vertices) + "}"
