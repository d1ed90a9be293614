"""FITS headers: bytes in, cards out, and the bytes kept as they were.

Here belongs what a card says (FITS 4.0, section 4, with HIERARCH and CONTINUE), read forgivingly: a card
that breaks the rules is a recorded problem and never an exception. Where headers lie in a file is the
business of `archive.tablefiles`, how they are edited that of `archive.store.editing`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import prod
from typing import NamedTuple

from ..errors import UnreadableFile

__all__ = ["BLOCK", "CARD", "Card", "Header", "Value", "data_bytes", "parse_header", "parse_value"]

BLOCK = 2880
CARD = 80

Value = str | bool | int | float | complex | None

_COMMENTARY = frozenset({"", "COMMENT", "HISTORY"})
# The value field: a quoted text or a bare word, then perhaps a comment.
_FIELD = re.compile(r" *(?:'(?P<text>(?:[^']|'')*)'|(?P<word>[^/']*?)) *(?:/ ?(?P<comment>.*))?", re.DOTALL)
# What nearly all cards are: a keyword, a value of the plainest form, perhaps a comment.
_PLAIN = re.compile(
    r"(?:(?=[A-Z0-9_\- ]{8}=)([A-Z0-9_-]+) *=|HIERARCH ([^=]+)=)"
    r" *(?:'([^']*)'|([+-]?\d+)|([+-]?\d+\.\d*(?:E[+-]?\d+)?)|([TF])) *(?:/ ?(.*))?",
    re.DOTALL,
)
# These are something else, whatever follows them.
_SPECIAL = frozenset({"COMMENT", "HISTORY", "CONTINUE", "END", "HIERARCH"})
_INTEGER = re.compile(r"[+-]?\d+")
_REAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][+-]?\d+)?")
_COMPLEX = re.compile(r"\( *([^,]+?) *, *([^)]+?) *\)")
_NOT_A_NUMBER = {"NAN": math.nan, "INF": math.inf, "+INF": math.inf, "-INF": -math.inf}
_STANDARD_KEYWORD = re.compile(r"[A-Z0-9_-]{1,8}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class Card(NamedTuple):
    """One keyword; hierarchical ones without the word HIERARCH ("ESO DPR CATG"), continued ones joined."""

    keyword: str
    value: Value
    comment: str = ""


@dataclass(frozen=True)
class Header:
    """A header: its cards in order, the exact bytes they came from, and what was wrong with them.

    Keywords are asked for in capitals, and the first of several equal ones counts.
    """

    cards: tuple[Card, ...]
    raw: bytes = b""
    problems: tuple[str, ...] = field(default=())

    @cached_property
    def _values(self) -> Mapping[str, Value]:
        values: dict[str, Value] = {}
        for card in self.cards:
            if card.keyword not in _COMMENTARY:
                values.setdefault(card.keyword.upper(), card.value)
        return values

    def __contains__(self, keyword: str) -> bool:
        return keyword in self._values

    def __iter__(self) -> Iterator[str]:
        """The keywords that have values, in capitals."""
        return iter(self._values)

    def __getitem__(self, keyword: str) -> str | bool | int | float | complex:
        """A value that has to be there; UnreadableFile says which one is not."""
        value = self._values.get(keyword)
        if value is None:
            raise UnreadableFile(f"the header has no value of {keyword}")
        return value

    def get(self, keyword: str) -> Value:
        return self._values.get(keyword)

    def text(self, keyword: str) -> str | None:
        """A value as text that a database takes: no control characters, None when blank."""
        value = self._values.get(keyword)
        if value is None or isinstance(value, bool):
            return None
        text = str(value)
        return (text if text.isprintable() else _UNPRINTABLE.sub(" ", text)).strip() or None

    def number(self, keyword: str) -> float | None:
        """A finite number, also one written in quotes; None for everything else."""
        value = self._values.get(keyword)
        if isinstance(value, str) and _REAL.fullmatch(value.strip()):
            value = float(value.strip().upper().replace("D", "E"))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        # An integer of 70 digits is a legal card and no float.
        number = float(value) if abs(value) < 1e308 else math.inf
        return number if math.isfinite(number) else None

    def integer(self, keyword: str) -> int | None:
        """A whole number, also one written as 3.0 or '3'."""
        value = self._values.get(keyword)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        number = self.number(keyword)
        return int(number) if number is not None and number.is_integer() else None

    def flag(self, keyword: str) -> bool | None:
        value = self._values.get(keyword)
        return value if isinstance(value, bool) else None


def parse_header(raw: bytes) -> Header:
    """The header in `raw`, which ends at the END card or with the bytes."""
    text = raw.decode("latin-1")
    problems = [] if raw.isascii() else ["bytes outside ASCII, read as Latin-1"]
    cards: list[Card] = []
    for start in range(0, len(text), CARD):
        line = text[start : start + CARD]
        plain = _PLAIN.fullmatch(line)
        if plain is not None and (card := _plain_card(plain)) is not None:
            cards.append(card)
            continue
        keyword = line[:8].rstrip()
        if keyword == "END" and not line[8:].strip(" \0"):
            break
        if keyword == "CONTINUE" and _continues(cards, line, problems):
            continue
        cards.append(_card(line, keyword, problems))
    return Header(tuple(cards), raw, tuple(problems))


def _plain_card(match: re.Match[str]) -> Card | None:
    """None for what is not as plain as it looks."""
    keyword, name, text, whole, real, logical, comment = match.groups("")
    keyword = keyword or _hierarchical(name)
    if keyword in _SPECIAL or not keyword:
        return None
    if whole:
        return Card(keyword, int(whole), comment.rstrip())
    if real:
        number = float(real)
        return Card(keyword, number, comment.rstrip()) if math.isfinite(number) else None
    if logical:
        return Card(keyword, logical == "T", comment.rstrip())
    # Blanks at the end of a text mean nothing, those at its start do (FITS 4.0, 4.2.1.1).
    return Card(keyword, text.rstrip(), comment.rstrip())


def _card(line: str, keyword: str, problems: list[str]) -> Card:
    if keyword in _COMMENTARY:
        return Card(keyword, line[8:].rstrip())
    if keyword == "HIERARCH":
        name, equals, rest = line[8:].partition("=")
        keyword = _hierarchical(name)
    else:
        # FITS 4.0, 4.1.2.2 wants "= " in columns 9 and 10; the blank is often forgotten.
        equals, rest = line[8:9], line[9:]
        if not _is_standard(keyword):
            problems.append(f"non-standard keyword {keyword!r}")
    if equals != "=" or not keyword:
        problems.append(f"card without a value: {line.rstrip()!r}")
        return Card("", line.rstrip())
    value, comment = _value(rest, keyword, problems)
    return Card(keyword, value, comment)


# The files of a night have the same keywords.
@lru_cache(16384)
def _hierarchical(name: str) -> str:
    return " ".join(name.split())


@lru_cache(16384)
def _is_standard(keyword: str) -> bool:
    return _STANDARD_KEYWORD.fullmatch(keyword) is not None


def _continues(cards: list[Card], line: str, problems: list[str]) -> bool:
    """Join a CONTINUE card to the text before it, if that ended in an ampersand (FITS 4.0, 4.2.1.2)."""
    if not cards or not isinstance(cards[-1].value, str) or not cards[-1].value.endswith("&"):
        return False
    last = cards[-1]
    more, comment = _value(line[8:], "CONTINUE", problems)
    assert isinstance(last.value, str)
    cards[-1] = Card(last.keyword, last.value[:-1] + str(more or ""), (last.comment + " " + comment).strip())
    return True


def _value(rest: str, keyword: str, problems: list[str]) -> tuple[Value, str]:
    match = _FIELD.fullmatch(rest)
    if match is None:
        problems.append(f"{keyword}: value is not FITS: {rest.strip()!r}")
        return rest.strip().strip("'").rstrip(), ""
    comment = (match["comment"] or "").rstrip()
    if match["text"] is not None:
        # See `_plain_card` about blanks.
        return match["text"].replace("''", "'").rstrip(), comment
    word = match["word"].strip()
    value = _word(word)
    if isinstance(value, str) or (isinstance(value, float) and not math.isfinite(value)):
        problems.append(f"{keyword}: value is not FITS: {word!r}")
    return value, comment


def _word(word: str) -> Value:
    """The value of an unquoted word; text when it is none that FITS knows."""
    if word == "":
        return None
    if word in {"T", "F"}:
        return word == "T"
    if _INTEGER.fullmatch(word):
        return int(word)
    if _REAL.fullmatch(word):
        return float(word.upper().replace("D", "E"))
    if word.upper() in _NOT_A_NUMBER:
        return _NOT_A_NUMBER[word.upper()]
    pair = _COMPLEX.fullmatch(word)
    if pair and all(_REAL.fullmatch(part) for part in pair.groups()):
        real, imaginary = (float(part.upper().replace("D", "E")) for part in pair.groups())
        return complex(real, imaginary)
    return word


def parse_value(text: str) -> tuple[Value, str]:
    """Value and comment as written after the equals sign; a word that FITS does not know is text."""
    return _value(text, "", [])


def data_bytes(header: Header) -> int:
    """Bytes of data that follow, without padding (FITS 4.0, equations 1, 2 and 4).

    Raises UnreadableFile when the header does not say.
    """
    bitpix, naxis = header.integer("BITPIX"), header.integer("NAXIS")
    if bitpix not in {8, 16, 32, 64, -32, -64} or naxis is None or not 0 <= naxis <= 999:
        raise UnreadableFile(
            f"malformed: BITPIX = {header.get('BITPIX')!r} and NAXIS = {header.get('NAXIS')!r}"
        )
    axes = [header.integer(f"NAXIS{axis}") for axis in range(1, naxis + 1)]
    lengths = [axis for axis in axes if axis is not None and axis >= 0]
    if len(lengths) < naxis:
        raise UnreadableFile(f"malformed: NAXISn = {axes}")
    if naxis == 0:
        return 0
    groups, parameters = header.integer("GCOUNT"), header.integer("PCOUNT")
    if lengths[0] == 0 and header.flag("GROUPS"):
        lengths = lengths[1:]
    elements = prod(lengths) + (parameters or 0)
    size = abs(bitpix) // 8 * (1 if groups is None else groups) * elements
    if size < 0:
        raise UnreadableFile(f"malformed: PCOUNT = {parameters}, GCOUNT = {groups}")
    return size
