"""Who is logged in at the pages: the session's cookie, and the proofs that a form is ours.

A session is a token of the account in a cookie that scripts cannot read. Browsers send cookies also when a
page from elsewhere makes them ask; what changes something therefore has to come from a page of ours, which
is told by Origin, and in forms by a value that only our pages know besides (OWASP, Cross-Site Request
Forgery Prevention). What tokens are is told in `archive.access`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from archive.errors import Forbidden

from .challenges import is_browser

__all__ = ["FORM_FIELD", "SESSION_SECONDS", "Sessions", "own_path"]

FORM_FIELD = "form_token"
SESSION_SECONDS = 12 * 3600
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Of this host, seen from its root: browsers drop tabs and take backslashes for slashes.
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")


@dataclass(frozen=True)
class Sessions:
    """The cookies of the site at `base_url`; with https their names keep other hosts from setting them."""

    base_url: str

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https:")

    @property
    def session_cookie(self) -> str:
        return self._named("uraniborg_session")

    @property
    def form_cookie(self) -> str:
        return self._named("uraniborg_form")

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name

    def token(self, scope: Scope) -> str | None:
        """The session's token, or None for who is not logged in here.

        A request that a page from elsewhere has made is not one of the person at the browser; links from
        elsewhere are.
        """
        headers = Headers(scope=scope)
        foreign = headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
        if foreign and headers.get("sec-fetch-mode") != "navigate":
            return None
        return self.cookie(scope, self.session_cookie)

    def cookie(self, scope: Scope, name: str) -> str | None:
        # Cookies may come in several lines where a proxy has spoken HTTP/2 (RFC 9113, 8.2.3).
        text = "; ".join(Headers(scope=scope).getlist("cookie"))
        return _cookies(text).get(name) or None

    def begin(self, response: Response, token: str) -> None:
        self.keep(response, self.session_cookie, token, SESSION_SECONDS)
        # Forms from before the log-in are not good for the new session.
        self.forget(response, self.form_cookie)

    def end(self, response: Response) -> None:
        self.forget(response, self.session_cookie)

    def keep(self, response: Response, name: str, value: str, seconds: int | None = None) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def forget(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")

    def check_origin(self, scope: Scope) -> None:
        """Raises Forbidden for a request that would change something and does not come from our pages."""
        if scope["method"] in _SAFE:
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None:
            # Every browser says where a POST comes from; programs have no pages that could make them ask.
            ours = headers.get("sec-fetch-site") in {"same-origin", "none"} or not is_browser(scope)
        else:
            ours = origin in {_origin(self.base_url), self._addressed(headers)}
        if not ours:
            raise Forbidden(
                "this request did not come from a page of this archive",
                hint="programs identify themselves by a token, not by the cookie of a browser",
            )

    def _addressed(self, headers: Headers) -> str:
        """The origin at which the browser sees us, which need not be the configured one."""
        return f"{'https' if self.secure else 'http'}://{headers.get('host', '')}"


def _cookies(text: str) -> dict[str, str]:
    """By their names, the last of each; ours may stand in quotes, and have nothing in them to be unescaped.

    Python's own reader takes a minute for 200 kB of backslashes (CVE-2024-7592), in which nobody is answered.
    """
    pairs = (pair.partition("=") for pair in text.split(";"))
    return {name.strip(): value.strip().removeprefix('"').removesuffix('"') for name, _, value in pairs}


def own_path(text: str | None, otherwise: str) -> str:
    """The path on this site to which somebody may be sent on; what leads elsewhere is not followed."""
    return text if text and _PATH.fullmatch(text) else otherwise


class FormToken:
    """What a form of ours carries: derived from a cookie that pages from elsewhere cannot read.

    It is the session's where there is one, else one that is set for the form alone.
    """

    def __init__(self, sessions: Sessions, scope: Scope) -> None:
        self._sessions = sessions
        session = scope.get("state", {}).get("session")
        self._known = session or sessions.cookie(scope, sessions.form_cookie)
        self._secret = self._known or secrets.token_urlsafe(24)

    @property
    def value(self) -> str:
        return hmac.new(self._secret.encode(), b"uraniborg form", hashlib.sha256).hexdigest()

    def send(self, response: Response) -> Response:
        """The response with the form, and the cookie that goes with it where the browser has none."""
        if self._known is None:
            self._sessions.keep(response, self._sessions.form_cookie, self._secret)
        response.headers["Cache-Control"] = "no-store"
        return response

    def check(self, sent: str | None) -> None:
        """Raises Forbidden for a form that is not ours, or too old."""
        if self._known is None or sent is None or not hmac.compare_digest(sent.encode(), self.value.encode()):
            raise Forbidden("the form is out of date", hint="load its page again, with cookies allowed")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
