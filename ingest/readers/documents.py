"""JSON documents taken apart with proof: what is asked for has its type, or the error says where not.

Here belongs what all readers of JSON share. What the values mean is the business of each reader.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, overload

from archive.errors import UnreadableFile
from archive.plugins import Input

__all__ = ["BIGINT", "Node", "as_text", "document", "parse_angle", "parse_moment", "parse_number"]

BIGINT = 2**63 - 1  # the largest number of a BIGINT column; INTEGER columns end at 2**31 - 1
_SURROGATES = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"[-+]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,3})?")
_SEXAGESIMAL = re.compile(r"([+-]?)(\d{1,3})[: ](\d{1,2})(?:[: ](\d{1,2}(?:\.\d{0,20})?))?")
_LONGEST_SHOWN = 60
_LARGEST = 3e38  # columns of single precision would make more infinite


def document(input: Input) -> Node:
    """The root of a JSON document; raises UnreadableFile."""
    return Node(input.json)


def as_text(text: str) -> str:
    """Text that a database and XML can hold: no NULs, no halves of surrogate pairs, no blanks around it."""
    return _storable_text(text).strip()


def parse_moment(text: str) -> datetime | None:
    """An ISO 8601 date, with a time or without, as UTC without a zone; without a zone it is UTC. Or None."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def parse_number(text: str) -> float | None:
    """A finite decimal number; None if it is none."""
    text = text.strip()
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if abs(number) <= _LARGEST else None


