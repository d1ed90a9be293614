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

from ..errors import (
    ArchiveError,
    Busy,
    CopyMissing,
    DiskFull,
    Forbidden,
    NotFound,
    QueryTimeout,
    SeveralValues,
    Unauthenticated,
    UsageError,
)
from ..formats import error_document

__all__ = ["Style", "bug_response", "failure_response", "soda_label"]

_log = logging.getLogger("uraniborg")


class Style(Enum):
    """The form of the error documents of a group of endpoints."""

    VOTABLE = "VOTable"
    DATALINK = "VOTable with the kind of fault before the message (DataLink 1.1, 3.4)"
    SIA = "VOTable with the kind of fault before the message (SIA 2.0, 3.3)"
    SIA_1 = "VOTable that comes with the status 200 (SIA 1.0, 4.3)"
    SSA = "VOTable that names the protocol and comes with the status 200 (SSA 1.1)"
    CONE = "VOTable with an INFO called Error besides (SCS 1.03, 2.3)"
    SODA = "text with the kind of error before the message (SODA 1.0, 5.2)"
    TEXT = "text"
    JSON = "JSON"

    @property
    def media_type(self) -> str:
        match self:
            case Style.VOTABLE | Style.DATALINK | Style.SIA | Style.SIA_1 | Style.SSA | Style.CONE:
                return "application/x-votable+xml"
            case Style.TEXT | Style.SODA:
                return "text/plain; charset=utf-8"
            case Style.JSON:
                return "application/json"


def failure_response(
    error: ArchiveError, style: Style, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """The error as a document; `headers` are those that go with its status.

    How somebody who was refused can identify himself is told by the application, for all services alike.
    """
    more = {"Retry-After": str(error.retry_after)} if isinstance(error, Busy) else {}
    fault = soda_label(error) if style is Style.SODA else _fault(error, style)
    return _response(str(error), error.status, style, {**headers, **more}, fault)


def bug_response(error: Exception, style: Style) -> Response:
    """The answer to an exception nobody expected, which goes into the log with its trace."""
    incident = secrets.token_hex(6)
    _log.error("incident %s", incident, exc_info=error)
    # The server closes the connection after an exception, so the client should not use it again.
    message = f"internal error; please report incident {incident}"
    fault = "Error" if style is Style.SODA else "FatalFault"
    return _response(message, 500, style, {"Connection": "close"}, fault)


def soda_label(error: ArchiveError) -> str:
    """The kind of error with which a text begins (SODA 1.0, 5.2)."""
    match error:
        case SeveralValues():
            return "MultiValuedParamNotSupported"
        case UsageError() | NotFound():
            return "UsageError"
        case Unauthenticated():
            return "AuthenticationError"
        case Forbidden():
            return "AuthorizationError"
        case Busy() | CopyMissing() | DiskFull():
            return "ServiceUnavailable"
        case _:
            return "Error"


def _fault(error: ArchiveError, style: Style) -> str:
    """The kind of fault as DataLink 1.1, 3.4 names them, and SIA 2.0, table 3, which has fewer."""
    match error:
        case NotFound() if style is Style.DATALINK:
            return "NotFoundFault"
        case UsageError():
            return "UsageFault"
        case Busy() | QueryTimeout():
            return "TransientFault"
        case _:
            return "DefaultFault"


def _response(message: str, status: int, style: Style, headers: dict[str, str], fault: str) -> Response:
    match style:
        case Style.VOTABLE:
            body = error_document(message)
        case Style.DATALINK | Style.SIA:
            body = error_document(f"{fault}: {message}")
        case Style.SIA_1 | Style.SSA:
            body = error_document(message, (("SERVICE_PROTOCOL", "1.1"),) if style is Style.SSA else ())
            # Whoever identified himself badly, or should come back later, has to be told in HTTP.
            status = 200 if status == UsageError.status else status
        case Style.CONE:
            body = error_document(message, (("Error", message),))
        case Style.SODA:
            body = f"{fault}: {message}\n".encode()
        case Style.TEXT:
            body = f"{message}\n".encode()
        case Style.JSON:
            body = json.dumps({"error": message}).encode()
        case _:
            assert_never(style)
    return Response(body, status, headers, media_type=style.media_type)
