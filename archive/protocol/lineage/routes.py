"""/lineage/<dp_id>: the lineage of a file as JSON or text."""

from __future__ import annotations

import json

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...access import Caller
from ...declare.parameters import Parameter, parse_arguments
from ..answering import caller_of
from ..service import Archive
from ..table_reader import TableReader
from .text import lineage_text
from .tracing import trace

__all__ = ["lineage_routes"]

_JSON, _TEXT = "application/json", "text/plain; charset=utf-8"
_FORMATS = {"json": _JSON, "application/json": _JSON, "text": _TEXT, "text/plain": _TEXT}
_FORMAT = Parameter(
    "RESPONSEFORMAT", "json, or text for people.", values=tuple(_FORMATS), default="json", aliases=("FORMAT",)
)


def lineage_routes(archive: Archive) -> list[Route]:
    def answer(dp_id: str, wanted: str, caller: Caller) -> Response:
        lineage = trace(TableReader(archive.database, archive.config, caller), dp_id)
        if _FORMATS[wanted] == _TEXT:
            content = "".join(f"{line}\n" for line in lineage_text(lineage))
        else:
            content = json.dumps(lineage.document(), ensure_ascii=False, indent=1)
        # What a caller may see is in it, so nobody else is to be shown it from a cache.
        headers = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
        return Response(content, headers=headers, media_type=_FORMATS[wanted])

    async def lineage(request: Request) -> Response:
        arguments = parse_arguments((_FORMAT,), request.query_params.multi_items())
        wanted = str(arguments.one(_FORMAT))
        return await run_in_threadpool(answer, request.path_params["dp_id"], wanted, caller_of(request))

    return [Route("/lineage/{dp_id}", lineage)]
