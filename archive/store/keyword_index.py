"""The searchable keywords of headers: one row for every file, its newest version, in `adql.header_keywords`.

Here belongs what is kept of a header and how it is written; the functions by which queries search are in
`archive.query`. The headers as they are lie beside it, byte for byte (`archive.store.headers`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from .cards import Header, Value
from .registry import Connection

__all__ = ["Searchable", "record_keywords", "searchable"]

# How an HDU lies in the file, and sums of its bytes: of no interest to anybody who searches.
_STRUCTURE = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|[PG]COUNT|GROUPS|TFIELDS|THEAP|BSCALE|BZERO|CHECKSUM|DATASUM"
    r"|LONGSTRN|INHERIT|T(TYPE|FORM|UNIT|DISP|NULL|SCAL|ZERO|DIM|COMM|UCD|UTYP)\d+"
    r"|Z(IMAGE|SIMPLE|EXTEND|CMPTYPE|BITPIX|NAXIS\d*|TILE\d+|NAME\d+|VAL\d+|QUANTIZ|DITHER0|TENSION|HECKSUM"
    r"|DATASUM|[PG]COUNT)"
)
_LARGEST_WHOLE = 10**15
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

Word = str | bool | int


@dataclass(frozen=True, slots=True)
class Searchable:
    """Keywords and values as JSON: texts, whole numbers and logical values; numbers with a fraction."""

    words: str
    fractions: str


def searchable(headers: Iterable[Header]) -> Searchable:
    """The keywords of a file by which it can be found; the first HDU that has a keyword tells its value."""
    words: dict[str, Word] = {}
    fractions: dict[str, float] = {}
    for header in headers:
        for keyword in header:
            if keyword in words or keyword in fractions or _is_structure(keyword):
                continue
            value = _plain(header.get(keyword))
            if isinstance(value, float):
                fractions[keyword] = value
            elif value is not None:
                words[keyword] = value
    return Searchable(json.dumps(words), json.dumps(fractions))


# The files of a night have the same keywords.
@lru_cache(16384)
def _is_structure(keyword: str) -> bool:
    return _STRUCTURE.fullmatch(keyword) is not None


def _plain(value: Value) -> Word | float | None:
    match value:
        case bool() | None:
            return value
        case int():
            return value if abs(value) < _LARGEST_WHOLE else str(value)
        case float():
            if not math.isfinite(value):
                return str(value)
            whole = value.is_integer() and abs(value) < _LARGEST_WHOLE
            return int(value) if whole else value
        case complex():
            return f"({value.real}, {value.imag})"
        case str():
            return (value if value.isprintable() else _UNPRINTABLE.sub(" ", value)).strip() or None


def record_keywords(connection: Connection, files: Mapping[str, Searchable]) -> None:
    """Write the keywords of files by their dp_id, in place of those that were known."""
    if not files:
        return
    # In binary, since texts full of quotes are slow to quote once more.
    connection.execute(
        "INSERT INTO adql.header_keywords AS known (dp_id, words, fractions)"
        " SELECT dp_id, words::jsonb, fractions::jsonb"
        " FROM unnest(%b::text[], %b::text[], %b::text[]) AS given (dp_id, words, fractions)"
        " ON CONFLICT (dp_id) DO UPDATE SET words = EXCLUDED.words, fractions = EXCLUDED.fractions"
        " WHERE (known.words, known.fractions) IS DISTINCT FROM (EXCLUDED.words, EXCLUDED.fractions)",
        (
            list(files),
            [file.words for file in files.values()],
            [file.fractions for file in files.values()],
        ),
    )
