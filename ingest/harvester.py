"""A process that reads FITS files for the one that `harvesters` forked it from: paths in, harvests out.

It ends when the other side closes the socket. A table is sent by its name, since both sides have it.
"""

from __future__ import annotations

import gc
import io
import os
import pickle
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

from archive.declare.tables import Table

from .harvest import harvest
from .publication import Publication
from .reading import Read, read
from .rows import row_tables

__all__ = ["Task", "forget_parent", "packed", "serve", "tables_by_name", "unpacked"]


@dataclass(frozen=True, slots=True)
class Task:
    """A file, and the checksum of the content that is known of it."""

    path: Path
    known: str | None


def tables_by_name(publication: Publication) -> dict[str, Table]:
    return {table.name: table for table in row_tables(publication.instruments)}


class _Packer(pickle.Pickler):
    def persistent_id(self, thing: object) -> str | None:
        return thing.name if isinstance(thing, Table) else None


class _Unpacker(pickle.Unpickler):
    def __init__(self, content: bytes, tables: Mapping[str, Table]) -> None:
        super().__init__(io.BytesIO(content))
        self._tables = tables

    def persistent_load(self, name: str) -> Table:
        return self._tables[name]


def packed(one: Read) -> bytes:
    content = io.BytesIO()
    _Packer(content, pickle.HIGHEST_PROTOCOL).dump(one)
    return content.getvalue()


def unpacked(content: bytes, tables: Mapping[str, Table]) -> Read:
    """What `packed` made; only for what a process of our own has sent."""
    return cast(Read, _Unpacker(content, tables).load())


def serve(other: Connection, publication: Publication) -> None:
    """Reads files until the other end is closed; an empty answer tells that it has begun."""
    forget_parent(other.fileno())
    other.send_bytes(b"")
    try:
        while True:
            tasks: Sequence[Task] = other.recv()
            for task in tasks:
                other.send_bytes(packed(read(task.path, harvest, publication, task.known)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def forget_parent(kept: int) -> None:
    """Lets go of what a forked process shares with its parent: signals, and files but for one."""
    # Ctrl-C reaches all processes of a terminal; the parent knows what is to be done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Nothing of the parent's is cleared away here: that would end its connections for the database.
    gc.freeze()
    # When the parent has been killed, the database must see its connections end.
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
