"""Documents of the simulated night: executions, a snapshot of the ranking before each, and night logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .blocks import FOLDERS, TRANSIENTS, WISHES, Container, Kind, Wish
from .executions import Execution, Taken, unit_telescope
from .headers import dp_id
from .plan import EVENING, SECOND, Exposure, airmass
from .proposals import PROGRAMMES
from .weather import seeing_at
from .writing import as_json, stamp

__all__ = ["night_files"]

_ENGINE = "Uraniborg simulator"
_WEIGHTS = {"A": 100.0, "B": 60.0, "C": 30.0}
_CLASSES = {run.run.id: run.allocation.priority for programme in PROGRAMMES for run in programme.runs}
_PATHS = {block.id: path for folder in FOLDERS for block, path in folder.container.paths()}


def night_files(done: tuple[Execution, ...]) -> Iterator[tuple[str, str]]:
    """(name, text) of each document."""
    for instrument in dict.fromkeys(execution.wish.setup.instrument for execution in done):
        own = [execution for execution in done if execution.wish.setup.instrument == instrument]
        told = {
            "instrument": instrument,
            "telescope": unit_telescope(instrument),
            "night": EVENING,
            "executions": [_execution(one) for one in own],
        }
        yield f"executions_{instrument}_{EVENING}.json", as_json(told)
    snapshots = [_snapshot(execution, done) for execution in done]
    yield f"rankings_{EVENING}.json", as_json({"rankings": snapshots})
    for execution in done:
        for taken in execution.taken:
            for exposure in taken.exposures:
                yield f"{dp_id(exposure)}.NL.txt", _night_log(execution)


# --- executions --------------------------------------------------------------------------------------


def _execution(execution: Execution) -> dict[str, Any]:
    block = execution.wish.block
    return {
        "executionId": execution.id,
        "obId": block.id,
        "progId": block.run.id,
        "runId": next(folder.number for folder in FOLDERS if folder.run == block.run),
        "from": stamp(execution.start),
        "to": stamp(execution.end),
        "obStatus": execution.status,
        "grade": execution.grade,
        "operator": execution.operator,
        "operatorComments": execution.comments,
        "templates": [_template(execution, taken) for taken in execution.taken],
    }


def _template(execution: Execution, taken: Taken) -> dict[str, Any]:
    """One without frames, as an acquisition that keeps none, ends as the first frame begins."""
    frames = taken.exposures
    first = next(one.start for other in execution.taken for one in other.exposures)
    return {
        "templateNumber": taken.number,
        "templateName": taken.template.name,
        "from": stamp(frames[0].start if frames else execution.start),
        "to": stamp(frames[-1].end if frames else first),
        "exposureCount": len(frames),
        "status": "finished",
        "files": [_file(exposure) for exposure in frames],
    }


def _file(exposure: Exposure) -> dict[str, Any]:
    return {
        "dpId": dp_id(exposure),
        "exposureNumber": exposure.number,
        "category": exposure.category,
    }


# --- rankings ----------------------------------------------------------------------------------------


def _snapshot(execution: Execution, done: tuple[Execution, ...]) -> dict[str, Any]:
    """What there was to choose from at an instrument a minute before a block was started."""
    setup, start = execution.wish.setup, execution.start
    finished = {one.wish.block.id for one in done if one.end <= start and one.status == "C"}
    # Blocks for targets of opportunity wait for their trigger, which came in the morning.
    offered = [
        _ranked(wish, start)
        for wish in WISHES
        if wish.setup.instrument == setup.instrument
        and wish.block.id not in finished
        and wish.block.run != TRANSIENTS
        and wish.status != "P"
    ]
    offered.sort(key=lambda one: (not one["observable"], -one["score"], one["obId"]))
    for rank, one in enumerate(offered, 1):
        one["rank"] = rank
    return {
        "time": stamp(start - 60 * SECOND),
        "startTime": stamp(start),
        "telescope": unit_telescope(setup.instrument),
        "instrument": setup.instrument,
        "engine": _ENGINE,
        "conditions": {
            "seeing": seeing_at(start - 60 * SECOND),
            "windDirection": 342.0,
            "skyTransparency": "Clear",
            "airmassTolerance": 0.1,
            "moonElevation": -20.0,
            "fli": 0.18,
            "zenithAvoidance": 4.0,
        },
        "ranking": offered,
    }


def _ranked(wish: Wish, start: float) -> dict[str, Any]:
    """The better the class and the higher the target, the better the score."""
    height, seeing = airmass(wish.block.target, start), seeing_at(start - 60 * SECOND)
    priority = _CLASSES[wish.block.run.id]
    reasons = [f"priority class {priority}", f"airmass {height:.2f}"]
    if height > wish.airmass:
        reasons.append(f"airmass above {wish.airmass:g}")
    if seeing > 1.1 * wish.seeing:
        reasons.append(f"seeing {seeing:.2f} above {wish.seeing:g}")
    return {
        "obId": wish.block.id,
        "progId": wish.block.run.id,
        "score": round(_WEIGHTS[priority] / height, 2),
        "observable": len(reasons) == 2,
        "obStatus": "+",
        "reasons": reasons,
        **_container(_PATHS[wish.block.id], wish),
    }


def _container(path: tuple[Container, ...], wish: Wish) -> dict[str, Any]:
    inner = path[-1]
    if inner.kind is Kind.FOLDER:
        return {}
    share = next(link.contribution for link in inner.links if link.of == wish.block)
    return {"containerType": inner.kind.value, "containerId": inner.id, "groupContribution": share}


# --- night logs --------------------------------------------------------------------------------------


def _night_log(execution: Execution) -> str:
    """As operators' tools write them: keys, then templates and files with tabs, then remarks."""
    block, container = execution.wish.block, _PATHS[execution.wish.block.id][-1]
    lines = [
        f"Night: {EVENING}",
        f"Run: {block.run.id}",
        f"OB: {block.name} {block.id}",
        f"Container: {container.name} {container.id}",
        f"Target: {block.target.name}",
        f"Grade: {execution.grade}",
        "---",
    ]
    lines += [
        f"{taken.template.name}\t{dp_id(one)}.fits\t{one.dit:g}\t{one.ndit}\t{seeing_at(one.start):.2f}"
        for taken in execution.taken
        for one in taken.exposures
    ]
    lines += ["---", f"{execution.comments} Mean seeing {execution.seeing:.2f} arcsec. {execution.operator}"]
    return "\n".join(lines) + "\n"
