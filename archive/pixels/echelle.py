"""Images whose rows are the orders of an echelle spectrograph: which of them a band needs.

HARPS's pipeline writes such (e2ds): a polynomial in the pixel for each order gives its wavelengths, in
Angstrom in air, and a cut-out has the polynomials of its own rows. Orders in tables are cut by `tables`.
"""

from __future__ import annotations

import re

import numpy as np

from ..store import parse_header
from .cards import Cards
from .hdus import CARD, Hdu
from .spectral import Interval, overlapping
from .wavelengths import Values, vacuum

__all__ = ["has_orders", "order_rows", "renumber"]

_AXIS = 1  # along which the orders lie, from 0
_SOLUTION = b"HIERARCH ESO DRS CAL TH "
_DEGREE, _COEFFICIENT = "ESO DRS CAL TH DEG LL", "ESO DRS CAL TH COEFF LL"
# Numbered through all orders, those of one order after the other.
_NUMBERED = re.compile(rb"(HIERARCH ESO DRS CAL TH COEFF LL)(\d{1,6})\b(.*)", re.DOTALL)
_METRES = 1e-10


def has_orders(hdu: Hdu) -> bool:
    """Whether the rows of an image are orders with known wavelengths."""
    return _polynomials(hdu) is not None


def order_rows(hdu: Hdu, band: Interval) -> tuple[int, int] | None:
    """First and last + 1 of the orders that the band touches; None for none. Vacuum wavelengths in metres."""
    polynomials = _polynomials(hdu)
    assert polynomials is not None
    ends = np.array([-0.5, hdu.shape[0] - 0.5])[:, np.newaxis] ** np.arange(polynomials.shape[1])
    first, last = vacuum(ends @ polynomials.T * _METRES)
    touched = np.flatnonzero(overlapping(first, last, band))
    return (int(touched[0]), int(touched[-1]) + 1) if len(touched) else None


def renumber(cards: Cards, hdu: Hdu, rows: tuple[int, int]) -> None:
    """Leaves the polynomials of these rows in a header, and counts them from the first row."""
    polynomials = _polynomials(hdu)
    if polynomials is None:
        return
    low, high = (row * polynomials.shape[1] for row in rows)

    def moved(line: bytes) -> bytes | None:
        found = _NUMBERED.match(line)
        if found is None:
            return line
        number = int(found[2])
        return b"%s%d%s" % (found[1], number - low, found[3]) if low <= number < high else None

    cards.rewrite(moved)


def _polynomials(hdu: Hdu) -> Values | None:
    """The coefficients, shape (orders, powers)."""
    if not hdu.is_image or len(hdu.shape) != 2 or hdu.instrument != "HARPS":
        return None
    lines = (hdu.raw[start : start + CARD] for start in range(0, len(hdu.raw), CARD))
    header = parse_header(b"".join(line for line in lines if line.startswith(_SOLUTION)))
    degree, orders = header.integer(_DEGREE), hdu.shape[_AXIS]
    if degree is None or not 0 < degree < 10 or orders > 1000:
        return None
    terms = [header.number(f"{_COEFFICIENT}{number}") for number in range(orders * (degree + 1))]
    known = [term for term in terms if term is not None]
    return np.array(known).reshape(orders, degree + 1) if len(known) == len(terms) else None
