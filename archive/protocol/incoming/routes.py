"""/incoming: tus 1.0 with creation, checksums, termination and expiration, and the reports of senders.

Requests are read and answered here; what they do is told in `uploads`. Besides tus, GET tells how far the
archive has come with a file, and POST to /incoming/queue does so for all files of a sender at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ...access import Role
from ...config import Config
from ...errors import Cancelled, Forbidden, NotFound, TooLarge, Unauthenticated, UsageError
from ..answering import caller_of
from .headers import ALGORITHMS, VERSION, check_version, checksum_of, number, offer_of
from .records import Transfer
from .uploads import OpenUpload, Uploads
from .values import Offer, TooSlow, is_transfer_id, offer_from

__all__ = ["PATH", "incoming_routes"]

PATH = "/incoming"
_PIECE = 1 << 20  # bytes written at once
_MOST_OFFERS = 2000
_REPORT_BYTES = 4_000_000


class IncomingRoutes:
    """The handlers. `arrived` is called when the last byte of a file is safe."""

    def __init__(self, uploads: Uploads, config: Config, arrived: Callable[[], None]) -> None:
        self._uploads = uploads
        self._config = config
        self._arrived = arrived

    def _sender(self, request: Request) -> str:
        caller = caller_of(request)
        if caller.is_anonymous:
            raise Unauthenticated("files are taken from known senders only", hint="send a token")
        if Role.SERVICE not in caller.roles:
            raise Forbidden(
                f"{caller.name} may not deliver files",
                hint="the archive's operator can give it the role of a service, or add it to incoming_users",
            )
        return caller.name

    def _headers(self, transfer: Transfer | None = None) -> dict[str, str]:
        headers = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
        if transfer is not None:
            headers["Upload-Offset"] = str(transfer.bytes_received)
            headers["Upload-Length"] = str(transfer.file_size)
            expires = datetime.now(UTC) + timedelta(days=self._config.incoming_days)
            headers["Upload-Expires"] = format_datetime(expires, usegmt=True)
        return headers

    async def options(self, _request: Request) -> Response:
        return Response(
            status_code=204,
            headers=self._headers()
            | {
                "Tus-Version": VERSION,
                "Tus-Extension": "creation,checksum,termination,expiration",
                "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
                "Tus-Max-Size": str(self._config.incoming_bytes),
            },
        )

    async def create(self, request: Request) -> Response:
        check_version(request.headers)
        sender, offer = self._sender(request), offer_of(request.headers)
        found = await run_in_threadpool(self._uploads.create, offer, sender)
        if found.bytes_received == found.file_size:
            self._arrived()
        location = f"{self._config.base_url}{PATH}/{found.transfer_id}"
        return Response(status_code=201, headers=self._headers(found) | {"Location": location})

    async def one(self, request: Request) -> Response:
        self._sender(request)
        match request.method:
            case "HEAD":
                check_version(request.headers)
                found = await run_in_threadpool(self._uploads.find, _asked_for(request))
                return Response(status_code=200, headers=self._headers(found))
            case "PATCH":
                return await self._patch(request)
            case "DELETE":
                check_version(request.headers)
                await run_in_threadpool(self._uploads.give_up, _asked_for(request))
                return Response(status_code=204, headers=self._headers())
            case _:
                found = await run_in_threadpool(self._uploads.find, _asked_for(request))
                return JSONResponse(_told(found), headers=self._headers())

    async def _patch(self, request: Request) -> Response:
        check_version(request.headers, body=True)
        offset, checksum = number(request.headers, "Upload-Offset"), checksum_of(request.headers)
        upload = await run_in_threadpool(self._uploads.open, _asked_for(request), offset, checksum)
        try:
            whole = await self._receive(request, upload)
            if not whole and checksum is not None:
                raise Cancelled("the connection broke off, and its part has no checksum")
            after = await run_in_threadpool(upload.finish, self._uploads.database)
        finally:
            upload.close()
        if after == upload.transfer.file_size:
            self._arrived()
        if not whole:
            raise Cancelled("the connection broke off")
        return Response(status_code=204, headers=self._headers() | {"Upload-Offset": str(after)})

    async def _receive(self, request: Request, upload: OpenUpload) -> bool:
        """Whether the body came to its end."""
        pending = bytearray()
        try:
            async for chunk in _stream(request, self._config.stall_seconds):
                pending += chunk
                if len(pending) >= _PIECE:
                    await run_in_threadpool(upload.write, bytes(pending))
                    pending.clear()
        except ClientDisconnect:
            whole = False
        else:
            whole = True
        if pending:
            await run_in_threadpool(upload.write, bytes(pending))
        return whole

    async def queue(self, request: Request) -> Response:
        sender = self._sender(request)
        body = bytearray()
        try:
            async for chunk in _stream(request, self._config.stall_seconds):
                body += chunk
                if len(body) > _REPORT_BYTES:
                    raise TooLarge(f"a report has {_REPORT_BYTES} bytes at most")
        except ClientDisconnect as cause:
            raise Cancelled("the connection broke off") from cause
        found = await run_in_threadpool(self._uploads.report, _offers(bytes(body)), sender)
        told = {transfer_id: _told(one) for transfer_id, one in found.items()}
        return JSONResponse({"files": told}, headers={"Cache-Control": "no-store"})


def incoming_routes(uploads: Uploads, config: Config, arrived: Callable[[], None]) -> list[Route]:
    routes = IncomingRoutes(uploads, config, arrived)
    return [
        Route(PATH, routes.options, methods=["OPTIONS"]),
        Route(PATH, routes.create, methods=["POST"]),
        Route(f"{PATH}/queue", routes.queue, methods=["POST"]),
        Route(f"{PATH}/{{id}}", routes.options, methods=["OPTIONS"]),
        Route(f"{PATH}/{{id}}", routes.one, methods=["GET", "HEAD", "PATCH", "DELETE"]),
    ]


async def _stream(request: Request, patience: float) -> AsyncIterator[bytes]:
    """The body; a connection that is silent for `patience` seconds is given up, as it holds a lock."""
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(patience):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as cause:
            raise TooSlow(f"nothing came for {patience:g} seconds", hint="go on from the offset") from cause
        yield chunk


def _offers(body: bytes) -> list[Offer]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as cause:
        raise UsageError("the report is no JSON") from cause
    files = told.get("files") if isinstance(told, dict) else None
    if not isinstance(files, list) or len(files) > _MOST_OFFERS:
        raise UsageError(f'a report has "files", a list of at most {_MOST_OFFERS}')
    return [offer_from(one if isinstance(one, dict) else {}) for one in files]


def _asked_for(request: Request) -> str:
    """The identifier in the path; what cannot be one is not there."""
    found: str = request.path_params["id"]
    if not is_transfer_id(found):
        raise NotFound("there is no such upload", hint="create it with POST")
    return found


def _told(transfer: Transfer) -> dict[str, object]:
    return {
        "status": transfer.status,
        "bytes_received": transfer.bytes_received,
        "dp_id": transfer.dp_id,
        "version": transfer.version,
        "reason": transfer.reason,
    }
