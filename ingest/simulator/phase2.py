"""Documents of Phase 2: observation blocks, containers and runs in bundles, and the instrument packages.

In the shapes of the Phase 2 API, one bundle for each run with everything that lies in its folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .blocks import FOLDERS, WISHES, Container, Folder, Kind, Link, Wish
from .executions import Execution
from .proposals import PROGRAMMES, Investigator, Proposed
from .templates import PACKAGES, Template, package, templates_of
from .writing import as_json, sexagesimal, stamp

__all__ = ["phase2_files"]

_SUPPORT = "user support"
_OVERHEAD = 600.0  # seconds of a block beyond its exposures


def phase2_files(executions: tuple[Execution, ...]) -> Iterator[tuple[str, str]]:
    """(name, text) of each document."""
    for instrument in PACKAGES:
        yield f"package_{instrument}_{PACKAGES[instrument]}.json", as_json(package(instrument))
    for folder in FOLDERS:
        yield f"run_{folder.run.id}.json", as_json(_bundle(folder, executions))


def _bundle(folder: Folder, executions: tuple[Execution, ...]) -> dict[str, Any]:
    proposed, leader = _proposed(folder)
    within = {block.id: path for block, path in folder.container.paths()}
    wishes = [wish for wish in WISHES if wish.block.id in within]
    return {
        "run": _run(folder, proposed, leader),
        "readme": {"text": f"Please look at {folder.run.title} before you begin."},
        "containers": [
            _container(one, parent, folder.number) for one, parent in _containers(folder.container, None)
        ],
        "obs": [_block(wish, within[wish.block.id][-1], folder, executions) for wish in wishes],
    }


def _proposed(folder: Folder) -> tuple[Proposed, Investigator]:
    return next(
        (run, programme.investigators[0])
        for programme in PROGRAMMES
        for run in programme.runs
        if run.run == folder.run
    )


def _run(folder: Folder, proposed: Proposed, leader: Investigator) -> dict[str, Any]:
    return {
        "runId": folder.number,
        "progId": folder.run.id,
        "containerId": folder.container.id,
        "instrument": proposed.instrument,
        "telescope": proposed.telescope,
        "mode": proposed.mode,
        "period": folder.run.period,
        "title": folder.run.title,
        "ipVersion": PACKAGES[proposed.instrument],
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


def _block(
    wish: Wish, container: Container, folder: Folder, executions: tuple[Execution, ...]
) -> dict[str, Any]:
    own = [execution for execution in executions if execution.wish == wish]
    return {
        "ob": _answer(wish, container, folder, own),
        "templates": [_template(template, place) for place, template in enumerate(templates_of(wish), 1)],
        "absoluteTimeConstraints": _windows(wish),
        "siderealTimeConstraints": _sidereal(wish),
        "transitions": list(_transitions(wish, own)),
        "findingCharts": [f"{wish.block.name}.jpg"],
    }


def _answer(wish: Wish, container: Container, folder: Folder, own: list[Execution]) -> dict[str, Any]:
    block, setup = wish.block, wish.setup
    return {
        "obId": block.id,
        "itemType": "OB",
        "obStatus": wish.status,
        "name": block.name,
        "exposureTime": setup.seconds,
        "executionTime": setup.seconds + _OVERHEAD,
        "runId": folder.number,
        "instrument": setup.instrument,
        "ipVersion": PACKAGES[setup.instrument],
        "migrate": False,
        "grade": own[-1].grade if own else "?",
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
            "skyTransparency": "Clear",
            "fli": 1.0,
            "seeing": wish.seeing,
            "moonDistance": 30,
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


def _windows(wish: Wish) -> list[dict[str, str]]:
    """Spectra may be taken from when they were asked for until the period is over."""
    if wish.setup.bands:
        return []
    return [{"from": stamp(wish.created)[:16], "to": "2026-04-30T23:59"}]


def _sidereal(wish: Wish) -> list[dict[str, str]]:
    """Within five hours of the meridian, for the blocks in the south where all that time is good."""
    if wish.block.target.dec > -55:
        return []
    hours = wish.block.target.ra / 15
    return [{"from": sexagesimal((hours - 5) % 24)[:5], "to": sexagesimal((hours + 5) % 24)[:5]}]


def _transitions(wish: Wish, own: list[Execution]) -> Iterator[dict[str, Any]]:
    """All changes of the status: those of its owner, of the observatory's reviewers, and of operators."""
    owner = wish.block.run.investigators.partition("/")[0].lower()
    yield _change(wish.created, None, "P", owner)
    if wish.status == "P":
        return
    yield _change(wish.created + 10, "P", "D", owner)
    yield _change(wish.created + 15, "D", "+", _SUPPORT)
    for execution in own:
        yield _change(execution.start, "+", "S", execution.operator)
        yield _change(execution.end, "S", execution.status, execution.operator)
        if execution.status == "A":
            yield _change(execution.end + 0.01, "A", "+", execution.operator)


def _change(mjd: float, before: str | None, after: str, actor: str) -> dict[str, Any]:
    return {"time": stamp(mjd), "from": before, "to": after, "actor": actor}
