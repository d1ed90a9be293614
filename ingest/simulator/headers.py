"""Raw headers in the words of ESO's Data Interface Control Document: standard cards, then DPR to DET."""

from __future__ import annotations

from astropy.io import fits
from astropy.time import Time

from .blocks import template_number
from .plan import PARANAL, Exposure, airmass
from .weather import seeing_at

__all__ = ["TELESCOPES", "dp_id", "iso", "raw_header"]

# Written by the telescope software when nothing on the sky is pointed at (lamps, bias, dark).
UNDEFINED_POSITION = -596.52323555
TELESCOPES = {
    "FORS2": "ESO-VLT-U1",
    "HAWKI": "ESO-VLT-U4",
    "MUSE": "ESO-VLT-U4",
    "PIONIER": "ESO-VLTI-A1234",
    "UVES": "ESO-VLT-U2",
    "XSHOOTER": "ESO-VLT-U3",
    "HARPS": "ESO-3.6",
    "EFOSC": "ESO-NTT",
}
# Of the instruments that only exposed lamps: what their tables have columns for.
_SETUPS: dict[str, tuple[tuple[str, object, str], ...]] = {
    "UVES": (
        ("INS MODE", "DICHR#2", "Mode"),
        ("INS PATH", "BLUE", "Optical path used"),
        ("INS GRAT1 NAME", "CD#2", "Grating name"),
        ("INS GRAT1 WLEN", 437.0, "[nm] Central wavelength"),
        ("INS SLIT2 WID", 0.9, "[arcsec] Slit width"),
        ("INS SLIT2 LEN", 10.0, "[arcsec] Slit length"),
        ("DET WIN1 BINX", 2, "Binning along X"),
        ("DET WIN1 BINY", 2, "Binning along Y"),
        ("DET READ SPEED", "225kHz,1x1,low", "Read-out speed"),
    ),
    "XSHOOTER": (
        ("INS MODE", "SLITSPEC", "Mode"),
        ("SEQ ARM", "UVB", "Spectrograph arm"),
        ("INS OPTI3 NAME", "1.0x11", "Slit of the UVB arm"),
        ("DET WIN1 BINX", 1, "Binning along X"),
        ("DET WIN1 BINY", 2, "Binning along Y"),
        ("DET READ CLOCK", "400k/1pt/lg", "Read-out clock pattern"),
    ),
    "MUSE": (
        ("INS MODE", "WFM-NOAO-N", "Mode"),
        ("INS OPTI2 NAME", "Nominal", "Order filter"),
        ("INS LAMP1 NAME", "Ne", "Lamp name"),
        ("INS DROT POSANG", 0.0, "[deg] Position angle"),
        ("DET READ CURID", 1, "Read-out mode"),
        ("DET READ CURNAME", "SCI1.0", "Read-out mode"),
        ("DET CHIPS", 24, "Number of chips"),
    ),
    "HARPS": (
        ("INS MODE", "HARPS", "Mode"),
        ("INS LAMP5 NAME", "THAR2", "Lamp name"),
        ("INS LAMP5 ST", True, "Lamp activated"),
        ("INS DET1 TMMEAN", 0.5, "Normalised mean exposure time"),
        ("DET WIN1 BINX", 1, "Binning along X"),
        ("DET WIN1 BINY", 1, "Binning along Y"),
        ("DET READ SPEED", "416kHz,1,high", "Read-out speed"),
    ),
    "EFOSC": (
        ("INS MODE", "DEFAULT", "Mode"),
        ("INS FILT1 NAME", "R#642", "Filter name"),
        ("INS GRIS1 NAME", "Free", "Grism name"),
        ("INS SLIT1 NAME", "Free", "Slit name"),
        ("DET WIN1 BINX", 2, "Binning along X"),
        ("DET WIN1 BINY", 2, "Binning along Y"),
        ("DET READ SPEED", "fastL", "Read-out speed"),
    ),
}


def iso(mjd: float) -> str:
    """UTC with milliseconds, as in DATE-OBS and in archive identifiers."""
    return str(Time(mjd, format="mjd", scale="utc", precision=3).isot)


def dp_id(exposure: Exposure) -> str:
    return f"{exposure.instrument}.{iso(exposure.start)}"


def raw_header(exposure: Exposure) -> fits.Header:
    """The primary header of a raw frame, without the cards that FITS itself needs."""
    header = fits.Header()
    for cards in (_standard, _data_product, _block, _template, _telescope, _instrument, _detector):
        header.extend(cards(exposure))
    return header


def _eso(name: str, value: object, comment: str) -> tuple[str, object, str]:
    """A hierarchical card; the comment gives way where the value fills the 80 characters."""
    room = 80 - len(f"HIERARCH ESO {name} = {value!r} / ")
    return f"HIERARCH ESO {name}", value, comment if len(comment) <= room else ""


def _standard(exposure: Exposure) -> list[tuple[str, object, str]]:
    block = exposure.block
    ra = block.target.ra + exposure.offset[0] if block else UNDEFINED_POSITION
    dec = block.target.dec + exposure.offset[1] if block else UNDEFINED_POSITION
    day_seconds = (exposure.start % 1.0) * 86400
    cards: list[tuple[str, object, str]] = [
        ("ORIGIN", "URANIBORG SIMULATOR", "Not an observation"),
        ("TELESCOP", TELESCOPES[exposure.instrument], "Telescope name"),
        ("INSTRUME", exposure.instrument, "Instrument used"),
        ("OBJECT", block.target.name if block else exposure.type, "Target, or type of a calibration"),
        ("RA", ra, "[deg] Pointing (J2000.0)"),
        ("DEC", dec, "[deg] Pointing (J2000.0)"),
        ("EQUINOX", 2000.0, "Standard FK5"),
        ("RADESYS", "FK5", "Coordinate system"),
        ("EXPTIME", exposure.exposure_time, "[s] Integration time"),
        ("MJD-OBS", round(exposure.start, 8), "[d] Start of the exposure"),
        ("DATE-OBS", iso(exposure.start), "Start of the exposure (UTC)"),
        ("UTC", round(day_seconds, 3), "[s] UTC since midnight at start"),
        ("PI-COI", _ascii(block.run.investigators) if block else "MAINTENANCE", "PI and Co-I names"),
        ("ARCFILE", f"{dp_id(exposure)}.fits", "Archive file name"),
        (
            "ORIGFILE",
            f"{exposure.instrument}_{exposure.type.split(',')[0]}_{exposure.number:04d}.fits",
            "Original",
        ),
    ]
    return cards


