"""How a failure looks on the wire: the one place where errors become documents.

An ArchiveError knows its status and its text; here it gets its form, which depends on where the
request went and not on the format that was asked for (DALI 1.1, 4.2). Everything else that is raised
is a bug: logged with an id, and the client is told the id and nothing more.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import assert_never

from starlette.responses import Response

from ..access import CHALLENGE
from ..errors import ArchiveError, Busy, Unauthenticated
from ..formats import error_document

__all__ = ["Style", "bug_response", "failure_response"]

_log = logging.getLogger("uraniborg")


class Style(Enum):
    """The form of the error documents of a group of endpoints."""

    VOTABLE = "application/x-votable+xml"
    TEXT = "text/plain; charset=utf-8"
    JSON = "application/json"


def failure_response(
    error: ArchiveError, style: Style, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """The error as a document; `headers` are those that go with its status."""
    more: dict[str, str] = {}
    match error:
        case Busy():
            more["Retry-After"] = str(error.retry_after)
        case Unauthenticated():
            more["WWW-Authenticate"] = CHALLENGE
    return _response(str(error), error.status, style, {**headers, **more})


def bug_response(error: Exception, style: Style) -> Response:
    """The answer to an exception nobody expected, which goes into the log with its trace."""
    incident = secrets.token_hex(6)
    _log.error("incident %s", incident, exc_info=error)
    # The server closes the connection after an exception, so the client should not use it again.
    message = f"internal error; please report incident {incident}"
    return _response(message, 500, style, {"Connection": "close"})


def _response(message: str, status: int, style: Style, headers: dict[str, str]) -> Response:
    match style:
        case Style.VOTABLE:
            body = error_document(message)
        case Style.TEXT:
            body = f"{message}\n".encode()
        case Style.JSON:
            body = json.dumps({"error": message}).encode()
        case _:
            assert_never(style)
    return Response(body, status, headers, media_type=style.value)
