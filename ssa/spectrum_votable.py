"""What a spectrum sent as VOTable says of itself: the metadata of the Spectrum data model 1.1 as PARAMs.

The utypes of SSA are those of the model, in which `Spectrum.` stands before them: so each column of dbo.ssa
is a PARAM here, under the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from lxml import etree

from archive.config import Config
from archive.declare.columns import Column
from archive.declare.ssa import SPECTRUM_MODEL, SSA
from archive.declare.types import POINT
from archive.formats import Document

from .documents import constants, param

__all__ = ["spectrum_document"]

_MODEL = "spec:Spectrum."
# What is told of the access to a spectrum, and not of the spectrum.
_OF_ACCESS = ("Access.",)
_POSITIONS = {
    "location": ("pos.eq", "Char.SpatialAxis.Coverage.Location.Value"),
    "target_pos": ("pos.eq;src", "Target.Pos"),
}


def spectrum_document(config: Config, row: Mapping[str, object]) -> Document:
    """`row` is that of dbo.ssa."""
    return Document(
        infos=(("citation", str(row["bib_reference"])),) if row.get("bib_reference") else (),
        title=config.title,
        description=str(row["title"]),
        table_name=str(row["dp_id"]),
        table_utype=_MODEL.removesuffix("."),
        params=(*constants(config, _MODEL), *_described(row)),
    )


def _described(row: Mapping[str, object]) -> Iterator[etree._Element]:
    told = {**row, "data_model": SPECTRUM_MODEL}
    for column in SSA.columns:
        utype = column.utype.removeprefix("ssa:")
        if utype and not utype.startswith(_OF_ACCESS) and told.get(column.name) is not None:
            yield _param(column, told[column.name], _MODEL + utype)
    place = (row.get("s_ra"), row.get("s_dec"))
    if None not in place:
        for name, (ucd, utype) in _POSITIONS.items():
            yield param(name, POINT, f"{place[0]!r} {place[1]!r}", unit="deg", ucd=ucd, utype=_MODEL + utype)


def _param(column: Column, value: object, utype: str) -> etree._Element:
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return param(
        column.name,
        column.type,
        text,
        unit=column.unit,
        ucd=column.ucd,
        utype=utype,
        description=column.description,
    )
