"""Values that are hard to carry, by type: what formats, the database and the way between are tested with."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from itertools import cycle, islice
from typing import Any

from archive.declare.types import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    POINT,
    REGION,
    SHORT,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    Type,
    array_of,
    char,
)

__all__ = ["INFINITY", "MATRIX", "NAN", "rows_of"]

NAN, INFINITY = float("nan"), float("inf")
MATRIX = array_of(FLOAT, "2x2")

_TIME, _FIRST, _LAST = map(
    datetime.datetime.fromisoformat,
    ("2026-01-02T03:04:05", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"),
)
_MARKUP = "quote \" comma , semicolon ; tab \t line\r\nend <tag>&amp; ]]> back\\slash \\n 'x'"

HARD: dict[Type, tuple[Any, ...]] = {
    BOOLEAN: (True, False, None),
    UNSIGNED_BYTE: (7, 255, 0, None),
    SHORT: (-5, 2**15 - 1, -(2**15), -(2**15) + 1, None),
    INTEGER: (30, 2**31 - 1, -(2**31), -(2**31) + 1, None),
    LONG: (1, 2**63 - 1, -(2**63), -(2**63) + 1, 2**53 + 1, None),
    FLOAT: (4.36, 3.4028235e38, 1e-45, NAN, INFINITY, -INFINITY, -0.0, None),
    DOUBLE: (10.68470833, 1.7976931348623157e308, 5e-324, -1e-300, 0.1, NAN, INFINITY, -INFINITY, -0.0, None),
    TEXT: (
        *("M31 & friends", "«Ünïcodé» Ωμέγα 星 🔭\u0301", "", _MARKUP, "NULL", "\x01\x7f\u2028\ufffe"),
        *("  both ends  ", None),
    ),
    char(3): ("abc", "äöü", "", "a", "NaN", " a ", None),
    TIMESTAMP: (
        *(_TIME, _TIME.replace(microsecond=678000), _TIME.replace(microsecond=678901)),
        *(_TIME.replace(microsecond=1000), _FIRST, _LAST, None),
    ),
    POINT: ([10.5, 41.25], [359.999999999, -90.0], [0.0, 0.0], [NAN, NAN], None),
    MATRIX: ([1.0, 2.0, 3.0, 4.0], [NAN, None, INFINITY, -INFINITY], [-0.5, 1e-30, 0.1, 0.2], None),
    array_of(INTEGER, "*"): ([1, 2, 3], [2**31 - 1, 0, None], [], [-1], None),
    array_of(LONG, "*"): ([2**63 - 1, 0, None], [], [-(2**63)], None),
    array_of(DOUBLE, "*"): ([0.5, -0.25], [5e-324, None, NAN, INFINITY, -INFINITY], [], [0.1], None),
    array_of(BOOLEAN, "*"): ([True, False], [True, None, False], [], [False], None),
    REGION: (
        *("POLYGON ICRS 10 40 11 40 11 41", "UNION ICRS (CIRCLE 1 2 3 POSITION 4 5)", "CIRCLE ICRS 1 2 0.5"),
        *("POSITION ICRS 1 2", "", "x", None),
    ),
}


def rows_of(types: Iterable[Type]) -> tuple[tuple[Any, ...], ...]:
    """Rows in which each type's values all occur; the second has nothing, the first of all everything."""
    values = [HARD[type_] for type_ in types]
    first, *others = zip(*(islice(cycle(hard), max(map(len, values))) for hard in values), strict=True)
    return (first, (None,) * len(values), *others)
