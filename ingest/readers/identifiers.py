"""Identifiers of programmes and runs, as texts and file names have them: 116.20AB.001, 084.B-0123(A)."""

from __future__ import annotations

import re

__all__ = ["find_programme", "period_of", "programme_of", "run_of"]

# ESO's programme identification code: TP.C-NNNN(R), and PPP.AAAA.nnn since period 105.
_OLD = r"[0-9]{2,4}\.[A-Z]-[0-9]{4}"
_NEW = r"[0-9]{3}\.[0-9A-Z]{4}"
_PROGRAMME = re.compile(rf"(?<![0-9A-Za-z])({_OLD}|{_NEW})(?![0-9A-Za-z])")
_RUN = re.compile(rf"({_OLD})\(([A-Z](?:/[A-Za-z]{{1,3}})?)\)|({_NEW})\.([0-9A-Z]{{3}})")
_PERIOD = re.compile(r"([0-9]{3})\.[0-9A-Z]{4}(?:\.|$)|[0-9 ]?([0-9]{2,3})\.[A-Z]-")


def find_programme(text: str) -> str | None:
    """The first programme that a text, such as the name of a file, mentions."""
    match = _PROGRAMME.search(text)
    return match[1] if match else None


def programme_of(run_id: str) -> str | None:
    """The programme of a run, None if the run is not written in either form."""
    match = _RUN.fullmatch(run_id)
    return (match[1] or match[3]) if match else None


def run_of(programme_id: str, number: int, letter: str = "") -> str:
    """The run of a programme: by its letter, else by its number, which counts from 1."""
    if "-" in programme_id:
        return f"{programme_id}({letter or _letter(number)})"
    return f"{programme_id}.{letter or f'{number:03d}'}"


def period_of(identifier: str) -> int | None:
    """The observing period of a programme or run: 116 of 116.20AB.001, 84 of 084.B-0123(A)."""
    match = _PERIOD.match(identifier)
    if match is None:
        return None
    # Of four digits the first is the type of the programme, and a period from 100 on has three more.
    return int(match[1] or match[2])


def _letter(number: int) -> str:
    return chr(ord("A") + number - 1) if 1 <= number <= 26 else f"Z{number}"
