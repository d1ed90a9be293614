"""Text that XML can carry: what it cannot is replaced by U+FFFD, since a document must stay well-formed.

XML 1.0, 2.2 has no way, not even an escaped one, to write control characters other than tab, line feed and
carriage return, nor U+FFFE and U+FFFF.
"""

from __future__ import annotations

import re
from typing import Any

import pyarrow.compute as pc

from .text import byte_set, contains_any

__all__ = ["clean", "escape"]

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_FORBIDDEN_RE2 = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x{fffe}\\x{ffff}]"

_CONTROLS = byte_set(bytes(range(9)) + b"\x0b\x0c" + bytes(range(0x0E, 0x20)))
_NONCHARACTERS = byte_set(b"\xef")  # the first byte of U+FFFE and U+FFFF, and of few other characters
# A carriage return as such would be read as a line feed (XML 1.0, 2.11).
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\r", "&#13;"))
_SPECIAL = _CONTROLS | _NONCHARACTERS | byte_set("".join(character for character, _ in _ESCAPES).encode())


def clean(text: str) -> str:
    """Text for a tree, which does the escaping."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def escape(column: Any) -> Any:
    """A column of text as the content of elements or of attributes in double quotes."""
    if not contains_any(column, _SPECIAL):
        return column
    if contains_any(column, _CONTROLS) or contains_any(column, _NONCHARACTERS):
        column = pc.replace_substring_regex(column, _FORBIDDEN_RE2, "\N{REPLACEMENT CHARACTER}")
    for character, entity in _ESCAPES:
        if contains_any(column, byte_set(character.encode())):
            column = pc.replace_substring(column, character, entity)
    return column
