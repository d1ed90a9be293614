"""What happens in the simulated night: targets, runs, observation blocks and exposures, in order.

Pure data and arithmetic; no pixels and no files. Times are MJD (UTC), angles degrees (ICRS).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = [
    "CLUSTERS",
    "DWARFS",
    "EVENING",
    "GALAXIES",
    "GUESTS",
    "IMAGING",
    "NIGHT",
    "PARANAL",
    "SECOND",
    "SPECTROSCOPY",
    "Exposure",
    "ObservationBlock",
    "Run",
    "Target",
    "airmass",
    "plan_night",
]

NIGHT = 61113.0  # 2026-03-14, 0 h UTC: the civil date of the evening in Chile is the 13th.
EVENING = "2026-03-13"
SECOND = 1.0 / 86400.0


@dataclass(frozen=True, slots=True)
class Site:
    longitude: float
    latitude: float
    elevation: float


PARANAL = Site(-70.4045, -24.6268, 2635.0)


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    ra: float
    dec: float


@dataclass(frozen=True, slots=True)
class Run:
    id: str
    title: str
    investigators: str
    period: int = 116


@dataclass(frozen=True, slots=True)
class ObservationBlock:
    id: int
    name: str
    run: Run
    target: Target


@dataclass(frozen=True, slots=True)
class Exposure:
    """One readout. `dit` seconds times `ndit`; `block` is None for calibrations of the day."""

    instrument: str
    start: float
    category: str
    type: str
    technique: str
    template: str
    dit: float
    ndit: int = 1
    optics: str = ""
    block: ObservationBlock | None = None
    number: int = 1
    of: int = 1
    offset: tuple[float, float] = (0.0, 0.0)

    @property
    def exposure_time(self) -> float:
        return self.dit * self.ndit

    @property
    def end(self) -> float:
        return self.start + self.exposure_time * SECOND


CLUSTERS = Run("116.28AB.001", "Infrared photometry of southern globular clusters", "BRAHE/ÅKESSON/LØVGREN")
GALAXIES = Run("116.28AB.002", "Star formation in nearby spirals", "BRAHE/SOPHIE")
DWARFS = Run("116.29CD.001", "White dwarfs as flux standards", "LONGOMONTANUS/KEPLER")

# Blocks with their filters, and with their starts in days after midnight UTC, as the targets get high.
IMAGING: tuple[tuple[ObservationBlock, tuple[str, ...], float], ...] = (
    (
        ObservationBlock(4300101, "NGC3201_J_K", CLUSTERS, Target("NGC 3201", 154.4034, -46.4125)),
        ("J", "Ks"),
        0.05,
    ),
    (
        ObservationBlock(4300102, "M83_J_K", GALAXIES, Target("M 83", 204.2538, -29.8658)),
        ("J", "Ks"),
        0.13,
    ),
    (
        ObservationBlock(4300103, "OmegaCen_K", CLUSTERS, Target("NGC 5139", 201.6968, -47.4795)),
        ("Ks",),
        0.16,
    ),
)
SPECTROSCOPY: tuple[tuple[ObservationBlock, float], ...] = (
    (ObservationBlock(4300201, "LTT4364_300V", DWARFS, Target("LTT 4364", 176.4291, -64.8414)), 0.08),
    (ObservationBlock(4300202, "EG274_300V", DWARFS, Target("EG 274", 245.8908, -39.2297)), 0.22),
)


def plan_night() -> tuple[Exposure, ...]:
    """The night's exposures in order of time; the same at every call."""
    exposures = (*_day(), *_guests(), *_images(), *_spectra())
    return tuple(sorted(exposures, key=lambda exposure: exposure.start))


