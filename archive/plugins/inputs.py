"""What a plugin's reader is given: one input, looked at in whichever way fits, within limits.

Everything that comes from outside can be cut off, wrong or hostile: what cannot be read is an UnreadableFile
that says what and where. What can be passed over is told by `problem`, and recorded with the input.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from io import StringIO
from math import isinf
from pathlib import Path

from lxml import etree

from ..errors import UnreadableFile
from ..store import Header
from ..tablefiles.fits_scan import FitsFile, scan

__all__ = ["LARGEST", "Input"]

LARGEST = 256 << 20  # bytes of an input that is read into memory
_DEEPEST = 100  # levels of JSON
_LONGEST_PROBLEM = 500


class Input:
    """One file, or one answer of a source that is polled.

    `dp_id` is the identifier under which it is archived, `received` when it came (UTC, without a zone).
    """

    def __init__(
        self, path: Path, name: str, dp_id: str, received: datetime, media_type: str = "", source: str = ""
    ) -> None:
        """`source`: the address that it came from, if any."""
        self.path = path
        self.name = name
        self.dp_id = dp_id
        self.received = received
        self.media_type = media_type
        self.source = source
        self.problems: list[str] = []

    def problem(self, text: str) -> None:
        """Something was wrong, and did not hinder."""
        self.problems.append(text[:_LONGEST_PROBLEM])

    @cached_property
    def content(self) -> bytes:
        """All bytes; raises UnreadableFile when there are more than LARGEST."""
        # To ask for LARGEST bytes would set aside so many at once.
        if self.path.stat().st_size > LARGEST:
            raise UnreadableFile(f"{self.name} has more than {LARGEST >> 20} MiB")
        return self.path.read_bytes()

    @cached_property
    def text(self) -> str:
        """UTF-8 with or without a mark, else Latin-1, which old logs are in; line ends as \\n, no NULs."""
        try:
            text = self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = self.content.decode("latin-1")
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")

    @cached_property
    def json(self) -> object:
        """The value of a JSON document; raises UnreadableFile with line and column of what is wrong.

        NaN and the infinities are refused (RFC 8259), a name that stands twice in one object too.
        """
        try:
            value: object = json.loads(
                self.text,
                parse_constant=_no_constant,
                object_pairs_hook=_once,
                parse_int=_integer,
                parse_float=_real,
            )
        except json.JSONDecodeError as cause:
            raise UnreadableFile(
                f"{self.name}, line {cause.lineno}, column {cause.colno}: {cause.msg}"
            ) from cause
        except RecursionError as cause:
            raise UnreadableFile(f"{self.name} is nested too deeply") from cause
        except ValueError as cause:
            raise UnreadableFile(f"{self.name}: {cause}") from cause
        if _is_deeper(value, _DEEPEST):
            raise UnreadableFile(f"{self.name} is nested more than {_DEEPEST} levels deep")
        return value

    @cached_property
    def xml(self) -> etree._Element:
        """The root of an XML document: no entities, no network, no DTD; raises UnreadableFile."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(self.content, parser)
        except etree.XMLSyntaxError as cause:
            raise UnreadableFile(f"{self.name}: {cause.msg}") from cause
        if root.getroottree().docinfo.internalDTD is not None:
            raise UnreadableFile(f"{self.name} has a document type of its own, which nobody needs")
        return root

    @cached_property
    def fits(self) -> FitsFile:
        """The structure and all headers of a FITS file; raises UnreadableFile."""
        return scan(self.path)

    @property
    def header(self) -> Header:
        """The primary header of a FITS file."""
        return self.fits.primary.view

    def rows(self, *columns: str, delimiter: str = ",") -> Iterator[tuple[int, dict[str, str]]]:
        """The rows of a CSV file, with the numbers of their lines: texts by the names in the first line.

        Raises UnreadableFile when one of these columns is missing, or when a row has more or fewer values.
        """
        reader = csv.reader(StringIO(self.text, newline=""), delimiter=delimiter, strict=True)
        try:
            names = [name.strip() for name in next(reader, [])]
            missing = [name for name in columns if name not in names]
            if missing:
                raise UnreadableFile(f"{self.name} has no column {', '.join(missing)}")
            for values in reader:
                if not any(values):
                    continue
                if len(values) != len(names):
                    raise UnreadableFile(
                        f"{self.name}, line {reader.line_num}: {len(values)} values instead of {len(names)}"
                    )
                yield reader.line_num, dict(zip(names, values, strict=True))
        except csv.Error as cause:
            raise UnreadableFile(f"{self.name}, line {reader.line_num}: {cause}") from cause

    def lines(self) -> Iterator[tuple[int, str]]:
        """Numbered from 1, without their ends."""
        return enumerate(self.text.split("\n"), 1)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands twice in one object")
    return found


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError(f"an integer of {len(digits)} digits")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise ValueError(f"{digits[:40]} is too large a number")
    return value


def _is_deeper(value: object, levels: int) -> bool:
    current = [value]
    while current and levels:
        levels -= 1
        inner: list[object] = []
        for one in current:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        current = inner
    return bool(current)
