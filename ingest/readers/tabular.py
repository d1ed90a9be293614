"""Flat rows as JSON or CSV, whichever an input is, with the names of their columns told apart loosely.

`run_id`, `runId` and `Run ID` are the same name: lower case, without blanks, hyphens and low lines.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from archive.errors import UnreadableFile
from archive.plugins import Input

from .documents import Node, document

__all__ = ["flat_rows", "loose"]

_MOST_COLUMNS = 500


def flat_rows(input: Input, *wrapped: str) -> Iterator[Node]:
    """Rows whose members have loose names; `wrapped`: the member of a JSON object that has the rows.

    The other members of that object are those of every row that does not have them itself. Rows of CSV have
    paths such as "line 12", and all their values are texts.
    """
    if input.text.lstrip("\ufeff \t\n")[:1] in {"[", "{"}:
        yield from _json_rows(document(input), wrapped)
    else:
        yield from _csv_rows(input)


def loose(name: str) -> str:
    """A name without what is written in different ways."""
    return re.sub(r"[\s_\-]+", "", name).lower()


def _json_rows(root: Node, wrapped: tuple[str, ...]) -> Iterator[Node]:
    shared: dict[str, object] = {}
    if isinstance(root.value, dict):
        holder = next((name for name in wrapped if isinstance(root.value.get(name), list)), None)
        if holder is not None:
            shared = _loose_members(Node({k: v for k, v in root.value.items() if k != holder}, root.path))
    for node in root.records(*wrapped):
        yield Node(shared | _loose_members(node), node.path)


def _loose_members(node: Node) -> dict[str, object]:
    members: dict[str, object] = {}
    for name in node.names:
        if loose(name) in members:
            raise UnreadableFile(f"{node.path} has {loose(name)[:60]!r} twice")
        members[loose(name)] = node.any(name).value
    return members


def _csv_rows(input: Input) -> Iterator[Node]:
    text = "\n".join("" if line.startswith("#") else line for _, line in input.lines())
    header = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = max(",;\t|", key=header.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    names: list[str] = []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if not names:
                names = _column_names(input, cells)
            elif len(cells) > len(names):
                raise UnreadableFile(
                    f"{input.name}, line {reader.line_num}: {len(cells)} values for {len(names)} columns"
                )
            else:
                yield Node(dict(zip(names, cells, strict=False)), f"line {reader.line_num}")
    except csv.Error as cause:
        raise UnreadableFile(f"{input.name}, line {reader.line_num}: {cause}") from cause


def _column_names(input: Input, cells: list[str]) -> list[str]:
    names = [loose(cell) for cell in cells]
    if len(names) > _MOST_COLUMNS or len(set(names)) < len(names) or not all(names):
        raise UnreadableFile(f"{input.name}: the first row has to name the columns, each of them once")
    return names
