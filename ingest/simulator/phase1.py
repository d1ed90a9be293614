"""Documents of Phase 1 and of what followed: proposals, allocations, the schedule, exposure-time requests.

Their forms are those that the archive's readers of these names take: p1's API, tables in CSV, ETC 2.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .observatory import Target
from .season import Season, Slot
from .times import stamp
from .wishes import Investigator, Programme, Proposed, Wish
from .writing import as_json, sexagesimal

__all__ = ["phase1_files"]


def phase1_files(season: Season) -> Iterator[tuple[str, str]]:
    """(name, text) of each document."""
    targets = {wish.block.target.name: wish.block.target for wish in season.wishes}
    for programme in season.programmes:
        yield f"{programme.id}.p1.json", as_json(_proposal(programme, season.period, targets))
    yield f"P{season.period}.allocations.csv", _allocations(season)
    yield f"P{season.period}.slots.csv", _slots(season)
    asked = [_calculated(wish, season) for wish in season.wishes if wish.setup.instrument == "HAWKI"]
    yield f"P{season.period}.etc.json", as_json(asked)


def _proposal(programme: Programme, period: int, targets: Mapping[str, Target]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for run in programme.runs for name in run.targets))
    numbers = {name: place for place, name in enumerate(names, 1)}
    return {
        "proposalId": programme.number,
        "progId": programme.id,
        "periodNumber": period,
        "cycleName": f"P{period}",
        "title": programme.title,
        "programmeType": programme.kind,
        "scientificCategory": programme.category,
        "status": "Submitted",
        "submitted": programme.submitted,
        "abstract": programme.abstract,
        "investigators": [
            _investigator(person, place) for place, person in enumerate(programme.investigators)
        ],
        "targets": [_target(targets[name], place) for name, place in numbers.items()],
        "obsRuns": [_run(run, numbers) for run in programme.runs],
    }


def _investigator(person: Investigator, place: int) -> dict[str, Any]:
    return {
        "firstName": person.first,
        "lastName": person.last,
        "fullName": person.full or None,
        "role": "CoI" if place else "PI",
        **({"email": person.email} if person.email else {}),
        "institute": {"name": person.institute, "country": person.country},
    }


def _target(target: Target, number: int) -> dict[str, Any]:
    return {
        "targetId": number,
        "name": target.name,
        "ra": sexagesimal(target.ra / 15),
        "dec": sexagesimal(target.dec),
        "coordinateSystem": "J2000",
        "inSolarSystem": False,
        "movement": {"properMotionRa": 0.0, "properMotionDec": 0.0, "epoch": 2000},
    }


def _run(proposed: Proposed, numbers: Mapping[str, int]) -> dict[str, Any]:
    in_hours, number = proposed.mode == "SM", proposed.number
    share = proposed.time * 3600 / len(proposed.targets)
    return {
        "runId": number,
        "runCode": proposed.run.id,
        "title": proposed.run.title,
        "instrument": proposed.instrument,
        "periodNumber": proposed.run.period,
        "observingMode": proposed.mode,
        "telescopeSetup": proposed.telescope,
        "runType": proposed.kind,
        "proprietaryDays": proposed.proprietary_days,
        "requestedHours" if in_hours else "requestedNights": proposed.time,
        "constraints": {
            "seeing": proposed.seeing,
            "skyTransparency": "Clear",
            "fli": proposed.fli,
            "airmass": 1.8,
            "waterVapour": 5.0,
        },
        "targets": [numbers[name] for name in proposed.targets],
        "observingSetups": [{"obsSetupId": 10 * number, "name": f"{proposed.instrument} as proposed"}],
        "observations": [
            {"targetId": numbers[name], "obsSetupId": 10 * number, "telescopeTime": share, "repeatCount": 1}
            for name in proposed.targets
            if in_hours
        ],
    }


def _allocations(season: Season) -> str:
    lines = [
        "Run ID,Decision,Priority class,Allocated hours,Allocated nights,Observing mode,Seeing,Decided,"
        "Panel,OPC grade,OPC rank"
    ]
    for programme in season.programmes:
        for run in programme.runs:
            given = run.allocation
            hours, nights = (given.time, "") if run.mode == "SM" else ("", given.time)
            values = (hours, nights, run.mode, run.seeing, season.decided, programme.category[0])
            cells = (run.run.id, "Scheduled", given.priority, *values, given.grade, given.rank)
            lines.append(",".join(str(cell) for cell in cells))
    return "\n".join(lines) + "\n"


def _slots(season: Season) -> str:
    lines = ["Period,Telescope,Start,End,Mode,Run,Instrument,Remarks"]
    lines += [",".join(_cells(season.period, slot)) for slot in season.slots]
    return "\n".join(lines) + "\n"


def _cells(period: int, slot: Slot) -> tuple[str, ...]:
    start, end = stamp(slot.start), stamp(slot.end)
    return str(period), slot.telescopes, start, end, slot.mode, slot.run, slot.instrument, slot.remarks


def _calculated(wish: Wish, season: Season) -> dict[str, Any]:
    """What the calculator was asked for a block, and what it answered."""
    setup = wish.setup
    return {
        "etcId": f"etc-{wish.block.id}",
        "runId": wish.block.run.id,
        "obId": wish.block.id,
        "instrumentName": setup.instrument,
        "targetName": wish.block.target.name,
        "calculated": season.calculated,
        "etcVersion": f"P{season.period}.1",
        "request": {
            "target": {
                "morphology": {"morphologytype": "point"},
                "sed": {"sedtype": "blackbody"},
                "brightness": {
                    "brightnesstype": "mag",
                    "mag": 18.5,
                    "magband": setup.optics[-1],
                    "magsys": "vega",
                },
            },
            "sky": {"airmass": 1.3, "moon_fli": 0.5, "pwv": 2.5},
            "seeing": {"iq": wish.seeing},
            "instrument": {"name": setup.instrument.lower(), "ins_configuration": "IMAGE"},
            "timesnr": {"DET.DIT": setup.dit, "DET.NDIT": setup.ndit},
            "output": {"snr": True},
        },
        "response": {"data": {"snr": [round(12.0 / wish.seeing, 2), round(14.0 / wish.seeing, 2)]}},
    }
