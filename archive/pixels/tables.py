"""Tables cut by wavelength or time: rows that are pixels or events, elements where a cell is a spectrum.

Columns are found by what their names, units and UCDs say, as at ingest. Cells are copied byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import UnreadableFile
from .axes import zero_mjd
from .cards import Cards
from .hdus import Bytes, Hdu
from .parts import Part, changed
from .sections import PIECE, copy
from .spectral import Interval
from .wavelengths import Values, vacuum, wave_scale

__all__ = ["cut_table", "has_band", "has_time"]

_FORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])(.*)")
_WIDTHS = {"L": 1, "X": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16}
_WIDTHS |= {"P": 8, "Q": 16}
_NUMBERS = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_WAVE = re.compile(r"WAVE|WAVELENGTH|LAMBDA|WL|WAVE_AIR|WAVE_VAC|LOGLAM|\w+_WL", re.IGNORECASE)
_FLUX = re.compile(r"FLUX\w*|SPEC|INTENSITY|COUNTS|\w+_SPEC", re.IGNORECASE)
_TIME = re.compile(r"TIME|MJD|MJD[-_]OBS|T|JD|BJD|HJD|BJD_TDB|TIME_BJD", re.IGNORECASE)
_JULIAN = re.compile(r"[BH]?JD(_TDB)?|TIME_BJD", re.IGNORECASE)
_JULIAN_UNIT = re.compile(r"[bh]?jd\b")
_JULIAN_ZERO = 2400000.5
_DAYS = {
    "s": 1.0 / 86400.0,
    "d": 1.0,
    "day": 1.0,
    "days": 1.0,
    "mjd": 1.0,
    "min": 1.0 / 1440.0,
    "h": 1.0 / 24.0,
}


_Turn = Callable[[Values], Values]


@dataclass(frozen=True, slots=True)
class _Column:
    """`offset` in the row and `width` in bytes; `repeat` elements of the kind `letter` (TFORM)."""

    number: int
    name: str
    letter: str
    repeat: int
    offset: int
    width: int
    scale: float
    zero: float
    unit: str
    ucd: str

    @property
    def is_number(self) -> bool:
        return self.letter in _NUMBERS and self.repeat > 0

    def values(self, rows: bytes, count: int, row_bytes: int) -> npt.NDArray[np.float64]:
        """The column of some rows as numbers, shape (rows, repeat)."""
        kind = np.dtype(_NUMBERS[self.letter])
        cells = np.ndarray((count, self.repeat), kind, rows, self.offset, (row_bytes, kind.itemsize))
        return cells.astype(np.float64) * self.scale + self.zero


_Scale = tuple[_Column, _Turn]


def _columns(hdu: Hdu) -> list[_Column]:
    header, columns, offset = hdu.header, [], 0
    for number in range(1, (header.integer("TFIELDS") or 0) + 1):
        form = (header.text(f"TFORM{number}") or "").strip()
        found = _FORM.match(form)
        if found is None:
            raise UnreadableFile(f"HDU {hdu.index}: TFORM{number} = {form!r}")
        repeat = int(found[1] or 1)
        width = (repeat + 7) // 8 if found[2] == "X" else repeat * _WIDTHS[found[2]]
        scale, zero = header.number(f"TSCAL{number}"), header.number(f"TZERO{number}")
        columns.append(
            _Column(
                number,
                (header.text(f"TTYPE{number}") or "").strip(),
                found[2],
                repeat,
                offset,
                width,
                1.0 if scale is None else scale,
                zero or 0.0,
                (header.text(f"TUNIT{number}") or "").strip(),
                (header.text(f"TUCD{number}") or "").lower(),
            )
        )
        offset += width
    if offset != header.integer("NAXIS1"):
        raise UnreadableFile(f"HDU {hdu.index}: the columns do not fill its rows")
    return columns


def has_band(hdu: Hdu) -> bool:
    """Whether a table has a spectrum: a column of wavelengths whose unit is known, and one of fluxes."""
    return hdu.is_table and bool(_waves(hdu))


def has_time(hdu: Hdu) -> bool:
    """Whether a table's rows have moments."""
    return hdu.is_table and _moments(hdu) is not None


