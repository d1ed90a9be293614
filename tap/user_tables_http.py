"""The resources of tables that users keep: PUT and DELETE at their VOSI addresses, rows, indexes, sharing.

The addresses are those of CADC's YouCat, which pyvo knows, and beside them /user_tables of GAVO's proposal
for persistent uploads. Requests in, one call, answers out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.access import Caller
from archive.database.user_tables import UserTable
from archive.errors import BadParameter, Busy, Unauthenticated
from archive.protocol import Archive
from archive.protocol.answering import caller_of
from archive.protocol.requests import Received, read_file, read_pairs
from archive.protocol.uws import Jobs, job_routes

from .user_tables import Kept, UserTableWork, full_name
from .user_tables_index import TableUpdates

__all__ = ["user_table_routes"]

_Answer = TypeVar("_Answer")
_Endpoint = Callable[[Request], Awaitable[Response]]
_AT_ONCE = 2  # tables that are loaded
_PATIENCE = 60.0  # seconds for which one waits for its turn
_CONTROL_BYTES = 100_000


def user_table_routes(path: str, archive: Archive, jobs: Jobs, one_table: _Endpoint) -> list[Route]:
    """Everything below the service's `path` that changes tables; `one_table` answers GET for one."""
    endpoints = _Endpoints(archive, f"{archive.config.base_url}{path}")
    return [
        *(
            route
            for tables in (f"{path}/tables", f"{path}/user_tables")
            for route in (
                Route(f"{tables}/{{name}}", endpoints.put, methods=["PUT"]),
                Route(f"{tables}/{{name}}", endpoints.delete, methods=["DELETE"]),
                Route(f"{tables}/{{name}}/sharing", endpoints.sharing, methods=["GET"]),
                Route(f"{tables}/{{name}}/sharing", endpoints.share, methods=["PUT"]),
            )
        ),
        Route(f"{path}/user_tables", endpoints.list, methods=["GET"]),
        Route(f"{path}/user_tables/{{name}}", one_table, methods=["GET"]),
        Route(f"{path}/load/{{name}}", endpoints.append, methods=["POST"]),
        *(
            Route(route.path, _known(route.endpoint), methods=list(route.methods or ()))
            for route in job_routes(f"{path}/table-update", TableUpdates(archive), jobs)
        ),
    ]


def _known(endpoint: _Endpoint) -> _Endpoint:
    """The endpoint for users who identify themselves."""

    async def answer(request: Request) -> Response:
        _user(request)
        return await endpoint(request)

    return answer


class _Endpoints:
    def __init__(self, archive: Archive, address: str) -> None:
        self._work = UserTableWork(archive)
        self._config = archive.config
        self._address = address
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def list(self, request: Request) -> Response:
        tables = await _call(self._work.list, _user(request))
        document = {
            "tables": [_described(kept) for kept in tables],
            "bytes": sum(kept.bytes for kept in tables),
            "most_tables": self._config.user_tables,
            "most_bytes": self._config.user_tables_bytes,
        }
        return Response(json.dumps(document, indent=1) + "\n", media_type="application/json")

    async def put(self, request: Request) -> Response:
        caller, name = _own(request)
        await _call(self._work.check_room, caller, name)
        kept = await self._loaded(request, name, partial(self._work.put, caller, name))
        return self._said(kept, 200 if kept.replaced else 201)

    async def append(self, request: Request) -> Response:
        caller, name = _own(request)
        return self._said(await self._loaded(request, name, partial(self._work.append, caller, name)), 200)

    async def delete(self, request: Request) -> Response:
        await _call(self._work.drop, *_own(request))
        return Response(status_code=204)

    async def sharing(self, request: Request) -> Response:
        caller, name = _own(request)
        return _sharing(await _call(self._work.one, caller, name))

    async def share(self, request: Request) -> Response:
        caller, name = _own(request)
        pairs = {name.upper(): value for name, value in await read_pairs(request, _CONTROL_BYTES)}
        public = pairs.get("PUBLIC")
        if public is not None and public.lower() not in {"true", "false"}:
            raise BadParameter("PUBLIC", f"{public[:40]!r} is not known here", hint="use true or false")
        readers = pairs.get("READERS")
        if public is None and readers is None:
            raise BadParameter("PUBLIC", "is missing, and so is READERS", hint="say who may read the table")
        wanted = None if public is None else public.lower() == "true"
        return _sharing(await _call(self._work.share, caller, name, public=wanted, readers=readers))

    async def _loaded(self, request: Request, name: str, work: Callable[[Any], Kept]) -> Kept:
        """What `work` makes of the body."""
        received: Received = await read_file(request, name, self._config.upload_bytes)
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._turns.acquire()
        except TimeoutError as cause:
            received.close()
            raise Busy("too many tables are being loaded", retry_after=30) from cause
        # Goes on when the client leaves, so the body and the turn are given back by whoever ends it.
        return await asyncio.shield(self._worked(received, partial(work, received.files[name])))

    async def _worked(self, received: Received, work: Callable[[], Kept]) -> Kept:
        try:
            return await run_in_threadpool(work)
        finally:
            self._turns.release()
            received.close()

    def _said(self, kept: Kept, status: int) -> Response:
        table = kept.table
        lines = [f"{table.table.name}: {table.rows:,} rows, {table.bytes:,} bytes", *kept.remarks]
        headers = {"Location": f"{self._address}/tables/{table.table.name}"}
        return Response("\n".join(lines) + "\n", status, headers, media_type="text/plain")


def _user(request: Request) -> Caller:
    caller = caller_of(request)
    if caller.is_anonymous:
        raise Unauthenticated("only users who identify themselves keep tables", hint="send your token")
    return caller


def _own(request: Request) -> tuple[Caller, str]:
    caller = _user(request)
    return caller, full_name(caller, request.path_params["name"])


def _described(kept: UserTable) -> dict[str, object]:
    return {
        "name": kept.table.name,
        "rows": kept.rows,
        "bytes": kept.bytes,
        "created": kept.created.isoformat(timespec="seconds"),
        **_shared(kept),
    }


def _shared(kept: UserTable) -> dict[str, object]:
    return {"public": kept.public, "readers": list(kept.readers)}


def _sharing(kept: UserTable) -> Response:
    return Response(json.dumps(_shared(kept)) + "\n", media_type="application/json")


async def _call(function: Callable[..., _Answer], *arguments: Any, **named: Any) -> _Answer:
    return await run_in_threadpool(partial(function, *arguments, **named))
