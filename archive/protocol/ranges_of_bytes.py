"""Which bytes of a file a request asks for: Range and If-Range (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["ByteRange", "Unsatisfiable", "wanted_ranges"]

_RANGE = re.compile(r"\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII)
_MOST = 100  # parts of one answer


class Unsatisfiable(Exception):
    """All ranges lie beyond the end."""


@dataclass(frozen=True, slots=True, order=True)
class ByteRange:
    """Bytes from `first` to before `end`."""

    first: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.first

    def content_range(self, size: int) -> str:
        return f"bytes {self.first}-{self.end - 1}/{size}"


def wanted_ranges(headers: Mapping[str, str], size: int, validators: tuple[str, str]) -> list[ByteRange]:
    """The ranges a client asks for, in its order; none when it gets the whole file.

    `validators` are the entity tag and the date of the last change. A header that is malformed, counts other
    units or belongs to another version of the file is ignored (14.2, 13.1.5), and so are ranges beyond the
    end beside others. Ranges that overlap are joined, and too many of them are no ranges (14.2).
    """
    condition = headers.get("if-range")
    if condition is not None and condition not in validators:
        return []
    found = _parsed(headers.get("range", ""), size)
    if found is None:
        return []
    usable = [one for one in found if one.length > 0]
    if not usable:
        raise Unsatisfiable
    ordered = sorted(usable)
    if any(one.end > other.first for one, other in pairwise(ordered)):
        usable = _joined(ordered)
    return usable if len(usable) <= _MOST else []


def _parsed(header: str, size: int) -> list[ByteRange] | None:
    """Those beyond the end are empty; None for a header that is to be ignored."""
    unit, _, text = header.partition("=")
    pieces = [piece for piece in text.split(",") if piece.strip()]
    if unit.strip().lower() != "bytes" or not pieces:
        return None
    found = []
    for piece in pieces:
        match = _RANGE.fullmatch(piece)
        first, last = match.groups() if match else ("", "")
        if not (first or last) or (first and last and int(first) > int(last)):
            return None
        if first:
            found.append(ByteRange(int(first), min(int(last) + 1, size) if last else size))
        else:
            found.append(ByteRange(max(size - int(last), 0), size))
    return found


def _joined(ordered: list[ByteRange]) -> list[ByteRange]:
    joined = [ordered[0]]
    for one in ordered[1:]:
        if one.first <= joined[-1].end:
            joined[-1] = ByteRange(joined[-1].first, max(one.end, joined[-1].end))
        else:
            joined.append(one)
    return joined
