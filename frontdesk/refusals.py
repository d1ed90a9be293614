"""How a refusal looks to whom it goes: programs get the document of the service, people at a browser a page.

The status is the same for both; a page never comes in place of data with the status 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from lxml import etree
from lxml.html.builder import E
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from archive.config import Config
from archive.errors import ArchiveError, Busy, Forbidden, Unauthenticated
from archive.protocol import Style, failure_response
from archive.protocol.xml import clean

from .desk import html_response
from .pages import heading, page

__all__ = ["refusal"]

_TITLES = {
    401: "Please log in",
    403: "Not for you",
    404: "Nothing here",
    429: "Too many requests",
}


def refusal(
    config: Config,
    scope: Scope,
    error: ArchiveError,
    style: Style,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """The error as a response; `headers` are those that go with its status."""
    if style is not Style.TEXT or not _shows_pages(scope):
        return failure_response(error, style, headers)
    response = html_response(_refusal_page(config, scope, error))
    response.status_code = error.status
    response.headers.update(headers)
    response.headers["Cache-Control"] = "no-store"
    if isinstance(error, Busy):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


_PROVING = ("/sso/", "/login", "/auth/")


def _shows_pages(scope: Scope) -> bool:
    return scope["method"] != "HEAD" and "text/html" in Headers(scope=scope).get("accept", "")


def _refusal_page(config: Config, scope: Scope, error: ArchiveError) -> bytes:
    title = _TITLES.get(error.status, "This did not work")
    said = str(error)
    links: list[etree._Element | str] = [E.a("front page", href="/")]
    if isinstance(error, Unauthenticated):
        links = [E.a({"class": "main"}, "log in", href=f"/login?back={quote(_asked(scope))}"), " · ", *links]
    elif isinstance(error, Forbidden) and "session" in scope.get("state", {}):
        # Where somebody sees as whom he is logged in, and can log out.
        links = [E.a("your account", href="/account"), " · ", *links]
    return page(
        f"{title} - {config.title}",
        heading(title, config.title),
        E.p({"class": "said"}, clean(said[:1].upper() + said[1:] + ".")),
        E.p({"class": "links"}, *links),
    )


def _asked(scope: Scope) -> str:
    """The path and the query string to come back to after the log-in; only what was read, not sent."""
    # What was sent to prove who asks is in no address that a browser keeps.
    if scope["method"] != "GET" or scope["path"].startswith(_PROVING):
        return "/"
    query = scope["query_string"].decode("latin-1")
    path = quote(scope["path"])
    return f"{path}?{query}" if query else path
