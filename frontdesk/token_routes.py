"""Tokens for programs: /auth/refresh, /auth/revoke, /auth/whoami, and ESO's /sso/oidc/token.

The last takes the password in the query string, as astroquery sends it: the log of requests has no query
strings, and a proxy before this server should have none of this address either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.access import EVERY_SCOPE, Issued, Scope
from archive.access.credentials import Bearer, read_authorization
from archive.errors import Unauthenticated, UsageError
from archive.protocol.answering import caller_of
from archive.protocol.requests import read_pairs

from .account_desk import AccountDesk
from .identifying import address_of
from .password_threads import in_password_thread

__all__ = ["scopes_of", "token_response", "token_routes"]

_BYTES = 20_000
_SECRET = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749, 5.1


def token_routes(desk: AccountDesk) -> list[Route]:
    accounts = desk.accounts

    async def oidc_token(request: Request) -> Response:
        fields = dict(await read_pairs(request, _BYTES))
        match fields.get("grant_type", "password"):
            case "password":
                issued = await in_password_thread(
                    accounts.log_in,
                    fields.get("username", ""),
                    fields.get("password", ""),
                    scopes=scopes_of(fields),
                    address=address_of(request.scope),
                )
            case "refresh_token":
                issued = await run_in_threadpool(accounts.refresh, fields.get("refresh_token", ""))
            case _:
                raise UsageError("grant_type has to be password or refresh_token")
        return _json(_grant(issued))

    async def refresh(request: Request) -> Response:
        fields = dict(await read_pairs(request, _BYTES))
        return _json(_grant(await run_in_threadpool(accounts.refresh, fields.get("refresh_token", ""))))

    async def revoke(request: Request) -> Response:
        """RFC 7009: also a token that is not known is revoked now."""
        fields = dict(await read_pairs(request, _BYTES))
        token = fields.get("token") or _own_token(request)
        await run_in_threadpool(accounts.revoke, token)
        return _json({"revoked": True})

    async def whoami(request: Request) -> Response:
        caller = caller_of(request)
        if caller.is_anonymous:
            raise Unauthenticated("you have not identified yourself")
        return _json(
            {
                "name": caller.name,
                "full_name": caller.full_name,
                "roles": sorted(caller.roles),
                "scopes": sorted(caller.scopes),
                "keys": list(caller.keys),
            }
        )

    return [
        Route("/sso/oidc/token", oidc_token, methods=["GET", "POST"]),
        Route("/auth/refresh", refresh, methods=["POST"]),
        Route("/auth/revoke", revoke, methods=["POST"]),
        Route("/auth/whoami", whoami),
    ]


def token_response(request: Request, given: Issued | str) -> Response:
    """A token in the header that VO clients read, and in the body; all that was given for who wants JSON."""
    token = given if isinstance(given, str) else given.access
    if "application/json" in request.headers.get("accept", ""):
        response = _json({"access_token": token} if isinstance(given, str) else _grant(given))
    else:
        response = Response(token, headers=_SECRET, media_type="text/plain; charset=utf-8")
    response.headers["X-VO-Bearer"] = token
    if not isinstance(given, str):
        response.headers["X-VO-Authenticated"] = given.caller.name
    return response


def scopes_of(fields: Mapping[str, str]) -> frozenset[Scope]:
    """Those of ours that were asked for (RFC 6749, 3.3); all for who says nothing about ours."""
    known = {scope.value: scope for scope in Scope}
    wanted = frozenset(known[word] for word in fields.get("scope", "").split() if word in known)
    return wanted or EVERY_SCOPE


def _grant(issued: Issued) -> dict[str, Any]:
    """RFC 6749, 5.1, with the token a second time under the name that ESO's users know."""
    left = issued.expires - datetime.now(UTC)
    grant: dict[str, Any] = {
        "access_token": issued.access,
        "id_token": issued.access,
        "token_type": "bearer",
        "expires_in": max(round(left.total_seconds()), 0),
        "scope": " ".join(sorted(issued.caller.scopes)),
    }
    return grant | ({"refresh_token": issued.refresh} if issued.refresh else {})


def _own_token(request: Request) -> str:
    credential = read_authorization(request.headers.get("authorization"))
    if not isinstance(credential, Bearer):
        raise UsageError("there is no token to revoke", hint="send it as token, or as a Bearer token")
    return credential.token


def _json(value: Mapping[str, Any]) -> Response:
    return Response(json.dumps(value), headers=_SECRET, media_type="application/json")
