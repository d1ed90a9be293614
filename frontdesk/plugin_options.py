"""What can be said after `uraniborg plugins`; what it does is told in `plugin_commands`."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["plugin_options"]


def _path(text: str) -> Path:
    return Path(text).absolute()


def plugin_options(subparser: argparse.ArgumentParser) -> None:
    actions = subparser.add_subparsers(metavar="ACTION", dest="action")
    help = "write a working plugin with its test, to begin with"
    new = actions.add_parser("new", help=help, description=f"{help[0].upper()}{help[1:]}.")
    new.add_argument("name", metavar="NAME", help="its name: small letters, digits and hyphens")
    where = "where its folder is made (default: here)"
    new.add_argument("--in", metavar="FOLDER", dest="folder", type=_path, default=Path(), help=where)
