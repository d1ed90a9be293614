"""What a plugin is: a frozen value, checked when it is made. How plugins are found is `loading`'s business.

An `Ingest` reads inputs of one kind into rows of its tables. It is a pure function of its input: it opens no
connection and keeps no state, so that it can be run again, elsewhere, and in a process that may be killed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TypeAlias
from urllib.parse import urlsplit

import pyarrow as pa

from ..declare.parts import whole_table
from ..declare.tables import Record, Table
from ..errors import DeclarationError
from ..store import Connection
from .inputs import Input

__all__ = ["Accepts", "Follow", "Ingest", "Poll", "Reader"]

Reader: TypeAlias = Callable[[Input], Iterable[Record]]
# What the archive does about rows in the transaction that wrote them: the connection, batches of them by the
# names of their tables, and the moment of the writing (UTC, without a zone).
Follow: TypeAlias = Callable[[Connection, Mapping[str, Iterable[pa.RecordBatch]], datetime], None]

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Accepts:
    """Which inputs a plugin takes: all that is said here must hold, and something must be said.

    `names` are patterns of file names (`*`, `?`, `[...]`), of which one must fit, whatever the letter case.
    `keywords` are what the primary header of a FITS file has. `media_types` are those of inputs that come
    with one, by HTTP. `looks` is asked last, with the beginning of the content (64 KiB at most).
    """

    names: tuple[str, ...] = ()
    keywords: Mapping[str, str | int | bool] = field(default_factory=dict)
    media_types: tuple[str, ...] = ()
    looks: Callable[[bytes], bool] | None = None

    def __post_init__(self) -> None:
        for what, given in (("names", self.names), ("media_types", self.media_types)):
            if not isinstance(given, tuple):
                raise DeclarationError(f"Accepts: {what} is no tuple", hint=f"write {what}=({given!r},)")
        if not (self.names or self.keywords or self.media_types or self.looks):
            raise DeclarationError("a plugin that accepts everything would take others' inputs")
        # As headers have them: ESO DPR CATG, whether or not it is written with HIERARCH in front.
        known = {keyword.upper().removeprefix("HIERARCH "): value for keyword, value in self.keywords.items()}
        object.__setattr__(self, "keywords", known)

    @property
    def is_fits(self) -> bool:
        """Whether it takes FITS files, by their keywords."""
        return bool(self.keywords)

    def may_take(self, name: str, media_type: str = "") -> bool:
        """Whether name and media type, as far as they are asked for, are right."""
        named = not self.names or any(fnmatchcase(name.lower(), one.lower()) for one in self.names)
        essence = media_type.partition(";")[0].strip().lower()
        if self.media_types and not essence:
            # A file of a folder has no media type, and is judged by the rest, if there is any.
            return named and bool(self.names or self.looks)
        return named and (not self.media_types or essence in self.media_types)


@dataclass(frozen=True, slots=True)
class Poll:
    """An HTTP source that is looked at every `seconds`; what it answers is an input called `name`.

    `token`: name of the environment variable that holds the bearer token, if the source wants one.
    """

    url: str
    name: str
    seconds: float = 300.0
    token: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not self.url.isascii():
            raise DeclarationError(f"{self.url!r} cannot be polled", hint="use an address of http or https")
        if parts.username is not None:
            raise DeclarationError(f"{parts.hostname}: no passwords in addresses", hint="say token=")
        if not self.name or "/" in self.name or not self.name.isprintable():
            raise DeclarationError(f"{self.name!r} is no name of a file")
        if not self.seconds >= 1:
            raise DeclarationError(f"{self.url} would be polled every {self.seconds} s", hint="1 s at least")


@dataclass(frozen=True)
class Ingest:
    """A reader of one kind of input, and the tables that its rows are of.

    `name` is unique among all plugins: small letters, digits, hyphens. `description` is one sentence. Inputs
    of FITS are archived as files whatever plugins do; their rows here come on top, under their dp_id.
    `follows`, if any, is called in the transaction that wrote the rows of an input, for what follows from
    them and from what was there before. `origin` is where it was declared, as file and line.
    """

    name: str
    accepts: Accepts
    tables: tuple[Table, ...]
    reader: Reader
    description: str = ""
    polls: tuple[Poll, ...] = ()
    origin: str = ""
    follows: Follow | None = None

    @property
    def is_restricted(self) -> bool:
        """Whether its inputs are for operators alone: such as may say what restricted tables do, or rows that
        are hidden when they come, whoever has rights on some of them."""
        closed = any(table.restricted or table.hidden_at_first for table in map(whole_table, self.tables))
        return closed and not self.accepts.is_fits

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise DeclarationError(
                f"plugin name {self.name!r} is not allowed", hint="small letters, digits and hyphens"
            )
        strange = [table for table in self.tables if not isinstance(table, Table)]
        if strange:
            raise DeclarationError(
                f"plugin {self.name}: {strange[0]!r} is among its tables, and is none", hint="make a Table"
            )
        if not self.tables:
            raise DeclarationError(f"plugin {self.name} has no tables")
        names = [table.name.lower() for table in self.tables]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise DeclarationError(
                f"plugin {self.name} has table {twice[0]} twice", hint="take the table, or a part of it"
            )
        for table in self.tables:
            if not table.primary_key:
                raise DeclarationError(
                    f"plugin {self.name}: table {table.name} has no primary key",
                    hint="name the natural key, by which the same input twice changes nothing",
                )