def _waves(hdu: Hdu) -> list[_Scale]:
    """The columns of wavelengths with what turns their values into metres in vacuum.

    There are several where each order of a spectrograph has its own (CRIRES+).
    """
    columns = _columns(hdu)
    if not any(_FLUX.fullmatch(column.name) or "phot.flux" in column.ucd for column in columns):
        return []
    found = []
    for column in columns:
        named = _WAVE.fullmatch(column.name) or column.ucd.startswith("em.wl")
        unit = column.unit or ("nm" if hdu.instrument == "CRIRES" else "")
        logarithmic = column.name.upper() == "LOGLAM"
        scale = wave_scale(unit or ("Angstrom" if logarithmic else "none"))
        if named and column.is_number and scale is not None:
            in_air = column.name.upper() == "WAVE_AIR" or "obs.atmos" in column.ucd
            found.append((column, _metres(scale, logarithmic, in_air)))
    return found


def _metres(scale: float, logarithmic: bool, in_air: bool) -> _Turn:
    def metres(values: Values) -> Values:
        found = (10.0 ** np.where(values < 20.0, values, np.nan) if logarithmic else values) * scale
        return vacuum(found) if in_air else found

    return metres


def _moments(hdu: Hdu) -> _Scale | None:
    """The column of times, and what turns its values into MJD."""
    for column in _columns(hdu):
        if _TIME.fullmatch(column.name) and column.is_number and column.repeat == 1:
            turn = _mjd(column, hdu)
            if turn is not None:
                return column, turn
    return None


def _mjd(column: _Column, hdu: Hdu) -> _Turn | None:
    zero = zero_mjd(hdu)
    unit = (column.unit or hdu.header.text("TIMEUNIT") or "").lower()
    if _JULIAN.fullmatch(column.name):
        # A whole Julian date; a smaller number counts from a moment that the header tells.
        return lambda values: np.where(values > 2e6, values - _JULIAN_ZERO, values + zero)
    if column.name.upper().startswith("MJD"):
        return lambda values: values
    days = 1.0 if _JULIAN_UNIT.match(unit) else _DAYS.get(unit)
    return None if days is None else lambda values: values * days + zero


def cut_table(
    source: Bytes, hdu: Hdu, band: Interval | None, time: Interval | None, note: str
) -> Part | None:
    """The rows or elements within; None when there are none. `note` goes into the HISTORY."""
    waves = _waves(hdu) if band is not None else []
    moments = _moments(hdu) if time is not None else None
    is_one_row = hdu.header.integer("NAXIS2") == 1 and moments is None
    if band is not None and is_one_row and waves and waves[0][0].repeat > 1:
        return _cut_elements(source, hdu, waves[0], band, note)
    limits: list[tuple[list[_Scale], Interval]] = []
    if band is not None and waves:
        limits.append((waves, band))
    if time is not None and moments is not None:
        limits.append(([moments], time))
    rows = _chosen_rows(source, hdu, limits)
    if band is not None and waves and moments is None and not len(rows):
        rows = _nearest_row(source, hdu, waves, band)
    return _cut_rows(source, hdu, rows, note) if len(rows) else None


_Rows = npt.NDArray[np.int64]  # first and last + 1 of each run of rows that stay, shape (runs, 2)


def _chosen_rows(source: Bytes, hdu: Hdu, limits: Sequence[tuple[Sequence[_Scale], Interval]]) -> _Rows:
    """Runs of the rows that have, for each of the limits, a value within it in one of its columns."""
    width, count = hdu.header.integer("NAXIS1") or 1, hdu.header.integer("NAXIS2") or 0
    runs: list[tuple[int, int]] = []
    for start, rows, number in _batches(source, hdu, width, count):
        held = np.ones(number, dtype=bool)
        for scales, (low, high) in limits:
            within = np.zeros(number, dtype=bool)
            for column, turn in scales:
                values = turn(column.values(rows, number, width))
                with np.errstate(invalid="ignore"):
                    within |= ((values >= low) & (values <= high)).any(axis=1)
            held &= within
        edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(np.int8), [0]])))
        for first, last in zip(edges[::2] + start, edges[1::2] + start, strict=True):
            if runs and runs[-1][1] == first:
                runs[-1] = (runs[-1][0], int(last))
            else:
                runs.append((int(first), int(last)))
    return np.array(runs, dtype=np.int64).reshape(-1, 2)


def _nearest_row(source: Bytes, hdu: Hdu, scales: Sequence[_Scale], band: Interval) -> _Rows:
    """Of a band that falls between two rows, if there are some on both sides."""
    width, count = hdu.header.integer("NAXIS1") or 1, hdu.header.integer("NAXIS2") or 0
    middle, nearest, apart, sides = (band[0] + band[1]) / 2.0, 0, np.inf, set()
    for start, rows, number in _batches(source, hdu, width, count):
        for column, turn in scales:
            away = turn(column.values(rows, number, width)) - middle
            sides |= set(np.sign(away[np.isfinite(away)]).tolist())
            if (away := np.nan_to_num(np.abs(away), nan=np.inf).min(axis=1)).min(initial=np.inf) < apart:
                nearest, apart = start + int(away.argmin()), float(away.min())
    return np.array([[nearest, nearest + 1]] if {-1.0, 1.0} <= sides else [], dtype=np.int64).reshape(-1, 2)


