"""Where a one-dimensional spectrum lies in a FITS file, told by the headers alone.

Three layouts are known, all of which real pipelines write: an image of one dimension with its wavelengths
along the axis (HARPS, UVES, X-shooter, IRAF), a table with one row of arrays (ESO's Phase 3), and a table
with one row for each point. Here belongs which numbers are wavelengths, fluxes and errors, and in which
units; reading them is `archive.pixels.spectra`.

Slit spectra of two dimensions have no layout here. Orders that are not merged, and the rows of an image that
are a spectrum and what belongs to it, are none to be delivered as one; they can be shown (`find_orders`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..store import Header
from .spectral_axes import image_axis, unit_of_axis
from .spectral_columns import Column, Layout, Role, Series, spectral_column
from .spectral_tables import order_layouts, table_layout
from .units import vo_unit

__all__ = ["find_layout", "find_orders"]

_MOST_POINTS = 1 << 27
_MOST_ORDERS = 64
_MOST_ROWS = 8  # of an image whose rows are a spectrum, its errors, the sky and the like (SDSS has five)
_PIXELS = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_ERRORS = frozenset({"ERRS", "ERR", "ERROR", "SIGMA", "STDEV", "NOISE"})
_QUALITIES = frozenset({"QUAL", "QUALITY", "DQ", "MASK"})


def find_layout(headers: Sequence[Header]) -> Layout | None:
    """The layout of the first spectrum; None when there is none of one dimension.

    `headers` are those of all HDUs, in order. Tables come first: what stands beside them as an image is a
    picture of the spectrum, or has lost its errors.
    """
    primary = headers[0]
    for index, header in enumerate(headers):
        if header.text("XTENSION") == "BINTABLE" and not header.flag("ZIMAGE"):
            found = table_layout(index, header, primary)
            if found is not None:
                return found
    for index in range(len(headers)):
        found = _image_layout(index, headers)
        if found is not None:
            return found
    return None


def find_orders(headers: Sequence[Header]) -> list[Layout]:
    """What can be shown together of a file that is no single spectrum; nothing for most files."""
    orders = [
        layout
        for index, header in enumerate(headers)
        if header.text("XTENSION") == "BINTABLE" and not header.flag("ZIMAGE")
        for layout in order_layouts(index, header, headers[0])
    ]
    if orders:
        return orders[:_MOST_ORDERS]
    rows = (_image_layout(index, headers, _MOST_ROWS) for index in range(len(headers)))
    return [layout for layout in rows if layout is not None][:1]


def _image_layout(index: int, headers: Sequence[Header], most_rows: int = 1) -> Layout | None:
    """The first row of an image that has no more than these."""
    header, primary = headers[index], headers[0]
    count = _length(header, most_rows)
    axis = None if count is None else image_axis(header)
    if count is None or axis is None:
        return None
    quantity, values, unit, medium = unit_of_axis(header, primary, axis)
    spectral = spectral_column(quantity, values, unit, medium)
    flux = _flux_unit(header)
    columns = [spectral, _column(Role.FLUX, index, header, flux)]
    columns += _companions(index, headers, count, flux)
    return Layout(index, count, tuple(columns))


def _length(header: Header, most_rows: int = 1) -> int | None:
    """The number of pixels in a row of an image of few rows; further axes may have one pixel each."""
    if header.text("XTENSION") not in {None, "IMAGE"} or header.flag("GROUPS"):
        return None
    axes = [
        header.integer(f"NAXIS{axis}") or 0 for axis in range(1, min(header.integer("NAXIS") or 0, 9) + 1)
    ]
    rows = axes[1] if len(axes) > 1 else 1
    flat = bool(axes) and axes[2:] == [1] * (len(axes) - 2) and 1 <= rows <= min(most_rows, axes[0])
    return axes[0] if flat and 1 < axes[0] <= _MOST_POINTS and header.integer("BITPIX") in _PIXELS else None


def _companions(index: int, headers: Sequence[Header], count: int, unit: tuple[str, str]) -> Iterator[Column]:
    """Errors and quality flags in images of the same length, by the names of their HDUs."""
    wanted = {Role.ERROR: _ERRORS, Role.QUALITY: _QUALITIES}
    for other, header in enumerate(headers):
        name = (header.text("EXTNAME") or "").upper()
        role = next((role for role, names in wanted.items() if name in names), None)
        if other != index and role is not None and _length(header) == count:
            del wanted[role]
            yield _column(role, other, header, unit if role is Role.ERROR else ("", ""))


def _column(role: Role, index: int, header: Header, unit: tuple[str, str]) -> Column:
    return Column(role.value, role, _series(index, header), unit[0], original_unit=unit[1])


def _series(index: int, header: Header) -> Series:
    kind = _PIXELS[header.integer("BITPIX") or 0]
    return Series(
        index,
        0,
        int(kind[-1]),
        kind,
        scale=header.number("BSCALE") or 1.0,
        zero=header.number("BZERO") or 0.0,
        null=header.integer("BLANK"),
    )


def _flux_unit(header: Header) -> tuple[str, str]:
    text = header.text("BUNIT") or ""
    return vo_unit(text), text
