"""Table files opened: what a file is, told by its content, and which tables it holds.

Here belong the choice of the reader and the choice of a table; the readers are the modules beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from ..errors import UsageError
from .fits import fits_members
from .parquet import open_parquet
from .source import Member, Source, unreadable
from .text import open_csv, open_ecsv
from .unpacking import unpacked
from .votable_tables import votable_members

__all__ = ["filled", "left_out", "open_catalogue", "open_members"]

_LISTED = 12  # tables that are named when one has to be chosen


@contextmanager
def open_catalogue(path: Path) -> Iterator[Source]:
    """The table of a file, or the one of several that "#" and its number or name choose.

    UsageError names the tables when several have rows and none is chosen.
    """
    file, part = _part(path)
    with open_members(file) as members:
        yield _named(file, members, part) if part else _only(file, members)


@contextmanager
def open_members(path: Path) -> Iterator[list[Member]]:
    """All tables of a file, at least one, of which none has been looked into; good while it is open."""
    with unpacked(path) as plain, ExitStack() as stack:
        yield _members(path, plain, stack)


def filled(members: Sequence[Member]) -> list[Member]:
    """Those with rows; where none has any, the first."""
    return [member for member in members if member.rows != 0] or list(members[:1])


def left_out(members: Sequence[Member]) -> tuple[str, ...]:
    """What is to be said of tables without rows, which `filled` leaves out unless there are no others."""
    if not any(member.rows != 0 for member in members):
        return ("there are no rows, only columns",)
    others = len(members) - len(filled(members))
    have = "has no rows and is" if others == 1 else "have no rows and are"
    return (f"{others} of {len(members)} tables {have} left out",) if others else ()


def _part(path: Path) -> tuple[Path, str]:
    """The file and the part; names of tables may have slashes in them, as those of VizieR do."""
    text = str(path)
    for place, sign in enumerate(text):
        if sign == "#" and not os.path.exists(path) and os.path.isfile(text[:place]):
            return Path(text[:place]), text[place + 1 :]
    return path, ""


def _named(path: Path, members: Sequence[Member], part: str) -> Source:
    for member in members:
        if part == str(member.number) or part in member.names:
            return member.open()
    raise unreadable(path, f"there is no table {part}; it has {len(members)}")


def _only(path: Path, members: Sequence[Member]) -> Source:
    wanted = filled(members)
    if len(wanted) > 1:
        listed = ", ".join(_listed(member) for member in wanted[:_LISTED])
        more = f" and {len(wanted) - _LISTED} more" if len(wanted) > _LISTED else ""
        raise UsageError(
            f"{path.name} holds {len(wanted)} tables with rows: {listed}{more}",
            hint=f"choose one, as in {path.name}#{wanted[0].number}, or load all of them with --all-tables",
        )
    source = wanted[0].open()
    return replace(source, remarks=(*left_out(members), *source.remarks))


def _listed(member: Member) -> str:
    name = next(filter(None, member.names), "")
    return f"{member.number} ({name})" if name else str(member.number)


def _members(path: Path, plain: Path, stack: ExitStack) -> list[Member]:
    with plain.open("rb") as file:
        start = file.read(4096)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"SIMPLE  ="):
        return fits_members(plain)
    if text.startswith(b"<"):
        return votable_members(plain)
    if start.startswith(b"PAR1"):
        return _single(stack.enter_context(open_parquet(plain)))
    if text.startswith(b"# %ECSV"):
        return _single(stack.enter_context(open_ecsv(plain)))
    if not text:
        raise unreadable(path, "the file is empty")
    return _single(stack.enter_context(open_csv(plain)))


def _single(source: Source) -> list[Member]:
    return [Member(1, (), source.rows, lambda: source)]
