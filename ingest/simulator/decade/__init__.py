"""Ten years of the metadata of the simulated observatory: rows of millions of frames, made many at once.

The seasons are those of `ingest.simulator.seasons`, one for each observing period. Whole tables come out, as
Arrow batches; `loading` puts them into an archive. Nothing is written to files, and no plugin reads it: that
would take days. The same seed gives the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from archive.declare.raw import RAW

from ...publication import Publication
from ..engine import seasons
from .asked import asked_rows
from .frames import frames_of
from .products import product_rows
from .raw import dp_ids, raw_batch
from .rows import execution_rows, exposure_rows, seeing_of, weather_rows
from .texts import Batch

__all__ = ["MOST_YEARS", "Part", "parts", "simulate_rows"]

_END = 2026
MOST_YEARS = 27  # since when the VLT has had users
_PRODUCTS = 1_000_000  # numbers for each part


@dataclass(frozen=True, slots=True)
class Part:
    """So many nights of an observing period, from an evening on; `number` counts parts from 0."""

    number: int
    evening: date
    nights: int


def parts(years: int, nights: int | None = None) -> Iterator[Part]:
    """The periods of so many years up to March 2026; with `nights` only that many nights of each.

    Then ESO's periods were no longer half a year each.
    """
    halves = range(2 * (_END - years), 2 * _END + 1)
    begins = [date(half // 2, 10 if half % 2 else 4, 1) for half in halves]
    for number, (first, after) in enumerate(pairwise(begins)):
        whole = (after - first) // timedelta(days=1)
        yield Part(number, first, whole if nights is None else min(nights, whole))


def simulate_rows(seed: int, part: Part, publication: Publication) -> Iterator[Batch]:
    """Batches of tables of the archive, with the rows of a period in order of time."""
    files = 1 + _PRODUCTS * part.number
    for season in seasons(seed, part.nights, part.evening):
        seeing, airmass = seeing_of(season)
        frames = frames_of(season)
        names = dp_ids(frames)
        raw = raw_batch(frames, names, publication)
        files, made = product_rows(frames, names, files)
        yield from asked_rows(season)
        yield execution_rows(season)
        yield from weather_rows(season, seeing, airmass)
        yield RAW, raw
        yield from exposure_rows(season, frames, names, raw, seeing)
        yield from made
