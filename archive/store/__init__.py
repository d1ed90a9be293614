"""The store: files kept under their identifiers, their versions, and every header they carry."""

from __future__ import annotations

from .cards import Card, Header, Value, data_bytes, parse_header, parse_value
from .copies import record_copies
from .corrections import Correction, correct, corrections, restore
from .delivery import Delivered, Description, Span, delivered, described, find_named, opened
from .editing import Action, Change, Edited, cards_of, joined, plain_keyword
from .files import Store, StoredContent, checksum
from .headers import HeaderBlock, as_data, as_text, read_headers, record_headers, text_lines
from .known import open_store
from .registry import (
    Connection,
    FileVersion,
    History,
    find_file,
    histories,
    last_from,
    lock_identifiers,
    record_files,
)
from .sources import ByteSource
from .tables import initialise

__all__ = [
    "Action",
    "ByteSource",
    "Card",
    "Change",
    "Connection",
    "Correction",
    "Delivered",
    "Description",
    "Edited",
    "FileVersion",
    "Header",
    "HeaderBlock",
    "History",
    "Span",
    "Store",
    "StoredContent",
    "Value",
    "as_data",
    "as_text",
    "cards_of",
    "checksum",
    "correct",
    "corrections",
    "data_bytes",
    "delivered",
    "described",
    "find_file",
    "find_named",
    "histories",
    "initialise",
    "joined",
    "last_from",
    "lock_identifiers",
    "open_store",
    "opened",
    "parse_header",
    "parse_value",
    "plain_keyword",
    "read_headers",
    "record_copies",
    "record_files",
    "record_headers",
    "restore",
    "text_lines",
]
