"""Tokens: their form, how they end, and how far they go, on every route that the site has."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from archive import store as storage
from archive.access import EVERY_SCOPE, Caller, Role, Scope, TokenKind, check_scope, needed_scope
from archive.config import Config
from archive.database import Database
from archive.errors import Forbidden, Unauthenticated, UsageError
from frontdesk.app import create_app
from frontdesk.user_options import ROLES, SCOPES
from tests.access.accounts_support import PASSWORD, People, people
from tests.serving import listening, serving


@pytest.fixture(scope="module")
def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    made = people(database, tmp_path_factory.mktemp("mail"))
    made.registered("bearer")
    yield made
    made.accounts.close()


def payload(token: str) -> dict[str, object]:
    """As clients read it, without proof."""
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def seconds_left(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()


# --- their form -------------------------------------------------------------------------------------------


def test_a_token_tells_clients_when_it_ends(site):
    issued = site.accounts.log_in("bearer", PASSWORD)
    told = payload(issued.access)
    assert told["exp"] == issued.expires.timestamp()
    assert abs(seconds_left(issued.expires) - 8 * 3600) < 60
    assert (told["sub"], told["jti"], told["scope"]) == ("bearer", issued.caller.token, "account read write")
    header = json.loads(base64.urlsafe_b64decode(issued.access.split(".")[0] + "=="))
    assert header == {"alg": "HS256", "typ": "JWT"}
    assert payload(issued.refresh or "")["jti"] != told["jti"]


def test_what_a_token_says_proves_nothing(site):
    """Whoever changes what stands in it, or makes one of his own, has none."""
    access = site.accounts.log_in("bearer", PASSWORD).access
    head, body, signature = access.split(".")
    forged = base64.urlsafe_b64encode(json.dumps({**payload(access), "sub": "operator"}).encode()).decode()
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode()
    tampered = [
        f"{head}.{forged.rstrip('=')}.{signature}", f"{none}.{body}.", f"{none}.{body}.{signature}",
        access[:-1], access + "A", access.upper(), f"{head}.{body}", access.replace(".", "..", 1),
        f"{access}\n", f"{access}\0", "eyJ.eyJ.", "x" * 10_000, "", "\ud800",
    ]  # fmt: skip
    for token in tampered:
        with pytest.raises(Unauthenticated):
            site.accounts.caller_of_token(token)


def test_secrets_are_nowhere_but_in_the_hands_of_their_owner(site):
    issued = site.accounts.log_in("bearer", PASSWORD)
    secrets = [issued.access, issued.refresh or "", PASSWORD]
    assert not any(secret in repr(issued) or secret in repr(issued.caller) for secret in secrets)
    assert PASSWORD not in repr(site.accounts.account("bearer"))
    assert "argon2" not in repr(site.accounts.account("bearer"))
    with site.database.writer() as connection:
        rows = connection.execute("SELECT token::text FROM archive.token").fetchall()
        rows += connection.execute("SELECT account::text FROM archive.account").fetchall()
    assert not any(secret in str(row) for row in rows for secret in secrets)


def test_a_token_is_one_statement_by_its_index(site):
    with site.database.writer() as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = connection.execute(
            "EXPLAIN SELECT 1 FROM archive.token JOIN archive.account ON account.name = token.account"
            " WHERE digest = '\\x00'"
        ).fetchall()
    text = "\n".join(line for (line,) in plan)
    assert "token_pkey" in text
    assert "account_pkey" in text


# --- how they end -----------------------------------------------------------------------------------------


def test_a_token_that_is_over_is_told_so(site):
    access = site.accounts.log_in("bearer", PASSWORD, lasting=timedelta()).access
    with pytest.raises(Unauthenticated, match="its time is over"):
        site.accounts.caller_of_token(access)


def test_no_token_lasts_longer_than_its_kind(site):
    for kind, hours in ((TokenKind.ACCESS, 8), (TokenKind.SESSION, 12)):
        issued = site.accounts.log_in("bearer", PASSWORD, kind, lasting=timedelta(days=1000))
        assert abs(seconds_left(issued.expires) - hours * 3600) < 60
    assert issued.refresh is None
    for kind in (TokenKind.REFRESH, TokenKind.SERVICE):
        with pytest.raises(UsageError):
            site.accounts.log_in("bearer", PASSWORD, kind)


def test_a_log_out_ends_all_tokens_of_its_log_in_and_no_others(site):
    first, other = (site.accounts.log_in("bearer", PASSWORD) for _ in range(2))
    renewed = site.accounts.refresh(first.refresh)
    site.accounts.revoke(renewed.access)
    for token in (first.access, renewed.access):
        with pytest.raises(Unauthenticated, match="revoked"):
            site.accounts.caller_of_token(token)
    with pytest.raises(Unauthenticated):
        site.accounts.refresh(renewed.refresh)
    site.accounts.caller_of_token(other.access)
    site.accounts.revoke("eyJ")
    assert site.accounts.revoke_token("bearer", other.caller.token)
    assert not site.accounts.revoke_token("bearer", other.caller.token)
    with pytest.raises(Unauthenticated):
        site.accounts.caller_of_token(other.access)


def test_nobody_ends_the_tokens_of_others(site):
    issued = site.accounts.log_in("bearer", PASSWORD)
    assert not site.accounts.revoke_token("somebody_else", issued.caller.token)
    assert not site.accounts.revoke_token("bearer", "\0")
    site.accounts.caller_of_token(issued.access)


def test_a_refresh_token_that_comes_twice_was_stolen(site):
    first = site.accounts.log_in("bearer", PASSWORD, scopes=frozenset({Scope.READ}))
    second = site.accounts.refresh(first.refresh)
    assert second.caller.scopes == {Scope.READ}
    # What a client still does with the token before it, it goes on doing.
    site.accounts.caller_of_token(first.access)
    with pytest.raises(Unauthenticated, match="used before"):
        site.accounts.refresh(first.refresh)
    for token in (first.access, second.access):
        with pytest.raises(Unauthenticated):
            site.accounts.caller_of_token(token)
    with pytest.raises(Unauthenticated):
        site.accounts.refresh(second.refresh)


def test_of_two_that_use_a_refresh_token_at_once_one_at_most_is_served(site):
    issued = site.accounts.log_in("bearer", PASSWORD)

    def attempt(_number: int) -> bool:
        try:
            site.accounts.refresh(issued.refresh)
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1


def test_a_refresh_token_is_good_for_nothing_else(site):
    issued = site.accounts.log_in("bearer", PASSWORD)
    with pytest.raises(Unauthenticated, match="refresh"):
        site.accounts.caller_of_token(issued.refresh)
    with pytest.raises(Unauthenticated):
        site.accounts.refresh(issued.access)


def test_tokens_that_ended_long_ago_are_forgotten(site):
    issued = site.accounts.log_in("bearer", PASSWORD)
    with site.database.writer() as connection:
        connection.execute(
            "UPDATE archive.token SET expires_at = now() - interval '31 days' WHERE token_id = %s",
            (issued.caller.token,),
        )
    site.accounts.log_in("bearer", PASSWORD)
    assert issued.caller.token not in {token.id for token in site.accounts.tokens_of("bearer")}


def test_a_token_as_the_password_is_for_its_owner_only(site):
    access = site.accounts.log_in("bearer", PASSWORD).access
    assert site.accounts.caller_of_password("bearer", access).token
    with pytest.raises(Unauthenticated):
        site.accounts.caller_of_password("somebody", access)
    site.accounts.revoke(access)
    # An old token in a program's configuration locks nobody out.
    for _ in range(12):
        with pytest.raises(Unauthenticated, match="revoked"):
            site.accounts.caller_of_password("bearer", access)
    site.accounts.log_in("bearer", PASSWORD)


# --- how far they go --------------------------------------------------------------------------------------


def caller(*scopes: Scope) -> Caller:
    return Caller("bearer", scopes=frozenset(scopes))


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/tap/sync", Scope.READ),
        ("POST", "/tap/sync", Scope.READ),
        ("POST", "/tap_obs/sync", Scope.READ),
        ("GET", "/tap/async", Scope.READ),
        ("POST", "/tap/async", Scope.WRITE),
        ("POST", "/tap_obs/async/0123/phase", Scope.WRITE),
        ("DELETE", "/soda/async/0123", Scope.WRITE),
        ("GET", "/tap/async/0123/results/result", Scope.READ),
        ("PUT", "/tap/tables/my_tycho.stars", Scope.WRITE),
        ("GET", "/tap/tables/my_tycho.stars", Scope.READ),
        ("PUT", "/tap/user_tables/my_tycho.stars/sharing", Scope.WRITE),
        ("POST", "/tap/load/my_tycho.stars", Scope.WRITE),
        ("POST", "/tap/table-update", Scope.WRITE),
        ("POST", "/soda/sync", Scope.READ),
        ("GET", "/file/x", Scope.READ),
        ("POST", "/incoming", Scope.DELIVER),
        ("GET", "/incoming/0123", Scope.DELIVER),
        ("GET", "/incomings", Scope.READ),
        ("POST", "/account/password", Scope.ACCOUNT),
        ("GET", "/account", Scope.ACCOUNT),
        ("GET", "/accounts", Scope.READ),
    ],
)
def test_each_route_needs_its_scope_and_no_other(method, path, scope):
    assert needed_scope(method, path) is scope
    check_scope(caller(scope), method, path)
    check_scope(Caller(), method, path)
    with pytest.raises(Forbidden, match=f"scope {scope.value}"):
        check_scope(caller(*(EVERY_SCOPE - {scope})), method, path)


# Routes that take POST and change nothing of anybody's, or are for who has no token yet.
HARMLESS = re.compile(
    r"/(tap|tap_obs|tap_cat)/sync/?|(/dataPortal)?/soda/sync|/(datalink|sia[12]?|ssap?|cone)(/.*)?|/oai"
    r"|/(login|logout|register)(/.*)?|/auth/.*|/sso/.*"
)


def routes_of(app: object) -> list[Route]:
    """Of the application below all that is around it."""
    while not isinstance(app, Starlette):
        app = vars(app)["_app"]
    return [route for route in app.routes if isinstance(route, Route)]


def test_no_route_that_changes_something_is_open_to_a_token_for_reading(database, tmp_path):
    config = replace(Config(), data_folder=tmp_path)
    with database.writer() as connection:
        storage.initialise(connection)
    app = create_app(config, database, storage.open_store(database, config))
    with serving(app, listening()):
        routes = routes_of(app)
    changing = {
        (method, route.path)
        for route in routes
        for method in (route.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }
    assert ("DELETE", "/tap/tables/{name}") in changing
    reading = {pair for pair in changing if needed_scope(*pair) is Scope.READ}
    assert {pair for pair in reading if not HARMLESS.fullmatch(pair[1])} == set()


def test_the_command_line_knows_the_words_of_the_archive():
    """It spells them itself, so that it need not load the archive to tell that one is wrong."""
    assert set(ROLES) == set(Role)
    assert {*SCOPES, "account"} == set(Scope)
