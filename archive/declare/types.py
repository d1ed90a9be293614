"""The datatypes an archive can publish: one row each, in all the languages it has to be said in.

A `Type` is what ADQL, VOTable, PostgreSQL, Arrow and numpy call the same thing. Conversions of
values live with their formats (`archive.formats`); geometry values live in `archive.declare.regions`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa

from ..errors import DeclarationError

__all__ = [
    "BOOLEAN",
    "CIRCLE",
    "DOUBLE",
    "FLOAT",
    "INTEGER",
    "INTERVAL",
    "LONG",
    "POINT",
    "POLYGON",
    "REGION",
    "SHORT",
    "TEXT",
    "TIMESTAMP",
    "UNSIGNED_BYTE",
    "Type",
    "array_of",
    "char",
    "find_type",
]


@dataclass(frozen=True, slots=True)
class Type:
    """One datatype.

    `datatype`, `arraysize`, `xtype` are VOTable's (VOTable 1.5, 2.1 and DALI 1.2, 3.3); arraysize is
    None for scalars. `postgresql` is the type of the stored column and of the value sent out of the
    database; multi-dimensional arrays are stored flattened, first axis fastest, so that only
    `arraysize` knows their shape. `numpy` is the element's dtype without byte order ("f8", "i4",
    "U" for text, "M8[us]" for timestamps).
    """

    adql: str
    datatype: str
    arraysize: str | None
    xtype: str | None
    postgresql: str
    arrow: pa.DataType
    numpy: str

    @property
    def is_text(self) -> bool:
        """True for everything stored as text; timestamps are not, though VOTable sends them as char."""
        return self.numpy == "U"

    @property
    def is_array(self) -> bool:
        """True for arrays of numbers or booleans (and geometries sent as such)."""
        return bool(pa.types.is_list(self.arrow))

    @property
    def is_numeric(self) -> bool:
        return not self.is_array and self.numpy in {"i2", "i4", "i8", "f4", "f8"}

    @property
    def is_integer(self) -> bool:
        return not self.is_array and self.numpy in {"i2", "i4", "i8"}

    @property
    def is_geometry(self) -> bool:
        return self.xtype in {"point", "circle", "polygon", "adql:REGION"}

    @property
    def published_arraysize(self) -> str | None:
        """The arraysize that results, TAP_SCHEMA and VOSI all state.

        Text is never bounded there: arraysize counts bytes of UTF-8 while the database counts characters, and
        astropy before 7.1 misread bounded strings in BINARY2 (astropy issue 18099).
        """
        return "*" if self.datatype == "char" else self.arraysize

    @property
    def element(self) -> Type:
        """The scalar type of an array's elements."""
        return _SCALARS[self.datatype] if self.is_array else self


BOOLEAN = Type("BOOLEAN", "boolean", None, None, "boolean", pa.bool_(), "?")
UNSIGNED_BYTE = Type("SMALLINT", "unsignedByte", None, None, "smallint", pa.int16(), "i2")
SHORT = Type("SMALLINT", "short", None, None, "smallint", pa.int16(), "i2")
INTEGER = Type("INTEGER", "int", None, None, "integer", pa.int32(), "i4")
LONG = Type("BIGINT", "long", None, None, "bigint", pa.int64(), "i8")
FLOAT = Type("REAL", "float", None, None, "real", pa.float32(), "f4")
DOUBLE = Type("DOUBLE PRECISION", "double", None, None, "double precision", pa.float64(), "f8")
TEXT = Type("VARCHAR", "char", "*", None, "text", pa.string(), "U")
TIMESTAMP = Type("TIMESTAMP", "char", "*", "timestamp", "timestamp", pa.timestamp("us"), "M8[us]")

_DOUBLES = pa.list_(pa.float64())
POINT = Type("POINT", "double", "2", "point", "double precision[]", _DOUBLES, "f8")
CIRCLE = Type("CIRCLE", "double", "3", "circle", "double precision[]", _DOUBLES, "f8")
POLYGON = Type("POLYGON", "double", "*", "polygon", "double precision[]", _DOUBLES, "f8")
INTERVAL = Type("INTERVAL", "double", "2", "interval", "double precision[]", _DOUBLES, "f8")
# ObsCore 1.1, table 6 lists adql:REGION for s_region; the value is STC-S text, which TOPCAT, Aladin
# Lite and scripts written for ESO's archive all read, and which can hold unions and single positions.
REGION = Type("REGION", "char", "*", "adql:REGION", "text", pa.string(), "U")

_SCALARS = {t.datatype: t for t in (BOOLEAN, UNSIGNED_BYTE, SHORT, INTEGER, LONG, FLOAT, DOUBLE, TEXT)}
_GEOMETRIES = {t.xtype: t for t in (POINT, CIRCLE, POLYGON, INTERVAL, REGION, TIMESTAMP)}
_ARRAYSIZE = re.compile(r"(\d+x)*(\d+\*?|\*)")


def char(length: int, *, fixed: bool = False) -> Type:
    """Text of at most `length` characters (VOTable arraysize "20*"; "20" when `fixed`)."""
    if length < 1:
        raise DeclarationError(f"a text column cannot hold {length} characters")
    size = str(length) if fixed else f"{length}*"
    return Type(f"VARCHAR({length})", "char", size, None, "text", pa.string(), "U")


def array_of(element: Type, arraysize: str) -> Type:
    """An array column: VOTable arraysize such as "3", "*", "10*" or "2x3"."""
    if element.is_array or element.is_text or element.numpy == "M8[us]":
        raise DeclarationError(f"no arrays of {element.adql}", hint="declare one text column instead")
    if not _ARRAYSIZE.fullmatch(arraysize):
        raise DeclarationError(
            f"arraysize {arraysize!r} is not VOTable's", hint='say "3", "*", "10*" or "2x3"'
        )
    return Type(
        f"{element.adql} ARRAY",
        element.datatype,
        arraysize,
        None,
        f"{element.postgresql}[]",
        pa.list_(element.arrow),
        element.numpy,
    )


def find_type(datatype: str, arraysize: str | None = None, xtype: str | None = None) -> Type:
    """The type a VOTable triple names; raises DeclarationError for what the archive cannot hold.

    An unknown xtype is ignored: the value is stored by its datatype (DALI 1.2, 3.3). So is one that its
    arraysize belies, such as a point of three numbers.
    """
    if datatype == "unicodeChar":
        datatype = "char"
    known = _GEOMETRIES.get(xtype or "")
    if known is not None and known.datatype == datatype and _may_hold(arraysize, known):
        return known
    if datatype not in _SCALARS:
        raise DeclarationError(f"no column type for VOTable datatype {datatype!r}")
    if datatype == "char":
        bounded = re.fullmatch(r"(\d+)(\*?)", arraysize or "1")
        return char(int(bounded[1]), fixed=not bounded[2]) if bounded and int(bounded[1]) else TEXT
    scalar = _SCALARS[datatype]
    return array_of(scalar, arraysize) if arraysize else scalar


def _may_hold(arraysize: str | None, known: Type) -> bool:
    """Whether cells of that arraysize can be values of this geometry or time."""
    if known.is_array and known.arraysize != "*":
        return arraysize in {known.arraysize, "*"}
    return "x" not in arraysize if arraysize else not known.is_array