def _day() -> Iterator[Exposure]:
    """Biases, darks, lamp and twilight flats, arcs: afternoon of the 13th, so before 0 h UTC."""
    for n in range(3):
        start = NIGHT - 0.16 + n * 60 * SECOND
        yield Exposure(
            "FORS2", start, "CALIB", "BIAS", "IMAGE", "FORS2_img_cal_bias", 0.0, number=n + 1, of=3
        )
        yield Exposure(
            "HAWKI",
            start + 7 * SECOND,
            "CALIB",
            "DARK",
            "IMAGE",
            "HAWKI_img_cal_Darks",
            10.0,
            number=n + 1,
            of=3,
        )
    for n, optics in enumerate(("J", "Ks")):
        yield Exposure(
            "HAWKI",
            NIGHT - 0.03 + n * 90 * SECOND,
            "CALIB",
            "FLAT",
            "IMAGE",
            "HAWKI_img_cal_TwFlats",
            2.0,
            optics=optics,
        )
    for n, kind in enumerate(("FLAT,LAMP", "WAVE,LAMP")):
        start = NIGHT - 0.10 + n * 120 * SECOND
        yield Exposure(
            "FORS2", start, "CALIB", kind, "SPECTRUM", "FORS2_lss_cal_day", 15.0, optics="GRIS_300V"
        )


# What other instruments did in the afternoon: instrument, type, technique, template, seconds.
_LAMPS = (
    ("UVES", "LAMP,FLAT", "ECHELLE", "UVES_dic2_cal_flatatt", 30.0),
    ("XSHOOTER", "BIAS", "IMAGE", "XSHOOTER_gen_cal_Bias", 0.0),
    ("MUSE", "WAVE", "IFU", "MUSE_wfm_cal_arc", 4.0),
    ("HARPS", "WAVE,THAR,THAR", "ECHELLE", "HARPS_ech_cal_thoAB", 40.0),
    ("EFOSC", "FLAT", "IMAGE", "EFOSC_img_cal_DomeFlat", 8.0),
)
GUESTS = frozenset(instrument for instrument, *_ in _LAMPS)


def _guests() -> Iterator[Exposure]:
    for n, (instrument, kind, technique, template, seconds) in enumerate(_LAMPS):
        start = NIGHT - 0.14 + n * 300 * SECOND
        yield Exposure(instrument, start, "CALIB", kind, technique, template, seconds)


def _images() -> Iterator[Exposure]:
    """Two jittered HAWK-I exposures per band and target, after one acquisition image each."""
    for block, bands, beginning in IMAGING:
        start = NIGHT + beginning
        yield Exposure(
            "HAWKI",
            start,
            "ACQUISITION",
            "OBJECT",
            "IMAGE",
            "HAWKI_img_acq_Preset",
            2.0,
            optics="Ks",
            block=block,
        )
        start += 90 * SECOND
        for band in bands:
            for n, offset in enumerate(((0.0, 0.0), (10.0 / 3600, -8.0 / 3600))):
                yield Exposure(
                    "HAWKI",
                    start,
                    "SCIENCE",
                    "OBJECT",
                    "IMAGE,JITTER",
                    "HAWKI_img_obs_AutoJitter",
                    10.0,
                    6,
                    band,
                    block,
                    n + 1,
                    2,
                    offset,
                )
                start += 95 * SECOND


def _spectra() -> Iterator[Exposure]:
    """Long-slit spectra with FORS2 while HAWK-I works on the other unit telescope."""
    for block, beginning in SPECTROSCOPY:
        start = NIGHT + beginning
        for n in range(2):
            yield Exposure(
                "FORS2",
                start,
                "SCIENCE",
                "OBJECT",
                "SPECTRUM",
                "FORS2_lss_obs_off",
                300.0,
                optics="GRIS_300V",
                block=block,
                number=n + 1,
                of=2,
            )
            start += 360 * SECOND


def airmass(target: Target, mjd: float) -> float:
    """Airmass at Paranal, by the plane-parallel formula; 9.9 below 6 degrees of altitude."""
    # Greenwich mean sidereal time to 0.1 s (Astronomical Almanac, B6), enough for a header.
    sidereal = (280.46061837 + 360.98564736629 * (mjd - 51544.5) + PARANAL.longitude) % 360.0
    hour_angle = math.radians(sidereal - target.ra)
    latitude, dec = math.radians(PARANAL.latitude), math.radians(target.dec)
    sine = math.sin(latitude) * math.sin(dec) + math.cos(latitude) * math.cos(dec) * math.cos(hour_angle)
    return 1.0 / sine if sine > 0.1 else 9.9
