"""The parameters of SIA 2.0 (2.1); every one may be repeated, which means OR.

Which column a parameter is about is told here too; how it becomes a condition, in `query`.
"""

from __future__ import annotations

from dataclasses import replace

from archive.declare.parameters import Parameter
from archive.declare.types import INTEGER, INTERVAL
from archive.protocol.dali import MAXREC, RESPONSEFORMAT, RUNID

__all__ = [
    "BAND",
    "CALIB",
    "DPTYPE",
    "FORMAT",
    "ID",
    "NUMBERS",
    "PARAMETERS",
    "POL",
    "POS",
    "RESPONSE",
    "SPANS",
    "TEXTS",
    "TIME",
]


def _interval(name: str, description: str, unit: str = "", ucd: str = "") -> Parameter:
    return Parameter(name, description, type=INTERVAL, multiple=True, unit=unit, ucd=ucd)


def _text(name: str, description: str, ucd: str = "", values: tuple[str, ...] = ()) -> Parameter:
    return Parameter(name, description, multiple=True, ucd=ucd, values=values)


POS = _text(
    "POS",
    "A place on the sky that the image touches, ICRS degrees: CIRCLE longitude latitude radius, RANGE"
    " longitude1 longitude2 latitude1 latitude2, or POLYGON with the coordinates of three corners or more.",
    "pos.outline;obs",
)
BAND = _interval("BAND", "Wavelengths in vacuum that the data cover some of.", "m", "em.wl")
TIME = _interval("TIME", "Modified Julian dates (UTC) in which some of the data were taken.", "d", "time")
POL = _text("POL", "Polarization states, such as I or Q, that the data have.", "phys.polarization")
ID = _text("ID", "Publisher DID of the dataset, in any letter case.", "meta.ref.ivoid")
CALIB = Parameter(
    "CALIB",
    "Calibration level: 0 or 1 raw, 2 calibrated, 3 combined, 4 results of an analysis.",
    type=INTEGER,
    multiple=True,
    ucd="meta.code;obs.calib",
    minimum=0,
    maximum=4,
)
DPTYPE = _text(
    "DPTYPE",
    "Type of the data: image and cube unless others are named, such as spectrum.",
    "meta.code.class",
)
FORMAT = _text("FORMAT", "Media type of what access_url gives.", "meta.code.mime")

# What the data extend over: columns with the lower and the upper end.
SPANS = {BAND: ("em_min", "em_max"), TIME: ("t_min", "t_max")}

# A value of the data that lies in the interval.
NUMBERS = {
    _interval("FOV", "Diameter of the field of view.", "deg", "phys.angSize;instr.fov"): "s_fov",
    _interval("SPATRES", "Spatial resolution.", "arcsec", "pos.angResolution"): "s_resolution",
    _interval("SPECRP", "Spectral resolving power.", "", "spect.resolution"): "em_res_power",
    _interval("EXPTIME", "Exposure time.", "s", "time.duration;obs.exposure"): "t_exptime",
    _interval("TIMERES", "Time resolution.", "s", "time.resolution"): "t_resolution",
}

# A text of the data that is exactly this one.
TEXTS = {
    _text("COLLECTION", "Name of the data collection, in its letter case.", "meta.id"): "obs_collection",
    _text("FACILITY", "Name of the telescope, in its letter case.", "meta.id;instr.tel"): "facility_name",
    _text("INSTRUMENT", "Name of the instrument, in its letter case.", "meta.id;instr"): "instrument_name",
    _text("TARGET", "Name of the target, in its letter case.", "meta.id;src"): "target_name",
}

# FORMAT is about the data here, and no other name of this one.
RESPONSE = replace(RESPONSEFORMAT, aliases=())

PARAMETERS = (POS, *SPANS, POL, *NUMBERS, ID, *TEXTS, DPTYPE, CALIB, FORMAT, MAXREC, RESPONSE, RUNID)
