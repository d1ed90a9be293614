"""The parameters of SIA 1.0 (4.1), and what their values mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from archive.declare.parameters import Arguments, Parameter
from archive.declare.regions import Region, box_polygon, repaired
from archive.declare.types import INTEGER
from archive.errors import BadParameter
from archive.protocol.dali import MAXREC

__all__ = ["FORMAT", "INTERSECT", "PARAMETERS", "POS", "SIZE", "VERB", "Formats", "Frame", "formats", "frame"]

POS = Parameter(
    "POS", "Centre of the region, longitude and latitude in ICRS degrees: 204.254,-29.866.", ucd="pos.eq"
)
SIZE = Parameter(
    "SIZE",
    "Width and height of the region in degrees, or one number for both: 0.5,0.2. 0 means the position alone.",
    unit="deg",
)
FORMAT = Parameter(
    "FORMAT",
    "Formats of images, separated by commas: image/fits; ALL; GRAPHIC, of which there are none here; METADATA"
    " for this description.",
    default="ALL",
)
INTERSECT = Parameter(
    "INTERSECT",
    "How image and region have to lie: the image covers all of the region, is enclosed in it, has its centre,"
    " or overlaps it.",
    values=("OVERLAPS", "COVERS", "ENCLOSED", "CENTER"),
    default="OVERLAPS",
)
VERB = Parameter(
    "VERB",
    "How many columns are sent, from 0 for the fewest to 3 for all.",
    type=INTEGER,
    minimum=0,
    maximum=3,
    default=2,
)

PARAMETERS = (POS, SIZE, FORMAT, INTERSECT, VERB, MAXREC)

_FITS = frozenset({"image/fits", "application/fits", "image/x-fits", "fits", "all"})


class Formats(Enum):
    METADATA = "the description of the service"
    IMAGES = "images as they are kept, in FITS"
    NONE = "formats that no image here has"


def formats(arguments: Arguments) -> Formats:
    names = {name.strip().lower() for name in (arguments.text(FORMAT) or "").split(",")}
    if "metadata" in names:
        return Formats.METADATA
    return Formats.IMAGES if names & _FITS else Formats.NONE


@dataclass(frozen=True, slots=True)
class Frame:
    """The region asked for: `region` is None for the position alone, and where nothing is left out."""

    longitude: float
    latitude: float
    region: Region | None
    is_whole_sky: bool = False


def frame(arguments: Arguments) -> Frame:
    """Raises BadParameter; both parameters have to be there (SIA 1.0, 4.1.1 and 4.1.2)."""
    longitude, latitude = _pair(arguments, POS, "longitude and latitude: POS=204.254,-29.866")
    width, height = _pair(arguments, SIZE, "degrees: SIZE=0.5; SIZE=0 finds what contains POS", single=True)
    if not -90.0 <= latitude <= 90.0:
        raise BadParameter(POS.name, f"there is no declination of {latitude:g} degrees", hint="use -90 to 90")
    if not -180.0 <= longitude <= 360.0:
        raise BadParameter(
            POS.name, f"there is no right ascension of {longitude:g} degrees", hint="use 0 to 360"
        )
    if width < 0.0 or height < 0.0:
        raise BadParameter(SIZE.name, "a size cannot be negative", hint="give degrees from 0 on")
    if width == 0.0 or height == 0.0:
        return Frame(longitude, latitude, None)
    if max(width, height) >= 180.0:
        return Frame(longitude, latitude, None, is_whole_sky=True)
    corners = box_polygon(longitude, latitude, width, height)
    return Frame(longitude, latitude, repaired(Region(polygons=(corners,)))[0])


def _pair(
    arguments: Arguments, parameter: Parameter, wanted: str, *, single: bool = False
) -> tuple[float, float]:
    text = arguments.text(parameter)
    if text is None:
        raise BadParameter(parameter.name, "is missing", hint=f"give {wanted}")
    # A frame may follow (SIA 1.0 allows ICRS alone, and leaves room for others).
    words = text.replace(";ICRS", "").split(",")
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if single and len(numbers) == 1:
        numbers *= 2
    if len(numbers) != 2 or not all(map(math.isfinite, numbers)) or not text.isascii() or "_" in text:
        raise BadParameter(parameter.name, f"{text[:80]!r} cannot be read", hint=f"give {wanted}")
    return numbers[0], numbers[1]
