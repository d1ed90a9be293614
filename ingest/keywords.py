"""The keywords of a file as a harvester asks for them: several spellings, several headers, first hit wins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from archive.store import Header

__all__ = ["Keywords"]

# What headers write when they have nothing to say.
_EMPTY = frozenset({"", "UNKNOWN", "UNDEFINED", "N/A", "NONE", "NULL", "NOT AVAILABLE", "-"})


class Keywords:
    """Headers in the order in which they are believed: the primary one, then those of the data."""

    def __init__(self, headers: Sequence[Header]) -> None:
        self.headers = tuple(headers)

    def text(self, *names: str) -> str | None:
        """The first non-blank text of any of these keywords; "UNKNOWN" and its like count as blank."""
        for name in names:
            for header in self.headers:
                text = header.text(name)
                if text is not None and text.upper() not in _EMPTY:
                    return text
        return None

    def number(self, *names: str) -> float | None:
        for name in names:
            for header in self.headers:
                number = header.number(name)
                if number is not None:
                    return number
        return None

    def integer(self, *names: str) -> int | None:
        for name in names:
            for header in self.headers:
                integer = header.integer(name)
                if integer is not None:
                    return integer
        return None

    def flag(self, *names: str) -> bool | None:
        for name in names:
            for header in self.headers:
                flag = header.flag(name)
                if flag is not None:
                    return flag
        return None

    def has(self, pattern: str) -> bool:
        """True when a keyword of the first header matches the whole `pattern`, a regular expression."""
        matches = re.compile(pattern).fullmatch
        return any(matches(name) for name in self.headers[0])

    def numbered(self, name: str, *, digits: int = 3) -> Iterator[tuple[int, str]]:
        """(i, text) of the keywords `name` followed by a number of so many digits at most, by number."""
        matches = _followed_by_number(name, digits).fullmatch
        found = (matches(keyword) for keyword in self.headers[0] if keyword.startswith(name))
        for number in sorted({int(match[1]) for match in found if match}):
            text = self.text(f"{name}{number}")
            if text is not None:
                yield number, text


@lru_cache
def _followed_by_number(name: str, digits: int) -> re.Pattern[str]:
    return re.compile(re.escape(name) + rf"(\d{{1,{digits}}})")
