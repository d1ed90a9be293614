"""The archive's own application with a route beside it that does the least: what small queries go by.

`/floor` runs the SQL it is sent through a pooled psycopg connection and returns the rows as CSV;
`/floor/static` sends bytes it holds, those last put there. A program of its own, so that both share one
process and one run with the archive, and neither shares it with the client.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from psycopg_pool import AsyncConnectionPool, ConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from archive.config import load_config
from archive.database.server import reader_settings
from frontdesk.app import create_app
from frontdesk.log import set_up_logging
from frontdesk.opening import open_archive
from frontdesk.server import Server, bind


class Beside:
    """Requests below /floor go to `floor`, all others and the lifespan to `app`."""

    def __init__(self, app: ASGIApp, floor: ASGIApp) -> None:
        self._app = app
        self._floor = floor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        below = scope["type"] == "http" and scope["path"].startswith("/floor")
        await (self._floor if below else self._app)(scope, receive, send)


def as_csv(names: list[str], rows: list[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue().encode()


def floor(dsn: str) -> ASGIApp:
    pool = ConnectionPool(dsn, min_size=4, max_size=16, open=True)
    asynchronous = AsyncConnectionPool(dsn, min_size=4, max_size=16, open=False)
    static = [b""]

    def in_thread(request: Request) -> Response:
        with pool.connection() as connection:
            cursor = connection.execute(request.query_params["sql"].encode())
            names = [column.name for column in cursor.description or ()]
            return Response(as_csv(names, cursor.fetchall()), media_type="text/csv")

    async def in_loop(request: Request) -> Response:
        if asynchronous.closed:
            await asynchronous.open()
        async with asynchronous.connection() as connection:
            cursor = await connection.execute(request.query_params["sql"].encode())
            names = [column.name for column in cursor.description or ()]
            return Response(as_csv(names, await cursor.fetchall()), media_type="text/csv")

    async def fixed(request: Request) -> Response:
        if request.method == "PUT":
            static[0] = await request.body()
        return Response(static[0], media_type="text/xml")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield

    return Starlette(
        routes=[
            Route("/floor", in_thread),
            Route("/floor/async", in_loop),
            Route("/floor/static", fixed, methods=["GET", "PUT"]),
        ],
        lifespan=lifespan,
    )


def main() -> None:
    set_up_logging()
    config = load_config(Path(sys.argv[1]))
    with bind(config) as listener, open_archive(config) as (database, store):
        assert database.cluster is not None
        dsn = database.cluster.server("archive", reader_settings(config)).reader
        app = Beside(create_app(config, database, store), floor(dsn))
        Server(app, lambda: None).run(sockets=[listener])


if __name__ == "__main__":
    main()
