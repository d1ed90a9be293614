"""The decorator that makes a reader a plugin: a value, which registers itself nowhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from archive.declare import Table
from archive.plugins import Accepts, Follow, Ingest, Poll, Reader

__all__ = ["plugin"]


def plugin(
    name: str,
    *,
    accepts: Accepts,
    tables: tuple[Table, ...] | Table,
    description: str = "",
    polls: tuple[Poll, ...] = (),
    follows: Follow | None = None,
) -> Callable[[Reader], Ingest]:
    """Makes of a reader an `Ingest`, which then bears the function's name in its module.

    Without `description` the first paragraph of the reader's docstring tells what it is. Raises
    DeclarationError for what contradicts itself.
    """

    def made(reader: Reader) -> Ingest:
        told = description or " ".join((inspect.getdoc(reader) or "").partition("\n\n")[0].split())
        code = inspect.unwrap(reader).__code__
        return Ingest(
            name,
            accepts,
            tuple(tables) if isinstance(tables, tuple | list) else (tables,),
            reader,
            told,
            polls,
            f"{code.co_filename}:{code.co_firstlineno}",
            follows,
        )

    return made
