"""Names for tables whose files were not asked: words of ADQL made of file names and of tables' names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archive.declare.names import is_regular
from archive.tablefiles.source import Member

__all__ = ["member_names", "word"]

_LONGEST_WORD = 40
_LONGEST_NAME = 63  # what PostgreSQL allows
_SHORTEST_PART = 10
_SEPARATOR = "__"  # never within a word, so that no file's tables are called like another file's


def word(text: str) -> str:
    """The text as a regular identifier of ADQL that is no reserved word."""
    made = _plain(text)[:_LONGEST_WORD].strip("_")
    if not made[:1].isalpha():
        made = f"t_{made}".rstrip("_")
    return made if is_regular(made) else f"{made}_table"


def member_names(table_name: str, members: Sequence[Member]) -> list[str]:
    """A name for each table of a file: `table_name` itself for a single one, else `table_name__its_name`.

    They depend on the file alone: the same file gives the same names again. Tables without a name are
    called by their numbers, and equal names get the number of the table at the end.
    """
    if len(members) == 1:
        return [table_name]
    base = table_name + _SEPARATOR
    room = max(_LONGEST_NAME - len(base.rpartition(".")[2]), _SHORTEST_PART)
    used: set[str] = set()
    names = []
    for member in members:
        part = _plain(member.label) or str(member.number)
        name, number = part[:room].strip("_"), f"_{member.number}"
        while name in used:
            name = part[: room - len(number)].strip("_") + number
            number += f"_{member.number}"
        used.add(name)
        names.append(base + name)
    return names


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
