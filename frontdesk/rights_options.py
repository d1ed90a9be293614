"""What can be said after `uraniborg rights`; what it does is in `rights_command`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

__all__ = ["FOREVER", "KINDS", "PROTECTED", "rights_options"]

# Those of `archive.access`, which takes seconds to load; a test holds them together.
KINDS = ("pi", "coi", "delegate", "reader")
PROTECTED = ("programme", "run", "file")
FOREVER = "forever"
_KEY = "a programme, a run or a file, such as 116.20AB, 116.20AB.001 or HAWKI.2026-03-01T02:03:04.567"


def rights_options(subparser: argparse.ArgumentParser) -> None:
    actions = subparser.add_subparsers(metavar="ACTION", dest="action", required=True)

    def add(name: str, help: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")

    add("show", "show until when something is proprietary, and for whom").add_argument(
        "key", metavar="KEY", help=_KEY
    )
    _protect(add("protect", "make an exception: until when something is proprietary, or under embargo"))
    opened = add("release", "make something public at once, whatever else holds for it")
    _exception(opened)
    granted = add("grant", "give an account a right on a run or programme")
    _person(granted)
    granted.add_argument(
        "--right", choices=KINDS, default="reader", help="what he is to be; reader if nothing is said"
    )
    granted.add_argument(
        "--until", metavar="DATE", type=_moment, help="when the right ends (UTC); it does not, if left out"
    )
    _person(
        add(
            "revoke",
            "take the rights of an account on a run or programme back, also those that a proposal gave",
        )
    )
    listed = add("list", "show all exceptions, or the rights of an account")
    listed.add_argument("--account", metavar="NAME", help="name of an account, whose rights are shown")


def _exception(action: argparse.ArgumentParser) -> None:
    action.add_argument("key", metavar="KEY", help=_KEY)
    action.add_argument(
        "--kind", choices=PROTECTED, help="what KEY is, for what the archive does not know yet"
    )
    action.add_argument("--reason", metavar="TEXT", default="", help="why, for whoever wonders later")


def _protect(action: argparse.ArgumentParser) -> None:
    _exception(action)
    times = action.add_mutually_exclusive_group()
    times.add_argument(
        "--until", metavar="DATE", type=_moment, help=f"when the files become public (UTC), or `{FOREVER}`"
    )
    times.add_argument(
        "--days", metavar="NUMBER", type=int, help="for how many days from their arrival they are not"
    )
    times.add_argument(
        "--as-proposed", action="store_true", help="take the exception back: what the proposal says holds"
    )
    action.add_argument(
        "--hide-until",
        metavar="DATE",
        type=_moment,
        help=f"until when nobody without rights even knows of the files (UTC), or `{FOREVER}`",
    )


def _person(action: argparse.ArgumentParser) -> None:
    action.add_argument("account", metavar="ACCOUNT", help="name of an account")
    action.add_argument("key", metavar="KEY", help="a run or a programme")


def _moment(text: str) -> datetime:
    """UTC unless it says otherwise; a day is its beginning."""
    if text == FOREVER:
        return datetime(9000, 1, 1, tzinfo=UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as cause:
        raise argparse.ArgumentTypeError(f"{text!r} is no date: write 2027-03-01 or {FOREVER}") from cause
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
