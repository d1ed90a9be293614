"""The line from the simulated mountain: its files come by `ingestd` and /incoming, as those of a real one do.

The receiving side is what `uraniborg serve` has of it, on a port of its own for as long as files come, with a
token that nobody else knows. Whoever is killed is followed by the next start, which finds what has arrived.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from archive.access import Callers
from archive.config import Config
from archive.database import Database
from archive.errors import ArchiveError
from archive.protocol import Archive, Style, Workers, failure_response
from archive.store import Store
from ingest.transfer import Daemon, State

from .identifying import Identification
from .server import Server, bind
from .transfers import intake_of

__all__ = ["send_from_mountain"]

_MOUNTAIN = "mountain"
# What flares goes first, and science before calibrations and documents.
_PRIORITIES = ("90 ESO OBS PROG ID = 116.2A0E.*", "60 ESO DPR CATG = SCIENCE", "40 ESO DPR CATG = CALIB")
_PATIENCE = 60.0  # seconds for the receiving side to begin


def send_from_mountain(
    database: Database,
    store: Store,
    config: Config,
    folders: Sequence[Path],
    spool: Path,
    collection: str,
    progress: Callable[[int, int], None],
) -> list[str]:
    """Sends all files in the folders, which go as they are acknowledged; what was refused, one line each.

    `progress` hears how many have been acknowledged, and how many there are.
    """
    token = secrets.token_urlsafe(24)
    # The addresses in the rows of what comes are those of the archive that will serve it.
    receiving = replace(config, incoming_users=(_MOUNTAIN,))
    archive = Archive(receiving, database, Workers(1), store, callers=Callers({_MOUNTAIN: token}))
    with closing(archive.workers), _receiving(archive, collection) as address:
        sending = replace(
            config,
            ingestd_archive=address,
            ingestd_folders=tuple(str(folder.absolute()) for folder in folders),
            ingestd_spool=spool,
            ingestd_priorities=_PRIORITIES,
            ingestd_after="delete",
            ingestd_quiet_seconds=0.0,
        )
        total = sum(1 for folder in folders for path in folder.rglob("*") if path.is_file())
        with _quiet(), Daemon(sending, token) as daemon:
            daemon.wait(lambda left: progress(max(total - left, 0), total))
            refused = daemon.queue.items(State.REFUSED)
    return [f"{item.path.name}: {item.reason}" for item in refused]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without a line for each file, which the progress tells enough of."""
    log = logging.getLogger("uraniborg.transfer")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)


@contextmanager
def _receiving(archive: Archive, collection: str) -> Iterator[str]:
    """The address at which files are received and taken in, while the block runs."""
    ready = threading.Event()
    with bind(replace(archive.config, host="127.0.0.1", port=0)) as listener:
        server = Server(_application(archive, collection), ready.set)
        thread = threading.Thread(target=server.run, args=([listener],), name="receiving")
        thread.start()
        try:
            if not ready.wait(_PATIENCE):
                raise ArchiveError("the receiving side of the simulated mountain does not begin")
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _application(archive: Archive, collection: str) -> ASGIApp:
    intake, routes = intake_of(archive, collection)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        intake.start()
        yield
        await run_in_threadpool(intake.close)
        await run_in_threadpool(archive.accounts.close)

    async def failure(request: Request, error: Exception) -> Response:
        assert isinstance(error, ArchiveError)
        return _refused(error, request.scope)

    site = Starlette(routes=routes, exception_handlers={ArchiveError: failure}, lifespan=lifespan)
    return Identification(site, archive.accounts, archive.config.base_url, _refused)


def _refused(error: ArchiveError, _scope: Scope) -> Response:
    return failure_response(error, Style.TEXT)
