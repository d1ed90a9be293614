"""The parameters of queryData (SSA 1.1, 4.1): said once for parsing, the METADATA answer and the manual.

Lists and ranges stay texts here; `ssa.values` reads them.
"""

from __future__ import annotations

from enum import Enum

from archive.declare.parameters import Parameter
from archive.declare.types import DOUBLE, LONG
from archive.protocol.dali import MAXREC, RUNID

__all__ = [
    "APERTURE",
    "BAND",
    "COLLECTION",
    "COMPRESS",
    "CREATORDID",
    "DEFAULT_SIZE",
    "EQUALS",
    "FORMAT",
    "MTIME",
    "PARAMETERS",
    "POS",
    "PUBDID",
    "RANGES",
    "REQUEST",
    "RESPONSE",
    "SIZE",
    "TIME",
    "TOP",
    "VERSION",
    "Single",
]

DEFAULT_SIZE = 0.2  # degrees

REQUEST = Parameter(
    "REQUEST",
    "What to do: queryData finds spectra, getData sends the one that PUBDID names, getCapabilities describes"
    " the service. queryData can be left out.",
    values=("queryData", "getData", "getCapabilities"),
    default="queryData",
)
VERSION = Parameter("VERSION", "Version of the protocol; 1.1 is spoken here.")
POS = Parameter(
    "POS",
    "Centre of a circle on the sky: right ascension and declination in degrees, with a comma between. Another"
    " frame than ICRS follows after a semicolon, as in 120.5,-30;GALACTIC: FK5, FK4, GALACTIC, SUPER_GALACTIC"
    " or ECLIPTIC. Spectra whose aperture touches the circle are found.",
    ucd="pos.eq;meta.main",
)
SIZE = Parameter(
    "SIZE",
    "Diameter of the circle around POS.",
    type=DOUBLE,
    unit="deg",
    ucd="phys.angSize",
    minimum=0.0,
    maximum=360.0,
)
BAND = Parameter(
    "BAND",
    "Wavelengths in vacuum: a number, a range such as 5e-7/8e-7 or 5e-7/, a name such as V, K, optical or"
    " infrared, or a list of these with commas between. With ;source they are those at the target, whose"
    " redshift must be known. Spectra that have some of the wavelengths are found.",
    unit="m",
    ucd="em.wl",
)
TIME = Parameter(
    "TIME",
    "When it was observed, UTC: dates or ranges of dates in ISO 8601, such as 2004, 2004-01/2004-03,"
    " 2011-08-11T23:00/2011-08-12T03:00 or 2010/, or a list of these. A date without a time of day is"
    " all of that day, month or year.",
    ucd="time.epoch",
)
FORMAT = Parameter(
    "FORMAT",
    "Formats wanted, as a list: fits and votable (in the Spectrum model), compliant (both), native (the file"
    " as archived), graphic (a plot), all, or media types; metadata describes the service. Without FORMAT"
    " each spectrum comes once, as FITS.",
)
APERTURE = Parameter(
    "APERTURE", "Diameter of the aperture, a list of numbers and ranges.", unit="deg", ucd="phys.angSize"
)
SPECRP = Parameter(
    "SPECRP",
    "Resolving power, a range such as 40000/; a single number is the least.",
    ucd="spect.resolution",
)
SPATRES = Parameter(
    "SPATRES",
    "Spatial resolution (FWHM), a range; a single number is the coarsest.",
    unit="deg",
    ucd="pos.angResolution",
)
TIMERES = Parameter(
    "TIMERES",
    "Resolution in time, a range; a single number is the coarsest.",
    unit="s",
    ucd="time.resolution",
)
SNR = Parameter("SNR", "Signal-to-noise ratio, a range; a single number is the least.", ucd="stat.snr")
REDSHIFT = Parameter("REDSHIFT", "Redshift of the target, a list of numbers and ranges.", ucd="src.redshift")
VARAMPL = Parameter(
    "VARAMPL",
    "Amplitude of variability of the target as a fraction, a list of numbers and ranges.",
    ucd="src.var.amplitude",
)
TARGETNAME = Parameter(
    "TARGETNAME", "Target as in the result, in any letter case; a list.", ucd="meta.id;src"
)
TARGETCLASS = Parameter("TARGETCLASS", "Class of the target, such as star or QSO; a list.", ucd="src.class")
FLUXCALIB = Parameter(
    "FLUXCALIB", "absolute, relative, normalized, uncalibrated or any; a list.", ucd="meta.code.qual"
)
WAVECALIB = Parameter(
    "WAVECALIB", "absolute, approximate, uncalibrated or any; a list.", ucd="meta.code.qual"
)
PUBDID = Parameter(
    "PUBDID",
    "Publisher's identifier of a dataset, as in the result.",
    ucd="meta.ref.url;meta.curation",
    multiple=True,
)
CREATORDID = Parameter(
    "CREATORDID", "Creator's identifier of a dataset, as in the result.", ucd="meta.id", multiple=True
)
COLLECTION = Parameter("COLLECTION", "Collections of data, in any letter case; a list.", ucd="meta.id")
MTIME = Parameter(
    "MTIME", "When the metadata were last changed: dates and ranges, as for TIME.", ucd="time.processing"
)
TOP = Parameter("TOP", "So many of the best: those nearest to POS.", type=LONG, minimum=1)
COMPRESS = Parameter(
    "COMPRESS", "Whether spectra may be sent packed; here HTTP decides, and this is not looked at."
)
# FORMAT is about spectra, and not a name of this one.
RESPONSE = Parameter(
    "RESPONSEFORMAT",
    "Format of this table: a media type or a short name such as votable, csv, fits, parquet, json.",
)


class Single(Enum):
    """What one number says where a range could stand."""

    EXACT = "that value"
    LEAST = "that value or more"
    MOST = "that value or less"


# What is compared with a column of the same name: numbers, and texts in any letter case.
RANGES = {
    APERTURE: Single.EXACT,
    SPECRP: Single.LEAST,
    SPATRES: Single.MOST,
    TIMERES: Single.MOST,
    SNR: Single.LEAST,
    REDSHIFT: Single.EXACT,
    VARAMPL: Single.EXACT,
}
EQUALS = (TARGETNAME, TARGETCLASS, FLUXCALIB, WAVECALIB, COLLECTION)

PARAMETERS = (
    REQUEST,
    VERSION,
    POS,
    SIZE,
    BAND,
    TIME,
    FORMAT,
    APERTURE,
    SPECRP,
    SPATRES,
    TIMERES,
    SNR,
    REDSHIFT,
    VARAMPL,
    TARGETNAME,
    TARGETCLASS,
    FLUXCALIB,
    WAVECALIB,
    PUBDID,
    CREATORDID,
    COLLECTION,
    MTIME,
    TOP,
    MAXREC,
    COMPRESS,
    RUNID,
    RESPONSE,
)
