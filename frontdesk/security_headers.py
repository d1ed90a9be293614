"""What browsers are told about every answer: what its content may do, and where else it may show up.

The values are from OWASP's Secure Headers. Data may be read from every origin (`archive.protocol.cors`);
pages may not be framed, and load nothing from elsewhere.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["PAGE_POLICY", "SecurityHeaders"]

# Nothing from elsewhere, and no script or style inside the page: names in a catalogue stay names.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# What is no page, but opened in a browser all the same: XML and SVG with what they look like, texts, files.
_DATA_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_YEAR = 365 * 86_400  # seconds


class SecurityHeaders:
    """Around an application; `secure` for one that is reached by https."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._wanted = {
            b"x-content-type-options": b"nosniff",
            # Forms of ours have to say where they come from, so it cannot be "no-referrer".
            b"referrer-policy": b"same-origin",
            b"content-security-policy": _DATA_POLICY.encode(),
            b"cross-origin-opener-policy": b"same-origin",
        }
        if secure:
            self._wanted[b"strict-transport-security"] = f"max-age={_YEAR}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                known = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in self._wanted.items() if name not in known]
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, guarded)
