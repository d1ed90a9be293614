"""What the FIELDs of a VOTable mean: the type of a column, and how much room its cells take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod

from ..declare.types import BOOLEAN, DOUBLE, FLOAT, TEXT, Type, array_of, find_type
from ..errors import DeclarationError

__all__ = ["VotField", "column_type"]

_ARRAYSIZE = re.compile(r"(\d+x)*(\d+\*?|\*)")
_COMPLEX = {"floatComplex": FLOAT, "doubleComplex": DOUBLE}
# Bytes of one element in BINARY; bits are packed (VOTable 1.5, table 1 and 5.3).
_BYTES = {
    "boolean": 1,
    "bit": 0,
    "unsignedByte": 1,
    "short": 2,
    "int": 4,
    "long": 8,
    "char": 1,
    "unicodeChar": 2,
    "float": 4,
    "double": 8,
    "floatComplex": 8,
    "doubleComplex": 16,
}
_MOST_ELEMENTS = 1 << 24  # of a cell of fixed size


@dataclass
class VotField:
    """A FIELD as it stands in the document; `null` is the magic value of VALUES.

    Raises DeclarationError for what is no datatype or arraysize of VOTable's.
    """

    attributes: Mapping[str, str]
    description: str = ""
    null: str | None = None
    type: Type = field(init=False)
    datatype: str = field(init=False)
    size: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.datatype = self.attributes.get("datatype", "").strip()
        if self.datatype not in _BYTES:
            raise DeclarationError(f"there is no datatype {self.datatype[:40]!r} in VOTable")
        size = self.attributes.get("arraysize", "").strip()
        self.size = size or None
        if self.size is not None and not _ARRAYSIZE.fullmatch(self.size):
            raise DeclarationError(f"arraysize {self.size[:40]!r} is not VOTable's")
        if self.count is not None and self.count > _MOST_ELEMENTS:
            raise DeclarationError(f"arraysize {self.size} is beyond all limits")
        self.type = column_type(self.datatype, self.size, self.attributes.get("xtype"))

    @property
    def name(self) -> str:
        return self.attributes.get("name") or self.attributes.get("ID") or ""

    @property
    def is_variable(self) -> bool:
        return self.size is not None and self.size.endswith("*")

    @property
    def count(self) -> int | None:
        """Elements of a cell; None where they vary."""
        if self.size is None:
            return 1
        return None if self.is_variable else prod(int(axis[:9]) for axis in self.size.split("x"))

    def bytes_of(self, count: int) -> int:
        """Bytes of a cell of that many elements, in BINARY."""
        return (count + 7) // 8 if self.datatype == "bit" else count * _BYTES[self.datatype]

    @property
    def is_text(self) -> bool:
        return self.datatype in {"char", "unicodeChar"}

    @property
    def is_complex(self) -> bool:
        return self.datatype in _COMPLEX


def column_type(datatype: str, size: str | None, xtype: str | None) -> Type:
    """The column type of a FIELD. Complex numbers are pairs, bits booleans; a text has any length.

    An xtype that means nothing here stays with the column (DALI 1.2, 3.3).
    """
    size = None if size == "1" else size
    if datatype in _COMPLEX:
        found = array_of(_COMPLEX[datatype], f"2x{size}" if size else "2")
    elif datatype == "bit":
        found = array_of(BOOLEAN, size) if size else BOOLEAN
    else:
        found = find_type(datatype, size, xtype)
    if found.is_text and found.xtype is None:
        found = TEXT
    kept = (xtype or "").strip()
    if kept and found.xtype is None and not (found.is_text and "x" in (size or "")):
        return replace(found, xtype=kept)
    return found