def parse_angle(text: str, *, hours: bool = False) -> float | None:
    """Degrees from "dd:mm:ss.s", from "hh:mm:ss.s" if `hours`, or from a number of degrees; else None."""
    text = text.strip()
    number = parse_number(text)
    if number is not None:
        return number
    match = _SEXAGESIMAL.fullmatch(text)
    if match is None or int(match[3]) >= 60 or float(match[4] or 0) >= 60:
        return None
    value = int(match[2]) + int(match[3]) / 60 + float(match[4] or 0) / 3600
    return (-value if match[1] == "-" else value) * (15 if hours else 1)


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a JSON document and where it stands, as "$.target.ra".

    Of an object, members are asked for by name. What is absent, null or an empty text is None, unless it is
    `required`; what is there and has another type raises UnreadableFile, which names the path.
    """

    value: object
    path: str = "$"

    def __contains__(self, name: str) -> bool:
        return isinstance(self.value, dict) and self.value.get(name) is not None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of an object's members."""
        return tuple(self._members())

    def node(self, name: str, *, required: bool = False) -> Node:
        """An object inside this one; an empty one when it is absent."""
        found = self.any(name, required=required)
        if found.value is None:
            return Node({}, found.path)
        if not isinstance(found.value, dict):
            raise found.wrong("an object")
        return found

    def any(self, name: str, *, required: bool = False) -> Node:
        """A member of any type; its value is None when it is absent."""
        found = Node(self._members().get(name), f"{self.path}.{name}"[:500])
        if required and found.value is None:
            raise UnreadableFile(f"{found.path} is missing")
        return found

    def items(self, name: str, *, required: bool = False) -> tuple[Node, ...]:
        """The elements of an array, none when it is absent."""
        found = self.any(name, required=required)
        return () if found.value is None else found.elements()

    def elements(self) -> tuple[Node, ...]:
        """The elements of this array, of any type."""
        if not isinstance(self.value, list):
            raise self.wrong("an array")
        return tuple(Node(one, f"{self.path}[{number}]") for number, one in enumerate(self.value))

    def records(self, *names: str) -> tuple[Node, ...]:
        """The objects of this array, of the first of these members that is there, or this one alone.

        Services answer with a bare array, with one that is wrapped in an object, or with one object.
        """
        if isinstance(self.value, dict):
            wrapped = next((name for name in names if isinstance(self.value.get(name), list)), None)
            if wrapped is None:
                return (self,)
            return self.any(wrapped).records()
        found = self.elements()
        for one in found:
            one._members()
        return found

    @overload
    def text(self, name: str, *, required: Literal[True]) -> str: ...
    @overload
    def text(self, name: str, *, required: bool = False) -> str | None: ...
    def text(self, name: str, *, required: bool = False) -> str | None:
        """A text without blanks around it; numbers are written as the document has them."""
        found = self.any(name)
        match found.value:
            case bool() | list() | dict():
                raise found.wrong("a text")
            case str():
                text = as_text(found.value)
            case None:
                text = ""
            case number:
                text = str(number)
        if required and not text:
            raise UnreadableFile(f"{found.path} is missing")
        return text or None

    @overload
    def number(self, name: str, *, required: Literal[True]) -> float: ...
    @overload
    def number(self, name: str, *, required: bool = False) -> float | None: ...
    def number(self, name: str, *, required: bool = False) -> float | None:
        """A finite number, which may be written as a text."""
        found = self.any(name)
        value = found.value
        if isinstance(value, str):
            value = as_text(value)
            if value and not _NUMBER.fullmatch(value):
                raise found.wrong("a number")
        if value is None or value == "":
            if required:
                raise UnreadableFile(f"{found.path} is missing")
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise found.wrong("a number")
        number = float(value)
        if not abs(number) <= _LARGEST:
            raise found.wrong("a finite number of a size that tables hold")
        return number

    @overload
    def integer(self, name: str, *, required: Literal[True], highest: int = BIGINT) -> int: ...
    @overload
    def integer(self, name: str, *, required: bool = False, highest: int = BIGINT) -> int | None: ...
    def integer(self, name: str, *, required: bool = False, highest: int = BIGINT) -> int | None:
        """A whole number from -highest-1 to highest; 3.0 and "3" are 3."""
        found = self.any(name)
        # Not by way of a float, which has no room for all digits of a BIGINT.
        value = found.value
        if isinstance(value, str) and re.fullmatch(r"\s*[-+]?[0-9]{1,20}\s*", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            number = self.number(name, required=required)
            if number is None:
                return None
            if not number.is_integer():
                raise found.wrong("a whole number")
            value = int(number)
        if not -highest - 1 <= value <= highest:
            raise found.wrong(f"a whole number up to {highest}")
        return value

    def flag(self, name: str) -> bool | None:
        """True or false; None when it is absent."""
        found = self.any(name)
        if found.value is None or isinstance(found.value, bool):
            return found.value
        raise found.wrong("true or false")

    @overload
    def moment(self, name: str, *, required: Literal[True]) -> datetime: ...
    @overload
    def moment(self, name: str, *, required: bool = False) -> datetime | None: ...
    def moment(self, name: str, *, required: bool = False) -> datetime | None:
        """A time as ISO 8601, in UTC, without a zone as the database keeps it."""
        text = self.text(name, required=required)
        if text is None:
            return None
        moment = parse_moment(text)
        if moment is None:
            raise self.any(name).wrong("a time as 2026-07-01T16:01:41Z")
        return moment

    def angle(self, name: str, *, hours: bool = False) -> float | None:
        """Degrees, see parse_angle."""
        text = self.text(name)
        if text is None:
            return None
        angle = parse_angle(text, hours=hours)
        if angle is None:
            raise self.any(name).wrong("an angle")
        return angle

    def dumped(self) -> str:
        """The value as JSON again, members in the order of their names."""
        try:
            return json.dumps(_storable(self.value), ensure_ascii=False, sort_keys=True, allow_nan=False)
        except ValueError as cause:
            raise UnreadableFile(f"{self.path} has a number that is not finite") from cause

    def wrong(self, wanted: str) -> UnreadableFile:
        """The error to raise for a value that is not what it should be."""
        shown = (
            repr(self.value)[:_LONGEST_SHOWN] if isinstance(self.value, str | int | float) else _kind(self)
        )
        return UnreadableFile(f"{self.path} is {shown}, not {wanted}")

    def _members(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self.value

    def __iter__(self) -> Iterator[Node]:
        return iter(self.elements())


def _kind(node: Node) -> str:
    match node.value:
        case None:
            return "null"
        case list():
            return "an array"
        case dict():
            return "an object"
        case _:
            return "something else"


def _storable_text(text: str) -> str:
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text.replace("\0", ""))


def _storable(value: object) -> object:
    """The same without what a database does not hold."""
    match value:
        case str():
            return _storable_text(value)
        case list():
            return [_storable(one) for one in value]
        case dict():
            return {_storable_text(name): _storable(one) for name, one in value.items()}
        case _:
            return value
