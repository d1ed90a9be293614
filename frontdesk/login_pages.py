"""The pages for who has no session: log in, register, confirm an address, choose a new password.

How they look; what they do is `login`'s and `registration`'s.
"""

from __future__ import annotations

from urllib.parse import quote

from lxml import etree
from lxml.html.builder import E

from archive.config import Config

from .forms import Field, form, hidden, notice
from .pages import heading, page

__all__ = [
    "PASSWORD_HELP",
    "forgotten_page",
    "login_page",
    "logout_page",
    "message_page",
    "password_page",
    "register_page",
    "verify_page",
]

_Nodes = list[etree._Element]
NAME_HELP = "at most 30 small letters, digits and _, beginning with a letter"
PASSWORD_HELP = "at least 10 characters; a few words do well"


def login_page(config: Config, token: str, back: str, *, name: str = "", wrong: str = "") -> bytes:
    """`back` is where to go afterwards, `wrong` what was wrong with the last try."""
    fields = (
        Field("username", "Account name or e-mail", value=name, complete="username"),
        Field("password", "Password", "password", complete="current-password", longest=1000),
    )
    return _page(
        config,
        "Log in",
        "Public data need no account. Log in for data that are still proprietary, and for jobs and"
        " tables of your own.",
        *notice(wrong, bad=True),
        form("/login", token, fields, "Log in", hidden("back", back)),
        *_provider(config, back),
        E.p(
            {"class": "links"},
            *((E.a("register", href="/account/register"), " · ") if config.registration else ()),
            E.a("forgotten your password?", href="/account/forgotten"),
        ),
    )


def _provider(config: Config, back: str) -> _Nodes:
    if not config.oidc_issuer:
        return []
    link = E.a({"class": "button"}, f"Log in with {config.oidc_name}", href=f"/login/oidc?back={quote(back)}")
    return [E.p(link)]


def logout_page(config: Config, token: str, name: str) -> bytes:
    return _page(config, "Log out", f"You are logged in as {name}.", form("/logout", token, (), "Log out"))


def register_page(config: Config, token: str, values: dict[str, str], wrong: str = "") -> bytes:
    """`values` are those of the last try, by field."""
    fields = (
        Field("name", "Account name", value=values.get("name", ""), complete="username", help=NAME_HELP),
        Field("full_name", "Your name", value=values.get("full_name", ""), complete="name"),
        Field(
            "institute",
            "Institute",
            value=values.get("institute", ""),
            complete="organization",
            required=False,
        ),
        Field(
            "email",
            "E-mail",
            "email",
            values.get("email", ""),
            "email",
            "the one of your proposals: it makes you known as their PI or Co-I",
        ),
        Field("password", "Password", "password", complete="new-password", help=PASSWORD_HELP, longest=1000),
    )
    return _page(
        config,
        "Register",
        "A message with a link confirms your e-mail address.",
        *notice(wrong, bad=True),
        form("/account/register", token, fields, "Register"),
    )


def verify_page(config: Config, token: str, secret: str, wrong: str = "") -> bytes:
    """With a button, since programs that read mail follow links too."""
    return _page(
        config,
        "Confirm your e-mail address",
        "One step is left.",
        *notice(wrong, bad=True),
        E.p("Only if it was you who gave this address: the account gets the rights on data that go with it."),
        form("/account/verify", token, (), "Confirm", hidden("token", secret)),
    )


def forgotten_page(config: Config, token: str, wrong: str = "") -> bytes:
    fields = (Field("email", "E-mail", "email", complete="email"),)
    return _page(
        config,
        "Forgotten your password?",
        "A message with a link lets you choose another one.",
        *notice(wrong, bad=True),
        form("/account/forgotten", token, fields, "Send the message"),
    )


def password_page(config: Config, token: str, secret: str, wrong: str = "") -> bytes:
    fields = (
        Field(
            "password", "New password", "password", complete="new-password", help=PASSWORD_HELP, longest=1000
        ),
    )
    return _page(
        config,
        "Choose a password",
        "All sessions and tokens of your account end with it.",
        *notice(wrong, bad=True),
        form("/account/reset", token, fields, "Set the password", hidden("token", secret)),
    )


def message_page(config: Config, title: str, text: str) -> bytes:
    """What came of a form, with the way to the log-in."""
    return _page(config, title, text, E.p({"class": "links"}, E.a("log in", href="/login")))


def _page(config: Config, title: str, line: str, *content: etree._Element) -> bytes:
    return page(
        f"{title} - {config.title}",
        heading(title, line),
        *content,
        E.p({"class": "links"}, E.a("front page", href="/")),
    )
