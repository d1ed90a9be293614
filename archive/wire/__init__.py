"""Rows between PostgreSQL's COPY BINARY and what leaves the archive, by compiled code where there is some.

Here belong taking rows off a connection, and turning them into Arrow batches or, compiled only, straight
into a format's bytes. How a format spells its values is said by `archive.formats`; what is asked of the
database, and how that ends, by `archive.database`.
"""

from __future__ import annotations

from .chunks import Chunk, gathered, unreadable
from .decoding import decode
from .reading import LostConnection, RowReader, open_reader
from .transcoding import ColumnForm, Escape, Form, Kind, Surveyed, TextStyle, Transcoder, transcoder

__all__ = [
    "Chunk",
    "ColumnForm",
    "Escape",
    "Form",
    "Kind",
    "LostConnection",
    "RowReader",
    "Surveyed",
    "TextStyle",
    "Transcoder",
    "decode",
    "gathered",
    "open_reader",
    "transcoder",
    "unreadable",
]
