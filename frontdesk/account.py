"""/account and what lies below it: the routes of people's own accounts; how they look is `account_pages`'."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.access import Account, Accounts, Caller, Scope
from archive.errors import ArchiveError, BadParameter, UsageError
from archive.protocol import Archive

from .account_desk import AccountDesk, sent_on
from .account_pages import account_page, new_token_page
from .desk import html_response
from .identifying import address_of
from .login import login_routes
from .openid import OpenId
from .password_threads import in_password_thread
from .registration import registration_routes
from .rights_desk import rights_routes
from .token_routes import token_routes

__all__ = ["account_routes"]

# What a form did, as the page says it then. Told by a word: a text in the address could be anybody's.
_DONE = {
    "details": "your name and institute are changed",
    "email": "a message with a link is on its way to the new address",
    "token": "that token has ended",
}


def account_routes(archive: Archive) -> list[Route]:
    """All of log-in, registration, tokens, rights and account."""
    desk = AccountDesk(archive.config, archive.accounts)
    return [
        *login_routes(desk, OpenId.of(archive.config)),
        *token_routes(desk),
        *registration_routes(desk),
        *rights_routes(desk, archive.database),
        *_own_routes(desk),
    ]


def _own_routes(desk: AccountDesk) -> list[Route]:
    async def overview(request: Request) -> Response:
        return await _shown(desk, request, said=_DONE.get(request.query_params.get("done", ""), ""))

    async def token(request: Request) -> Response:
        caller, fields = desk.somebody(request), await desk.fields(request)
        issued = await run_in_threadpool(
            desk.accounts.issue_service_token,
            caller.name,
            _scopes(caller, fields),
            timedelta(days=_days(fields)),
            fields.get("note", ""),
        )
        response = html_response(new_token_page(desk.config, issued))
        response.headers["Cache-Control"] = "no-store"
        return response

    return [
        Route("/account", overview),
        Route("/account/tokens", token, methods=["POST"]),
        *(Route(f"/account/{name}", _changing(desk, act), methods=["POST"]) for name, act in _ACTS.items()),
    ]


async def _shown(desk: AccountDesk, request: Request, *, said: str = "", wrong: str = "") -> Response:
    caller = desk.somebody(request)

    def make(token: str) -> bytes:
        account = _account(desk.accounts, caller)
        tokens = desk.accounts.tokens_of(caller.name)
        return account_page(desk.config, token, caller, account, tokens, said=said, wrong=wrong)

    return await desk.show(request, make, 400 if wrong else 200)


def _account(accounts: Accounts, caller: Caller) -> Account | None:
    try:
        return accounts.account(caller.name)
    except BadParameter:  # a name with a token from the environment
        return None


def _scopes(caller: Caller, fields: dict[str, str]) -> set[Scope]:
    """Never more than the session itself has."""
    return {scope for scope in caller.scopes if fields.get(f"scope-{scope.value}") == "yes"}


def _days(fields: dict[str, str]) -> int:
    days = fields.get("days", "")
    if not (days.isascii() and days.isdecimal() and 0 < int(days[:6]) <= 730):
        raise BadParameter("days", "is no number from 1 to 730")
    return int(days)


# --- forms that change something, and where they lead -----------------------------------------------------

_Act = Callable[[Accounts, Caller, dict[str, str], str], str]


def _changing(desk: AccountDesk, act: _Act) -> Callable[[Request], object]:
    """The route of a form; what it refuses is told on the page of the account."""

    async def change(request: Request) -> Response:
        caller, fields = desk.somebody(request), await desk.fields(request)
        try:
            return sent_on(
                await in_password_thread(act, desk.accounts, caller, fields, address_of(request.scope))
            )
        except ArchiveError as error:
            if not isinstance(error, UsageError) and error.status not in {401, 403}:
                raise
            return await _shown(desk, request, wrong=str(error))

    return change


def _details(accounts: Accounts, caller: Caller, fields: dict[str, str], _address: str) -> str:
    accounts.change_details(caller.name, fields.get("full_name", ""), fields.get("institute", ""))
    return "/account?done=details"


def _password(accounts: Accounts, caller: Caller, fields: dict[str, str], address: str) -> str:
    old, new = fields.get("password", ""), fields.get("new_password", "")
    accounts.change_password(caller.name, old, new, address=address)
    return "/login"


def _email(accounts: Accounts, caller: Caller, fields: dict[str, str], address: str) -> str:
    accounts.change_email(caller.name, fields.get("email", ""), fields.get("password", ""), address=address)
    return "/account?done=email"


def _revoke(accounts: Accounts, caller: Caller, fields: dict[str, str], _address: str) -> str:
    if not accounts.revoke_token(caller.name, fields.get("id", "")):
        raise UsageError("you have no such token, or it has ended")
    return "/account?done=token"


def _revoke_all(accounts: Accounts, caller: Caller, _fields: dict[str, str], _address: str) -> str:
    accounts.revoke_all(caller.name)
    return "/login"


_ACTS: dict[str, _Act] = {
    "details": _details,
    "password": _password,
    "email": _email,
    "tokens/revoke": _revoke,
    "tokens/revoke-all": _revoke_all,
}
