"""Columns of tables whose data a scan has read, decoded by astropy (scaling, arrays, variable lengths)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from archive.tablefiles.fits_scan import ASTROPY_FAILURES, Hdu

from .keywords import Keywords

__all__ = ["column_names", "numbers", "read_table", "texts"]

_MOST_ELEMENTS = 1 << 25  # of one column


def column_names(hdu: Hdu) -> dict[int, str]:
    """Names of columns by their number, from 1; columns without a TTYPE are missing."""
    return dict(Keywords([hdu.header]).numbered("TTYPE"))


def read_table(hdu: Hdu) -> Any | None:
    """The rows of a table; None when its data were not read or cannot be decoded."""
    # FITS 4.0, 7.3.1: at most 999 columns. astropy would make a list of as many as are announced.
    if not hdu.data or not 0 < (hdu.header.integer("TFIELDS") or 0) <= 999:
        return None
    # Rows of no bytes can be as many as somebody likes to write down.
    if (hdu.header.integer("NAXIS2") or 0) > len(hdu.data):
        return None
    kind = fits.TableHDU if hdu.header.text("XTENSION") == "TABLE" else fits.BinTableHDU
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyUserWarning)
            padding = b"\0" * (-len(hdu.data) % 2880)
            return kind.fromstring(b"".join((hdu.header.raw, hdu.data, padding))).data
    except ASTROPY_FAILURES:
        return None


def numbers(rows: Any, number: int) -> npt.NDArray[np.float64]:
    """A numeric column (from 1), flattened; empty when it is none."""
    try:
        _check_length(rows, number)
        values = rows.field(number - 1)
        if values.dtype == object:
            values = np.concatenate([np.ravel(row) for row in values])
        return np.asarray(values, dtype=np.float64).ravel()
    except ASTROPY_FAILURES:
        return np.empty(0)


def texts(rows: Any, number: int) -> list[str]:
    """A column (from 1) as printable texts."""
    try:
        _check_length(rows, number)
        values = [str(value) for value in rows.field(number - 1)]
    except ASTROPY_FAILURES:
        return []
    return ["".join(c for c in value if c.isprintable()).strip() for value in values]


def _check_length(rows: Any, number: int) -> None:
    """Refuses arrays of variable length whose descriptors all share the same few bytes, without end."""
    if "P" in rows.columns[number - 1].format or "Q" in rows.columns[number - 1].format:
        lengths = np.recarray.field(rows, number - 1)[..., 0]
        if lengths.astype(np.float64).sum() > _MOST_ELEMENTS:
            raise ValueError("more elements than can be true")
