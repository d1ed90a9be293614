"""/file/<dp_id> and /dataPortal/file/<dp_id>: the archive's files by their identifier.

What is delivered is told in `archive.store.delivery`; HTTP's rules are `archive.protocol.files`'.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.access import Caller, Road, release
from archive.database import Database
from archive.declare.parameters import Parameter, parse_arguments
from archive.declare.types import INTEGER
from archive.errors import NotFound
from archive.protocol.answering import caller_of
from archive.protocol.files import file_response
from archive.store import Delivered, Store, described, find_named, opened

__all__ = ["CORRECTION", "VERSION", "download_routes", "speakable"]

VERSION = Parameter(
    "VERSION", "Version of the file, the newest when left out.", type=INTEGER, minimum=1, maximum=2**31 - 1
)
CORRECTION = Parameter(
    "CORRECTION",
    "Correction of the version's headers, the last when left out; 0 has them as they were archived.",
    type=INTEGER,
    minimum=0,
    maximum=2**31 - 1,
)


def download_routes(database: Database, store: Store) -> list[Route]:
    def find(dp_id: str, version: int | None, correction: int | None, caller: Caller) -> Delivered:
        with database.writer() as connection:
            named = find_named(connection, speakable(dp_id)).dp_id
            # First of all: that it has no such version is an answer, too.
            release(connection, caller, named, Road.FILE)
            found = described(connection, named, version, correction)
        # Copies elsewhere may take their time, and nobody should wait for a connection meanwhile.
        return opened(store, found)

    async def download(request: Request) -> Response:
        arguments = parse_arguments([VERSION, CORRECTION], request.query_params.multi_items())
        version, correction = arguments.integer(VERSION), arguments.integer(CORRECTION)
        dp_id, caller = request.path_params["dp_id"], caller_of(request)
        file = await run_in_threadpool(find, dp_id, version, correction, caller)
        return file_response(request, file)

    return [Route("/file/{dp_id:path}", download), Route("/dataPortal/file/{dp_id:path}", download)]


def speakable(dp_id: str) -> str:
    """The identifier, unless it has characters that no database takes."""
    if not dp_id.isprintable():
        raise NotFound("the archive has no file whose identifier has control characters")
    return dp_id
