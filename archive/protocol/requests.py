"""What a client sent, as name and value pairs in the order of sending.

Here belongs everything between the bytes of a request and `parse_arguments`: the query string,
urlencoded and multipart bodies, their limits and their encoding. What the names mean is the services'.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from urllib.parse import parse_qsl

import python_multipart
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field
from starlette.requests import ClientDisconnect, Request

from ..declare.parameters import Arguments, Parameter, parse_arguments
from ..errors import Cancelled, TooLarge, UsageError

__all__ = ["read_arguments", "read_pairs"]

_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_MOST_FIELDS = 1000
_BODY_SECONDS = 60.0


class _TooSlow(UsageError):
    status = 408


async def read_arguments(request: Request, parameters: Sequence[Parameter], limit: int) -> Arguments:
    """The arguments of a GET, HEAD or POST request whose body has at most `limit` bytes."""
    return parse_arguments(parameters, await read_pairs(request, limit))


async def read_pairs(request: Request, limit: int) -> list[tuple[str, str]]:
    """Pairs of the query string, then those of the body (DALI 1.1, 2.2: both may carry parameters)."""
    pairs = _urlencoded(request.scope["query_string"])
    if request.method != "POST":
        return pairs
    content_type = request.headers.get("content-type", _URLENCODED)
    body = await _body(request, limit)
    match content_type.partition(";")[0].strip().lower():
        case "application/x-www-form-urlencoded":
            return pairs + _urlencoded(body)
        case "multipart/form-data":
            return pairs + _multipart(content_type, body)
        case other:
            if not body:
                return pairs
            raise UsageError(
                f"a body of type {other} is not read here", hint=f"send {_URLENCODED} or {_MULTIPART}"
            )


async def _body(request: Request, limit: int) -> bytes:
    too_large = TooLarge(f"the request is larger than {limit} bytes")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > limit:
                    raise too_large
    except ClientDisconnect as cause:
        raise Cancelled("the client left in the middle of its request") from cause
    except TimeoutError as cause:
        raise _TooSlow(f"the body did not arrive within {_BODY_SECONDS:g} s") from cause
    return bytes(body)


def _urlencoded(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except UnicodeDecodeError as cause:
        raise UsageError("the parameters are not UTF-8") from cause
    except ValueError as cause:  # parse_qsl says so of too many fields
        raise _too_many() from cause


def _too_many() -> UsageError:
    return UsageError(f"there are more than {_MOST_FIELDS} parameters")


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    fields: list[Field] = []

    def keep(field: Field) -> None:
        if len(fields) == _MOST_FIELDS:
            raise _too_many()
        fields.append(field)

    headers = {"Content-Type": content_type.encode("latin-1")}
    try:
        python_multipart.parse_form(headers, io.BytesIO(body), keep, lambda _file: None)
        return [(_text(field.field_name), _text(field.value)) for field in fields]
    except FormParserError as cause:
        raise UsageError(f"the multipart/form-data body cannot be read: {cause}") from cause
    except UnicodeDecodeError as cause:
        raise UsageError("the parameters are not UTF-8") from cause


def _text(encoded: bytes | None) -> str:
    return (encoded or b"").decode("utf-8")
