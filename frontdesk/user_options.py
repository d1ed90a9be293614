"""What can be said after `uraniborg user`; what it does is in `user_command`."""

from __future__ import annotations

import argparse

__all__ = ["ROLES", "SCOPES", "user_options"]

# Those of `archive.access`, which takes seconds to load; a test holds them together.
ROLES = ("user", "phase3", "qc", "operator", "administrator", "service")
SCOPES = ("read", "write", "deliver", "admin")


def user_options(subparser: argparse.ArgumentParser) -> None:
    actions = subparser.add_subparsers(metavar="ACTION", dest="action", required=True)

    def add(name: str, help: str, *, named: bool = True) -> argparse.ArgumentParser:
        action = actions.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
        if named:
            action.add_argument("name", metavar="NAME", help="name of the account")
        return action

    _new(add("add", "make an account that can be used at once"))
    listed = add("list", "show all accounts", named=False)
    listed.add_argument("--removed", action="store_true", help="also those that were removed")
    add("show", "show an account, its roles and what it has proven")
    add("history", "show what was done to an account, by whom and when")
    roles = add(
        "roles", "give an account these roles in the place of those that it has; none if none is said"
    )
    roles.add_argument("roles", metavar="ROLE", nargs="*", type=_role, help=", ".join(ROLES))
    add("disable", "close an account: nobody logs in, none of its tokens and jobs goes on")
    add("enable", "open an account again; also one that is locked after wrong passwords")
    password = add("password", "set a password, read from the terminal or the standard input")
    password.add_argument(
        "--link", action="store_true", help="show a link by which its owner sets one, instead"
    )
    verify = add("verify", "take the address of an account as confirmed")
    verify.add_argument(
        "--link", action="store_true", help="show the link that confirms it, to send it there, instead"
    )
    tokens = add("tokens", "show the tokens of an account, and end them")
    tokens.add_argument(
        "--revoke", metavar="ID", action="append", default=[], help="end this one; repeatable"
    )
    tokens.add_argument("--revoke-all", action="store_true", help="end all of them")
    _token(add("token", "issue a token for a program, and show it this once"))
    _removed(add("remove", "forget the person behind an account for good; nobody gets its name again"))


def _new(add: argparse.ArgumentParser) -> None:
    add.add_argument("--email", metavar="ADDRESS", help="address, taken as confirmed")
    add.add_argument("--full-name", metavar="TEXT", default="", help="name of the person or program")
    add.add_argument("--institute", metavar="TEXT", default="", help="institute")
    add.add_argument(
        "--role",
        dest="roles",
        metavar="ROLE",
        action="append",
        default=[],
        type=_role,
        help=f"one of {', '.join(ROLES)}; repeatable",
    )
    add.add_argument(
        "--without-password", action="store_true", help="its owner sets one by a link, or has tokens only"
    )


def _removed(remove: argparse.ArgumentParser) -> None:
    tables = remove.add_mutually_exclusive_group()
    for option, action, help in (
        ("--with-tables", "store_true", "also the tables that it keeps"),
        ("--keep-tables", "store_false", "but leave its tables to their readers"),
    ):
        tables.add_argument(option, dest="tables", action=action, default=None, help=help)


def _token(token: argparse.ArgumentParser) -> None:
    token.add_argument(
        "--scope",
        dest="scopes",
        metavar="SCOPE",
        action="append",
        required=True,
        choices=SCOPES,
        help=f"what it is good for: {', '.join(SCOPES)}; repeatable",
    )
    token.add_argument("--days", metavar="N", type=float, default=365.0, help="how long (default: 365)")
    token.add_argument("--note", metavar="TEXT", default="", help="what it is for")


def _role(text: str) -> str:
    if text not in ROLES:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(ROLES)}")
    return text
