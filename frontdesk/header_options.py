"""What can be said after `uraniborg header`; what it does is in `header_commands`."""

from __future__ import annotations

import argparse

__all__ = ["header_options"]


def header_options(subparser: argparse.ArgumentParser) -> None:
    actions = subparser.add_subparsers(metavar="ACTION", dest="action", required=True)
    show = actions.add_parser("show", help="print the headers of a file")
    history = actions.add_parser("history", help="tell who corrected what, when and why")
    for one in (show, history):
        one.add_argument("dp_id", metavar="DP_ID", help="identifier of the file")
    correct = actions.add_parser("correct", help="set, add and delete cards; the files stay as they are")
    correct.add_argument("dp_ids", metavar="DP_ID", nargs="+", help="identifier of a file")
    for one in (show, history, correct):
        one.add_argument("--version", metavar="N", type=int, help="of the file (default: the newest)")
    number = "headers as they were after this correction, 0 as archived (default: the last)"
    show.add_argument("--correction", metavar="N", type=int, help=number)
    show.add_argument("--hdu", metavar="HDU", action="append", help="number or EXTNAME (default: all)")
    show.add_argument("--format", choices=("text", "json", "fits"), default="text", help="(default: text)")
    for action, what in (("set", "another value for a card"), ("add", "a further card")):
        text = f"{what}: 'KEYWORD = VALUE / COMMENT', with [HDU] before it but for the primary HDU"
        _change(correct, action, "CARD", text)
    _change(correct, "delete", "KEYWORD", "no card of this name any more, with [HDU] before it as above")
    back = "take back all corrections after this one, 0 for all of them"
    correct.add_argument("--restore", metavar="N", type=int, help=back)
    correct.add_argument("--why", metavar="TEXT", required=True, help="the reason, which users can read")
    correct.add_argument("--who", metavar="NAME", help="who corrects (default: the account)")


def _change(subparser: argparse.ArgumentParser, action: str, metavar: str, help: str) -> None:
    """An option that is kept in the order in which it was given, beside those of other actions."""
    subparser.add_argument(
        f"--{action}",
        metavar=metavar,
        dest="changes",
        action="append",
        type=lambda text: (action, text),
        help=help,
    )
