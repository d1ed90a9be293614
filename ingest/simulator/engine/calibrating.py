"""The calibration plan: which frames each instrument needs for what it did in a night, and when they come.

All is for the night before: standard stars at its end, the sky in morning twilight, lamps when it is light.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

import numpy as np

from ..observatory import SECOND, Exposure, ObservationBlock, Run, Target
from ..sky import of_date, zenith
from ..wishes import Setup
from .exposing import READ_OUT, Around, echelle_pair, under_the_sky, whole

__all__ = ["PLAN", "Calibration", "For", "When", "lamps", "standards", "twilight"]


class When(Enum):
    NIGHT = auto()  # at its end
    TWILIGHT = auto()
    MORNING = auto()


class For(Enum):
    """What there is a set of frames for."""

    NIGHT = auto()  # whatever was done
    OPTICS = auto()  # each filter, grism or pair of wavelengths that was used
    EXPOSURE = auto()  # each time of exposure that was used


@dataclass(frozen=True, slots=True)
class Calibration:
    """`count` frames of `ndit` times `dit` seconds; those for a time of exposure are as long as that."""

    instrument: str
    when: When
    each: For
    type: str
    technique: str
    template: str
    count: int
    dit: float
    ndit: int = 1


PLAN = (
    Calibration("HAWKI", When.TWILIGHT, For.OPTICS, "FLAT", "IMAGE", "HAWKI_img_cal_TwFlats", 5, 2.0),
    Calibration(
        "HAWKI", When.NIGHT, For.OPTICS, "STD", "IMAGE,JITTER", "HAWKI_img_cal_StandardStar", 2, 2.0, 5
    ),
    Calibration("HAWKI", When.MORNING, For.EXPOSURE, "DARK", "IMAGE", "HAWKI_img_cal_Darks", 5, 0.0),
    Calibration("FORS2", When.NIGHT, For.OPTICS, "STD", "SPECTRUM", "FORS2_lss_obs_off", 1, 60.0),
    Calibration("FORS2", When.MORNING, For.NIGHT, "BIAS", "IMAGE", "FORS2_img_cal_bias", 5, 0.0),
    Calibration("FORS2", When.MORNING, For.OPTICS, "FLAT,LAMP", "SPECTRUM", "FORS2_lss_cal_day", 5, 15.0),
    Calibration("FORS2", When.MORNING, For.OPTICS, "WAVE,LAMP", "SPECTRUM", "FORS2_lss_cal_day", 1, 15.0),
    Calibration("UVES", When.NIGHT, For.OPTICS, "STD", "ECHELLE,SLIT", "UVES_dic_cal_std", 1, 120.0),
    Calibration("UVES", When.MORNING, For.NIGHT, "BIAS", "IMAGE", "UVES_cal_bias", 5, 0.0),
    Calibration("UVES", When.MORNING, For.OPTICS, "LAMP,FMTCHK", "ECHELLE", "UVES_dic_cal_fmtchk", 1, 30.0),
    Calibration(
        "UVES", When.MORNING, For.OPTICS, "LAMP,ORDERDEF", "ECHELLE", "UVES_dic_cal_orderdef", 1, 30.0
    ),
    Calibration("UVES", When.MORNING, For.OPTICS, "LAMP,FLAT", "ECHELLE", "UVES_dic_cal_flat", 5, 30.0),
    Calibration("UVES", When.MORNING, For.OPTICS, "LAMP,WAVE", "ECHELLE", "UVES_dic_cal_wave", 1, 60.0),
)

# White dwarfs and subdwarfs, whose spectra are known best (Hamuy et al. 1994, Moehler et al. 2014).
_STARS = (
    Target("LTT 1020", 28.7095, -27.4766),
    Target("EG 21", 47.6291, -68.6006),
    Target("LTT 1788", 57.0924, -39.1427),
    Target("LTT 2415", 89.1013, -27.8580),
    Target("LTT 3218", 130.3857, -32.9430),
    Target("LTT 3864", 158.0579, -35.6284),
    Target("LTT 4364", 176.4291, -64.8414),
    Target("LTT 6248", 234.7501, -28.5925),
    Target("EG 274", 245.8908, -39.2297),
    Target("LTT 7379", 279.1095, -44.3103),
    Target("LTT 7987", 302.7369, -30.2185),
    Target("LTT 9239", 343.1703, -20.5906),
    Target("Feige 110", 349.9933, -5.1655),
)
_RUNS = {
    "HAWKI": Run("60.A-9022(A)", "Calibration of HAWK-I", "MAINTENANCE", 60),
    "FORS2": Run("60.A-9203(E)", "Calibration of FORS2", "MAINTENANCE", 60),
    "UVES": Run("60.A-9022(B)", "Calibration of UVES", "MAINTENANCE", 60),
}
_FIRST_BLOCK = 200_000_100
_SLEWING = 240 * SECOND
_PAUSE = 60 * SECOND  # between sets of lamps
# Seconds and their number, after a night in which an instrument exposed nothing.
_USUAL = (10.0, 6)


def lamps(instrument: str, used: Sequence[Setup], start: float) -> list[Exposure]:
    """Frames of the morning after a night in which blocks had these setups, from a time on."""
    return list(_sets(instrument, When.MORNING, used, start, None))


def twilight(instrument: str, used: Sequence[Setup], start: float) -> list[Exposure]:
    """Frames of the sky as it gets light."""
    return list(_sets(instrument, When.TWILIGHT, used, start, None))


def standards(instrument: str, used: Sequence[Setup], start: float, around: Around) -> list[Exposure]:
    """Frames of the standard star that is highest, as long as the telescope is open."""
    block = _standard(instrument, start, around)
    frames = list(_sets(instrument, When.NIGHT, used, start + _SLEWING, block))
    shut = around.hours.shuts(start, frames[-1].end) if frames else None
    return under_the_sky([one for one in frames if shut is None or one.end < shut], around)


def _sets(
    instrument: str, when: When, used: Sequence[Setup], start: float, block: ObservationBlock | None
) -> Iterator[Exposure]:
    """One set after the other, of all that the plan says of an instrument and a time of day."""
    for one in PLAN:
        if one.instrument == instrument and one.when is when:
            for optics, dit, ndit in _needed(one, used):
                begun, start = start, start + one.count * (dit * ndit * SECOND + READ_OUT[instrument])
                yield from _set(one, optics, dit, ndit, begun, block)
                start += 0.0 if block else _PAUSE


def _needed(one: Calibration, used: Sequence[Setup]) -> Iterator[tuple[str, float, int]]:
    """Optics, dit and ndit of each set."""
    match one.each:
        case For.NIGHT:
            yield "", one.dit, one.ndit
        case For.OPTICS:
            for optics in dict.fromkeys(optics for setup in used for optics in setup.optics):
                yield optics, one.dit, one.ndit
        case For.EXPOSURE:
            for dit, ndit in dict.fromkeys((setup.dit, setup.ndit) for setup in used) or (_USUAL,):
                yield "", dit, ndit
        case _:
            assert_never(one.each)


def _set(
    one: Calibration, optics: str, dit: float, ndit: int, begun: float, block: ObservationBlock | None
) -> Iterator[Exposure]:
    begun = whole(begun)
    for place in range(one.count):
        frame = Exposure(
            one.instrument,
            whole(begun + place * (dit * ndit * SECOND + READ_OUT[one.instrument])),
            "CALIB",
            one.type,
            one.technique,
            one.template,
            dit,
            ndit,
            optics,
            block,
            place + 1,
            one.count,
            template_start=begun,
            block_start=begun,
        )
        yield from echelle_pair(frame) if one.instrument == "UVES" else (frame,)


def _standard(instrument: str, mjd: float, around: Around) -> ObservationBlock:
    """The star that is highest at a time, in a block of the observatory's own."""
    ra, dec = (np.array([getattr(star, name) for star in _STARS]) for name in ("ra", "dec"))
    heights = of_date(ra, dec, mjd) @ zenith(np.array([mjd]), around.site)[0]
    place = int(np.argmax(heights))
    name = f"STD_{_STARS[place].name.replace(' ', '')}"
    return ObservationBlock(_FIRST_BLOCK + place, name, _RUNS[instrument], _STARS[place])
