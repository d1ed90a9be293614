"""Documents of Phase 2: observation blocks, containers and runs in bundles, and the instrument packages.

In the shapes of the Phase 2 API, one bundle for each run with everything that lies in its folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .season import Change, Season
from .templates import Template, package, templates_of
from .times import stamp
from .wishes import OVERHEAD, Container, Folder, Investigator, Kind, Link, Proposed, Wish
from .writing import as_json, sexagesimal

__all__ = ["phase2_files"]


class _Records:
    """A season by the numbers and names with which its documents refer to each other."""

    def __init__(self, season: Season) -> None:
        self.packages = season.packages
        self.histories = season.histories
        self.wishes = {wish.block.id: wish for wish in season.wishes}
        self.grades = {one.wish.block.id: one.grade for night in season.nights for one in night.executions}
        self.leaders = {
            run.run.id: (run, one.investigators[0]) for one in season.programmes for run in one.runs
        }


def phase2_files(season: Season) -> Iterator[tuple[str, str]]:
    """(name, text) of each document."""
    records = _Records(season)
    for instrument, version in season.packages.items():
        yield f"package_{instrument}_{version}.json", as_json(package(instrument, version))
    for folder in season.folders:
        yield f"run_{folder.run.id}.json", as_json(_bundle(folder, records))


def _bundle(folder: Folder, records: _Records) -> dict[str, Any]:
    paths = sorted(folder.container.paths(), key=lambda found: found[0].id)
    return {
        "run": _run(folder, *records.leaders[folder.run.id], records.packages),
        "readme": {"text": f"Please look at {folder.run.title} before you begin."},
        "containers": [
            _container(one, parent, folder.number) for one, parent in _containers(folder.container, None)
        ],
        "obs": [_block(records.wishes[block.id], path[-1], folder, records) for block, path in paths],
    }


def _run(
    folder: Folder, proposed: Proposed, leader: Investigator, packages: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "runId": folder.number,
        "progId": folder.run.id,
        "containerId": folder.container.id,
        "instrument": proposed.instrument,
        "telescope": proposed.telescope,
        "mode": proposed.mode,
        "period": folder.run.period,
        "title": folder.run.title,
        "ipVersion": packages[proposed.instrument],
        "pi": {"firstName": leader.first, "lastName": leader.last},
    }


def _containers(
    container: Container, parent: Container | None
) -> Iterator[tuple[Container, Container | None]]:
    yield container, parent
    for link in container.links:
        if isinstance(link.of, Container):
            yield from _containers(link.of, container)


def _container(container: Container, parent: Container | None, run: int) -> dict[str, Any]:
    status = {} if container.kind is Kind.FOLDER else {"containerStatus": "+"}
    return {
        "container": {
            "containerId": container.id,
            "itemType": container.kind.value,
            "name": container.name,
            "parentContainerId": parent.id if parent else None,
            "runId": run,
            "itemCount": len(container.links),
            **status,
        },
        "items": [_item(link) for link in container.links],
        "scheduling": [_identity(link) | _scheduling(link) for link in container.links if _scheduling(link)],
    }


def _item(link: Link) -> dict[str, Any]:
    kind = link.of.kind.value if isinstance(link.of, Container) else "OB"
    return {"itemType": kind, **_identity(link)}


def _identity(link: Link) -> dict[str, Any]:
    return {"containerId" if isinstance(link.of, Container) else "obId": link.of.id}


def _scheduling(link: Link) -> dict[str, Any]:
    told = {
        "groupContribution": link.contribution,
        "earliestAfterPrevious": link.earliest,
        "latestAfterPrevious": link.latest,
    }
    return {name: value for name, value in told.items() if value is not None}


def _block(wish: Wish, container: Container, folder: Folder, records: _Records) -> dict[str, Any]:
    return {
        "ob": _answer(wish, container, folder, records),
        "templates": [_template(template, place) for place, template in enumerate(templates_of(wish), 1)],
        "absoluteTimeConstraints": [
            {"from": stamp(start)[:16], "to": stamp(end)[:16]} for start, end in wish.windows
        ],
        "siderealTimeConstraints": _sidereal(wish),
        "transitions": [_change(change) for change in records.histories[wish.block.id]],
        "findingCharts": [f"{wish.block.name}.jpg"],
    }


def _answer(wish: Wish, container: Container, folder: Folder, records: _Records) -> dict[str, Any]:
    block, setup = wish.block, wish.setup
    return {
        "obId": block.id,
        "itemType": "OB",
        "obStatus": records.histories[block.id][-1].after,
        "name": block.name,
        "exposureTime": setup.seconds,
        "executionTime": setup.seconds + OVERHEAD,
        "runId": folder.number,
        "instrument": setup.instrument,
        "ipVersion": records.packages[setup.instrument],
        "migrate": False,
        "grade": records.grades.get(block.id, "?"),
        "userPriority": 1,
        "parentContainerId": container.id,
        "obsDescription": {"name": block.name, "userComments": "", "instrumentComments": ""},
        "target": {
            "name": block.target.name,
            "ra": sexagesimal(block.target.ra / 15),
            "dec": sexagesimal(block.target.dec),
            "equinox": "J2000",
            "epoch": 2000.0,
            "properMotionRa": 0.0,
            "properMotionDec": 0.0,
        },
        "constraints": {
            "name": "As proposed",
            "airmass": wish.airmass,
            "skyTransparency": wish.sky,
            "fli": wish.fli,
            "seeing": wish.seeing,
            "moonDistance": wish.moon_distance,
            "twilight": 0,
            "waterVapour": 30.0,
        },
    }


def _template(template: Template, number: int) -> dict[str, Any]:
    return {
        "templateId": number,
        "templateName": template.name,
        "type": template.kind,
        "parameters": [
            {"name": name, "type": _type(value), "value": value} for name, value in template.values.items()
        ],
    }


def _type(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case _:
            return "keyword"


def _sidereal(wish: Wish) -> list[dict[str, str]]:
    if wish.hour_angle is None:
        return []
    hours = wish.block.target.ra / 15
    ends = ((hours + way * wish.hour_angle) % 24 for way in (-1, 1))
    return [dict(zip(("from", "to"), (sexagesimal(end)[:5] for end in ends), strict=True))]


def _change(change: Change) -> dict[str, Any]:
    return {"time": stamp(change.time), "from": change.before, "to": change.after, "actor": change.actor}
