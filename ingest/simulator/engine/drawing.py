"""Blocks of a simulated run, drawn one by one: where they point, how they expose, and what they need."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from ..observatory import ObservationBlock, Target
from ..sky import sidereal_time
from ..templates import UVES_SETTINGS
from ..wishes import Container, Kind, Link, Setup, Wish
from .climate import TRANSPARENCIES
from .proposing import DraftRun
from .spans import NOON, Span, mjd_of

__all__ = ["Drawing", "pick"]

_T = TypeVar("_T")
_PROMPT = 60.0  # days before the period begins, in which blocks were made
_BEST, _GOOD, _FAIR = TRANSPARENCIES
_SKIES = (_BEST, *4 * (_GOOD,), *5 * (_FAIR,))  # what is good enough; few ask for the best


def pick(random: np.random.Generator, options: Sequence[_T]) -> _T:
    return options[int(random.integers(len(options)))]


@dataclass
class Drawing:
    """The blocks of one run as they are drawn; `numbers` are those of blocks and containers."""

    random: np.random.Generator
    run: DraftRun
    span: Span
    numbers: Iterator[int]
    wishes: list[Wish] = field(default_factory=list)

    def target(self) -> Target:
        """In the part of the sky that is high in the nights of the season, a visitor or a transient."""
        span, asked = self.span, self.run.asked
        nights = (0, span.nights - 1) if asked.is_queued else (asked.night,) * 2
        low, high = (sidereal_time(span.middle(night), span.site.longitude) for night in nights)
        around = 25.0 if asked.kind == "ToO" else 60.0
        width = min((high - low) % 360.0 if span.nights < 360 else 360.0, 360.0)
        ra = float(self.random.uniform(low - around, low + width + around)) % 360.0
        dec = float(np.clip(self.random.normal(-28.0, 22.0), -75.0, 15.0))
        return Target(_name(ra, dec), round(ra, 5), round(dec, 5))

    def block(self, target: Target, what: str = "") -> ObservationBlock:
        setup = _setup(self.random, self.run.asked.instrument)
        name = "_".join(part for part in (target.name.replace(" ", ""), *setup.optics, what) if part)
        block = ObservationBlock(next(self.numbers), name.replace("+", "p"), self.run.run, target)
        self.wishes.append(_wish(self.random, block, setup, self.run, self.span))
        return block

    def container(self, kind: Kind, name: str, links: tuple[Link, ...]) -> Link:
        return Link(Container(next(self.numbers), kind, name, links))


def _name(ra: float, dec: float) -> str:
    """By its place, as surveys call things; "Hven" is the survey."""
    minutes, seconds = divmod(round(ra * 240), 60)
    degrees, arcmin = divmod(round(abs(dec) * 60), 60)
    right = f"{minutes // 60 % 24:02d}{minutes % 60:02d}{seconds:02d}"
    return f"Hven J{right}{'-' if dec < 0 else '+'}{degrees:02d}{arcmin:02d}"


def _setup(random: np.random.Generator, instrument: str) -> Setup:
    match instrument:
        case "HAWKI":
            bands = pick(random, (("J", "Ks"), ("J", "H", "Ks"), ("Ks",), ("H", "Ks"), ("Y", "J")))
            return Setup("HAWKI", bands, 10.0, 6, int(random.integers(5, 16)))
        case "UVES":
            seconds = pick(random, (600.0, 900.0, 1200.0, 1500.0))
            return Setup("UVES", (pick(random, UVES_SETTINGS),), seconds, 1, int(random.integers(1, 4)))
        case _:
            grism = pick(random, ("GRIS_300V", "GRIS_600B", "GRIS_600RI", "GRIS_1200R"))
            seconds = pick(random, (300.0, 600.0, 900.0))
            return Setup("FORS2", (grism,), seconds, 1, int(random.integers(2, 5)))


def _wish(
    random: np.random.Generator, block: ObservationBlock, setup: Setup, run: DraftRun, span: Span
) -> Wish:
    """Fillers ask for little, and who has the time of others must be content with what there is."""
    is_queued = run.asked.is_queued
    worst = (0.6, 0.7, 0.8, 1.0, 1.2) if run.priority != "C" and is_queued else (1.2, 1.5, 2.0)
    zenith = math.radians(block.target.dec - span.site.latitude)
    airmass = max(pick(random, (1.4, 1.6, 1.8, 2.0)), math.ceil(10 / math.cos(zenith) + 2) / 10)
    begun = _made(span, run.number)
    is_southern = block.target.dec < -55
    return Wish(
        block,
        setup,
        pick(random, worst),
        airmass,
        begun,
        fli=pick(random, (0.5, 0.7, 0.7, 1.0, 1.0, 1.0, 1.0)) if is_queued else 1.0,
        moon_distance=pick(random, (30, 45)),
        sky=pick(random, _SKIES),
        windows=_windows(random, span) if is_queued and random.random() < 0.12 else (),
        hour_angle=4.0 if is_southern and random.random() < 0.3 else None,
    )


def _made(span: Span, number: int) -> float:
    return mjd_of(span.period.first) - _PROMPT + number % 30 + 0.6


def _windows(random: np.random.Generator, span: Span) -> tuple[tuple[float, float], ...]:
    """Some nights, from noon to noon."""
    first = int(random.integers(span.nights))
    last = first + int(random.integers(1, 20))
    return ((span.midnight(first) - NOON, span.midnight(last) - NOON),)
