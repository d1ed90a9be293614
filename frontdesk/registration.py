"""/account/register, /verify, /forgotten, /reset: how people come to an account, and back into it.

Whether a name or an address is known here is told to its owner only, by mail.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .account_desk import AccountDesk
from .login_pages import forgotten_page, message_page, password_page, register_page, verify_page

__all__ = ["registration_routes"]

_SENT = (
    "If an account can be had for this address, a message with a link is on its way to it. Look into the"
    " folder of unwanted mail, too."
)
_NOT_SENT = "This archive sends no mail: ask its operator for the link with which you go on."


def registration_routes(desk: AccountDesk) -> list[Route]:
    config, accounts = desk.config, desk.accounts
    sent = _SENT if accounts.sends_mail else _NOT_SENT

    def registered(fields: dict[str, str]) -> bytes:
        accounts.register(
            fields.get("name", ""),
            fields.get("email", ""),
            fields.get("password", ""),
            fields.get("full_name", ""),
            fields.get("institute", ""),
        )
        return message_page(config, "One more step", sent)

    def verified(fields: dict[str, str]) -> bytes:
        accounts.verify(fields.get("token", ""))
        return message_page(config, "Your address is confirmed", "You can log in now.")

    def requested(fields: dict[str, str]) -> bytes:
        accounts.request_reset(fields.get("email", ""))
        return message_page(config, "How to go on", sent)

    def reset(fields: dict[str, str]) -> bytes:
        accounts.reset(fields.get("token", ""), fields.get("password", ""))
        return message_page(config, "Your password is set", "You can log in with it now.")

    async def register(request: Request) -> Response:
        return await desk.form(
            request, lambda token, fields, wrong: register_page(config, token, fields, wrong), registered
        )

    async def verify(request: Request) -> Response:
        return await desk.form(
            request,
            lambda token, fields, wrong: verify_page(config, token, fields.get("token", ""), wrong),
            verified,
        )

    async def forgotten(request: Request) -> Response:
        return await desk.form(
            request, lambda token, _, wrong: forgotten_page(config, token, wrong), requested
        )

    async def choose(request: Request) -> Response:
        return await desk.form(
            request,
            lambda token, fields, wrong: password_page(config, token, fields.get("token", ""), wrong),
            reset,
        )

    both = ["GET", "POST"]
    return [
        Route("/account/register", register, methods=both),
        Route("/account/verify", verify, methods=both),
        Route("/account/forgotten", forgotten, methods=both),
        Route("/account/reset", choose, methods=both),
    ]
