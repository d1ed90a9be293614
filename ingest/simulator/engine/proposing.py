"""Programmes of a simulated period: drawn, ranked, and given time. Their blocks are drawn in `preparing`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from ..observatory import Run
from ..season import UNIT_TELESCOPES
from ..wishes import OVERHEAD, Allocation, Investigator, Programme, Proposed, Wish
from .people import SUBJECTS, Subject, in_headers, team
from .periods import Period

__all__ = ["Asked", "Draft", "DraftRun", "drafts", "programme_of"]

# How many blocks a telescope executes in a night, and how many more than that are accepted.
_IN_A_NIGHT, _TOO_MANY = 11, 1.5
_CODES = int("2C01", 36)
_LAST_OF_OLD = 104  # the last period whose programmes have codes of the old form
# Parts of the runs that are in classes A and B.
_BEST, _GOOD = 0.3, 0.75


@dataclass(frozen=True, slots=True)
class Asked:
    """A run before anybody proposed it. `night` is a place in the season: of a visitor's first night."""

    instrument: str
    mode: str
    kind: str
    blocks: int
    night: int = 0

    @property
    def is_queued(self) -> bool:
        """In service mode, for whenever it is best."""
        return self.mode == "SM" and self.kind != "ToO"


@dataclass(frozen=True, slots=True)
class DraftRun:
    """A run before it has blocks; `rank` is OPC's, the best is 1, and `grade` too, the best is 1.0."""

    run: Run
    number: int
    asked: Asked
    priority: str
    grade: float
    rank: int


@dataclass(frozen=True, slots=True)
class Draft:
    id: str
    number: int
    kind: str
    subject: Subject
    people: tuple[Investigator, ...]
    runs: tuple[DraftRun, ...]


def drafts(random: np.random.Generator, period: Period, nights: int) -> tuple[Draft, ...]:
    """All programmes of a season of so many nights."""
    asked = list(_asked(random, nights))
    shares = [asked[place] for place in random.permutation(len(asked))]
    ranks, grades = random.permutation(len(asked)), np.sort(random.uniform(1.0, 3.2, len(asked)))
    made: list[Draft] = []
    first = 0
    while first < len(shares):
        last = min(first + int(random.choice((1, 2, 3), p=(0.6, 0.28, 0.12))), len(shares))
        own = [
            (shares[place], int(ranks[place]), float(grades[ranks[place]])) for place in range(first, last)
        ]
        made.append(_draft(random, period, len(made) + 1, own, len(shares)))
        first = last
    return tuple(made)


def _asked(random: np.random.Generator, nights: int) -> Iterator[Asked]:
    """Runs in service mode that fill the nights, a run for transients, and visitors now and then."""
    for instrument in UNIT_TELESCOPES:
        runs = max(4, round(0.6 * nights))
        parts = random.dirichlet(np.full(runs, 3.0))
        for part in parts:
            blocks = max(2, round(part * nights * _IN_A_NIGHT * _TOO_MANY))
            yield Asked(instrument, "SM", "Normal", blocks)
    for place in range(1 + nights // 30):
        instrument = ("FORS2", "UVES")[place % 2]
        yield Asked(instrument, "SM", "ToO", min(8, 1 + nights // 10), int(random.integers(nights)))
    for place, night in enumerate(range(1, nights, 12)):
        mode = ("VM", "DVM")[place % 2]
        yield Asked(("UVES", "FORS2", "HAWKI")[place % 3], mode, "Normal", 14, night)


def _draft(
    random: np.random.Generator,
    period: Period,
    place: int,
    own: Sequence[tuple[Asked, int, float]],
    all_runs: int,
) -> Draft:
    subject, people = SUBJECTS[int(random.integers(len(SUBJECTS)))], team(random)
    code = _code(period.number, subject.category, place)
    number = 10_000 * period.number + place
    names = in_headers(people)
    runs = []
    for letter, (asked, rank, grade) in enumerate(own, 1):
        title = f"{subject.title}: {asked.instrument}"
        run = Run(_run_code(code, letter), title, names, period.number)
        priority = _priority(asked, rank / all_runs)
        runs.append(DraftRun(run, 10 * number + letter, asked, priority, round(grade, 2), rank + 1))
    kind = "Large" if sum(asked.blocks for asked, *_ in own) > 80 else "Normal"
    return Draft(code, number, kind, subject, people, tuple(runs))


def _priority(asked: Asked, part: float) -> str:
    """By the part of all runs that are better. Nobody travels for a filler, nor do transients wait."""
    if not asked.is_queued:
        part *= _GOOD
    return "A" if part < _BEST else "B" if part < _GOOD else "C"


def _code(period: int, category: str, place: int) -> str:
    if period <= _LAST_OF_OLD:
        return f"{period:03d}.{category[0]}-{place:04d}"
    return f"{period}.{np.base_repr(_CODES + 37 * place, 36):0>4}"


def _run_code(code: str, letter: int) -> str:
    return f"{code}({chr(64 + letter)})" if "-" in code else f"{code}.{letter:03d}"


def programme_of(draft: Draft, wishes: Mapping[str, tuple[Wish, ...]], period: Period) -> Programme:
    """As it was submitted half a year before, with what the blocks of its runs (by identifier) ask for."""
    submitted = period.first - timedelta(days=190 - draft.number % 7)
    return Programme(
        draft.id,
        draft.number,
        draft.subject.title,
        draft.subject.category,
        draft.kind,
        draft.subject.abstract,
        f"{submitted.isoformat()}T{8 + draft.number % 10:02d}:{draft.number % 60:02d}:00Z",
        draft.people,
        tuple(_proposed(run, wishes[run.run.id]) for run in draft.runs),
    )


def _proposed(run: DraftRun, wishes: tuple[Wish, ...]) -> Proposed:
    """Visitors have a night, others what their blocks take; there is a little less than was asked for."""
    asked = run.asked
    hours = round(sum(wish.setup.seconds + OVERHEAD for wish in wishes) / 3600, 1)
    given = hours if run.priority == "A" else math.floor(9 * hours) / 10
    return Proposed(
        run.run,
        run.number,
        asked.instrument,
        UNIT_TELESCOPES[asked.instrument],
        asked.mode,
        asked.kind,
        hours if asked.mode == "SM" else 1.0,
        max(wish.seeing for wish in wishes),
        max(wish.fli for wish in wishes),
        Allocation(given if asked.mode == "SM" else 1.0, run.priority, run.grade, run.rank),
        tuple(dict.fromkeys(wish.block.target.name for wish in wishes)),
    )
