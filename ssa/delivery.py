"""/spectrum/<dp_id>: a one-dimensional spectrum in the Spectrum data model 1.1, as VOTable or FITS.

The numbers are read out of the archived file while they are sent; what is told of them is the row of dbo.ssa.
Any format of `archive.formats` can be asked for, but only these two have room for the model.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.access import Caller, Road, release
from archive.declare.parameters import Parameter, parse_arguments
from archive.errors import NotFound
from archive.formats import Encoding, Format, encode, find_format
from archive.pixels import Unpacker
from archive.pixels.spectra import open_spectrum
from archive.protocol import Archive, Service, StreamedResponse, Style, head_response
from archive.protocol.answering import caller_of
from archive.query import compile
from archive.query.build import one_of, scan
from archive.store import Delivered, described, opened

from .query import spectra
from .spectrum_fits import encode_spectrum, length_of
from .spectrum_votable import spectrum_document

__all__ = ["spectrum_service"]

Row = Mapping[str, object]

_FORMAT = Parameter(
    "FORMAT",
    "votable or fits, in the Spectrum model; or csv, parquet and other formats of tables, with the numbers"
    " alone.",
    aliases=("RESPONSEFORMAT",),
    default="votable",
)
_SECONDS = 30.0  # to find the row of a spectrum


def spectrum_service(archive: Archive, unpacker: Unpacker, path: str = "/spectrum") -> Service:
    """Below `path` every spectrum of dbo.ssa can be had by its identifier."""
    delivery = _Delivery(archive, unpacker)
    return Service(
        name="Spectra",
        description="One-dimensional spectra in the Spectrum model, as VOTable or FITS: add an identifier and"
        " FORMAT=votable or FORMAT=fits.",
        path=path,
        address=archive.config.base_url + path,
        routes=(Route(f"{path}/{{dp_id:path}}", delivery.spectrum, methods=["GET", "HEAD"]),),
        style=Style.TEXT,
        parameters=(_FORMAT,),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A spectrum and its row in dbo.ssa."""

    file: Delivered
    row: Row


class _Delivery:
    def __init__(self, archive: Archive, unpacker: Unpacker) -> None:
        self._archive = archive
        self._unpacker = unpacker

    async def spectrum(self, request: Request) -> Response:
        arguments = parse_arguments([_FORMAT], request.query_params.multi_items())
        format_ = _binary(find_format(arguments.text(_FORMAT) or "", _FORMAT.name))
        found = await run_in_threadpool(self._find, request.path_params["dp_id"], caller_of(request))
        headers = _headers(format_, found.file.dp_id)
        if request.method == "HEAD":
            return head_response(request, headers)
        return self._streamed(found, format_, headers)

    def _find(self, dp_id: str, caller: Caller) -> _Found:
        database = self._archive.database
        table = spectra(database.catalogue_of(caller.name))
        query = scan(table, where=one_of(table, "dp_id", [dp_id]))
        with database.run(
            compile(query, viewer=caller.viewer), maxrec=1, first_seconds=_SECONDS, total_seconds=_SECONDS
        ) as batches:
            rows = [row for batch in batches for row in batch.to_pylist()]
        if not rows:
            raise NotFound(f"{dp_id} is no one-dimensional spectrum of this archive")
        with database.writer() as connection:
            found = described(connection, dp_id)
            release(connection, caller, found.dp_id, Road.SPECTRUM)
        return _Found(opened(self._archive.store, found), rows[0])

    def _streamed(self, found: _Found, format_: Format, headers: dict[str, str]) -> Response:
        length: list[int | None] = [None]

        def chunks() -> Generator[bytes, None, None]:
            key = re.sub(r"\W", "", found.file.etag)
            with self._unpacker.opened(found.file, key) as source:
                spectrum = open_spectrum(source)
                if format_.encoding is Encoding.FITS:
                    length[0] = length_of(spectrum, found.row, self._archive.config)
                    yield from encode_spectrum(spectrum, found.row, self._archive.config)
                    return
                document = spectrum_document(self._archive.config, found.row)
                with contextlib.closing(encode(format_, spectrum, document)) as stream:
                    length[0] = stream.length
                    yield from stream

        config = self._archive.config
        return StreamedResponse(
            self._archive.workers,
            chunks(),
            lambda: None,
            headers=headers,
            length=lambda: length[0],
            seconds=config.sync_seconds + config.transfer_seconds,
        )


def _binary(format_: Format) -> Format:
    """Long columns of numbers; of the binary serializations the one that old clients read too.

    TABLEDATA is for who names it.
    """
    is_open = format_.encoding is Encoding.TABLEDATA and "serialization" not in format_.media_type
    return replace(format_, encoding=Encoding.BINARY) if is_open else format_


def _headers(format_: Format, dp_id: str) -> dict[str, str]:
    name = re.sub(r"[^\w.+-]", "_", dp_id, flags=re.ASCII)
    return {
        "Content-Type": format_.media_type,
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'attachment; filename="{name}.{format_.extension}"',
    }
