"""Ambient conditions: what ESO's archive answers in CSV, and what its interface for programs answers in JSON.

A CSV file does not say which monitor it is of: its name does, which has to contain that of ESO's query form.
Its columns are found by their titles. A JSON document has one array of times and values for each quantity.
An input tells all of a measurement: quantities that were not asked for are NULL afterwards.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from archive.declare.tables import Record
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from ..exposures import follow_exposures
from .ambient_series import SERIES, TABLES, Reading, Series, series_of_file
from .documents import Node, document, parse_moment
from .tolerance import first_line

__all__ = ["ambient"]

_MOST_COLUMNS = 1000
_LONGEST_LINE = 100_000
_TOLD = 20  # problems of single rows that are told; more are counted
_FIELD = re.compile(r"([a-z_]+)-([a-z0-9_]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_LAST = datetime(2200, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_NO_VALUE = {"", "n/a", "na", "nan", "null", "none", "-"}


def _looks(beginning: bytes) -> bool:
    if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return any(f'"{series.form}-'.encode() in beginning for series in SERIES)
    return b"date time" in beginning.lower()


@plugin(
    "ambient",
    accepts=Accepts(
        names=(
            "*.json",
            *(f"*{series.form}*.{ending}" for series in SERIES for ending in ("csv", "tsv", "txt")),
        ),
        looks=_looks,
    ),
    tables=TABLES,
    follows=follow_exposures,
)
def ambient(input: Input) -> Iterable[Record]:
    """Seeing, turbulence, weather and water vapour as time series, from CSV and JSON as ESO has them."""
    if input.name.lower().endswith(".json"):
        return _from_json(input)
    series = series_of_file(input.name)
    if series is None:
        raise UnreadableFile(
            f"{input.name}: of which monitor it is cannot be told",
            hint=f"its name must contain one of {', '.join(one.form for one in SERIES)}",
        )
    return _from_csv(input, series)


# --- CSV ---------------------------------------------------------------------------------------------


class _Problems:
    """Problems of rows, of which a file may have millions: the first ones in full, then how many more."""

    def __init__(self, input: Input) -> None:
        self._input = input
        self.count = 0

    def add(self, text: str) -> None:
        self.count += 1
        if self.count <= _TOLD:
            self._input.problem(text)

    def close(self) -> None:
        if self.count > _TOLD:
            self._input.problem(f"and {self.count - _TOLD} more problems of this kind")


def _from_csv(input: Input, series: Series) -> Iterator[Record]:
    rows = _cells(input)
    header = next(rows, None)
    if header is None:
        # A query that finds nothing is answered by comments only.
        if any(line.startswith("#") for _, line in input.lines()):
            return
        raise UnreadableFile(f"{input.name} is empty")
    titles = header[1]
    columns = series.columns(titles)
    if columns.time is None:
        raise UnreadableFile(f"{input.name}, line {header[0]}: there is no column 'Date time'")
    if columns.unknown:
        input.problem(f"columns that have no place in {series.name}: {', '.join(columns.unknown)}")
    problems, count = _Problems(input), 0
    for number, cells in rows:
        start = parse_moment(cells[columns.time]) if len(cells) == len(titles) else None
        if start is None or not _EPOCH <= start <= _LAST:
            problems.add(f"line {number} has no {len(titles)} cells with a time")
            continue
        count += 1
        platform = None if columns.platform is None else first_line(cells[columns.platform])
        yield from series.records(start, columns, platform, _reading(cells, number, problems))
    problems.close()
    if not count and problems.count:
        raise UnreadableFile(f"{input.name}: none of its lines can be read")


def _cells(input: Input) -> Iterator[tuple[int, list[str]]]:
    """The cells of the lines that are no comments and not empty, with the lines' numbers."""
    delimiter = ""
    for number, line in input.lines():
        if not line.strip() or line.startswith("#"):
            continue
        if len(line) > _LONGEST_LINE:
            raise UnreadableFile(f"{input.name}, line {number} has {len(line)} characters")
        delimiter = delimiter or ("\t" if "\t" in line else ",")
        try:
            cells = next(csv.reader((line,), delimiter=delimiter))
        except csv.Error as cause:
            raise UnreadableFile(f"{input.name}, line {number}: {cause}") from cause
        if len(cells) > _MOST_COLUMNS:
            raise UnreadableFile(f"{input.name}, line {number} has {len(cells)} cells")
        yield number, cells


def _reading(cells: Sequence[str], line: int, problems: _Problems) -> Reading:
    return lambda place, factor: _number(cells[place], factor, line, problems)


def _number(cell: str, factor: float, line: int, problems: _Problems) -> float | None:
    text = cell.strip()
    if text.lower() in _NO_VALUE:
        return None
    try:
        value = float(text) if len(text) < 40 else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        problems.add(f"line {line}: {text[:40]!r} is no number")
        return None
    return value * factor


# --- JSON --------------------------------------------------------------------------------------------


def _from_json(input: Input) -> Iterator[Record]:
    """`{"dimm_paranal-fwhm": [[unix time in ms, value], ...], ...}`"""
    root = document(input)
    measured: dict[Series, dict[datetime, dict[str, float | None]]] = {}
    for name in root.names:
        match = _FIELD.fullmatch(name)
        series = next((one for one in SERIES if match and one.form == match[1]), None)
        quantity = series.fields.get(match[2]) if series and match else None
        if series is None or quantity is None:
            input.problem(f"{name[:80]!r} is no quantity that has a place in the archive")
            continue
        rows = measured.setdefault(series, {})
        for pair in root.items(name):
            moment, value = _pair(pair)
            rows.setdefault(moment, {})[quantity.column] = None if value is None else value * quantity.factor
    for series, found in measured.items():
        for start, values in found.items():
            yield from series.measured(start, values)


def _pair(pair: Node) -> tuple[datetime, float | None]:
    elements = pair.elements()
    if len(elements) != 2:
        raise pair.wrong("a time and a value")
    told = Node({"time": elements[0].value, "value": elements[1].value}, pair.path)
    milliseconds = told.number("time", required=True)
    if not 0 <= milliseconds / 1000 <= (_LAST - _EPOCH).total_seconds():
        raise elements[0].wrong("a time in milliseconds since 1970")
    return _EPOCH + timedelta(milliseconds=milliseconds), told.number("value")
