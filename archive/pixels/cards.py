"""Headers on their way out: cards replaced, left out and added, all others byte for byte as they were.

Also the checksums of an HDU (FITS 4.0, 4.4.2.7). What a cut changes in a header is known to `images` and
`tables`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable

import numpy as np
from astropy.io import fits

from .hdus import BLOCK, CARD, Hdu

__all__ = ["Cards", "Checksum", "checksum_text", "padding"]

Value = str | bool | int | float

_BLANK = b" " * CARD
_HISTORY_WIDTH = 72


class Cards:
    """The cards of one header, without END and what follows it."""

    def __init__(self, raw: bytes) -> None:
        lines = [raw[start : start + CARD] for start in range(0, len(raw), CARD)]
        self._lines = lines[
            : next((i for i, line in enumerate(lines) if _keyword(line) == "END"), len(lines))
        ]

    @classmethod
    def of(cls, hdu: Hdu) -> Cards:
        return cls(hdu.raw)

    def __contains__(self, keyword: str) -> bool:
        return self._place(keyword) is not None

    def _place(self, keyword: str) -> int | None:
        wanted = keyword.ljust(8).encode()
        return next((i for i, line in enumerate(self._lines) if line.startswith(wanted)), None)

    def set(self, keyword: str, value: Value, comment: str = "") -> None:
        """Replaces the first card of that name, whose comment stays, or adds one behind all others."""
        place = self._place(keyword)
        if place is None:
            self._trim()
            self._lines.append(_card(keyword, value, comment))
        else:
            self._lines[place] = _card(keyword, value, comment or _comment(self._lines[place]))

    def change(self, keyword: str, change: Callable[[float], float]) -> None:
        """Replaces a number that is there."""
        place = self._place(keyword)
        if place is not None:
            number = _number(self._lines[place])
            if number is not None:
                self._lines[place] = _card(keyword, change(number), _comment(self._lines[place]))

    def text(self, keyword: str) -> str | None:
        place = self._place(keyword)
        if place is None:
            return None
        value = _parsed(self._lines[place]).value
        return value if isinstance(value, str) else None

    def keywords(self) -> list[str]:
        return [_keyword(line) for line in self._lines]

    def remove(self, pattern: re.Pattern[str]) -> None:
        """Leaves out the cards whose keywords match, with what continues them."""
        kept, dropping = [], False
        for line in self._lines:
            keyword = _keyword(line)
            dropping = pattern.fullmatch(keyword) is not None or (dropping and keyword == "CONTINUE")
            if not dropping:
                kept.append(line)
        self._lines = kept

    def keep(self, pattern: re.Pattern[str]) -> None:
        """Leaves out all cards whose keywords do not match."""
        self._lines = [line for line in self._lines if pattern.fullmatch(_keyword(line))]

    def set_after(self, before: str, keyword: str, value: Value) -> None:
        """Puts a card behind another one, where the standard wants it."""
        self._lines = [line for line in self._lines if _keyword(line) != keyword]
        place = self._place(before)
        assert place is not None
        self._lines.insert(place + 1, _card(keyword, value))

    def rewrite(self, change: Callable[[bytes], bytes | None]) -> None:
        """Makes another card of each one, at most as long, or none."""
        changed = (change(line) for line in self._lines)
        self._lines = [line.ljust(CARD) for line in changed if line is not None]

    def begin(self, cards: Iterable[tuple[str, Value, str]]) -> None:
        """Puts cards before all others."""
        self._lines[:0] = [_card(*card) for card in cards]

    def history(self, text: str) -> None:
        self._trim()
        for line in textwrap.wrap(text, _HISTORY_WIDTH):
            self._lines.append(f"HISTORY {line}".encode("ascii", "replace").ljust(CARD))

    def _trim(self) -> None:
        while self._lines and self._lines[-1] == _BLANK:
            self._lines.pop()

    def encoded(self) -> bytes:
        """In whole blocks, with END."""
        content = b"".join(self._lines) + b"END".ljust(CARD)
        return content + b" " * (-len(content) % BLOCK)


def _keyword(line: bytes) -> str:
    return line[:8].decode("latin-1").rstrip()


def _parsed(line: bytes) -> fits.Card:
    return fits.Card.fromstring(line)


def _comment(line: bytes) -> str:
    try:
        return str(_parsed(line).comment)
    except (fits.VerifyError, UnicodeDecodeError):
        return ""


def _number(line: bytes) -> float | None:
    try:
        value = _parsed(line).value
    except (fits.VerifyError, UnicodeDecodeError):
        return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _card(keyword: str, value: Value, comment: str = "") -> bytes:
    """One card; a comment that does not fit is cut."""
    if isinstance(value, float):
        # astropy writes 16 digits, and a reference pixel should move by whole pixels exactly.
        text = f"{repr(float(value)).upper():>20}"
    elif isinstance(value, bool):
        text = f"{'T' if value else 'F':>20}"
    elif isinstance(value, int):
        text = f"{value:>20}"
    else:
        text = f"'{value.replace(chr(39), chr(39) * 2):8}'".ljust(20)
    line = f"{keyword:8}= {text}" + (f" / {comment}" if comment else "")
    return line.encode("ascii", "replace")[:CARD].ljust(CARD)


def padding(size: int, fill: bytes = b"\0") -> bytes:
    return fill * (-size % BLOCK)


class Checksum:
    """The 32-bit ones' complement sum of bytes that come in pieces."""

    def __init__(self) -> None:
        self._sum = 0
        self._rest = b""

    def add(self, piece: bytes | memoryview) -> None:
        content = self._rest + bytes(piece) if self._rest else piece
        whole = len(content) // 4 * 4
        self._rest = bytes(content[whole:])
        words = np.frombuffer(content, ">u4", whole // 4)
        self._sum = _folded(self._sum + int(words.sum(dtype=np.uint64)))

    @property
    def value(self) -> int:
        last = int.from_bytes(self._rest.ljust(4, b"\0"), "big")
        return _folded(self._sum + last)


def _folded(total: int) -> int:
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def checksum_text(total: int) -> str:
    """The value of CHECKSUM that makes an HDU, whose sum is `total` with zeros there, add up to -0.

    FITS 4.0, appendix J: each byte of the complement is spread over four characters, letters or digits.
    """
    characters = bytearray(16)
    for column, byte in enumerate((~total & 0xFFFFFFFF).to_bytes(4, "big")):
        quarters = [byte // 4 + 48] * 4
        quarters[0] += byte % 4
        while any(_is_punctuation(character) for character in quarters):
            for first in (0, 2):
                if _is_punctuation(quarters[first]) or _is_punctuation(quarters[first + 1]):
                    quarters[first] += 1
                    quarters[first + 1] -= 1
        for row in range(4):
            characters[4 * row + column] = quarters[row]
    return (characters[15:] + characters[:15]).decode("ascii")


def _is_punctuation(character: int) -> bool:
    return 0x3A <= character <= 0x40 or 0x5B <= character <= 0x60
