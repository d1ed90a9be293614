"""What the routes of log-in and account share: showing a page with a form, and reading what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from archive.access import Accounts, Caller
from archive.config import Config
from archive.errors import Busy, Forbidden, Unauthenticated, UsageError
from archive.protocol.answering import caller_of
from archive.protocol.requests import read_pairs

from .desk import html_response
from .password_threads import in_password_thread
from .sessions import FORM_FIELD, FormToken, Sessions

__all__ = ["AccountDesk", "sent_on"]

_FORM_BYTES = 20_000


@dataclass(frozen=True)
class AccountDesk:
    config: Config
    accounts: Accounts

    @property
    def sessions(self) -> Sessions:
        return Sessions(self.config.base_url)

    async def show(self, request: Request, make: Callable[[str], bytes], status: int = 200) -> Response:
        """The page that `make` gives, in a thread, for the value that its forms carry."""
        token = FormToken(self.sessions, request.scope)
        response = html_response(await run_in_threadpool(make, token.value))
        response.status_code = status
        return token.send(response)

    async def form(
        self,
        request: Request,
        make: Callable[[str, dict[str, str], str], bytes],
        act: Callable[[dict[str, str]], bytes],
    ) -> Response:
        """A page with one form: by GET as it is; by POST what `act` makes of its fields, blocking.

        What `act` refuses is told in the page, which `make` builds of the form's value, the fields and that.
        """
        if request.method != "POST":
            query = dict(request.query_params)
            return await self.show(request, lambda token: make(token, query, ""))
        fields = await self.fields(request)
        try:
            response = html_response(await in_password_thread(act, fields))
        except (UsageError, Unauthenticated, Forbidden, Busy) as error:
            told = str(error)
            response = await self.show(request, lambda token: make(token, fields, told), error.status)
            if isinstance(error, Busy):
                response.headers["Retry-After"] = str(error.retry_after)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def fields(self, request: Request) -> dict[str, str]:
        """What a form of ours has sent, the last of each name. Raises Forbidden for one that is not ours."""
        fields = dict(await read_pairs(request, _FORM_BYTES))
        self.check(request, fields)
        return fields

    def check(self, request: Request, fields: dict[str, str]) -> None:
        self.sessions.check_origin(request.scope)
        FormToken(self.sessions, request.scope).check(fields.get(FORM_FIELD))

    def somebody(self, request: Request) -> Caller:
        """Who is logged in. Raises Unauthenticated, which becomes a page with a link to the log-in."""
        caller = caller_of(request)
        if caller.is_anonymous:
            raise Unauthenticated("this page shows what is yours; log in to see it")
        return caller


def sent_on(path: str) -> Response:
    """On to a page of ours, by GET whatever came before: to a path, as the host may be called otherwise."""
    return Response(status_code=303, headers={"Location": path, "Cache-Control": "no-store"})
