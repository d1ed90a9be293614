"""The keyword store: every header of every HDU, byte for byte, in `archive.header`.

One compressed block per HDU keeps what a file said even after its published columns were derived anew,
and answers questions about keywords that no table has. Corrected headers lie beside them, see
`archive.store.corrections`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from .cards import CARD, Header, Value, parse_header
from .registry import Connection

__all__ = ["HeaderBlock", "as_data", "as_text", "read_headers", "record_headers", "text_lines"]


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """The header of one HDU: number from 0, EXTNAME ("" when it has none), number of cards, the bytes packed.

    They are packed where they were read, by processes beside the one that writes, and travel light.
    """

    hdu: int
    name: str
    cards: int
    packed: bytes

    @classmethod
    def of(cls, hdu: int, name: str, cards: int, raw: bytes) -> Self:
        # Level 3 is twice as fast as the default and a few per cent larger.
        return cls(hdu, name, cards, zlib.compress(raw, 3))


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
                copy.write_row((dp_id, version, block.hdu, block.name, block.cards, block.packed))


def read_headers(
    connection: Connection, dp_id: str, version: int | None = None, correction: int | None = None
) -> tuple[Header, ...]:
    """The headers of a file, by HDU, of its newest version when none is given; empty when unknown.

    As they were corrected last, or by `correction`; 0 asks for the archived ones.
    """
    rows = connection.execute(
        "WITH chosen AS (SELECT coalesce(%(version)s::integer, (SELECT max(version) FROM archive.file "
        "WHERE dp_id = %(dp_id)s)) AS version) "
        "SELECT coalesce(corrected.block, header.block) FROM chosen JOIN archive.header USING (version) "
        "LEFT JOIN archive.corrected_header AS corrected ON corrected.dp_id = header.dp_id "
        "AND corrected.version = header.version AND corrected.hdu = header.hdu "
        "AND corrected.correction = coalesce(%(correction)s::integer, (SELECT max(correction) "
        "FROM archive.header_correction AS made WHERE made.dp_id = header.dp_id "
        "AND made.version = header.version)) "
        "WHERE header.dp_id = %(dp_id)s ORDER BY header.hdu",
        {"dp_id": dp_id, "version": version, "correction": correction},
    )
    headers = []
    for (packed,) in rows:
        assert isinstance(packed, bytes)
        headers.append(parse_header(zlib.decompress(packed)))
    return tuple(headers)


def as_text(header: Header) -> str:
    """The header as people read it: one card a line, up to and with END."""
    lines = text_lines(header.raw.decode("latin-1"))
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n"


def text_lines(text: str) -> list[str]:
    """Cards as lines without the blanks at their ends, unless another line continues them: readers put the
    two together again, and count on 80 characters."""
    lines = [text[start : start + CARD] for start in range(0, len(text), CARD)]
    return [
        line if following.startswith("CONTINUE") else line.rstrip()
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
    ]


def as_data(header: Header) -> list[dict[str, object]]:
    """The cards for JSON: values typed, hierarchical keywords without HIERARCH, continued texts joined.

    Numbers that JSON has not are texts, and complex ones pairs.
    """
    return [
        {"keyword": card.keyword, "value": _plain(card.value), "comment": card.comment}
        for card in header.cards
    ]


def _plain(value: Value) -> object:
    match value:
        case complex():
            return [value.real, value.imag]
        case float() if not math.isfinite(value):
            return str(value)
        case _:
            return value
