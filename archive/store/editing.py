"""Headers edited: a card set, added or deleted, all others left exactly as they are, byte for byte.

Here belong bytes and cards (FITS 4.0, section 4). Who may correct a header, what is recorded of it and how
it reaches a download is the business of `archive.store.corrections` and `archive.store.delivery`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from ..errors import UsageError
from .cards import BLOCK, CARD, Card, Value, parse_header

__all__ = ["Action", "Change", "Edited", "cards_of", "edit", "images", "joined", "plain_keyword"]

_COMMENTARY = frozenset({"", "COMMENT", "HISTORY"})
_UNDEFINED = "without a value"
_STANDARD = re.compile(r"[A-Z0-9_-]{1,8}")
_PRINTABLE = re.compile(r"[ -~]*")
# What tells where the data lie and how they are written, and what the archive computes itself.
_PROTECTED = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|[PG]COUNT|GROUPS|EXTEND|TFIELDS|TFORM\d+|TBCOL\d+|THEAP|END|CONTINUE"
    r"|CHECKSUM|DATASUM"
    r"|Z(IMAGE|TABLE|SIMPLE|TENSION|EXTEND|BLOCKED|BITPIX|NAXIS\d*|[PG]COUNT|TILE\d+|TILELEN|CMPTYPE|CTYP\d+"
    r"|FORM\d+|NAME\d+|VAL\d+|MASKCMP|QUANTIZ|DITHER0|HECKSUM|DATASUM|THEAP|BLANK)"
)


class Action(StrEnum):
    """What happens to a card: SET gives one that is there another value, ADD appends one that is not."""

    SET = "set"
    ADD = "add"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One edit. `keyword` as in `Card`; `comment` None keeps the one that is there."""

    hdu: int
    action: Action
    keyword: str
    value: Value = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """A change as it was made: the card's image before and after, "" where there was or is none."""

    hdu: int
    action: Action
    keyword: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A card with the lines it takes: more than one when its text is continued."""

    card: Card
    image: str


def plain_keyword(text: str) -> str:
    """A keyword as people write it ("hierarch eso.dpr.catg") in the form that `Card` has."""
    words = text.strip().upper().replace(".", " ").split()
    return " ".join(words[1:] if words[:1] == ["HIERARCH"] else words)


def cards_of(raw: bytes) -> tuple[tuple[Card, str], ...]:
    """The cards before END, each with its image: the characters it takes, CARD of them or a multiple."""
    return tuple((line.card, line.image) for line in _lines(raw))


def _lines(raw: bytes) -> list[_Line]:
    text = raw.decode("latin-1")
    lines: list[_Line] = []
    for start in range(0, len(text), CARD):
        image = text[start : start + CARD].ljust(CARD)
        if image[:8].rstrip() == "END" and not image[8:].strip(" \0"):
            break
        longer = lines[-1].image + image if lines and image.startswith("CONTINUE") else ""
        together = parse_header(longer.encode("latin-1")).cards
        if len(together) == 1:
            lines[-1] = _Line(together[0], longer)
        else:
            lines.append(_Line(parse_header(image.encode("latin-1")).cards[0], image))
    return lines


def joined(cards: Iterable[str]) -> bytes:
    """The bytes of a header: these card images, END, and blanks up to a whole block."""
    text = "".join(cards) + "END".ljust(CARD)
    return text.ljust(-(-len(text) // BLOCK) * BLOCK).encode("latin-1")


def edit(raw: bytes, changes: Iterable[Change]) -> tuple[bytes, tuple[Edited, ...]]:
    """The header after all changes, in their order, and what each of them did.

    Raises UsageError for keywords that the structure of the file depends on, for cards that are not there
    or there already, and for values of another kind than the card had.
    """
    lines = _lines(raw)
    done = [_apply(lines, change) for change in changes]
    return joined(line.image for line in lines), tuple(done)


def _apply(lines: list[_Line], change: Change) -> Edited:
    if _PROTECTED.fullmatch(change.keyword):
        raise UsageError(
            f"{change.keyword} says how the file is written and cannot be corrected",
            hint="write the file anew and ingest it: it becomes a new version",
        )
    match change.action:
        case Action.SET:
            return _set(lines, change)
        case Action.ADD:
            return _add(lines, change)
        case Action.DELETE:
            return _delete(lines, change)
        case _:
            assert_never(change.action)


def _found(lines: list[_Line], keyword: str) -> list[int]:
    """The places of a keyword's cards, at least one."""
    wanted = plain_keyword(keyword)
    found = [place for place, line in enumerate(lines) if plain_keyword(line.card.keyword) == wanted]
    if not found:
        known = sorted({line.card.keyword for line in lines} - _COMMENTARY)
        near = difflib.get_close_matches(wanted, known, 1)
        raise UsageError(
            f"the header has no card {keyword}", hint=f"did you mean {near[0]}?" if near else "add it instead"
        )
    return found


