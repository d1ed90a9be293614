"""What instruments and their detectors tell of themselves in raw headers: INS and DET of each instrument."""

from __future__ import annotations

from .cards import Card, eso
from .echelle import PIXELS_ACROSS, PRESSURE, TEMPERATURE, Arm, Chip, Setting, setting_of
from .kinds import Kind, kind_of
from .observatory import Exposure
from .readout import READ_NOISE, Detectors

__all__ = [
    "HAWKI_DETECTORS",
    "UVES_BINNING",
    "UVES_SCALES",
    "UVES_SCANS",
    "detector_cards",
    "hawki_chip_cards",
    "instrument_cards",
    "slit_length",
    "uves_chip_cards",
]

# Of instruments that only exposed lamps: what their tables have columns for.
_GUESTS: dict[str, tuple[Card, ...]] = {
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


def instrument_cards(exposure: Exposure) -> list[Card]:
    match exposure.instrument:
        case "HAWKI":
            return _hawki(exposure)
        case "UVES":
            return _uves(exposure)
        case "FORS2":
            return _fors2(exposure)
        case guest:
            return [eso(*card) for card in _GUESTS[guest]]


def detector_cards(exposure: Exposure, detectors: Detectors) -> list[Card]:
    match exposure.instrument:
        case "HAWKI":
            return _hawki_detectors(exposure)
        case "UVES":
            return _uves_detectors(exposure, detectors)
        case "FORS2":
            return [
                eso("DET CHIP1 ID", "CCID20-14-5-3", "Detector chip identification"),
                eso("DET WIN1 DIT1", exposure.dit, "[s] Integration time"),
                eso("DET WIN1 BINX", 2, "Binning along X"),
            ]
        case _:
            return [eso("DET WIN1 DIT1", exposure.dit, "[s] Integration time")]


# --- HAWK-I ------------------------------------------------------------------------------------------

HAWKI_DETECTORS = (1, 2, 4, 3)  # in the order of the file
_SECOND_WHEEL = frozenset({"Y", "H2", "BrG", "CH4"})


def _hawki(exposure: Exposure) -> list[Card]:
    """A filter stands in one of the two wheels, the other is open; a closed first wheel makes darks."""
    optics = exposure.optics
    wheels = ("OPEN", optics) if optics in _SECOND_WHEEL else (optics or "CLOSED", "OPEN")
    return [
        eso("INS MODE", "IMAGE", "Mode"),
        *(eso(f"INS FILT{n} NAME", name, "Filter name") for n, name in enumerate(wheels, start=1)),
    ]


def _hawki_detectors(exposure: Exposure) -> list[Card]:
    return [
        eso("DET DIT", exposure.dit, "[s] Integration time"),
        eso("DET NDIT", exposure.ndit, "Number of sub-integrations"),
        eso("DET NDSAMPLES", 16, "Number of non-destructive samples"),
        eso("DET NCORRS NAME", "NonDest", "Read-out mode"),
        eso("DET READ CURNAME", "NonDest", "Read-out mode"),
        eso("DET MINDIT", 1.6762, "[s] Shortest possible integration"),
        eso("DET CHIPS", len(HAWKI_DETECTORS), "Number of chips"),
    ]


def hawki_chip_cards(exposure: Exposure, chip: int, detectors: Detectors) -> list[Card]:
    """Of an extension; `chip` is 1 to 4."""
    return [
        eso("DET CHIP ID", f"ESO-Hawaii2RG-{chip}", "Detector chip identification"),
        eso("DET CHIP NO", chip, "Number of the chip"),
        eso("DET CHIP LIVE", True, "Detector live or not"),
        eso("DET CHIP NX", detectors.hawki, "Pixels along X"),
        eso("DET CHIP NY", detectors.hawki, "Pixels along Y"),
        eso("DET CHIP GAIN", 1.0, "[e-/ADU] Gain"),
        eso("DET CHIP RON", READ_NOISE, "[e-] Read-out noise"),
        eso("DET DIT", exposure.dit, "[s] Integration time"),
        eso("DET NDIT", exposure.ndit, "Number of sub-integrations"),
    ]


# --- FORS2 -------------------------------------------------------------------------------------------


def _fors2(exposure: Exposure) -> list[Card]:
    if not exposure.optics:
        return [eso("INS MODE", "IMG", "Mode")]
    return [
        eso("INS MODE", "LSS", "Mode"),
        eso("INS GRIS1 NAME", exposure.optics, "Grism name"),
        eso("INS SLIT NAME", "lSlit1_0arcsec", "Slit name"),
    ]


# --- UVES --------------------------------------------------------------------------------------------

UVES_BINNING = 2  # along both axes, always
UVES_SCANS = 25  # binned columns read before the chip, and after it
UVES_SCALES = {Arm.BLUE: 0.246, Arm.RED: 0.182}  # arcsec per pixel, unbinned
_MODES = {
    346.0: "DICHR#1",
    390.0: "DICHR#1",
    564.0: "DICHR#1",
    580.0: "DICHR#1",
    437.0: "DICHR#2",
    760.0: "DICHR#2",
    860.0: "DICHR#2",
}


def slit_length(exposure: Exposure) -> float:
    """Arcsec; orders are found, and formats checked, through a short slit."""
    return 0.5 if kind_of(exposure) in (Kind.ORDER, Kind.FORMAT) else 10.0


def _uves(exposure: Exposure) -> list[Card]:
    setting = setting_of(exposure)
    grating, slit, sensor = (1, 2, 1) if setting.arm is Arm.BLUE else (2, 3, 2)
    return [
        eso("INS MODE", _MODES.get(setting.wavelength, setting.arm.name), "Mode"),
        eso("INS PATH", setting.arm.name, "Optical path used"),
        eso("INS SLIT1 NAME", "FREE", "Image slicer"),
        eso("INS PIXSCALE", UVES_SCALES[setting.arm], "[arcsec] Pixel scale"),
        eso(f"INS GRAT{grating} NAME", setting.grating, "Grating name"),
        eso(f"INS GRAT{grating} ID", setting.grating, "Grating unique ID"),
        eso(f"INS GRAT{grating} WLEN", setting.wavelength, "[nm] Central wavelength"),
        eso(f"INS SLIT{slit} WID", 0.9, "[arcsec] Slit width"),
        eso(f"INS SLIT{slit} LEN", slit_length(exposure), "[arcsec] Slit length"),
        eso("INS SLIT3 X1ENC", 6875, "Encoder of the slit, left"),
        eso("INS SLIT3 X2ENC", 6766, "Encoder of the slit, right"),
        eso(f"INS TEMP{sensor} MEAN", TEMPERATURE, "[C] Temperature of the camera"),
        eso("INS TEMP31 MEAN", 12.0, "[%] Humidity"),
        eso("INS SENS26 MEAN", PRESSURE, "[hPa] Air pressure"),
    ]


def _uves_detectors(exposure: Exposure, detectors: Detectors) -> list[Card]:
    setting = setting_of(exposure)
    common = [
        eso("DET ID", "CCD FIERA - Rev 3.96", "Detector system ID"),
        eso("DET CHIPS", len(setting.chips), "Number of chips"),
        eso("DET READ SPEED", "50kHz,2x2,high", "Read-out speed"),
        eso("DET WIN1 BINX", UVES_BINNING, "Binning along X"),
        eso("DET WIN1 BINY", UVES_BINNING, "Binning along Y"),
        eso("DET WIN1 DIT1", exposure.dit, "[s] Integration time"),
        eso("DET WIN1 UIT1", exposure.dit, "[s] Integration time asked for"),
    ]
    return common + (uves_chip_cards(Chip.BLUE, setting, detectors) if len(setting.chips) == 1 else [])


def uves_chip_cards(chip: Chip, setting: Setting, detectors: Detectors) -> list[Card]:
    """Of the HDU with the chip's pixels, whose coordinates are pixels of the chip."""
    number = setting.chips.index(chip) + 1
    step = UVES_BINNING * detectors.uves
    scan = UVES_SCANS // detectors.uves
    return [
        *((f"CTYPE{n}", "PIXEL", "Coordinate along the axis") for n in (1, 2)),
        *((f"CRVAL{n}", 1.0, "Value at the reference pixel") for n in (1, 2)),
        *((f"CRPIX{n}", 1.0, "Reference pixel") for n in (1, 2)),
        *((f"CDELT{n}", float(UVES_BINNING), "Binning factor") for n in (1, 2)),
        eso(f"DET CHIP{number} ID", chip.value[0], "Detector chip identification"),
        eso(f"DET CHIP{number} NAME", chip.value[1], "Detector chip name"),
        eso("DET OUT1 NX", PIXELS_ACROSS // step, "Valid pixels along X"),
        eso("DET OUT1 NY", chip.pixels_along // step, "Valid pixels along Y"),
        *(eso(f"DET OUT1 {name}", scan, "Columns before or after the chip") for name in ("PRSCX", "OVSCX")),
        *(eso(f"DET OUT1 {name}", 0, "Rows before or after the chip") for name in ("PRSCY", "OVSCY")),
        eso("DET OUT1 CONAD", 1.0, "[e-/ADU] Conversion of the converter"),
        eso("DET OUT1 GAIN", 1.0, "[ADU/e-] Conversion of the converter"),
        eso("DET OUT1 RON", READ_NOISE, "[e-] Read-out noise"),
    ]
