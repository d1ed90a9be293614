"""The application: the services mounted, the pages, the files, and what holds for every answer.

`create_app` puts together what it is given; nothing happens at import. Handlers of the protocols live
with the protocols.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from archive.config import Config
from archive.database import Database
from archive.errors import ArchiveError, NotFound, UsageError
from archive.pixels import Unpacker
from archive.protocol import Archive, CrossOrigin, Service, Style, Workers, bug_response
from archive.protocol.datalink import datalink_service
from archive.protocol.lineage import lineage_routes
from archive.protocol.previews import preview_service
from archive.protocol.soda import SodaJobs, soda_service
from archive.protocol.uws import Jobs, KindFactory
from archive.store import Store
from sia import sia1_service, sia2_service
from ssa import spectrum_service, ssa_service
from tap.asynchronous import TapJobs
from tap.cone_service import cone_service
from tap.service import tap_service
from tap.user_tables_index import TableUpdates

from .account import account_routes
from .datasets import dataset_routes
from .desk import page_routes
from .downloads import download_routes
from .eso import ESO_JOB_KINDS, eso_services
from .headers import header_routes
from .identifying import Identification
from .limiting import Entrance, Quotas
from .log import AccessLog
from .published import site_registry
from .refusals import refusal
from .security_headers import SecurityHeaders
from .transfers import intake_of

__all__ = ["JOB_KINDS", "create_app"]

JOB_KINDS: tuple[KindFactory, ...] = (TapJobs, TableUpdates, SodaJobs, *ESO_JOB_KINDS)

_STATIC = Path(__file__).parent / "static"


def create_app(config: Config, database: Database, store: Store) -> ASGIApp:
    """The whole site over an open database; whoever opened it closes it after the application has ended."""
    workers = Workers(
        config.concurrent_queries, stall_seconds=config.stall_seconds, spool_bytes=config.spool_bytes
    )
    archive = Archive(config, database, workers, store)
    jobs = Jobs(archive, JOB_KINDS, config.job_slots)
    intake, intake_routes = intake_of(archive)
    services = _services(archive, jobs)
    style_of = partial(
        _style,
        {path: service.style for service in services for path in (service.path, *service.aliases)},
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        jobs.start()
        intake.start()
        yield
        await run_in_threadpool(intake.close)
        await run_in_threadpool(jobs.close)
        archive.workers.close()
        await run_in_threadpool(archive.accounts.close)

    def refused(error: ArchiveError, scope: Scope) -> Response:
        return refusal(config, scope, error, style_of(scope))

    async def failure(request: Request, error: Exception) -> Response:
        style = style_of(request.scope)
        match error:
            case ArchiveError():
                return refusal(config, request.scope, error, style)
            case HTTPException():
                return refusal(config, request.scope, _translated(request, error), style, error.headers or {})
            case _:
                return bug_response(error, style)

    site = Starlette(
        routes=[
            # The most asked for first: they are tried in this order.
            *(route for service in services for route in service.routes),
            *download_routes(database, store),
            *header_routes(database),
            *lineage_routes(archive),
            *dataset_routes(archive),
            *page_routes(archive, services),
            *account_routes(archive),
            *intake_routes,
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={ArchiveError: failure, HTTPException: failure, Exception: failure},
        lifespan=lifespan,
    )
    # A redirect would name the host that the request named, which a proxy may have changed.
    site.router.redirect_slashes = False
    # The address is known before who asks is looked for, and that before anything is counted for him.
    limited = Quotas(site, config, database, refused)
    identified = Identification(limited, archive.accounts, config.base_url, refused)
    guarded = CrossOrigin(Entrance(identified, config, refused), site.routes)
    # Around everything, so that answers to exceptions nobody expected are logged and readable too.
    return AccessLog(SecurityHeaders(guarded, secure=config.base_url.startswith("https:")))


def _services(archive: Archive, jobs: Jobs) -> tuple[Service, ...]:
    """In the order in which the front page tells of them."""
    config = archive.config
    unpacker = Unpacker(config.data_folder / "unpacked", config.unpacked_bytes)
    return (
        tap_service(archive, jobs),
        sia2_service(archive),
        sia1_service(archive),
        cone_service(archive),
        ssa_service(archive),
        *((ssa_service(archive, "/ssap", eso=True),) if config.eso_profile else ()),
        spectrum_service(archive, unpacker),
        *eso_services(archive, jobs),
        datalink_service(archive),
        site_registry(archive),
        preview_service(archive, unpacker),
        soda_service(archive, jobs),
    )


def _style(styles: dict[str, Style], scope: Scope) -> Style:
    """Failures below a service's path take its form; elsewhere they are text, or JSON for who asks for it."""
    path = scope["path"]
    for prefix, style in styles.items():
        if path == prefix or path.startswith(f"{prefix}/"):
            return style
    wants_json = Headers(scope=scope).get("accept", "").startswith("application/json")
    return Style.JSON if wants_json else Style.TEXT


def _translated(request: Request, error: HTTPException) -> ArchiveError:
    """Starlette's own refusals (unknown paths, wrong methods) as errors of ours."""
    if error.status_code == 404:
        return NotFound(f"there is nothing at {request.url.path}")
    refusal = UsageError(f"{request.method} {request.url.path}: {error.detail}")
    refusal.status = error.status_code
    return refusal
