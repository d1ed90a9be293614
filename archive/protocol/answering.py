"""From a query of the archive's own making to the response: the one way that SIA, SSA and cone search take.

Here a query is limited, run, encoded and streamed. What is asked for, and what a document says besides the
rows, is the services' business; TAP, which has uploads, jobs and a language, goes a longer way.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from types import MappingProxyType

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..access import ANONYMOUS, Caller
from ..database import Cancellation
from ..declare.columns import Field
from ..formats import Document, Encoding, Format, Result, encode
from ..query import Query, compile
from .service import Archive
from .streaming import StreamedResponse, head_response

__all__ = ["NoRows", "answer", "caller_of", "describe", "prepared", "result_headers"]

_NONE: Mapping[str, str] = MappingProxyType({})
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def caller_of(request: Request) -> Caller:
    """Who asks: the caller that the application has found in the request's credentials."""
    caller: Caller = request.scope.get("state", {}).get("caller", ANONYMOUS)
    return caller


def result_headers(format: Format) -> dict[str, str]:
    """The media type, and a name for what is saved to disk: the rest goes to programs and screens.

    What a result says can never become a page with scripts: browsers may not guess another type, nothing runs
    in HTML itself, and what spreadsheets open is a file to be saved first.
    """
    headers = {"Content-Type": format.media_type, "X-Content-Type-Options": "nosniff"}
    if format.encoding is Encoding.HTML:
        headers["Content-Security-Policy"] = _POLICY
    if format.encoding in {Encoding.CSV, Encoding.TSV, Encoding.FITS, Encoding.PARQUET}:
        headers["Content-Disposition"] = f'attachment; filename="result.{format.extension}"'
    return headers


async def prepared(
    request: Request, archive: Archive, make: Callable[[], Response], *, slow: bool = False
) -> Response:
    """What `make` gives: at once where it has to wait for nothing, in a thread where it is `slow`.

    It may ask for the catalogue that the caller sees.
    """
    if slow or not caller_of(request).is_anonymous or archive.database.fresh_catalogue is None:
        return await run_in_threadpool(make)
    return make()


def answer(
    request: Request,
    archive: Archive,
    query: Query,
    *,
    maxrec: int,
    format: Format,
    document: Document,
    headers: Mapping[str, str] = _NONE,
) -> Response:
    """The rows of `query`, `maxrec` at most and what the configuration allows, streamed in `format`.

    More rows than `maxrec` are told as DALI has it (1.1, 4.4.1); 0 asks for the metadata, and nothing is
    run, no more than for HEAD. `headers` are sent besides those of the format. Raises what is wrong with the
    query; what is wrong with running it is raised when the response is sent, before its first byte.
    """
    if maxrec == 0:
        return describe(
            request, archive, query.fields, format=format, document=document, headers=headers, overflowed=True
        )
    config = archive.config
    maxrec = min(maxrec, config.hard_rows)
    statement = compile(query, maxrec + 1, caller_of(request).viewer)
    cancellation = Cancellation()

    def rows() -> Generator[Result, None, None]:
        batches = archive.database.run(
            statement,
            maxrec=maxrec,
            first_seconds=config.sync_seconds,
            total_seconds=config.transfer_seconds,
            cancellation=cancellation,
            begun=begun,
        )
        with contextlib.closing(batches):
            yield batches

    begun = time.monotonic()
    return _streamed(request, archive, rows(), cancellation.cancel, format, document, headers)


def describe(
    request: Request,
    archive: Archive,
    fields: tuple[Field, ...],
    *,
    format: Format,
    document: Document,
    headers: Mapping[str, str] = _NONE,
    overflowed: bool = False,
) -> Response:
    """A result with these fields and no rows, without asking the database."""

    def rows() -> Generator[Result, None, None]:
        yield NoRows(fields, overflowed)

    return _streamed(request, archive, rows(), lambda: None, format, document, headers)


class NoRows:
    """A result of which the fields are all that is known."""

    def __init__(self, fields: tuple[Field, ...], overflowed: bool = False) -> None:
        self.fields = fields
        self.overflowed = overflowed

    def __iter__(self) -> Iterator[object]:
        return iter(())


def _streamed(
    request: Request,
    archive: Archive,
    rows: Generator[Result, None, None],
    cancel: Callable[[], None],
    format: Format,
    document: Document,
    more: Mapping[str, str],
) -> Response:
    """`rows` gives one result, and is closed when that is not needed any more."""
    headers = {**result_headers(format), **more}
    if request.method == "HEAD":
        return head_response(request, headers)
    length: list[int | None] = [None]

    def chunks() -> Generator[bytes, None, None]:
        with contextlib.closing(rows):
            for result in rows:
                with contextlib.closing(encode(format, result, document)) as stream:
                    length[0] = stream.length
                    yield from stream

    config = archive.config
    return StreamedResponse(
        archive.workers,
        chunks(),
        cancel,
        headers=headers,
        length=lambda: length[0],
        seconds=config.sync_seconds + config.transfer_seconds,
    )
