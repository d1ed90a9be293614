"""Documents of a night: executions, a snapshot of the ranking before each, and night logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .observatory import Exposure
from .season import UNIT_TELESCOPES, Execution, ObservedNight, Offer, Season, Sky, Snapshot, Taken
from .times import dp_id, stamp
from .wishes import Container, Kind, Wish
from .writing import as_json

__all__ = ["night_files"]

_ENGINE = "Uraniborg simulator"


class _Places:
    """Where in a season's folders its blocks lie, and the numbers of its runs."""

    def __init__(self, season: Season) -> None:
        self.runs = {folder.run.id: folder.number for folder in season.folders}
        self.paths = {block.id: path for folder in season.folders for block, path in folder.container.paths()}


def night_files(season: Season) -> Iterator[tuple[str, str]]:
    """(name, text) of each document of all nights."""
    places = _Places(season)
    for night in season.nights:
        yield from _files(night, places)


def _files(night: ObservedNight, places: _Places) -> Iterator[tuple[str, str]]:
    done = night.executions
    for instrument in dict.fromkeys(execution.wish.setup.instrument for execution in done):
        own = [execution for execution in done if execution.wish.setup.instrument == instrument]
        told = {
            "instrument": instrument,
            "telescope": UNIT_TELESCOPES[instrument],
            "night": night.evening,
            "executions": [_execution(one, places) for one in own],
        }
        yield f"executions_{instrument}_{night.evening}.json", as_json(told)
    if night.rankings:
        snapshots = [_snapshot(snapshot, places) for snapshot in night.rankings]
        yield f"rankings_{night.evening}.json", as_json({"rankings": snapshots})
    for execution in done:
        for taken in execution.taken:
            for exposure in taken.exposures:
                yield f"{dp_id(exposure)}.NL.txt", _night_log(execution, night, places)


# --- executions --------------------------------------------------------------------------------------


def _execution(execution: Execution, places: _Places) -> dict[str, Any]:
    block = execution.wish.block
    return {
        "executionId": execution.id,
        "obId": block.id,
        "progId": block.run.id,
        "runId": places.runs[block.run.id],
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


def _snapshot(snapshot: Snapshot, places: _Places) -> dict[str, Any]:
    """What there was to choose from at an instrument before a block was started."""
    return {
        "time": stamp(snapshot.time),
        "startTime": stamp(snapshot.start),
        "telescope": UNIT_TELESCOPES[snapshot.instrument],
        "instrument": snapshot.instrument,
        "engine": _ENGINE,
        "conditions": _conditions(snapshot.sky),
        "ranking": [_ranked(offer, rank, places) for rank, offer in enumerate(snapshot.offers, 1)],
    }


def _conditions(sky: Sky) -> dict[str, Any]:
    return {
        "seeing": sky.seeing,
        "windDirection": sky.wind_direction,
        "skyTransparency": sky.transparency,
        "airmassTolerance": sky.airmass_tolerance,
        "moonElevation": sky.moon_elevation,
        "fli": sky.fli,
        "zenithAvoidance": sky.zenith_avoidance,
    }


def _ranked(offer: Offer, rank: int, places: _Places) -> dict[str, Any]:
    block = offer.wish.block
    return {
        "obId": block.id,
        "progId": block.run.id,
        "score": offer.score,
        "observable": offer.is_observable,
        "obStatus": offer.status,
        "reasons": list(offer.reasons),
        **_container(places.paths[block.id], offer.wish),
        "rank": rank,
    }


def _container(path: tuple[Container, ...], wish: Wish) -> dict[str, Any]:
    inner = path[-1]
    if inner.kind is Kind.FOLDER:
        return {}
    share = next(link.contribution for link in inner.links if link.of == wish.block)
    return {"containerType": inner.kind.value, "containerId": inner.id, "groupContribution": share}


# --- night logs --------------------------------------------------------------------------------------


def _night_log(execution: Execution, night: ObservedNight, places: _Places) -> str:
    """As operators' tools write them: keys, then templates and files with tabs, then remarks."""
    block, weather = execution.wish.block, night.weather
    container = places.paths[block.id][-1]
    lines = [
        f"Night: {night.evening}",
        f"Run: {block.run.id}",
        f"OB: {block.name} {block.id}",
        f"Container: {container.name} {container.id}",
        f"Target: {block.target.name}",
        f"Grade: {execution.grade}",
        "---",
    ]
    lines += [
        f"{taken.template.name}\t{dp_id(one)}.fits\t{one.dit:g}\t{one.ndit}\t{weather.seeing_at(one.start):.2f}"
        for taken in execution.taken
        for one in taken.exposures
    ]
    lines += ["---", f"{execution.comments} Mean seeing {execution.seeing:.2f} arcsec. {execution.operator}"]
    return "\n".join(lines) + "\n"
