"""Files that come in, put together: who receives them, who takes them in, and the page that shows them.

How uploads work is told in `archive.protocol.incoming`, how files become rows in `ingest`; here they meet.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree
from lxml.html.builder import E
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.config import Config
from archive.database import Database
from archive.plugins import load_plugins
from archive.protocol import Archive
from archive.protocol.incoming import Intake, Parts, Refusal, Taken, Uploads, incoming_routes
from archive.protocol.incoming.records import Known, lately
from archive.protocol.xml import clean
from archive.store import FileVersion, checksum
from archive.store.copies import CopyState, VolumeState, copies_of, volume_rows
from ingest import BUILTIN, Inputs, Report, Summary, ingest_paths

from .desk import html_response
from .pages import heading, page

__all__ = ["Taking", "intake_of", "transfer_routes"]

_SHOWN = 200
_COLUMNS = (
    "file", "status", "received", "size", "priority", "waiting", "attempts", "last update", "reason",
)  # fmt: skip


def intake_of(archive: Archive, collection: str | None = None) -> tuple[Intake, list[Route]]:
    """What takes files in, to be started with the application, and the routes that receive and show them.

    Products go into `collection`, or into what their headers name.
    """
    config = archive.config
    uploads = Uploads(archive.database, Parts(config.data_folder / "incoming"), config)

    intake = Intake(uploads, Taking(archive, collection), archive.troubles)
    return intake, [*incoming_routes(uploads, config, intake.arrived), *transfer_routes(archive.database)]


# --- taking in --------------------------------------------------------------------------------------------


@dataclass
class _Told(Summary):
    """A summary that remembers the reports, too."""

    reports: list[Report] = field(default_factory=list)

    def add(self, report: Report) -> None:
        super().add(report)
        self.reports.append(report)


class Taking:
    """Takes whole files in as `uraniborg ingest` does, FITS and what plugins read.

    Their bytes are copied into the store, whatever the configuration says, since the originals will go.
    """

    def __init__(self, archive: Archive, collection: str | None = None) -> None:
        self._database, self._config = archive.database, archive.config
        self._collection = collection
        self._store = copy.copy(archive.store)
        self._store.mode = "copy"
        self._inputs: Inputs | None = None

    def __call__(self, paths: Sequence[Path]) -> dict[Path, Taken | Refusal]:
        told = _Told()
        ingest_paths(
            self._database,
            self._store,
            self._config,
            paths,
            collection=self._collection,
            summary=told,
            inputs=self._plugins(),
        )
        reports = {report.path: report for report in told.reports if not report.besides}
        return {path: self._outcome(reports.get(path) or _of_same_content(path, told)) for path in paths}

    def _plugins(self) -> Inputs:
        """Loaded when first needed: a server with a broken plugin serves what it has all the same."""
        if self._inputs is None:
            plugins = load_plugins(self._config, BUILTIN)
            self._inputs = Inputs(self._database, self._store, self._config, plugins)
        return self._inputs

    def _outcome(self, report: Report | None) -> Taken | Refusal:
        if report is None:
            return Refusal("nothing here takes it")
        if report.file is None:
            return Refusal(report.public_reason or report.outcome.value)
        # An input that its plugin could not read is kept for another try.
        note = report.public_reason if report.outcome.is_failure else None
        return Taken(report.file, _is_safe(self._database, self._config, report.file), note)


def _of_same_content(path: Path, told: _Told) -> Report | None:
    """What was there already is told under the path that it came from then."""
    sha256 = checksum(path)
    return next((one for one in told.reports if one.file and one.file.sha256 == sha256), None)


def _is_safe(database: Database, config: Config, file: FileVersion) -> bool:
    """Whether as many volumes as there should be have a good copy, as far as there are so many."""
    with database.writer() as connection:
        volumes = {row.name for row in volume_rows(connection) if row.state == VolumeState.OPEN}
        good = {one.volume for one in copies_of(connection, file.place) if one.state == CopyState.GOOD}
    return len(good & volumes) >= min(config.copies, max(len(volumes), 1))


# --- the monitor ------------------------------------------------------------------------------------------


def transfer_routes(database: Database) -> list[Route]:
    def state() -> tuple[list[Known], dict[str, int]]:
        with database.writer() as connection:
            return lately(connection, _SHOWN)

    async def shown(_request: Request) -> Response:
        return html_response(_page(*await run_in_threadpool(state)))

    async def live(_request: Request) -> Response:
        rows, counts = await run_in_threadpool(state)
        told = {"counts": _counts(counts), "rows": [_cells(row) for row in rows]}
        return Response(
            json.dumps(told), media_type="application/json", headers={"Cache-Control": "no-store"}
        )

    return [Route("/transfers", shown), Route("/transfers/state", live)]


def _page(rows: Sequence[Known], counts: dict[str, int]) -> bytes:
    lines = [_row(_cells(row)) for row in rows]
    return page(
        "Transfers",
        heading("Transfers", "Files on their way from the observatory to the archive."),
        E.p({"id": "counts", "role": "status"}, _counts(counts)),
        E.div(
            {"class": "listing transfers"},
            E.table(E.thead(E.tr(*(E.th(name) for name in _COLUMNS))), E.tbody({"id": "transfers"}, *lines)),
        ),
        E.p(
            {"class": "links"},
            f"What is done counts for a day, and at most {_SHOWN} are shown; all of them are in ",
            E.a("dfs.transfer", href="/tables/dfs.transfer"),
            ".",
        ),
        E.script({"src": "/static/transfers.js", "defer": "defer"}),
    )


def _row(cells: Sequence[str]) -> etree._Element:
    return E.tr(*(E.td(clean(cell)) for cell in cells))


def _counts(counts: dict[str, int]) -> str:
    return " · ".join(f"{count:,} {status}" for status, count in sorted(counts.items())) or "none yet"


def _cells(row: Known) -> list[str]:
    """A row as it is read, in the order of the page's columns."""
    return [
        row.dp_id or row.file_name,
        row.status,
        _percent(row),
        _bytes(row.file_size),
        str(row.priority),
        _seconds(row.waiting_time),
        str(row.attempts),
        _moment(row.last_update),
        row.reason or "",
    ]


def _percent(row: Known) -> str:
    return f"{100 * row.bytes_received // row.file_size if row.file_size else 100} %"


def _bytes(size: int) -> str:
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _moment(moment: datetime | None) -> str:
    """The time of today (UTC), else the day."""
    if moment is None:
        return ""
    is_today = moment.date() == datetime.now(UTC).date()
    return f"{moment:%H:%M:%S}" if is_today else f"{moment:%Y-%m-%d}"