def _ascii(text: str) -> str:
    """FITS 4.0, 3.3.1: header text is ASCII; ESO's headers write Å and Ø as A and O."""
    return text.translate(str.maketrans("ÅØÆåøæ", "AOEaoe"))


def _data_product(exposure: Exposure) -> list[tuple[str, object, str]]:
    return [
        _eso("DPR CATG", exposure.category, "Observation category"),
        _eso("DPR TYPE", exposure.type, "Observation type"),
        _eso("DPR TECH", exposure.technique, "Observation technique"),
    ]


def _block(exposure: Exposure) -> list[tuple[str, object, str]]:
    block = exposure.block
    if block is None:
        calibration = "60.A-9022(A)" if exposure.instrument == "HAWKI" else "60.A-9203(E)"
        return [_eso("OBS PROG ID", calibration, "Run identification"), _eso("OBS ID", 200000001, "Block ID")]
    return [
        _eso("OBS ID", block.id, "Observation block ID"),
        _eso("OBS NAME", block.name, "Observation block name"),
        _eso("OBS PROG ID", block.run.id, "Run identification"),
        _eso("OBS PROG TITLE", block.run.title, "Title of the programme"),
        _eso("OBS PI-COI NAME", _ascii(block.run.investigators), "PI and Co-I names"),
        _eso("OBS TARG NAME", block.target.name, "Target name"),
        _eso("OBS TPLNO", template_number(exposure), "Number of the template within the block"),
    ]


def _template(exposure: Exposure) -> list[tuple[str, object, str]]:
    return [
        _eso("TPL ID", exposure.template, "Template signature"),
        _eso("TPL NAME", exposure.template.replace("_", " "), "Template name"),
        _eso(
            "TPL START",
            iso(exposure.start - (exposure.number - 1) * 95 / 86400)[:19],
            "Start of the template",
        ),
        _eso("TPL NEXP", exposure.of, "Number of exposures within the template"),
        _eso("TPL EXPNO", exposure.number, "Exposure number within the template"),
    ]


def _telescope(exposure: Exposure) -> list[tuple[str, object, str]]:
    if exposure.block is None:
        return []
    target = exposure.block.target
    return [
        _eso("TEL AIRM START", round(airmass(target, exposure.start), 3), "Airmass at start"),
        _eso("TEL AIRM END", round(airmass(target, exposure.end), 3), "Airmass at end"),
        _eso("TEL AMBI FWHM START", round(seeing_at(exposure.start), 2), "[arcsec] Seeing at start"),
        _eso("TEL AMBI FWHM END", round(seeing_at(exposure.end), 2), "[arcsec] Seeing at end"),
        _eso("TEL AMBI RHUM", 12.0, "[%] Relative humidity"),
        _eso("TEL AMBI PRES START", 743.6, "[hPa] Air pressure at start"),
        _eso("TEL AMBI PRES END", 743.6, "[hPa] Air pressure at end"),
        _eso("TEL GEOLAT", PARANAL.latitude, "[deg] Geographic latitude"),
        _eso("TEL GEOLON", PARANAL.longitude, "[deg] Geographic longitude"),
        _eso("TEL GEOELEV", PARANAL.elevation, "[m] Elevation above sea level"),
    ]


def _instrument(exposure: Exposure) -> list[tuple[str, object, str]]:
    if exposure.instrument in _SETUPS:
        return [_eso(*card) for card in _SETUPS[exposure.instrument]]
    if exposure.instrument == "HAWKI":
        band = exposure.optics or "CLOSED"
        return [_eso("INS MODE", "IMAGE", "Mode"), _eso("INS FILT1 NAME", band, "Filter name")]
    if not exposure.optics:
        return [_eso("INS MODE", "IMG", "Mode")]
    return [
        _eso("INS MODE", "LSS", "Mode"),
        _eso("INS GRIS1 NAME", exposure.optics, "Grism name"),
        _eso("INS SLIT NAME", "lSlit1_0arcsec", "Slit name"),
    ]


def _detector(exposure: Exposure) -> list[tuple[str, object, str]]:
    if exposure.instrument == "HAWKI":
        return [
            _eso("DET DIT", exposure.dit, "[s] Integration time"),
            _eso("DET NDIT", exposure.ndit, "Number of sub-integrations"),
            _eso("DET NCORRS NAME", "NonDest", "Read-out mode"),
            _eso("DET MINDIT", 1.6762, "[s] Shortest possible integration"),
        ]
    if exposure.instrument in _SETUPS:
        return [_eso("DET WIN1 DIT1", exposure.dit, "[s] Integration time")]
    return [
        _eso("DET CHIP1 ID", "CCID20-14-5-3", "Detector chip identification"),
        _eso("DET WIN1 DIT1", exposure.dit, "[s] Integration time"),
        _eso("DET WIN1 BINX", 2, "Binning along X"),
    ]
