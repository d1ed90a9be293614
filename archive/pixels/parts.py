"""HDUs on their way out: a header that can still change, and data that are read when they are sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .cards import Cards, Checksum, checksum_text, padding
from .hdus import Bytes, Hdu
from .sections import copy

__all__ = ["Part", "changed", "emptied", "kept"]

_SUMS = re.compile(r"CHECKSUM|DATASUM")
_SHAPE = re.compile(r"NAXIS\d+|BSCALE|BZERO|BLANK|BUNIT|DATAMIN|DATAMAX")
_WORLD = re.compile(
    r"WCSAXES[A-Z]?|WCSNAME[A-Z]?|C(TYPE|RVAL|RPIX|DELT|UNIT|ROTA)\d+[A-Z]?|CD\d+_\d+[A-Z]?|PC\d+_\d+[A-Z]?"
    r"|P[VS]\d+_\d+[A-Z]?|LONPOLE[A-Z]?|LATPOLE[A-Z]?|[AB]P?_(ORDER|DMAX|\d+_\d+)"
)
_NO_SUM = "0" * 16


@dataclass(frozen=True)
class Part:
    """One HDU of a cut-out: `size` bytes of data come out of `read`, each time it is called.

    `sums`: its header has room for checksums of what it has become.
    """

    cards: Cards
    size: int
    read: Callable[[], Iterator[bytes]]
    sums: bool = False

    @property
    def total(self) -> int:
        """Bytes with header and padding."""
        return len(self.cards.encoded()) + self.size + len(self.padding())

    def header(self) -> bytes:
        """With checksums, for which the data are read once more than they are sent."""
        if self.sums:
            data = Checksum()
            for piece in self.read():
                data.add(piece)
            self.cards.set("DATASUM", str(data.value))
            self.cards.set("CHECKSUM", _NO_SUM)
            whole = Checksum()
            whole.add(self.cards.encoded())
            whole.add(data.value.to_bytes(4, "big"))
            self.cards.set("CHECKSUM", checksum_text(whole.value))
        return self.cards.encoded()

    def padding(self) -> bytes:
        return padding(self.size)


def changed(cards: Cards, size: int, read: Callable[[], Iterator[bytes]]) -> Part:
    """An HDU that is not as it is in the archive; it gets new checksums if it had any."""
    sums = any(_SUMS.fullmatch(keyword) for keyword in cards.keywords())
    if sums:
        cards.set("DATASUM", "0", "checksum of the data")
        cards.set("CHECKSUM", _NO_SUM, "checksum of the HDU")
    return Part(cards, size, read, sums)


def kept(source: Bytes, hdu: Hdu) -> Part:
    """An HDU as it is."""
    return Part(Cards.of(hdu), hdu.data_bytes, lambda: copy(source, hdu.offset, hdu.data_bytes))


def emptied(hdu: Hdu) -> Part:
    """A primary HDU without its pixels, which were not wanted, nor what only they need."""
    cards = Cards.of(hdu)
    for pattern in (_SHAPE, _WORLD):
        cards.remove(pattern)
    cards.set("BITPIX", 8)
    cards.set("NAXIS", 0)
    return changed(cards, 0, lambda: iter(()))