def _set(lines: list[_Line], change: Change) -> Edited:
    if change.keyword in _COMMENTARY:
        raise UsageError(
            f"{change.keyword or 'a blank keyword'} has no value", hint="delete and add such cards"
        )
    place = _found(lines, change.keyword)[0]
    old = lines[place]
    kinds = {_kind(change.value), _kind(old.card.value)} - {_UNDEFINED}
    if len(kinds) > 1:
        raise UsageError(
            f"{old.card.keyword} is {_kind(old.card.value)}, and {change.value!r} is {_kind(change.value)}",
            hint="text stands in quotes; to change the kind, delete the card and add another",
        )
    value = change.value
    if isinstance(old.card.value, float) and isinstance(value, int):
        # A whole number in the place of a real one should look like one.
        value = float(value)
    comment = old.card.comment if change.comment is None else change.comment
    image = images(old.card.keyword, value, comment)
    lines[place] = _Line(Card(old.card.keyword, value, comment), image)
    return Edited(change.hdu, change.action, old.card.keyword, _shown(old.image), _shown(image))


def _add(lines: list[_Line], change: Change) -> Edited:
    keyword = plain_keyword(change.keyword)
    if keyword not in _COMMENTARY and any(plain_keyword(line.card.keyword) == keyword for line in lines):
        raise UsageError(f"the header has a card {keyword} already", hint="set it instead")
    image = images(keyword, change.value, change.comment or "")
    place = len(lines)
    # Blank cards before END are room that was left for more.
    while place and not lines[place - 1].image.strip():
        place -= 1
    lines.insert(place, _Line(Card(keyword, change.value, change.comment or ""), image))
    return Edited(change.hdu, change.action, keyword, "", _shown(image))


def _delete(lines: list[_Line], change: Change) -> Edited:
    places = _found(lines, change.keyword)
    keyword = lines[places[0]].card.keyword
    before = "\n".join(_shown(lines[place].image) for place in places)
    for place in reversed(places):
        del lines[place]
    return Edited(change.hdu, change.action, keyword, before, "")


def _kind(value: Value) -> str:
    match value:
        case bool():
            return "a logical value"
        case str():
            return "text"
        case int() | float() | complex():
            return "a number"
        case None:
            return _UNDEFINED
        case _:
            assert_never(value)


def _shown(image: str) -> str:
    return "\n".join(image[start : start + CARD].rstrip() for start in range(0, len(image), CARD))


def images(keyword: str, value: Value, comment: str = "") -> str:
    """The image of a card, in as many lines as it takes; a comment that finds no room is cut off."""
    if not _PRINTABLE.fullmatch(f"{keyword}{value}{comment}") or "=" in keyword:
        raise UsageError(f"{keyword}: cards hold the printable characters of ASCII and no others")
    if keyword in _COMMENTARY:
        text = str(value or "")
        pieces = [text[start : start + CARD - 8] for start in range(0, max(len(text), 1), CARD - 8)]
        return "".join(f"{keyword:8}{piece}".ljust(CARD) for piece in pieces)
    head = f"{keyword:8}= " if _STANDARD.fullmatch(keyword) else f"HIERARCH {keyword} = "
    if isinstance(value, str):
        return _text_images(head, value.replace("'", "''"), comment)
    written = _written(value)
    line = f"{head}{written:>20}" if len(head) == 10 else f"{head}{written}"
    if len(line) > CARD:
        raise UsageError(f"{keyword}: the card would have {len(line)} characters and may have {CARD}")
    return _with_comment(line, comment)


def _written(value: bool | float | complex | None) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "T" if value else "F"
        case complex():
            return f"({_written(value.real)}, {_written(value.imag)})"
        case _:
            return repr(value).upper()


def _with_comment(line: str, comment: str) -> str:
    if comment and len(line) < CARD - 4:
        line = f"{line:30} / {comment}"
    return line[:CARD].ljust(CARD)


def _text_images(head: str, text: str, comment: str) -> str:
    """A text in quotes, continued by further cards where one is too short (FITS 4.0, 4.2.1.2)."""
    if len(head) + len(text) + 2 <= CARD:
        return _with_comment(f"{head}'{text:8}'", comment)
    parts = []
    while len(head) + len(text) + 2 > CARD:
        room = CARD - len(head) - 3
        if room < 8:
            raise UsageError(f"the keyword of {head.strip()} leaves no room for a value")
        # A doubled quote stays together.
        while text[:room].count("'") % 2:
            room -= 1
        parts.append(f"{head}'{text[:room]}&'".ljust(CARD))
        text, head = text[room:], "CONTINUE  "
    return "".join(parts) + _with_comment(f"{head}'{text}'", comment)
