"""Documents of Phase 1 and of what followed: proposals, allocations, the schedule, exposure-time requests.

Their forms are those that the archive's readers of these names take: p1's API, tables in CSV, ETC 2.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .blocks import WISHES, Wish
from .plan import NIGHT, Target
from .proposals import PROGRAMMES, Investigator, Programme, Proposed
from .writing import as_json, sexagesimal, stamp

__all__ = ["phase1_files"]

_PERIOD = 116
_CALCULATED = "2025-03-24T10:00:00Z"
_TARGETS = {wish.block.target.name: wish.block.target for wish in WISHES}


def phase1_files() -> Iterator[tuple[str, str]]:
    """(name, text) of each document."""
    for number, programme in enumerate(PROGRAMMES, 1):
        yield f"{programme.id}.p1.json", as_json(_proposal(number, programme))
    yield f"P{_PERIOD}.allocations.csv", _allocations()
    yield f"P{_PERIOD}.slots.csv", _slots()
    yield f"P{_PERIOD}.etc.json", as_json([_calculated(wish) for wish in WISHES if wish.setup.bands])


def _proposal(number: int, programme: Programme) -> dict[str, Any]:
    names = list(dict.fromkeys(name for run in programme.runs for name in run.targets))
    numbers = {name: place for place, name in enumerate(names, 1)}
    return {
        "proposalId": 4710 + number,
        "progId": programme.id,
        "periodNumber": _PERIOD,
        "cycleName": f"P{_PERIOD}",
        "title": programme.title,
        "programmeType": programme.kind,
        "scientificCategory": programme.category,
        "status": "Submitted",
        "submitted": programme.submitted,
        "abstract": programme.abstract,
        "investigators": [
            _investigator(person, place) for place, person in enumerate(programme.investigators)
        ],
        "targets": [_target(_TARGETS[name], place) for name, place in numbers.items()],
        "obsRuns": [
            _run(run, 8000 + 10 * number + place, numbers) for place, run in enumerate(programme.runs)
        ],
    }


def _investigator(person: Investigator, place: int) -> dict[str, Any]:
    return {
        "firstName": person.first,
        "lastName": person.last,
        "fullName": person.full or None,
        "role": "CoI" if place else "PI",
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


def _run(proposed: Proposed, number: int, numbers: Mapping[str, int]) -> dict[str, Any]:
    in_hours = proposed.mode == "SM"
    share = proposed.time * 3600 / len(proposed.targets)
    return {
        "runId": number,
        "runCode": proposed.run.id,
        "title": proposed.run.title,
        "instrument": proposed.instrument,
        "periodNumber": _PERIOD,
        "observingMode": proposed.mode,
        "telescopeSetup": proposed.telescope,
        "runType": proposed.kind,
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


def _allocations() -> str:
    lines = [
        "Run ID,Decision,Priority class,Allocated hours,Allocated nights,Observing mode,Seeing,Decided,"
        "Panel,OPC grade,OPC rank"
    ]
    for programme in PROGRAMMES:
        for run in programme.runs:
            given = run.allocation
            hours, nights = (given.time, "") if run.mode == "SM" else ("", given.time)
            values = (hours, nights, run.mode, run.seeing, "2025-07-01T12:00:00Z", programme.category[0])
            cells = (run.run.id, "Scheduled", given.priority, *values, given.grade, given.rank)
            lines.append(",".join(str(cell) for cell in cells))
    return "\n".join(lines) + "\n"


# Telescopes, nights from the evening and to the morning after the simulated night's midnight (days), mode,
# run, instrument, remarks. Nights begin and end at noon in Chile.
_SLOTS = (
    ("UT1", -5, 4, "Service", "", "FORS2", ""),
    ("UT4", -5, 4, "Service", "", "HAWKI", ""),
    ("UT2", -1, 0, "Visitor", "116.29CD.002", "UVES", "second half only"),
    ("UT3", -2, 1, "Designated Visitor", "", "XSHOOTER", "guaranteed time"),
    ("UT1 UT2 UT3 UT4", 5, 6, "Technical", "", "", "interferometry with all unit telescopes"),
)


def _slots() -> str:
    lines = ["Period,Telescope,Start,End,Mode,Run,Instrument,Remarks"]
    for telescopes, first, last, mode, run, instrument, remarks in _SLOTS:
        start, end = (stamp(NIGHT + day + 16 / 24) for day in (first, last))
        lines.append(",".join((str(_PERIOD), telescopes, start, end, mode, run, instrument, remarks)))
    return "\n".join(lines) + "\n"


def _calculated(wish: Wish) -> dict[str, Any]:
    """What the calculator was asked for a block, and what it answered."""
    setup = wish.setup
    return {
        "etcId": f"etc-{wish.block.id}",
        "runId": wish.block.run.id,
        "obId": wish.block.id,
        "instrumentName": setup.instrument,
        "targetName": wish.block.target.name,
        "calculated": _CALCULATED,
        "etcVersion": "P116.1",
        "request": {
            "target": {
                "morphology": {"morphologytype": "point"},
                "sed": {"sedtype": "blackbody"},
                "brightness": {
                    "brightnesstype": "mag",
                    "mag": 18.5,
                    "magband": setup.bands[-1],
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
