"""Phase 2 pulled from a live API into a folder of documents, from which it is ingested like any other input.

Each run, container, observation block and instrument package becomes one document, written again only when
it changed; what cannot be had now is told, and what is there of it stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec

from archive.errors import UnreadableFile

from .documents import Node
from .p2_connection import P2Connection, write_whole
from .phase2_values import ip_version

__all__ = ["Pulled", "pull"]

_DEEPEST = 20  # containers in one another
_Arguments = ParamSpec("_Arguments")

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
_SCHEDULED = frozenset({"Group", "TimeLink", "Concatenation"})


@dataclass
class Pulled:
    """What a round brought: documents that are new or other than before, all that there are, and failures."""

    changed: list[Path] = field(default_factory=list)
    total: int = 0
    failures: list[str] = field(default_factory=list)


def pull(
    connection: P2Connection,
    folder: Path,
    *,
    runs: Collection[str] = (),
    progress: Callable[[int], None] | None = None,
) -> Pulled:
    """Brings `folder` up to date; `runs` are names or numbers of those that are wanted, all if there is none.

    `progress` is told the number of documents so far. Raises UnreadableFile when the list of runs cannot be
    had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    round_ = _Round(connection, folder, progress)
    listed = Node(connection.calls.getRuns()[0], "/obsRuns")
    for run in listed.records():
        if not runs or {run.text("progId"), run.text("runId")} & set(runs):
            round_.attempt(f"run {run.text('progId')}", round_.run, run)
    for instrument, version in sorted(round_.packages):
        round_.attempt(f"package {instrument} {version}", round_.package, instrument, version)
    return round_.pulled


class _Round:
    def __init__(
        self, connection: P2Connection, folder: Path, progress: Callable[[int], None] | None
    ) -> None:
        self._api = connection.calls
        self._folder = folder
        self._progress = progress
        self._seen: set[int] = set()
        self.packages: set[tuple[str, str]] = set()
        self.pulled = Pulled()

    def attempt(
        self, what: str, work: Callable[_Arguments, None], *given: _Arguments.args, **more: _Arguments.kwargs
    ) -> None:
        """One thing that fails keeps nothing else from being pulled."""
        try:
            work(*given, **more)
        except UnreadableFile as error:
            self.pulled.failures.append(f"{what}: {error}")

    def run(self, run: Node) -> None:
        number = run.integer("runId", required=True)
        bundle: dict[str, object] = {"run": run.value}
        self.attempt(f"run {number}", self._readme, number, bundle)
        self._write(f"run_{number}.json", bundle)
        top = run.integer("containerId")
        if top is not None:
            self._container(top, run, 0)

    def _readme(self, number: int, bundle: dict[str, object]) -> None:
        bundle["readme"] = self._api.getReadme(number)[0]

    def _container(self, number: int, run: Node, depth: int) -> None:
        if number in self._seen:
            return
        self._seen.add(number)
        if depth > _DEEPEST:
            raise UnreadableFile(f"container {number} lies in more than {_DEEPEST} others")
        container = Node(self._api.getContainer(number)[0], f"container {number}")
        items = Node(self._api.getItems(number)[0], f"items of container {number}")
        bundle = {"container": container.value, "items": items.value}
        if container.text("itemType") in _SCHEDULED:
            bundle["scheduling"] = self._api.getContainerItemsSchedulingInfo(number)[0]
        self._write(f"container_{number}.json", {**bundle, "run": _named(run)})
        for item in items:
            ob_id = item.integer("obId")
            inside = item.integer("containerId")
            if ob_id is not None:
                self.attempt(f"OB {ob_id}", self._block, ob_id, run)
            elif inside is not None:
                self.attempt(f"container {inside}", self._container, inside, run, depth + 1)

    def _block(self, number: int, run: Node) -> None:
        api = self._api
        ob = Node(api.getOB(number)[0], f"OB {number}")
        package = (ob.text("instrument"), ip_version(ob))
        if all(package):
            self.packages.add((str(package[0]), str(package[1])))
        bundle: dict[str, object] = {
            "ob": ob.value,
            "run": _named(run),
            "templates": [self._template(number, one) for one in Node(api.getTemplates(number)[0])],
        }
        if ob.text("itemType") != "CB":
            bundle["absoluteTimeConstraints"] = api.getAbsoluteTimeConstraints(number)[0]
            bundle["siderealTimeConstraints"] = api.getSiderealTimeConstraints(number)[0]
            bundle |= self._ephemeris(number)
        bundle["findingCharts"] = self._charts(number)
        self._write(f"ob_{number}.json", bundle)

    def _template(self, ob_id: int, template: Node) -> Any:
        number = template.integer("templateId")
        if "parameters" in template or number is None:
            return template.value
        return self._api.getTemplate(ob_id, number)[0]

    def _charts(self, ob_id: int) -> list[dict[str, object]]:
        names = Node(self._api.getFindingChartNames(ob_id)[0], f"finding charts of OB {ob_id}")
        charts = []
        for number, name in enumerate(names, 1):
            file = f"ob_{ob_id}.fc{number}.jpg"
            self._api.getFindingChart(ob_id, number, str(self._folder / file))
            charts.append({"name": name.value, "file": file})
        return charts

    def _ephemeris(self, ob_id: int) -> dict[str, object]:
        path = self._folder / f"ob_{ob_id}.ephemeris.txt"
        self._api.getEphemerisFile(ob_id, str(path))
        text = path.read_text(encoding="utf-8", errors="replace")
        # The API answers an empty file when there is none.
        return {"ephemeris": {"name": path.name, "file": path.name, "text": text}} if text.strip() else {}

    def package(self, instrument: str, version: str) -> None:
        """A version of a package does not change: what is there is not asked for again."""
        if not (_WORD.fullmatch(instrument) and _WORD.fullmatch(version)):
            raise UnreadableFile(f"{instrument[:60]!r} {version[:60]!r} is no name of a package")
        name = f"package_{instrument}_{version}.json"
        if (self._folder / name).exists():
            self._count()
            return
        listed = Node(self._api.getTemplateSignatures(instrument, version)[0], f"package {instrument}")
        names = [one.text("templateName", required=True) for one in listed]
        bad = [one for one in names if not _WORD.fullmatch(one)]
        if bad:
            raise UnreadableFile(f"{bad[0][:60]!r} is no name of a template")
        bundle = {
            "instrument": instrument,
            "ipVersion": version,
            "instrumentConstraints": self._api.getInstrumentConstraints(instrument, version)[0],
            "templateSignatures": [
                {"templateName": one, **self._api.getTemplateSignature(instrument, version, one)[0]}
                for one in names
            ],
        }
        self._write(name, bundle)

    def _write(self, name: str, bundle: dict[str, object]) -> None:
        path = self._folder / name
        if write_whole(path, json.dumps(bundle, indent=1).encode()):
            self.pulled.changed.append(path)
        self._count()

    def _count(self) -> None:
        self.pulled.total += 1
        if self._progress is not None:
            self._progress(self.pulled.total)


def _named(run: Node) -> dict[str, object]:
    """What a part of a run has to tell of it; its number it has itself."""
    return {"progId": run.text("progId")}
