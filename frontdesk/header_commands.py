"""`uraniborg header`: headers shown, corrected, and what was corrected before.

How a card is written on the command line is told here; what a correction is in `archive.store.corrections`.
"""

from __future__ import annotations

import argparse
import getpass
import re
import sys
from collections.abc import Iterable, Sequence

from archive.config import Config
from archive.errors import NotFound, UsageError
from archive.store import (
    Action,
    Change,
    Connection,
    Correction,
    Store,
    correct,
    corrections,
    described,
    parse_value,
    plain_keyword,
    read_headers,
    restore,
)
from ingest import rederive

from .headers import Form, Headers, chosen_headers, written
from .opening import open_archive
from .privileges import drop_root
from .server import end_on_terminate

__all__ = ["carry_out", "header", "parse_change"]

_TERMINATED = 143
_PLACED = re.compile(r"\s*\[([^\]]*)\]")
_COMMENTARY = frozenset({"", "COMMENT", "HISTORY"})
_FORMS = {"text": Form.TEXT, "json": Form.JSON, "fits": Form.FITS}


def header(config: Config, arguments: argparse.Namespace) -> int:
    # Asked before root is given up.
    account = getpass.getuser()
    end_on_terminate(_TERMINATED)
    drop_root(config)
    with open_archive(config) as (database, store):
        with database.writer() as connection:
            said = carry_out(connection, store, config, arguments, account)
        # Only now is a correction in the archive.
        sys.stdout.buffer.write(said)
    return 0


def carry_out(
    connection: Connection, store: Store, config: Config, arguments: argparse.Namespace, account: str
) -> bytes:
    """What the command does, within the caller's transaction, and what it says; `account` is who asks."""
    match arguments.action:
        case "show":
            return _shown(connection, arguments)
        case "history":
            return _history(connection, arguments)
        case _:
            made = _correct(connection, store, arguments, arguments.who or account)
            problems = rederive(connection, store, config, [one.dp_id for one in made])
            return _lines([*(line for one in made for line in _told(connection, one)), *problems])


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _shown(connection: Connection, arguments: argparse.Namespace) -> bytes:
    found = described(connection, arguments.dp_id, arguments.version, arguments.correction)
    headers = read_headers(connection, found.dp_id, found.version, found.correction)
    if not headers:
        raise NotFound(f"{found.dp_id} has no FITS headers")
    made = corrections(connection, found.dp_id, found.version)
    chosen = chosen_headers(headers, arguments.hdu or ())
    until = tuple(one for one in made if one.correction <= found.correction)
    return written(Headers(found, chosen, until), _FORMS[arguments.format])


def _history(connection: Connection, arguments: argparse.Namespace) -> bytes:
    lines: list[str] = []
    for one in corrections(connection, arguments.dp_id, arguments.version):
        lines.append(f"{one.correction}  {one.at:%Y-%m-%d %H:%M:%S} UTC  {one.who}: {one.why}")
        lines += _changes(one)
    return _lines(lines or ["the headers are as they were archived"])


def _changes(made: Correction) -> list[str]:
    lines: list[str] = []
    for edited in made.changes:
        lines += [f"   [{edited.hdu}] - {line}" for line in edited.before.splitlines()]
        lines += [f"   [{edited.hdu}] + {line}" for line in edited.after.splitlines()]
    return lines


def _correct(
    connection: Connection, store: Store, arguments: argparse.Namespace, who: str
) -> list[Correction]:
    """All files or none."""
    back, why, version = arguments.restore, arguments.why, arguments.version
    if back is not None and arguments.changes:
        raise UsageError("--restore goes with no other change")
    made: list[Correction] = []
    for dp_id in dict.fromkeys(arguments.dp_ids):
        if back is not None:
            made.append(restore(connection, store, dp_id, back, who=who, why=why, version=version))
            continue
        found = described(connection, dp_id, version)
        headers = read_headers(connection, found.dp_id, found.version)
        names = [(one.text("EXTNAME") or "").upper() for one in headers]
        changes = [parse_change(Action(action), text, names) for action, text in arguments.changes or ()]
        made.append(correct(connection, store, dp_id, changes, who=who, why=why, version=version))
    return made


def _told(connection: Connection, made: Correction) -> list[str]:
    is_patched = described(connection, made.dp_id, made.version).patches != ()
    how = f"{made.bytes} bytes, SHA-256 {made.sha256}" if is_patched else "as it was archived"
    first = f"{made.dp_id}, version {made.version}: correction {made.correction}; delivered {how}"
    return [first, *_changes(made)]


def parse_change(action: Action, text: str, names: Sequence[str]) -> Change:
    """A change as it is written: "[HDU] KEYWORD = VALUE / COMMENT", for deletion without what follows.

    HDU is a number or one of `names`, the EXTNAMEs of the HDUs in capitals; the primary HDU without it.
    """
    placed = _PLACED.match(text)
    hdu = _hdu(placed[1].strip(), names) if placed else 0
    card = text[placed.end() :] if placed else text
    if action is Action.DELETE:
        if "=" in card:
            raise UsageError(f"--delete takes a keyword, not {card.strip()!r}")
        return Change(hdu, action, plain_keyword(card))
    keyword, equals, rest = card.partition("=")
    if not equals:
        raise UsageError(f"{text!r} is no card", hint="write KEYWORD=VALUE or 'KEYWORD = VALUE / COMMENT'")
    name = plain_keyword(keyword)
    if name in _COMMENTARY:
        return Change(hdu, action, name, rest.strip())
    value, comment = parse_value(rest)
    return Change(hdu, action, name, value, comment or None)


def _hdu(text: str, names: Sequence[str]) -> int:
    if text.isdecimal() and text.isascii():
        return int(text)
    if text.upper() not in names or not text:
        known = "".join(f", {name}" for name in names if name)
        raise UsageError(f"the file has no HDU {text!r}", hint=f"it has 0 to {len(names) - 1}{known}")
    return names.index(text.upper())
