"""/header/<dp_id> and ESO's /hdr: the headers of files as text, JSON, FITS cards and a page.

What a header is and which corrections it has is told in `archive.store`; here are its forms.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from lxml.html.builder import E
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.access import Caller, check_seen
from archive.database import Database
from archive.declare.parameters import Arguments, Parameter, parse_arguments
from archive.errors import BadParameter, NotFound
from archive.protocol.answering import caller_of
from archive.protocol.documents import Document, document_response
from archive.protocol.files import disposition
from archive.protocol.xml import clean
from archive.store import (
    Card,
    Correction,
    Description,
    Header,
    as_data,
    as_text,
    cards_of,
    corrections,
    described,
    find_named,
    read_headers,
    text_lines,
)

from .downloads import CORRECTION, VERSION, speakable
from .pages import heading, page
from .security_headers import PAGE_POLICY

__all__ = ["Form", "Headers", "chosen_headers", "header_routes", "written"]


class Form(StrEnum):
    """The forms a header comes in; the values are media types."""

    TEXT = "text/plain; charset=utf-8"
    JSON = "application/json"
    FITS = "application/fits"
    PAGE = "text/html; charset=utf-8"


_FORMS = {
    "text": Form.TEXT,
    "text/plain": Form.TEXT,
    "json": Form.JSON,
    "application/json": Form.JSON,
    "fits": Form.FITS,
    "application/fits": Form.FITS,
    "html": Form.PAGE,
    "text/html": Form.PAGE,
}
_FORMAT = Parameter(
    "RESPONSEFORMAT",
    "text, json, fits (the header blocks as they are) or html; media types are understood too.",
    values=tuple(_FORMS),
    default="text",
)
_HDU = Parameter("HDU", "Number of an HDU, counted from 0, or its EXTNAME; all when left out.", multiple=True)
_DP_ID = Parameter("DpId", "Identifier of a file.")
# What astroquery makes a value of: anything else ends its reading with an exception.
_READABLE = re.compile(r"'.*|[TF]|[+-]?\d+|[+-]?(\d+\.\d*|\.\d+)(E[+-]?\d+)?|[+-]?\d+E[+-]?\d+")


@dataclass(frozen=True, slots=True)
class Headers:
    """Headers of a file by the numbers of their HDUs, and the corrections that led to them."""

    found: Description
    headers: tuple[tuple[int, Header], ...]
    corrections: tuple[Correction, ...]


def header_routes(database: Database) -> list[Route]:
    def find(dp_id: str, arguments: Arguments, caller: Caller) -> Headers:
        with database.writer() as connection:
            version, correction = arguments.integer(VERSION), arguments.integer(CORRECTION)
            named = find_named(connection, speakable(dp_id)).dp_id
            # Headers are public at once, but under an embargo not even that there are any.
            check_seen(connection, caller, named)
            found = described(connection, named, version, correction)
            headers = read_headers(connection, found.dp_id, found.version, found.correction)
            made = corrections(connection, found.dp_id, found.version)
        if not headers:
            raise NotFound(f"{found.dp_id} has no FITS headers")
        chosen = chosen_headers(headers, [str(text) for text in arguments.all(_HDU)])
        return Headers(found, chosen, tuple(one for one in made if one.correction <= found.correction))

    async def answer(request: Request, dp_id: str, form: Form, arguments: Arguments) -> Response:
        headers = await run_in_threadpool(find, dp_id, arguments, caller_of(request))
        document = Document(await run_in_threadpool(written, headers, form), form.value)
        return document_response(request, document, _sent_with(headers, form))

    async def header(request: Request) -> Response:
        arguments = parse_arguments([_FORMAT, _HDU, VERSION, CORRECTION], request.query_params.multi_items())
        form = _FORMS[arguments.text(_FORMAT) or "text"]
        return await answer(request, request.path_params["dp_id"], form, arguments)

    async def as_at_eso(request: Request) -> Response:
        arguments = parse_arguments([_DP_ID, _HDU, VERSION, CORRECTION], request.query_params.multi_items())
        dp_id = arguments.text(_DP_ID)
        if dp_id is None:
            raise BadParameter(_DP_ID.name, "is missing", hint="ask for /hdr?DpId= and an identifier")
        # astroquery writes identifiers as they are, and they have no blanks (see ingest.identify).
        return await answer(request, dp_id.strip().replace(" ", "+"), Form.PAGE, arguments)

    return [Route("/header/{dp_id:path}", header), Route("/hdr", as_at_eso)]


def _sent_with(headers: Headers, form: Form) -> dict[str, str]:
    match form:
        case Form.FITS:
            return {"Content-Disposition": disposition(f"{headers.found.dp_id}.hdr")}
        case Form.PAGE:
            return {"Content-Security-Policy": PAGE_POLICY}
        case Form.TEXT | Form.JSON:
            return {}
        case _:
            assert_never(form)


def chosen_headers(headers: Sequence[Header], wanted: Sequence[str]) -> tuple[tuple[int, Header], ...]:
    """Headers by the numbers or names of their HDUs, all when none is wanted."""
    everything = tuple(enumerate(headers))
    if not wanted:
        return everything
    names = {text.strip().upper() for text in wanted}
    chosen = tuple(
        (number, header)
        for number, header in everything
        if str(number) in names or (header.text("EXTNAME") or "").upper() in names - {""}
    )
    if not chosen:
        known = ", ".join(_label(*one) for one in everything[:20])
        raise NotFound(f"the file has no HDU {' or '.join(wanted)}", hint=f"it has {known}")
    return chosen


def _label(number: int, header: Header) -> str:
    name = header.text("EXTNAME")
    return f"{number} ({name})" if name else str(number)


def written(headers: Headers, form: Form) -> bytes:
    """The headers in a form."""
    match form:
        case Form.TEXT:
            return "\n".join(as_text(header) for _, header in headers.headers).encode()
        case Form.JSON:
            return json.dumps(_data(headers), ensure_ascii=False, indent=1).encode()
        case Form.FITS:
            return b"".join(header.raw for _, header in headers.headers)
        case Form.PAGE:
            return _page(headers)
        case _:
            assert_never(form)


def _data(headers: Headers) -> dict[str, object]:
    found = headers.found
    return {
        "dp_id": found.dp_id,
        "version": found.version,
        "correction": found.correction,
        "hdus": [
            {"hdu": number, "name": header.text("EXTNAME") or "", "cards": as_data(header)}
            for number, header in headers.headers
        ],
        "corrections": [
            {
                "correction": one.correction,
                "at": f"{one.at:%Y-%m-%dT%H:%M:%SZ}",
                "why": one.why,
                "changes": [
                    {
                        "hdu": edited.hdu,
                        "action": edited.action.value,
                        "keyword": edited.keyword,
                        "before": edited.before,
                        "after": edited.after,
                    }
                    for edited in one.changes
                ],
            }
            for one in headers.corrections
        ],
    }


def _page(headers: Headers) -> bytes:
    """All headers in the page's first <pre>, one after the other: users' scripts look nowhere else."""
    found = headers.found
    text = "\n".join("\n".join([*_lines(cards_of(header.raw)), "END\n"]) for _, header in headers.headers)
    corrected = [E.li(f"{one.at:%Y-%m-%d}: {clean(one.why)}") for one in headers.corrections]
    return page(
        f"Header of {found.dp_id}",
        heading(found.dp_id, f"headers of version {found.version}"),
        E.pre(clean(text)),
        *([E.h2("Corrections"), E.ul(*corrected)] if corrected else []),
    )


def _lines(cards: Iterable[tuple[Card, str]]) -> Iterable[str]:
    """The cards as they are, but for those over which simple readers stumble.

    Such readers, astroquery among them, take every line with an equals sign for a keyword and its value.
    """
    for card, image in cards:
        lines = text_lines(image)
        if card.keyword == "COMMENT" or all(_is_readable(line) for line in lines):
            yield from lines
        elif card.keyword in {"", "HISTORY"}:
            yield from (f"COMMENT {line.strip()}" for line in lines)
        else:
            yield _simple(card)


def _is_readable(line: str) -> bool:
    keyword, equals, rest = line.partition("=")
    value = rest.split("/", 1)[0].strip()
    return not equals or (_READABLE.fullmatch(value) is not None and not keyword.startswith("CONTINUE"))


def _simple(card: Card) -> str:
    """The card in one line, its value a text unless it is a number."""
    value = card.value
    if isinstance(value, float) and _READABLE.fullmatch(repr(value).upper()):
        text = repr(value).upper()
    else:
        text = "'" + ("" if value is None else str(value)).replace("'", "''") + "'"
    keyword = card.keyword if len(card.keyword) <= 8 else f"HIERARCH {card.keyword}"
    return f"{keyword:8}= {text}" + (f" / {card.comment}" if card.comment else "")