def _batches(source: Bytes, hdu: Hdu, width: int, count: int) -> Iterator[tuple[int, bytes, int]]:
    """First row, bytes and number of rows that are read together."""
    together = max(PIECE // width, 1)
    for start in range(0, count, together):
        number = min(together, count - start)
        yield start, source.read(hdu.offset + start * width, number * width), number


def _cut_rows(source: Bytes, hdu: Hdu, runs: _Rows, note: str) -> Part:
    """What lies behind the rows, as the cells of variable length do, stays as it is."""
    header, cards = hdu.header, Cards.of(hdu)
    width, count = header.integer("NAXIS1") or 1, header.integer("NAXIS2") or 0
    heap = hdu.data_bytes - width * count
    stay = int((runs[:, 1] - runs[:, 0]).sum())
    cards.set("NAXIS2", stay)
    if "THEAP" in cards:
        cards.change("THEAP", lambda place: int(place) - (count - stay) * width)
    cards.history(f"{note}, {stay} of {count} rows")

    def read() -> Iterator[bytes]:
        for first, last in runs.tolist():
            yield from copy(source, hdu.offset + first * width, (last - first) * width)
        yield from copy(source, hdu.offset + width * count, heap)

    return changed(cards, stay * width + heap, read)


def _cut_elements(source: Bytes, hdu: Hdu, wave: _Scale, band: Interval, note: str) -> Part | None:
    """A spectrum in one row: of each array that is as long as that of the wavelengths, the same elements."""
    column, turn = wave
    columns, header = _columns(hdu), hdu.header
    width = header.integer("NAXIS1") or 0
    cells = source.read(hdu.offset + column.offset, column.width)
    raw = np.frombuffer(cells, _NUMBERS[column.letter]).astype(np.float64) * column.scale + column.zero
    values = turn(raw)
    with np.errstate(invalid="ignore"):
        within = np.flatnonzero((values >= band[0]) & (values <= band[1]))
    if not len(within):
        within = _nearest(values, band)
    if not len(within):
        return None
    first, last = int(within[0]), int(within[-1]) + 1
    cards, pieces = Cards.of(hdu), []
    for other in columns:
        if other.repeat == column.repeat and other.letter in _WIDTHS and other.letter not in "XPQA":
            item = _WIDTHS[other.letter]
            pieces.append((other.offset + first * item, (last - first) * item))
            cards.set(f"TFORM{other.number}", f"{last - first}{other.letter}")
            cards.remove(re.compile(f"TDIM{other.number}"))
        else:
            pieces.append((other.offset, other.width))
    heap = hdu.data_bytes - width
    size = sum(length for _, length in pieces)
    cards.set("NAXIS1", size)
    if "THEAP" in cards:
        cards.change("THEAP", lambda place: int(place) - (width - size))
    _restate(cards, column, raw[first:last])
    cards.history(f"{note}, elements [{first + 1}:{last}]")

    def read() -> Iterator[bytes]:
        for offset, length in pieces:
            yield from copy(source, hdu.offset + offset, length)
        yield from copy(source, hdu.offset + width, heap)

    return changed(cards, size + heap, read)


def _nearest(values: Values, band: Interval) -> npt.NDArray[np.int64]:
    """A band between two elements is in the nearer one, if the spectrum reaches to both sides of it."""
    finite = np.flatnonzero(np.isfinite(values))
    if not len(finite):
        return finite
    low, high = values[finite].min(), values[finite].max()
    middle = (band[0] + band[1]) / 2.0
    if not low <= middle <= high:
        return finite[:0]
    return finite[[int(np.abs(values[finite] - middle).argmin())]]


def _restate(cards: Cards, column: _Column, values: Values) -> None:
    """What ESO's Phase 3 standard and SSA say of the column besides: number of elements, limits."""
    if "NELEM" in cards:
        cards.set("NELEM", len(values))
    for keyword, limit in ((f"TDMIN{column.number}", values.min()), (f"TDMAX{column.number}", values.max())):
        if keyword in cards:
            cards.set(keyword, float(limit))
