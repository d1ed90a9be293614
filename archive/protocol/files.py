"""Sending a file of the store: whole, in ranges, or not again when the client has it already.

Which file an identifier names, and who may have it, is decided before; here are HTTP's rules
(RFC 9110, sections 8.8, 13 and 14; RFC 9530 for the digest).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, Response

__all__ = ["StoredFile", "disposition", "file_response"]

_RANGE = re.compile(r"\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What HTTP has to know of a file; `sha256` as hexadecimal digits, `modified` with its zone."""

    path: Path
    name: str
    media_type: str
    size: int
    sha256: str
    modified: datetime


class _Chunked(FileResponse):
    chunk_size = 1 << 20


def file_response(
    request: Request, file: StoredFile, special: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """The answer to GET or HEAD; `special` headers take the place of the usual ones."""
    etag = f'"{file.sha256}"'
    # HTTP dates have whole seconds.
    modified = file.modified.astimezone(UTC).replace(microsecond=0)
    headers = {
        "ETag": etag,
        "Last-Modified": format_datetime(modified, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:",
        "Content-Disposition": disposition(file.name),
        **special,
    }
    if _has_it(request.headers, etag, modified):
        return Response(status_code=304, headers=headers)
    _set_range(request, _usable_ranges(request.headers.get("range", ""), file.size))
    length = {"Content-Type": file.media_type, "Content-Length": str(file.size)}
    return _Chunked(file.path, headers=length | headers)


def disposition(name: str) -> str:
    """Content-Disposition with the file's name.

    The plain form always, as scripts look for nothing else; the encoded form (RFC 6266) only for
    names that the plain one cannot hold.
    """
    plain = re.sub(r"[^!#-\[\]-~]", "_", name)
    encoded = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{encoded}'


def _has_it(headers: Mapping[str, str], etag: str, modified: datetime) -> bool:
    """Whether the client's copy is this one; If-None-Match overrules the date (RFC 9110, 13.2.2)."""
    tags = headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return "*" in known or etag in known
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and modified <= since


def _usable_ranges(header: str, size: int) -> str | None:
    """The Range without those of its ranges that lie beyond the end, unless all do.

    None when one is malformed or they count other units than bytes: RFC 9110, 14.2 has all of it ignored.
    """
    unit, _, text = header.partition("=")
    found = [_RANGE.fullmatch(piece) for piece in text.split(",") if piece.strip()]
    if unit.strip().lower() != "bytes" or not found:
        return None
    usable = []
    for match in found:
        first, last = match.groups() if match else ("", "")
        if not (first or last) or (first and last and int(first) > int(last)):
            return None
        if int(first) < size if first else int(last) > 0:
            usable.append(f"{first}-{last}")
    return f"bytes={','.join(usable)}" if usable else header


def _set_range(request: Request, wanted: str | None) -> None:
    kept = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
    request.scope["headers"] = kept if wanted is None else [*kept, (b"range", wanted.encode("ascii"))]
