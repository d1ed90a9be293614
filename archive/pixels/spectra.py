"""Reading one-dimensional spectra: a stored file in, columns of numbers out, a few thousand points at a time.

Where they lie is told by `archive.pixels.spectral_layouts`. Only the bytes of a spectrum's own columns are
read, and never all of them at once. Files are unpacked before (`archive.pixels.unpacking`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from ..declare.columns import Field
from ..errors import NotFound, UnreadableFile
from ..store import parse_header
from .hdus import Bytes, Hdu, read_hdus
from .spectral_columns import Axis, Column, Layout, Numbers, Role, Series
from .spectral_layouts import find_layout, find_orders

__all__ = ["Column", "Layout", "OpenSpectrum", "Role", "find_layout", "open_orders", "open_spectrum"]

_POINTS = 1 << 15
_BYTES = 4 << 20  # of one read


class OpenSpectrum:
    """The points of a spectrum as a result that `archive.formats` encodes; it can be read more than once.

    The columns stand as in `layout`: the spectral coordinate, the fluxes, errors and flags if there are any,
    then what else the file has. Values are the file's, in its units.
    """

    overflowed = False

    def __init__(self, source: Bytes, layout: Layout, starts: Sequence[int]) -> None:
        """`starts`: where the data of each HDU begin."""
        self._source = source
        self._starts = starts
        self.layout = layout

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(column.field for column in self.layout.columns)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([pa.field(field.name, field.type.arrow) for field in self.fields])
        for columns in self.pieces():
            arrays = [
                pa.array(values.astype(values.dtype.newbyteorder("=")), type=field.type)
                for values, field in zip(columns, schema, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def pieces(self) -> Iterator[list[Numbers]]:
        """The columns of a few points after the other, in any byte order."""
        strides = [c.values.stride for c in self.layout.columns if isinstance(c.values, Series)]
        points = max(min(_POINTS, _BYTES // max(strides)), 1)
        for start in range(0, self.layout.count, points):
            stop = min(start + points, self.layout.count)
            read: dict[int, bytes] = {}
            yield [self._values(column.values, start, stop, read) for column in self.layout.columns]

    def _values(self, values: Series | Axis, start: int, stop: int, read: dict[int, bytes]) -> Numbers:
        """`read` keeps the rows of a table, from which all its columns come."""
        if isinstance(values, Axis):
            return values.at(start, stop)
        count, kind = stop - start, np.dtype(values.kind)
        in_rows = values.stride > kind.itemsize
        begin = self._starts[values.hdu] + start * values.stride
        if not in_rows:
            content = self._bytes(begin + values.offset, count * kind.itemsize)
            return values.values(np.frombuffer(content, kind))
        if values.hdu not in read:
            read[values.hdu] = self._bytes(begin, count * values.stride)
        # One after the other the numbers stand at equal distances, which need not be whole multiples.
        numbers = np.ndarray((count,), kind, read[values.hdu], values.offset, (values.stride,))
        return values.values(numbers)

    def _bytes(self, offset: int, length: int) -> bytes:
        content = self._source.read(offset, length)
        if len(content) < length:
            raise UnreadableFile("the file is cut off in the data of its spectrum")
        return content


def open_spectrum(source: Bytes) -> OpenSpectrum:
    """The spectrum in an unpacked FITS file; NotFound when there is none of one dimension."""
    hdus = read_hdus(source)
    layout = find_layout([parse_header(hdu.raw) for hdu in hdus])
    if layout is None:
        raise NotFound("the file holds no spectrum of one dimension")
    return _opened(source, hdus, layout)


def open_orders(source: Bytes) -> list[OpenSpectrum]:
    """Orders in columns of their own, or the first of a few rows; nothing for a file without such."""
    hdus = read_hdus(source)
    return [_opened(source, hdus, layout) for layout in find_orders([parse_header(hdu.raw) for hdu in hdus])]


def _opened(source: Bytes, hdus: Sequence[Hdu], layout: Layout) -> OpenSpectrum:
    for column in layout.columns:
        if isinstance(column.values, Series):
            _check_place(column.values, layout.count, hdus[column.values.hdu].data_bytes)
    return OpenSpectrum(source, layout, [hdu.offset for hdu in hdus])


def _check_place(series: Series, count: int, data_bytes: int) -> None:
    """A header may promise more columns than its rows have bytes."""
    itemsize = np.dtype(series.kind).itemsize
    if series.stride < itemsize or series.offset + (count - 1) * series.stride + itemsize > data_bytes:
        raise UnreadableFile("its columns do not fit the length of its data")
