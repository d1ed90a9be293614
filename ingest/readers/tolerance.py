"""Documents that are lists of records: those that cannot be read are told and passed over, the others read.

Only a document of which nothing can be read is refused. Here too: texts that name something, and are short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from archive.declare.tables import Record
from archive.errors import UnreadableFile
from archive.plugins import Input

from .documents import Node

__all__ = ["first_line", "name_of", "night_of", "readable"]

_LONGEST_NAME = 200  # characters; an index has no room for more than some thousand bytes
# A night begins at local noon. That of the Chilean observatories, at 70.4 degrees west, is at this time UTC.
_NOON = timedelta(hours=16, minutes=42)


def readable(
    input: Input, nodes: Sequence[Node], rows: Callable[[Node], Iterable[Record]]
) -> Iterator[Record]:
    """The rows of every record that can be read whole; the others are problems of the input.

    Raises UnreadableFile when there are records, and none of them can be read.
    """
    first: UnreadableFile | None = None
    is_any_read = False
    for node in nodes:
        try:
            found = list(rows(node))
        except UnreadableFile as problem:
            first = first or problem
            input.problem(str(problem))
            continue
        is_any_read = True
        yield from found
    if first is not None and not is_any_read:
        raise UnreadableFile(f"{input.name}: none of its {len(nodes)} records can be read; {first}")


def name_of(node: Node, *members: str) -> str | None:
    """The first of these members that is there, which has to be a short text in one line."""
    for member in members:
        text = node.text(member)
        if text is not None:
            if len(text) > _LONGEST_NAME or not text.isprintable():
                raise UnreadableFile(f"{node.path}.{member} is no name of up to {_LONGEST_NAME} characters")
            return text
    return None


def first_line(text: str) -> str | None:
    """What of a free text can stand as a name; None when it is too long for one, or nothing."""
    line = "".join(letter for letter in text.partition("\n")[0] if letter.isprintable()).strip()
    return line if 0 < len(line) <= _LONGEST_NAME else None


def night_of(moment: datetime) -> str:
    """The civil date of the evening of the night that a time (UTC) belongs to, at the longitude of Chile."""
    return (moment - _NOON if moment.year > 1 else moment).date().isoformat()
