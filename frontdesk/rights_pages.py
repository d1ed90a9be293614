"""The pages of rights on data: which ones somebody has, whom he has given some, and who downloaded what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from lxml import etree
from lxml.html.builder import E

from archive.access import Caller
from archive.access.rights import LONGEST_DELEGATION, Kind, Right
from archive.config import Config

from .account_pages import listing, when
from .forms import Field, form, hidden, notice
from .pages import heading, page

__all__ = ["downloads_page", "rights_page"]

_MEANINGS = {
    Kind.PI: "principal investigator",
    Kind.COI: "co-investigator",
    Kind.DELEGATE: "delegate",
    Kind.READER: "reader",
}
_TITLES = {"started_at": "started at (UTC)", "dp_id": "file", "table_name": "table"}
_GIVEN = (Kind.DELEGATE, Kind.READER)


def rights_page(
    config: Config,
    form_token: str,
    caller: Caller,
    own: Sequence[Right],
    given: Sequence[Right],
    keys: Sequence[str],
    today: date,
    *,
    said: str = "",
    wrong: str = "",
    typed: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """`own` are the caller's rights, `given` those that he may take back, `keys` what he may delegate.

    `typed` is what was in the form that something was `wrong` with.
    """
    content = [
        *notice(said),
        *notice(wrong, bad=True),
        E.h2("Your rights"),
        _rights(form_token, own, own=True),
    ]
    if keys or caller.is_operator:
        content += [
            E.h2("Rights of others on your data"),
            _rights(form_token, given, own=False),
            E.h3("Give somebody a right"),
            E.p("Whoever has it sees and gets everything of the run or programme, and cannot pass it on."),
            form(
                *("/account/rights/grant", form_token, _fields(today, typed), "Give it"),
                *(_key(caller, keys, typed.get("key", "")), _kind(typed.get("kind", ""))),
            ),
        ]
    return page(
        f"Rights - {config.title}",
        heading("Rights on data", "Runs and programmes whose data you get before they are public."),
        *content,
        E.p({"class": "links"}, E.a("your account", href="/account")),
    )


def _rights(form_token: str, rights: Iterable[Right], *, own: bool) -> etree._Element:
    rows = []
    for right in rights:
        button: str | etree._Element = ""
        if right.is_delegated:
            names = (hidden("key", right.key), hidden("account", right.account))
            label = "Give it back" if own else "Take it back"
            button = form("/account/rights/revoke", form_token, (), label, *names, small=True)
        until = when(right.expires) if right.expires else "no end"
        who = () if own else (right.account,)
        rows.append((right.key, *who, _MEANINGS[right.kind], right.granted_by, until, button))
    if not rows:
        return E.p({"class": "nothing"}, "None.")
    titles = ("run or programme", *(() if own else ("account",)), "as", "by", "until", "")
    return listing(titles, rows)


def _key(caller: Caller, keys: Sequence[str], chosen: str) -> etree._Element:
    """An operator may name every one."""
    if caller.is_operator:
        return Field("key", "Run or programme", value=chosen).element()
    return _choice("key", "Run or programme", {key: key for key in keys}, chosen)


def _kind(chosen: str) -> etree._Element:
    return _choice("kind", "As", {kind.value: _MEANINGS[kind] for kind in _GIVEN}, chosen)


def _choice(name: str, label: str, options: Mapping[str, str], chosen: str) -> etree._Element:
    select = E.select({"name": name})
    for value, text in options.items():
        select.append(E.option({"value": value} | ({"selected": ""} if value == chosen else {}), text))
    return E.label(E.span(label), select)


def _fields(today: date, typed: Mapping[str, str]) -> tuple[Field, ...]:
    return (
        Field(
            *("account", "Name of the account", "text", typed.get("account", "")),
            help="of who gets it; whoever has none registers first",
        ),
        Field(
            "until",
            "Until the end of",
            "date",
            typed.get("until", "") or str(today + timedelta(days=90)),
            help=f"at most {LONGEST_DELEGATION.days} days from today",
        ),
    )


def downloads_page(config: Config, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The newest first; `columns` are those of dfs.download that are shown."""
    shown = [tuple(_cell(row[name]) for name in columns) for row in rows]
    table = listing([_TITLES.get(name, name.replace("_", " ")) for name in columns], shown)
    return page(
        f"Downloads - {config.title}",
        heading("Who downloaded my data", "What was given out of your runs while it was protected."),
        table if rows else E.p({"class": "nothing"}, "Nothing was given out yet."),
        E.p(
            {"class": "links"},
            "The newest come first; all of them are in ",
            E.a("dfs.download", href="/tables/dfs.download"),
            ", which you query by TAP. · ",
            E.a("your account", href="/account"),
        ),
    )


def _cell(value: object) -> str | etree._Element:
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    return E.time(E.span(f"{value:%Y-%m-%d %H:%M:%S}")) if isinstance(value, datetime) else str(value)
