"""/file/<dp_id>: the archive's files by their identifier; HTTP's rules are `archive.protocol.files`'."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.database import Database
from archive.declare.parameters import Parameter, parse_arguments
from archive.declare.types import INTEGER
from archive.errors import NotFound
from archive.protocol.files import StoredFile, file_response
from archive.store import Store, find_file

__all__ = ["download_routes"]

_VERSION = Parameter(
    "VERSION", "Version of the file, the newest when left out.", type=INTEGER, minimum=1, maximum=2**31 - 1
)


def download_routes(database: Database, store: Store) -> list[Route]:
    def find(dp_id: str, version: int | None) -> StoredFile:
        if not dp_id.isprintable():
            raise NotFound("the archive has no file whose identifier has control characters")
        with database.writer() as connection:
            file = find_file(connection, dp_id, version)
        path = store.path(file.place)
        if not path.is_file():
            raise NotFound(f"the archive knows {dp_id}, but its file is missing", hint="tell the operator")
        return StoredFile(path, file.name, file.media_type, file.bytes, file.sha256, file.stored_at)

    async def download(request: Request) -> Response:
        arguments = parse_arguments([_VERSION], request.query_params.multi_items())
        file = await run_in_threadpool(find, request.path_params["dp_id"], arguments.integer(_VERSION))
        return file_response(request, file)

    return [Route("/file/{dp_id:path}", download)]
