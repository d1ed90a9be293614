"""The parameters of SODA 1.0, declared once: for the service, its jobs, descriptors and documentation."""

from __future__ import annotations

from ...declare.parameters import Parameter
from ...declare.types import CIRCLE as CIRCLE_TYPE
from ...declare.types import INTERVAL
from ...declare.types import POLYGON as POLYGON_TYPE
from ..dali import RUNID

__all__ = [
    "BAND",
    "CIRCLE",
    "ID",
    "POL",
    "POLYGON",
    "POS",
    "PREFIX",
    "RESPONSEFORMAT",
    "SODA_PARAMETERS",
    "TIME",
]

_WHERE = "pos.outline;obs"

ID = Parameter(
    "ID",
    "The dataset: its publisher DID, or the archive's dp_id.",
    multiple=True,
    ucd="meta.ref.url;meta.curation",
)
POS = Parameter(
    "POS",
    "Region to cut out, as CIRCLE ra dec radius, RANGE ra1 ra2 dec1 dec2 or POLYGON ra dec ra dec ra dec ...",
    multiple=True,
    ucd=_WHERE,
)
CIRCLE = Parameter(
    "CIRCLE",
    "Circle (ra, dec, radius) that the cut-out covers, ICRS.",
    type=CIRCLE_TYPE,
    multiple=True,
    unit="deg",
    ucd=_WHERE,
)
POLYGON = Parameter(
    "POLYGON",
    "Polygon (ra, dec of each corner) that the cut-out covers, ICRS.",
    type=POLYGON_TYPE,
    multiple=True,
    unit="deg",
    ucd=_WHERE,
)
BAND = Parameter(
    "BAND",
    "Vacuum wavelengths to extract; -Inf and +Inf leave a side open.",
    type=INTERVAL,
    multiple=True,
    unit="m",
    ucd="em.wl;stat.interval",
)
TIME = Parameter(
    "TIME",
    "Times to extract, MJD (UTC); -Inf and +Inf leave a side open.",
    type=INTERVAL,
    multiple=True,
    unit="d",
    ucd="time.interval;obs.exposure",
)
# SODA 1.0, 3.3.6: its values make one filter together, in sync too.
POL = Parameter(
    "POL",
    "Polarization states to extract, such as I, Q, U, V, XX, RL; several are extracted together.",
    multiple=True,
    ucd="meta.code;phys.polarization",
)
RESPONSEFORMAT = Parameter(
    "RESPONSEFORMAT",
    "Media type of the cut-out. Cut-outs are FITS, whatever the files of the archive are packed with.",
    values=("application/fits", "image/fits", "fits"),
)
PREFIX = Parameter("PREFIX", "What the name of the cut-out's file begins with, as at ESO.")

SODA_PARAMETERS = (ID, POS, CIRCLE, POLYGON, BAND, TIME, POL, RESPONSEFORMAT, PREFIX, RUNID)
