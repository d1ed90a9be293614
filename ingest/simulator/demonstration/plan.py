"""What happens in the demonstration's night: runs, observation blocks and exposures, in order.

Pure data and arithmetic; no pixels and no files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..observatory import PARANAL, SECOND, Conditions, Exposure, ObservationBlock, Run, Target
from ..sky import airmass
from .weather import NIGHT, weather

__all__ = ["CLUSTERS", "DWARFS", "GALAXIES", "GUESTS", "IMAGING", "POPULATIONS", "SPECTROSCOPY", "plan_night"]

CLUSTERS = Run("116.28AB.001", "Infrared photometry of southern globular clusters", "BRAHE/ÅKESSON/LØVGREN")
POPULATIONS = Run("116.28AB.003", "The populations of Omega Centauri", "BRAHE/LØVGREN")
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
        ObservationBlock(4300103, "OmegaCen_K", POPULATIONS, Target("NGC 5139", 201.6968, -47.4795)),
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
    exposures = (*_day(), *_guests(), *map(_in_conditions, (*_images(), *_spectra())))
    return tuple(sorted(exposures, key=lambda exposure: exposure.start))


def _in_conditions(exposure: Exposure) -> Exposure:
    assert exposure.block is not None  # only frames of the sky come here
    ends, target, told = (exposure.start, exposure.end), exposure.block.target, weather()
    first, last = (airmass(PARANAL, target, mjd) for mjd in ends)
    return replace(
        exposure, conditions=Conditions((first, last), (told.seeing_at(ends[0]), told.seeing_at(ends[1])))
    )


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
        for place, band in enumerate(bands, 2):
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
                    place,
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
                template_number=2,
            )
            start += 360 * SECOND
