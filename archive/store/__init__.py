"""The store: files kept under their identifiers, their versions, and every header they carry."""

from __future__ import annotations

from .cards import Card, Header, Value, parse_header
from .files import Store, StoredContent, checksum
from .headers import HeaderBlock, as_text, read_headers, record_headers
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
from .tables import initialise

__all__ = [
    "Card",
    "Connection",
    "FileVersion",
    "Header",
    "HeaderBlock",
    "History",
    "Store",
    "StoredContent",
    "Value",
    "as_text",
    "checksum",
    "find_file",
    "histories",
    "initialise",
    "last_from",
    "lock_identifiers",
    "parse_header",
    "read_headers",
    "record_files",
    "record_headers",
]
