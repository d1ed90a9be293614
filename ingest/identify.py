"""Identifiers: the archive's name of a file; IVOIDs made from it are `archive.declare.identifiers`' business.

Three rules, in this order: what ESO's archive named (ARCFILE of raw frames, of ADP and M products); the
name of the file. A reduced file inherits ARCFILE from the frame it was made of, so there it is no name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .keywords import Keywords

__all__ = ["Identity", "identify", "safe", "stem"]

_ENDING = re.compile(r"\.(fits?|fts|mt|bz2|gz|fz|Z)$", re.IGNORECASE)
_OF_PRODUCT = re.compile(r"(ADP|M)\..+")
_UNSAFE = re.compile(r"[\x00-\x20/\\\x7f]+")


@dataclass(frozen=True, slots=True)
class Identity:
    """`by_name` when nothing but the name of the file identifies it."""

    dp_id: str
    by_name: bool


def stem(name: str) -> str:
    """A file name without the endings of FITS and its compressions."""
    while (shorter := _ENDING.sub("", name)) != name and shorter:
        name = shorter
    return name


def identify(keywords: Keywords, name: str, *, raw: bool) -> Identity:
    arcfile = keywords.text("ARCFILE")
    if arcfile is not None and (raw or _OF_PRODUCT.fullmatch(arcfile)):
        return Identity(safe(stem(arcfile)), False)
    return Identity(safe(stem(name)), True)


def safe(identifier: str) -> str:
    """Without slashes, blanks and control characters, which no URL or file name should have."""
    encodable = identifier.encode("utf-8", "replace").decode("utf-8")
    return _UNSAFE.sub("_", encodable).lstrip(".") or "unnamed"
