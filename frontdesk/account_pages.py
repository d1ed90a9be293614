"""The pages of somebody's account: who he is here, his tokens, and forms to change that.

How they look; what they do is `account`'s. Rights and downloads have pages of their own (`rights_pages`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from lxml import etree
from lxml.html.builder import E

from archive.access import Account, Caller, Issued, Scope, TokenInfo, TokenKind
from archive.config import Config
from archive.protocol.xml import clean

from .forms import Field, form, hidden, notice
from .login_pages import PASSWORD_HELP
from .pages import heading, page

__all__ = ["account_page", "listing", "moment", "new_token_page", "when"]

_KINDS = {
    TokenKind.ACCESS: "log-in of a program",
    TokenKind.REFRESH: "renewal of a log-in",
    TokenKind.SESSION: "session of a browser",
    TokenKind.SERVICE: "token of a program",
}
_SCOPES = {
    Scope.READ: "read data that you may see",
    Scope.WRITE: "run jobs, and keep tables and results",
    Scope.DELIVER: "send files to the archive",
    Scope.ADMIN: "what operators may",
}
_DAYS = (7, 30, 90, 365)


def account_page(
    config: Config,
    form_token: str,
    caller: Caller,
    account: Account | None,
    tokens: Iterable[TokenInfo],
    *,
    said: str = "",
    wrong: str = "",
) -> bytes:
    """`account` is None for who has only a token from the operator; `said`, `wrong`: what came of a form."""
    content = [*notice(said), *notice(wrong, bad=True), *_person(caller, account)]
    if account is not None:
        content += _tokens(form_token, caller, [token for token in tokens if token.is_valid])
        content += _changes(form_token, account)
    return page(f"Account - {config.title}", heading(_title(caller), "Your account."), *content)


def new_token_page(config: Config, issued: Issued) -> bytes:
    """A token is shown once: the archive keeps nothing by which it could be shown again."""
    return page(
        f"New token - {config.title}",
        heading("Your new token", f"Good until {moment(issued.expires)}. It is shown this once."),
        E.p(
            "Keep it like a password. Programs send it in the header ",
            E.code("Authorization: Bearer TOKEN"),
            ".",
        ),
        E.div({"class": "copyable", "data-copy": ""}, E.code(issued.access)),
        E.p({"class": "links"}, E.a("back to your account", href="/account")),
    )


def moment(time: datetime | None) -> str:
    """In UTC, to the minute."""
    return "" if time is None else f"{time:%Y-%m-%d %H:%M} UTC"


def when(time: datetime | None) -> etree._Element | str:
    """The moment in a listing: it is broken between day and hour, if at all."""
    if time is None:
        return ""
    day, hour = moment(time).split(" ", 1)
    return E.time(E.span(day), " ", E.span(hour))


def listing(titles: Sequence[str], rows: Iterable[Sequence[str | etree._Element]]) -> etree._Element:
    """Without titles the first column has the names of what is in the second. In a narrow window each row of
    one with titles stands by itself, with the titles beside its cells."""
    if not titles:
        return E.div({"class": "listing"}, E.table(E.tbody(*(E.tr(*map(_cell, row)) for row in rows))))
    lines = [E.tr(*(_cell(cell, title) for title, cell in zip(titles, row, strict=True))) for row in rows]
    table = E.table(E.thead(E.tr(*map(E.th, titles))), E.tbody(*lines))
    return E.div({"class": "listing stacked"}, table)


def _cell(cell: str | etree._Element, title: str = "") -> etree._Element:
    content = cell if isinstance(cell, etree._Element) else clean(cell)
    return E.td({"data-title": title}, content) if title else E.td(content)


def _title(caller: Caller) -> str:
    return caller.full_name or caller.name


def _person(caller: Caller, account: Account | None) -> list[etree._Element]:
    facts = [("account", caller.name)]
    if account is not None:
        email = account.email or "none"
        confirmed = "" if account.verified or account.email is None else " (not confirmed yet)"
        facts += [("e-mail", email + confirmed), ("name", account.full_name)]
        facts += [("institute", account.institute), ("ORCID iD", account.orcid or "")]
    facts += [("roles", ", ".join(sorted(caller.roles))), ("runs and programmes", ", ".join(caller.keys))]
    links = E.p(
        {"class": "links"},
        E.a("rights on data", href="/account/rights"),
        " · ",
        E.a("who downloaded my data", href="/account/downloads"),
        " · ",
        E.a("log out", href="/logout"),
    )
    return [listing((), [(name, value) for name, value in facts if value]), links]


def _tokens(form_token: str, caller: Caller, tokens: Sequence[TokenInfo]) -> list[etree._Element]:
    own = {token.family for token in tokens if token.id == caller.token}
    # One row for all that came of a log-in, since it ends as a whole: what is used of it, or would renew it.
    by_use = sorted(tokens, key=lambda token: token.kind is not TokenKind.REFRESH)
    families = {token.family: token for token in by_use}
    rows = [
        (
            _KINDS[token.kind] + (" (this one)" if token.family in own else ""),
            token.note,
            ", ".join(sorted(token.scopes)),
            when(token.created),
            when(token.last_used),
            when(token.expires),
            form("/account/tokens/revoke", form_token, (), "End it", hidden("id", token.id), small=True),
        )
        for token in sorted(families.values(), key=lambda token: token.created)
    ]
    return [
        E.h2({"id": "tokens"}, "Sessions and tokens"),
        listing(("what", "note", "scopes", "since", "last used", "until", ""), rows),
        form("/account/tokens/revoke-all", form_token, (), "Log out everywhere", small=True),
        E.h3("A token for a program"),
        form(
            "/account/tokens",
            form_token,
            (Field("note", "What it is for", required=False),),
            "Make a token",
            _scope_choice(caller),
            _day_choice(),
        ),
    ]


def _scope_choice(caller: Caller) -> etree._Element:
    boxes = []
    for scope, meaning in _SCOPES.items():
        if scope not in caller.scopes:
            continue
        attributes = {"type": "checkbox", "name": f"scope-{scope.value}", "value": "yes"}
        if scope is Scope.READ:
            attributes["checked"] = "checked"
        boxes.append(E.label({"class": "choice"}, E.input(attributes), E.span(f"{scope.value}: {meaning}")))
    return E.fieldset(E.legend("It may"), *boxes)


def _day_choice() -> etree._Element:
    options = [E.option(f"{days} days", value=str(days)) for days in _DAYS]
    return E.label(E.span("Good for"), E.select({"name": "days"}, *options))


def _changes(form_token: str, account: Account) -> list[etree._Element]:
    password = Field("password", "Password", "password", complete="current-password", longest=1000)
    details = (
        Field("full_name", "Your name", value=account.full_name, complete="name", required=False),
        Field("institute", "Institute", value=account.institute, complete="organization", required=False),
    )
    changes: list[etree._Element] = [
        E.h2("Changes"),
        E.details(
            E.summary("Name and institute"), form("/account/details", form_token, details, "Change them")
        ),
    ]
    if account.password is None:
        return changes
    new = Field(
        "new_password", "New password", "password", complete="new-password", help=PASSWORD_HELP, longest=1000
    )
    address = Field("email", "New e-mail", "email", complete="email", help="a message with a link goes there")
    return [
        *changes,
        E.details(
            E.summary("Password"),
            E.p("All sessions and tokens end with it, this one too."),
            form("/account/password", form_token, (password, new), "Change it"),
        ),
        E.details(E.summary("E-mail"), form("/account/email", form_token, (address, password), "Change it")),
    ]
