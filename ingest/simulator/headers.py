"""Raw headers in the words of ESO's Data Interface Control Document: standard cards, then DPR to DET."""

from __future__ import annotations

from astropy.io import fits

from .cards import Card, eso
from .observatory import PARANAL, SECOND, Exposure
from .readout import SMALL, Detectors
from .setups import detector_cards, instrument_cards
from .times import dp_id, iso

__all__ = ["TELESCOPES", "in_ascii", "raw_cards", "raw_header"]

# Written by the telescope software when nothing on the sky is pointed at (lamps, bias, dark).
UNDEFINED_POSITION = -596.52323555
_CYCLE = 95 * SECOND  # from one exposure of a template to the next
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


def raw_header(exposure: Exposure, detectors: Detectors = SMALL) -> fits.Header:
    """The primary header of a raw frame, without the cards that FITS itself needs."""
    header = fits.Header()
    header.extend(raw_cards(exposure, detectors))
    return header


def raw_cards(exposure: Exposure, detectors: Detectors = SMALL) -> list[Card]:
    """The same as keywords, values and comments."""
    parts = (_standard, _data_product, _block, _template, _telescope, instrument_cards)
    return [card for part in parts for card in part(exposure)] + detector_cards(exposure, detectors)


def _standard(exposure: Exposure) -> list[Card]:
    block = exposure.block
    ra = block.target.ra + exposure.offset[0] if block else UNDEFINED_POSITION
    dec = block.target.dec + exposure.offset[1] if block else UNDEFINED_POSITION
    day_seconds = (exposure.start % 1.0) * 86400
    cards: list[Card] = [
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
        ("PI-COI", in_ascii(block.run.investigators) if block else "MAINTENANCE", "PI and Co-I names"),
        ("ARCFILE", f"{dp_id(exposure)}.fits", "Archive file name"),
        (
            "ORIGFILE",
            f"{exposure.instrument}_{exposure.type.split(',')[0]}_{exposure.number:04d}.fits",
            "Original",
        ),
    ]
    return cards


def in_ascii(text: str) -> str:
    """FITS 4.0, 3.3.1: header text is ASCII; ESO's headers write Å and Ø as A and O."""
    return text.translate(str.maketrans("ÅØÆåøæ", "AOEaoe"))


def _data_product(exposure: Exposure) -> list[Card]:
    return [
        eso("DPR CATG", exposure.category, "Observation category"),
        eso("DPR TYPE", exposure.type, "Observation type"),
        eso("DPR TECH", exposure.technique, "Observation technique"),
    ]


def _block(exposure: Exposure) -> list[Card]:
    block = exposure.block
    if block is None:
        calibration = "60.A-9022(A)" if exposure.instrument == "HAWKI" else "60.A-9203(E)"
        return [eso("OBS PROG ID", calibration, "Run identification"), eso("OBS ID", 200000001, "Block ID")]
    return [
        eso("OBS ID", block.id, "Observation block ID"),
        eso("OBS NAME", block.name, "Observation block name"),
        eso("OBS PROG ID", block.run.id, "Run identification"),
        eso("OBS PROG TITLE", block.run.title, "Title of the programme"),
        eso("OBS PI-COI NAME", in_ascii(block.run.investigators), "PI and Co-I names"),
        eso("OBS TARG NAME", block.target.name, "Target name"),
        *_block_start(exposure),
        eso("OBS TPLNO", exposure.template_number, "Number of the template within the block"),
    ]


def _block_start(exposure: Exposure) -> list[Card]:
    if exposure.block_start is None:
        return []
    return [eso("OBS START", iso(exposure.block_start)[:19], "Start of the block")]


def _template(exposure: Exposure) -> list[Card]:
    start = exposure.template_start
    if start is None:
        start = exposure.start - (exposure.number - 1) * _CYCLE
    return [
        eso("TPL ID", exposure.template, "Template signature"),
        eso("TPL NAME", exposure.template.replace("_", " "), "Template name"),
        eso("TPL START", iso(start)[:19], "Start of the template"),
        eso("TPL NEXP", exposure.of, "Number of exposures within the template"),
        eso("TPL EXPNO", exposure.number, "Exposure number within the template"),
    ]


def _telescope(exposure: Exposure) -> list[Card]:
    conditions = exposure.conditions
    if conditions is None:
        return []
    cards = []
    for when, airmass, seeing in zip(("START", "END"), conditions.airmass, conditions.seeing, strict=True):
        told = when.lower()
        cards += [
            eso(f"TEL AIRM {when}", round(airmass, 3), f"Airmass at {told}"),
            eso(f"TEL AMBI FWHM {when}", round(seeing, 2), f"[arcsec] Seeing at {told}"),
            eso(f"TEL AMBI PRES {when}", conditions.pressure, f"[hPa] Air pressure at {told}"),
        ]
    return [
        *cards,
        eso("TEL AMBI RHUM", conditions.humidity, "[%] Relative humidity"),
        eso("TEL AMBI WINDSP", conditions.wind_speed, "[m/s] Wind speed"),
        eso("TEL AMBI WINDDIR", conditions.wind_direction, "[deg] Wind direction, north through east"),
        eso("TEL GEOLAT", PARANAL.latitude, "[deg] Geographic latitude"),
        eso("TEL GEOLON", PARANAL.longitude, "[deg] Geographic longitude"),
        eso("TEL GEOELEV", PARANAL.elevation, "[m] Elevation above sea level"),
    ]
