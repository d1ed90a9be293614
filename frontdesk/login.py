"""/login, /logout: for people a page and a session, for programs a token (IVOA SSO 2.0).

A form of our page gives a session in a cookie. Name and password from a program, by HTTP Basic or as two
parameters, give a token; /login/cookie gives a cookie for them. No browser gets one there, so that no page
from elsewhere can log anybody in.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from archive.access import Issued, TokenKind
from archive.access.credentials import Basic, Bearer, read_authorization
from archive.errors import ArchiveError, Busy, Forbidden, Unauthenticated, UsageError
from archive.protocol.answering import caller_of
from archive.protocol.requests import read_pairs

from .account_desk import AccountDesk, sent_on
from .challenges import is_browser
from .identifying import address_of
from .login_pages import login_page, logout_page
from .openid import OpenId, Pending
from .password_threads import in_password_thread
from .sessions import FORM_FIELD, SESSION_SECONDS, own_path
from .token_routes import scopes_of, token_response

__all__ = ["login_routes"]

_BYTES = 20_000
_HOME = "/account"
_PENDING_SECONDS = 600


def login_routes(desk: AccountDesk, provider: OpenId | None) -> list[Route]:
    async def login(request: Request) -> Response:
        if request.method == "POST":
            return await _logged_in(desk, request)
        if "authorization" in request.headers:
            return await _token_for_header(desk, request)
        if "text/html" not in request.headers.get("accept", ""):
            raise Unauthenticated(
                "send name and password: by HTTP Basic, or by POST as username and password"
            )
        back = own_path(request.query_params.get("back"), _HOME)
        if not caller_of(request).is_anonymous:
            return sent_on(back)
        return await desk.show(request, lambda token: login_page(desk.config, token, back))

    async def cookie(request: Request) -> Response:
        return await _program_session(desk, request)

    async def logout(request: Request) -> Response:
        return await _logged_out(desk, request)

    routes = [
        Route("/login", login, methods=["GET", "POST"]),
        Route("/login/cookie", cookie, methods=["POST"]),
        Route("/logout", logout, methods=["GET", "POST"]),
    ]
    return routes if provider is None else [*routes, *_provider_routes(desk, provider)]


async def _logged_in(desk: AccountDesk, request: Request) -> Response:
    pairs = await read_pairs(request, _BYTES)
    fields = dict(pairs)
    if FORM_FIELD not in fields:
        name, password = _name_and_password(fields)
        issued = await in_password_thread(
            desk.accounts.log_in, name, password, scopes=scopes_of(fields), address=address_of(request.scope)
        )
        return token_response(request, issued)
    name, password = fields.get("username", ""), fields.get("password", "")
    desk.check(request, fields)
    back = own_path(fields.get("back"), _HOME)
    try:
        issued = await in_password_thread(
            desk.accounts.log_in, name, password, TokenKind.SESSION, address=address_of(request.scope)
        )
    except (Unauthenticated, Busy) as error:
        return await _again(desk, request, back, name, error)
    return await _session(desk, request, issued, back)


async def _program_session(desk: AccountDesk, request: Request) -> Response:
    """A session for TOPCAT and others that know ivoa_cookie (IVOA AuthVO) and, unless told to, no tokens."""
    if is_browser(request.scope):
        raise Forbidden("this log-in is for programs", hint="log in by the page /login")
    name, password = _name_and_password(dict(await read_pairs(request, _BYTES)))
    issued = await in_password_thread(
        desk.accounts.log_in, name, password, TokenKind.SESSION, address=address_of(request.scope)
    )
    name = issued.caller.name
    response = PlainTextResponse(
        f"{name}\n", headers={"Cache-Control": "no-store", "X-VO-Authenticated": name}
    )
    desk.sessions.keep(response, desk.sessions.session_cookie, issued.access, SESSION_SECONDS)
    return response


def _name_and_password(fields: Mapping[str, str]) -> tuple[str, str]:
    name, password = fields.get("username", ""), fields.get("password", "")
    if not name or not password:
        raise UsageError("username and password are needed", hint="send them in the body of a POST")
    return name, password


async def _again(desk: AccountDesk, request: Request, back: str, name: str, error: ArchiveError) -> Response:
    response = await desk.show(
        request, lambda token: login_page(desk.config, token, back, name=name, wrong=str(error)), error.status
    )
    if isinstance(error, Busy):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


async def _session(desk: AccountDesk, request: Request, issued: Issued, back: str) -> Response:
    """A new session, whatever the browser had before, which ends."""
    before = desk.sessions.cookie(request.scope, desk.sessions.session_cookie)
    if before is not None:
        await run_in_threadpool(desk.accounts.revoke, before)
    response = sent_on(back)
    desk.sessions.begin(response, issued.access)
    return response


async def _token_for_header(desk: AccountDesk, request: Request) -> Response:
    """The caller has been identified already; a token that he sent is as good as another one."""
    match read_authorization(request.headers["authorization"]):
        case Bearer(token):
            return token_response(request, token)
        case Basic(_, password) if caller_of(request).token:
            return token_response(request, password)
        case Basic(name, password):
            issued = await in_password_thread(
                desk.accounts.log_in, name, password, address=address_of(request.scope)
            )
            return token_response(request, issued)
        case None:
            raise Unauthenticated("there is no credential")


async def _logged_out(desk: AccountDesk, request: Request) -> Response:
    session = request.scope.get("state", {}).get("session")
    if session is None:
        response = sent_on("/")
        # A page from elsewhere makes browsers ask without the cookie, which must not end for that.
        if desk.sessions.token(request.scope) is not None:
            desk.sessions.end(response)
        return response
    if request.method == "GET":
        name = caller_of(request).name
        return await desk.show(request, lambda token: logout_page(desk.config, token, name))
    await desk.fields(request)
    await run_in_threadpool(desk.accounts.revoke, session)
    response = sent_on("/")
    desk.sessions.end(response)
    return response


# --- at somebody else's -----------------------------------------------------------------------------------


def _provider_routes(desk: AccountDesk, provider: OpenId) -> list[Route]:
    cookie = desk.sessions.form_cookie + "_oidc"

    async def begin(request: Request) -> Response:
        pending = Pending.new(own_path(request.query_params.get("back"), _HOME))
        response = sent_on(await in_password_thread(provider.address, pending))
        desk.sessions.keep(response, cookie, pending.packed(), _PENDING_SECONDS)
        return response

    async def finish(request: Request) -> Response:
        pending = Pending.unpacked(desk.sessions.cookie(request.scope, cookie))
        answer = dict(request.query_params)

        def log_in() -> Issued:
            found = provider.identity(pending, answer)
            return desk.accounts.log_in_by_identity(
                found.issuer,
                found.subject,
                email=found.email,
                email_verified=found.email_verified,
                full_name=found.full_name,
                orcid=found.orcid,
                kind=TokenKind.SESSION,
                address=address_of(request.scope),
            )

        issued = await in_password_thread(log_in)
        response = await _session(desk, request, issued, own_path(pending.back, _HOME))
        desk.sessions.forget(response, cookie)
        return response

    return [Route("/login/oidc", begin), Route("/login/oidc/callback", finish)]
