"""The application: the services mounted, the pages, the files, and what holds for every answer.

`create_app` puts together what it is given; nothing happens at import. Handlers of the protocols live
with the protocols.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from archive.config import Config
from archive.database import Database
from archive.errors import ArchiveError, NotFound, UsageError
from archive.protocol import Archive, CrossOrigin, Style, Workers, bug_response, failure_response
from archive.store import Store
from tap.service import tap_service

from .desk import page_routes
from .downloads import download_routes
from .log import AccessLog

__all__ = ["create_app"]

_STATIC = Path(__file__).parent / "static"


def create_app(config: Config, database: Database, store: Store) -> ASGIApp:
    """The whole site over an open database; whoever opened it closes it after the application has ended."""
    archive = Archive(config, database, Workers(config.concurrent_queries))
    services = (tap_service(archive),)
    styles = {service.path: service.style for service in services}

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        archive.workers.close()

    async def failure(request: Request, error: Exception) -> Response:
        style = _style(request, styles)
        match error:
            case ArchiveError():
                return failure_response(error, style)
            case HTTPException():
                return failure_response(_translated(request, error), style, error.headers or {})
            case _:
                return bug_response(error, style)

    site = Starlette(
        routes=[
            *page_routes(archive, services),
            *download_routes(database, store),
            *(route for service in services for route in service.routes),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={ArchiveError: failure, HTTPException: failure, Exception: failure},
        lifespan=lifespan,
    )
    # A redirect would name the host that the request named, which a proxy may have changed.
    site.router.redirect_slashes = False
    # Around everything, so that answers to exceptions nobody expected are logged and readable too.
    return AccessLog(CrossOrigin(site))


def _style(request: Request, styles: dict[str, Style]) -> Style:
    """Failures below a service's path take its form; elsewhere they are text, or JSON for who asks for it."""
    path = request.url.path
    for prefix, style in styles.items():
        if path == prefix or path.startswith(f"{prefix}/"):
            return style
    wants_json = request.headers.get("accept", "").startswith("application/json")
    return Style.JSON if wants_json else Style.TEXT


def _translated(request: Request, error: HTTPException) -> ArchiveError:
    """Starlette's own refusals (unknown paths, wrong methods) as errors of ours."""
    if error.status_code == 404:
        return NotFound(f"there is nothing at {request.url.path}")
    refusal = UsageError(f"{request.method} {request.url.path}: {error.detail}")
    refusal.status = error.status_code
    return refusal
