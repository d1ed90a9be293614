"""The keyword store: every header of every HDU, byte for byte, in `archive.header`.

One compressed block per HDU keeps what a file said even after its published columns were derived anew,
and answers questions about keywords that no table has.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from .cards import CARD, Header, parse_header
from .registry import Connection

__all__ = ["HeaderBlock", "as_text", "read_headers", "record_headers"]


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """The header of one HDU: number from 0, EXTNAME ("" when it has none), number of cards, the bytes."""

    hdu: int
    name: str
    cards: int
    raw: bytes


def record_headers(
    connection: Connection,
    headers: Iterable[tuple[str, int, Iterable[HeaderBlock]]],
) -> None:
    """Write (dp_id, version, blocks) of several files."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY archive.header (dp_id, version, hdu, name, cards, block) FROM STDIN (FORMAT BINARY)"
        ) as copy,
    ):
        copy.set_types(["text", "int4", "int4", "text", "int4", "bytea"])
        for dp_id, version, blocks in headers:
            for block in blocks:
                # Level 3 is twice as fast as the default and a few per cent larger.
                packed = zlib.compress(block.raw, 3)
                copy.write_row((dp_id, version, block.hdu, block.name, block.cards, packed))


def read_headers(connection: Connection, dp_id: str, version: int | None = None) -> tuple[Header, ...]:
    """The headers of a file, by HDU, of its newest version when none is given; empty when unknown."""
    rows = connection.execute(
        "SELECT block FROM archive.header WHERE dp_id = %(dp_id)s AND version = coalesce("
        "%(version)s::integer, (SELECT max(version) FROM archive.file WHERE dp_id = %(dp_id)s)) ORDER BY hdu",
        {"dp_id": dp_id, "version": version},
    )
    headers = []
    for (packed,) in rows:
        assert isinstance(packed, bytes)
        headers.append(parse_header(zlib.decompress(packed)))
    return tuple(headers)


def as_text(header: Header) -> str:
    """The header as people read it: one card a line, up to and with END."""
    text = header.raw.decode("latin-1")
    lines = [text[start : start + CARD].rstrip() for start in range(0, len(text), CARD)]
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n"
