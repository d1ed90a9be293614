"""How clients are told to identify themselves: the WWW-Authenticate of every 401, and of capabilities.

VO clients look for `ivoa_bearer` (IVOA SSO 2.0 and the challenges that TOPCAT and STILTS know), all others
for Bearer and Basic (RFC 9110, 11.6.1). Whether somebody has to identify himself is decided elsewhere.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Scope

__all__ = ["challenges", "is_browser"]

_SSO = "ivo://ivoa.net/sso"


def challenges(base_url: str, *, browser: bool) -> tuple[bytes, ...]:
    """One a header line, since some clients read the first of a line only.

    A `browser` would ask for name and password in a window of its own and keep them until it is closed, so it
    is not told of Basic: its user has the page. TOPCAT and STILTS take ivoa_cookie before Basic, and a
    token only if they are told to. The cookie they send to the whole host, name and password by Basic only to
    addresses beside the capabilities and to what refuses them; links, images and one's own files under
    embargo refuse nobody, but others find less there.
    """
    login = f"{base_url}/login"
    lines = [
        f'ivoa_bearer standard_id="{_SSO}#tls-with-password", access_url="{login}"',
        f'ivoa_bearer standard_id="{_SSO}#BasicAA", access_url="{login}"',
        'Bearer realm="Uraniborg"',
    ]
    if not browser:
        lines.append(f'ivoa_cookie standard_id="{_SSO}#tls-with-password", access_url="{login}/cookie"')
        lines.append('Basic realm="Uraniborg", charset="UTF-8"')
    return tuple(line.encode("latin-1") for line in lines)


def is_browser(scope: Scope) -> bool:
    """Whether a browser asks, for its user or for a script in a page."""
    headers = Headers(scope=scope)
    return "sec-fetch-mode" in headers or headers.get("user-agent", "").startswith("Mozilla/")
