"""What is asked of the names of people and accounts: any script is good, nothing that deceives is."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterator

from ..errors import BadParameter
from .callers import NAME
from .passwords import is_storable

__all__ = ["check_name", "checked_text", "names_for"]

# What a stranger would gain by such a name.
_RESERVED = frozenset(
    "admin administrator anonymous archive nobody operator operators postgres public root system uraniborg"
    " user users".split()
)
_LONGEST_TEXT = 200
# Of the invisible signs two belong to scripts of Asia, and are in the names of people there.
_JOINERS = frozenset("\u200c\u200d")
# Invisible signs that come along when a name is copied from a page, and that are no part of it.
_DROPPED = str.maketrans(dict.fromkeys("\u00ad\u061c\u200b\u200e\u200f\u2060\ufeff"))
_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", re.ASCII)


def check_name(name: str, *, free: bool = False) -> None:
    """Raises BadParameter for what can be no account's name; an operator is `free` to use reserved ones."""
    if not NAME.fullmatch(name):
        raise BadParameter(
            "name",
            f"{name[:40]!r} cannot be the name of an account",
            hint="use small letters, digits and _, at most 30, and begin with a letter",
        )
    if name in _RESERVED and not free:
        raise BadParameter("name", f"{name} is taken", hint="choose another one")


def checked_text(what: str, text: str) -> str:
    """A person's or an institute's name as it is kept; raises BadParameter."""
    kept = unicodedata.normalize("NFC", " ".join(text.translate(_DROPPED).split()))
    if len(kept) > _LONGEST_TEXT:
        raise BadParameter(what, f"is longer than {_LONGEST_TEXT} characters")
    if not is_storable(kept) or any(_is_no_letter(sign) for sign in kept):
        raise BadParameter(what, "has signs that no name has", hint="leave out all that cannot be seen")
    return kept


def _is_no_letter(sign: str) -> bool:
    """Control characters, marks that turn the direction of the text around them, what no script has.

    Signs of a newer Unicode than Python's are not assigned in it, but may well be in somebody's name.
    """
    match unicodedata.category(sign):
        case "Cc" | "Cs" | "Co":
            return True
        case "Cf":
            return sign not in _JOINERS
        case "Cn":
            return ord(sign) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(sign) <= 0xFDEF
        case _:
            return False


def checked_orcid(text: str) -> str | None:
    """The bare identifier (0000-0002-1825-0097), or None for what is none: its last digit is a check sum."""
    orcid = text.strip().rstrip("/").rpartition("/")[2].upper()
    if not _ORCID.fullmatch(orcid):
        return None
    total = 0
    for sign in orcid.replace("-", "")[:-1]:
        total = (total + int(sign)) * 2
    expected = (12 - total % 11) % 11
    return orcid if orcid[-1] == ("X" if expected == 10 else str(expected)) else None


def names_for(email: str, full_name: str) -> Iterator[str]:
    """Names for an account that somebody from elsewhere gets, without end, each less beautiful."""
    letters = unicodedata.normalize("NFKD", email.partition("@")[0] or full_name).lower()
    stem = re.sub(r"[^a-z0-9]+", "_", letters.encode("ascii", "ignore").decode()).strip("_")[:20]
    stem = stem if NAME.fullmatch(stem) and stem not in _RESERVED else f"u_{stem}".rstrip("_")
    yield stem
    yield from (f"{stem}_{number}" for number in range(2, 10))
    while True:
        yield f"{stem}_{secrets.token_hex(3)}"
