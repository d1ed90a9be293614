"""/account/rights and /account/downloads: what somebody may see of others', and who has seen what of his.

Who may give which right is decided in `archive.access.rights`; which downloads are whose, in the query path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.access import Caller
from archive.access.passwords import is_storable
from archive.access.rights import Kind, Right, grant, revoke, rights_of, rights_to
from archive.database import Cancellation, Database
from archive.errors import BadParameter, Forbidden, NotFound, UsageError
from archive.query import build, compile

from .account_desk import AccountDesk, sent_on
from .desk import html_response
from .rights_pages import downloads_page, rights_page

__all__ = ["rights_routes"]

_COLUMNS = ("started_at", "account", "run_id", "dp_id", "table_name", "road", "bytes", "outcome")
_SHOWN = 200
_DONE = {"grant": "the right is given", "revoke": "the right has ended"}


def rights_routes(desk: AccountDesk, database: Database) -> list[Route]:
    async def overview(request: Request) -> Response:
        return await _shown(desk, database, request, said=_DONE.get(request.query_params.get("done", ""), ""))

    async def change(request: Request) -> Response:
        caller, fields = desk.somebody(request), await desk.fields(request)
        act = _granted if request.url.path.endswith("/grant") else _revoked
        try:
            done = await run_in_threadpool(act, database, caller, fields)
        except (UsageError, Forbidden, NotFound) as error:
            typed = fields if act is _granted else {}
            return await _shown(desk, database, request, wrong=str(error), typed=typed)
        return sent_on(f"/account/rights?done={done}")

    async def downloads(request: Request) -> Response:
        caller = desk.somebody(request)
        rows = await run_in_threadpool(_downloads, desk, database, caller)
        response = html_response(downloads_page(desk.config, _COLUMNS, rows))
        response.headers["Cache-Control"] = "no-store"
        return response

    return [
        Route("/account/rights", overview),
        Route("/account/rights/grant", change, methods=["POST"]),
        Route("/account/rights/revoke", change, methods=["POST"]),
        Route("/account/downloads", downloads),
    ]


async def _shown(
    desk: AccountDesk,
    database: Database,
    request: Request,
    *,
    said: str = "",
    wrong: str = "",
    typed: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    caller = desk.somebody(request)

    def make(token: str) -> bytes:
        own, given, keys = _rights(database, caller)
        today = datetime.now(UTC).date()
        return rights_page(
            *(desk.config, token, caller, own, given, keys, today), said=said, wrong=wrong, typed=typed
        )

    return await desk.show(request, make, 400 if wrong else 200)


def _rights(database: Database, caller: Caller) -> tuple[list[Right], list[Right], list[str]]:
    """The caller's, those that he may take back, and the runs and programmes that he may delegate."""
    with database.writer() as connection:
        own = rights_of(connection, caller.name)
        led = {right.key for right in own if right.kind is Kind.PI}
        # Whoever leads a programme leads its runs: 116.20AB.001, or of old 095.A-0123(A).
        starts = tuple(f"{programme}{sign}" for programme in led for sign in ".(")
        keys = [key for key in caller.keys if key in led or key.startswith(starts)]
        found = {right for key in keys for right in rights_to(connection, key)}
    given = [right for right in found if right.is_delegated and right.account != caller.name]
    return own, sorted(given, key=lambda right: (right.key, right.account, right.kind)), keys


def _granted(database: Database, caller: Caller, fields: dict[str, str]) -> str:
    account, key = _names(fields)
    try:
        kind = Kind(fields.get("kind", ""))
    except ValueError as cause:
        raise BadParameter("kind", "is none that can be given", hint="say delegate or reader") from cause
    expires = _end_of(fields.get("until", ""))
    with database.writer() as connection:
        grant(connection, caller, account, key, kind, expires)
    return "grant"


def _revoked(database: Database, caller: Caller, fields: dict[str, str]) -> str:
    account, key = _names(fields)
    with database.writer() as connection:
        if not revoke(connection, caller, account, key):
            raise NotFound("there is no such right any more")
    return "revoke"


def _names(fields: dict[str, str]) -> tuple[str, str]:
    account, key = fields.get("account", "").strip(), fields.get("key", "").strip()
    if not is_storable(account + key):
        raise UsageError("account and run are names without control characters")
    return account, key


def _end_of(text: str) -> datetime:
    """The moment at which a day ends, in UTC."""
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), UTC)
    except (ValueError, OverflowError) as cause:
        raise BadParameter("until", f"{text[:20]!r} is no day", hint="write it as 2026-12-24") from cause


def _downloads(desk: AccountDesk, database: Database, caller: Caller) -> Sequence[Mapping[str, Any]]:
    """The query path shows to each what is his to see."""
    table = database.catalogue_of(caller.name).table("dfs.download")
    newest = build.scan(table, _COLUMNS, order=[(build.column(table, "started_at"), True)], limit=_SHOWN)
    with database.run(
        compile(newest, viewer=caller.viewer),
        maxrec=None,
        first_seconds=desk.config.sync_seconds,
        total_seconds=desk.config.sync_seconds,
        cancellation=Cancellation(),
    ) as batches:
        return [row for batch in batches for row in batch.to_pylist()]
