"""Bodies of requests as tables: the Content-Type says what a body is, and it has to be that.

Which columns a table gets, and where its rows go, is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from enum import Enum
from types import MappingProxyType
from typing import assert_never

from archive.config import Config
from archive.declare.types import Type
from archive.errors import UsageError
from archive.protocol.requests import ReceivedFile
from archive.tablefiles import Source, open_members, open_votable
from archive.tablefiles.opening import filled
from archive.tablefiles.text import open_csv

from .user_tables_definition import is_definition, open_definition

__all__ = ["MEDIA_TYPES", "Content", "content_of", "open_body"]


class Content(Enum):
    VOTABLE = "a VOTable"
    DEFINITION = "a VOSI table"
    PARQUET = "Parquet"
    FITS = "FITS"
    CSV = "comma-separated values"
    TSV = "tab-separated values"


_XML = (Content.VOTABLE, Content.DEFINITION)
# What each media type may be.
MEDIA_TYPES: Mapping[str, tuple[Content, ...]] = {
    "application/x-votable+xml": (Content.VOTABLE,),
    "text/xml": _XML,
    "application/xml": _XML,
    "text/x-votable+xml": (Content.VOTABLE,),
    "application/vnd.apache.parquet": (Content.PARQUET,),
    "application/x-parquet": (Content.PARQUET,),
    "application/parquet": (Content.PARQUET,),
    "application/fits": (Content.FITS,),
    "application/x-fits": (Content.FITS,),
    "image/fits": (Content.FITS,),
    "text/csv": (Content.CSV,),
    "application/csv": (Content.CSV,),
    "text/tab-separated-values": (Content.TSV,),
}
# These say nothing, so that the content alone tells; plain text is not guessed.
_SILENT = {"", "application/octet-stream"}
_START = 4096


class _Unsupported(UsageError):
    status = 415


def content_of(body: ReceivedFile) -> Content:
    """What a body is; raises UsageErrors for media types that no table has, and for other contents."""
    with body.path.open("rb") as file:
        start = file.read(_START)
    if not start.strip():
        raise UsageError("the request has no body", hint="send the table as the body")
    found = _sniffed(start)
    if body.media_type in _SILENT:
        if found is None:
            raise _Unsupported(
                "the request does not say what it sends", hint="use a Content-Type such as text/csv"
            )
        return found
    allowed = MEDIA_TYPES.get(body.media_type)
    if allowed is None:
        raise _Unsupported(
            f"{body.media_type[:80]} is no type of tables here", hint="use " + ", ".join(MEDIA_TYPES)
        )
    if found is None and allowed[0] in {Content.CSV, Content.TSV}:
        return allowed[0]
    if found not in allowed:
        kind = "something else" if found is None else found.value
        raise UsageError(f"the body should be {allowed[0].value} by its Content-Type, but is {kind}")
    return found


def _sniffed(start: bytes) -> Content | None:
    """What the content shows it is; None for text and the unknown."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"SIMPLE  ="):
        return Content.FITS
    if start.startswith(b"PAR1"):
        return Content.PARQUET
    if start.startswith(b"\x1f\x8b"):
        return Content.VOTABLE  # only they may be packed
    if text.startswith((b"<", b"\xfe\xff", b"\xff\xfe")):
        return Content.DEFINITION if is_definition(text) else Content.VOTABLE
    return None


@contextmanager
def open_body(
    body: ReceivedFile,
    content: Content,
    config: Config,
    known: Mapping[str, Type] = MappingProxyType({}),
) -> Iterator[Source]:
    """The one table of a body. `known` are the types that columns of text have.

    Raises UnreadableFile, also while the rows are read.
    """
    with ExitStack() as stack:
        match content:
            case Content.VOTABLE:
                source = stack.enter_context(
                    open_votable(
                        body.path, most_columns=config.upload_columns, most_bytes=config.upload_bytes
                    )
                )
            case Content.DEFINITION:
                source = open_definition(body.path)
            case Content.CSV | Content.TSV:
                delimiter = "," if content is Content.CSV else "\t"
                source = stack.enter_context(open_csv(body.path, delimiter=delimiter, known=known))
            case Content.PARQUET | Content.FITS:
                wanted = filled(stack.enter_context(open_members(body.path)))
                if len(wanted) > 1:
                    names = ", ".join(member.label for member in wanted[:10])
                    raise UsageError(f"there are {len(wanted)} tables with rows: {names}", hint="send one")
                source = wanted[0].open()
            case _:
                assert_never(content)
        if len(source.columns) > config.upload_columns:
            raise UsageError(f"{len(source.columns)} columns; there may be {config.upload_columns}")
        yield source
