"""Rows of what was asked for in a season: programmes, runs with what they were given, observation blocks.

They have what the documents of the season tell the plugins, without templates, containers and histories.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from archive.declare.dataflow.allocation import OUTCOME
from archive.declare.dataflow.phase1 import ABSTRACT, INVESTIGATOR, PROGRAMME, RUN
from archive.declare.dataflow.phase2 import OB

from ..season import Season
from ..wishes import OVERHEAD, Wish
from .texts import Batch, batch_of_dicts

__all__ = ["asked_rows"]


def asked_rows(season: Season) -> Iterator[Batch]:
    """Programmes with their investigators, runs with what they were given, and blocks as they are now."""
    yield batch_of_dicts(PROGRAMME, _programmes(season))
    yield batch_of_dicts(ABSTRACT, _abstracts(season))
    yield batch_of_dicts(INVESTIGATOR, _investigators(season))
    yield batch_of_dicts(RUN, _runs(season))
    yield batch_of_dicts(OUTCOME, _outcomes(season))
    yield batch_of_dicts(OB, _blocks(season))


def _programmes(season: Season) -> Iterator[dict[str, Any]]:
    for one in season.programmes:
        leader = one.investigators[0]
        yield {
            "programme_id": one.id,
            "period": season.period,
            "cycle": f"P{season.period}",
            "title": one.title,
            "programme_type": one.kind,
            "category": one.category,
            "pi_name": leader.full or f"{leader.first} {leader.last}",
            "status": "Submitted",
            "submitted": _moment(one.submitted),
            "p1_proposal_id": one.number,
        }


def _abstracts(season: Season) -> Iterator[dict[str, Any]]:
    for one in season.programmes:
        yield {"programme_id": one.id, "abstract": one.abstract}


def _investigators(season: Season) -> Iterator[dict[str, Any]]:
    for one in season.programmes:
        for place, person in enumerate(one.investigators):
            yield {
                "programme_id": one.id,
                "investigator_number": place + 1,
                "investigator_role": "CoI" if place else "PI",
                "full_name": person.full or f"{person.first} {person.last}",
                "first_name": person.first,
                "last_name": person.last,
                "institute": person.institute,
                "country": person.country,
            }


def _runs(season: Season) -> Iterator[dict[str, Any]]:
    for programme in season.programmes:
        for one in programme.runs:
            yield {
                "programme_id": programme.id,
                "run_id": one.run.id,
                "period": one.run.period,
                "title": one.run.title,
                "instrument": one.instrument,
                "telescope": one.telescope,
                "observing_mode": one.mode,
                "run_type": one.kind,
                "is_too": one.kind == "ToO",
                "time_requested" if one.mode == "SM" else "nights_requested": one.time,
                "seeing": one.seeing,
                "sky_transparency": "Clear",
                "fli": one.fli,
                "airmass": 1.8,
                "pwv": 5.0,
                "p1_run_id": one.number,
            }


def _outcomes(season: Season) -> Iterator[dict[str, Any]]:
    for programme in season.programmes:
        for one in programme.runs:
            given = one.allocation
            yield {
                "programme_id": programme.id,
                "run_id": one.run.id,
                "decision": "Scheduled",
                "priority_class": given.priority or None,
                "time_allocated" if one.mode == "SM" else "nights_allocated": given.time,
                "observing_mode": one.mode,
                "seeing": one.seeing,
                "decided": _moment(season.decided),
            }


def _blocks(season: Season) -> Iterator[dict[str, Any]]:
    grades = {one.wish.block.id: one.grade for night in season.nights for one in night.executions}
    numbers = {folder.run.id: folder.number for folder in season.folders}
    containers = {
        block.id: path[-1].id for folder in season.folders for block, path in folder.container.paths()
    }
    for wish in season.wishes:
        block = wish.block
        yield {
            "ob_id": block.id,
            "run_id": block.run.id,
            "p2_run_id": numbers.get(block.run.id),
            "container_id": containers.get(block.id),
            "item_type": "OB",
            "ob_name": block.name,
            "ob_status": season.histories[block.id][-1].after,
            "grade": grades.get(block.id, "?"),
            "ip_version": season.packages[wish.setup.instrument],
            **_wish(wish),
        }


def _wish(wish: Wish) -> dict[str, Any]:
    setup, target = wish.setup, wish.block.target
    return {
        "instrument": setup.instrument,
        "user_priority": 1,
        "exposure_time": setup.seconds,
        "execution_time": setup.seconds + OVERHEAD,
        "must_migrate": False,
        "description_name": wish.block.name,
        "target_name": target.name,
        "target_ra": target.ra,
        "target_dec": target.dec,
        "equinox": "J2000",
        "epoch": 2000.0,
        "constraint_name": "As proposed",
        "airmass_max": wish.airmass,
        "seeing_max": wish.seeing,
        "sky_transparency": wish.sky,
        "fli_max": wish.fli,
        "moon_distance_min": float(wish.moon_distance),
        "twilight_limit": 0.0,
        "water_vapour_max": 30.0,
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)
