"""Frames of simulated observations: when each is taken, of what, and under which sky."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from ..observatory import SECOND, Conditions, Exposure, Site
from ..season import Taken
from ..sky import Lights, of_date, zenith
from ..templates import Template, templates_of
from ..wishes import Wish
from .climate import Hours

__all__ = ["READ_OUT", "Around", "duration_of", "echelle_pair", "frames_of", "under_the_sky", "whole"]

_PRESET = 240 * SECOND  # from the start of a block to its first frame
_CLOSING = 120 * SECOND  # from the end of its last frame to the grade
_ACQUIRED = 90 * SECOND  # from an acquisition image to the first frame of the next template
READ_OUT = {"HAWKI": 15 * SECOND, "FORS2": 60 * SECOND, "UVES": 45 * SECOND}
_STEP = 10.0 / 3600  # degrees between positions of a jitter


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """What a night is like: where, with Sun and Moon, and the weather."""

    site: Site
    midnight: float
    lights: Lights
    hours: Hours


def duration_of(wish: Wish) -> float:
    """Days from the start of an execution to its end, if nothing stops it."""
    setup = wish.setup
    frames = setup.exposures * len(setup.optics)
    acquired = _ACQUIRED if setup.instrument == "HAWKI" else 0.0
    spent = setup.seconds * SECOND + frames * READ_OUT[setup.instrument]
    return _PRESET + acquired + spent + _CLOSING


def frames_of(wish: Wish, start: float, end: float, around: Around) -> Iterator[Taken]:
    """Templates of a block that were begun, with the frames that were read out before the end."""
    script = [one for one in _script(wish, start) if one.end < end - SECOND]
    frames = under_the_sky(script, around)
    if not frames:
        return
    by_number = {number: tuple(own) for number, own in groupby(frames, lambda one: one.template_number)}
    for number, template in enumerate(templates_of(wish), 1):
        if number <= frames[-1].template_number:
            yield Taken(number, template, by_number.get(number, ()))


def _script(wish: Wish, start: float) -> Iterator[Exposure]:
    """All frames that a block asks for."""
    setup, time = wish.setup, start + _PRESET
    for number, template in enumerate(templates_of(wish), 1):
        begun = whole(time)
        if template.kind == "acquisition":
            if setup.instrument == "HAWKI":  # the only one that keeps them
                yield _acquisition(wish, begun, start, template)
                time += _ACQUIRED
            continue
        for place in range(1, setup.exposures + 1):
            yield from _readouts(wish, template, number, place, whole(time), begun, start)
            time += setup.dit * setup.ndit * SECOND + READ_OUT[setup.instrument]


def _acquisition(wish: Wish, time: float, block_start: float, template: Template) -> Exposure:
    return Exposure(
        wish.setup.instrument,
        time,
        "ACQUISITION",
        "OBJECT",
        "IMAGE",
        template.name,
        2.0,
        optics=template.optics,
        block=wish.block,
        template_start=time,
        block_start=block_start,
    )


def _readouts(
    wish: Wish, template: Template, number: int, place: int, time: float, begun: float, block_start: float
) -> Iterator[Exposure]:
    """One exposure, in two arms if the instrument has them; of an imager beside the one before."""
    setup = wish.setup
    technique = {"HAWKI": "IMAGE,JITTER", "UVES": "ECHELLE,SLIT"}.get(setup.instrument, "SPECTRUM")
    kind = "OBJECT,POINT" if setup.instrument == "UVES" else "OBJECT"
    offset = (0.0, 0.0)
    if setup.instrument == "HAWKI":
        offset = ((place % 3 - 1) * _STEP, (place // 3 % 3 - 1) * _STEP)
    one = Exposure(
        setup.instrument,
        time,
        "SCIENCE",
        kind,
        technique,
        template.name,
        setup.dit,
        setup.ndit,
        template.optics,
        wish.block,
        place,
        setup.exposures,
        offset,
        number,
        template_start=begun,
        block_start=block_start,
    )
    return echelle_pair(one) if setup.instrument == "UVES" else iter((one,))


def echelle_pair(both: Exposure) -> Iterator[Exposure]:
    """A frame of each arm, by the central wavelengths of both if any; the red one starts a second later."""
    blue, _, red = both.optics.partition("+")
    yield replace(both, optics=blue, detector="BLUE")
    yield replace(both, optics=red, detector="RED", start=whole(both.start + SECOND))


def under_the_sky(frames: list[Exposure], around: Around) -> list[Exposure]:
    """Frames of one target with the conditions in which they were taken."""
    if not frames:
        return []
    block = frames[0].block
    assert block is not None  # nothing else is under the sky
    vector = of_date(np.array([block.target.ra]), np.array([block.target.dec]), around.midnight)[0]
    starts, ends = (np.array([getattr(one, name) for one in frames]) for name in ("start", "end"))
    first, last = (1.0 / np.maximum(zenith(times, around.site) @ vector, 0.1) for times in (starts, ends))
    moon = around.lights.moon[around.lights.place(frames[0].start)]
    distance = round(float(np.degrees(np.arccos(np.clip(vector @ moon, -1, 1)))), 1)
    return [
        replace(one, conditions=_conditions(one, pair, distance, around))
        for one, pair in zip(frames, zip(first.tolist(), last.tolist(), strict=True), strict=True)
    ]


def _conditions(
    exposure: Exposure, airmass: tuple[float, float], distance: float, around: Around
) -> Conditions:
    hours = around.hours
    minute = hours.minute(exposure.start)
    return Conditions(
        airmass,
        (hours.told.seeing_at(exposure.start), hours.told.seeing_at(exposure.end)),
        round(float(hours.humidity[minute]), 1),
        round(float(hours.pressure[minute]), 1),
        round(float(hours.wind[minute]), 1),
        round(float(hours.direction[minute]), 1),
        round(around.lights.fli, 3),
        distance,
    )


def whole(mjd: float) -> float:
    """A whole number of milliseconds."""
    return round(mjd * 86_400_000) / 86_400_000
