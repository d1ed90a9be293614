"""Columns: the metadata that travels with every value, from the declaration to the result."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import DeclarationError
from .names import adql_name, check_column_name, physical_column
from .semantics import CooSys, TimeSys, check_ucd, check_unit
from .types import Type

__all__ = ["Column", "Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a result: what a VOTable FIELD says. `name` is free text, as a query may alias it."""

    name: str
    type: Type
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    description: str = ""
    coosys: CooSys | None = None
    timesys: TimeSys | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A published column, checked when made (unit: VOUnits; ucd: UCD1+).

    `keyword` is the FITS keyword the value came from; it is published in the description, where users
    of ESO's archive search for it. `std` marks columns a standard defines, `principal` those worth
    showing first. `indexed` asks for a B-tree; positions and regions are indexed by their table. `folded`
    asks for one over the text in lower case too, for services that do not tell letter cases apart.
    """

    name: str
    type: Type
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    description: str = ""
    keyword: str = ""
    nullable: bool = True
    indexed: bool = False
    principal: bool = False
    std: bool = False
    coosys: CooSys | None = None
    timesys: TimeSys | None = None
    folded: bool = False

    def __post_init__(self) -> None:
        check_column_name(self.name)
        if not isinstance(self.type, Type):
            raise DeclarationError(
                f"column {self.name}: {self.type!r} is no type of a column",
                hint="use TEXT, LONG, DOUBLE, TIMESTAMP, ... of the archive",
            )
        if self.folded and not self.type.is_text:
            raise DeclarationError(f"column {self.name}: only texts have letter cases")
        try:
            check_unit(self.unit)
            check_ucd(self.ucd)
        except DeclarationError as cause:
            raise DeclarationError(f"column {self.name}: {cause.message}", hint=cause.hint) from cause

    @property
    def adql_name(self) -> str:
        return adql_name(self.name)

    @property
    def physical_name(self) -> str:
        return physical_column(self.name)

    @property
    def published_description(self) -> str:
        """The description, ending in the FITS keyword of origin as ESO's tables have it."""
        if not self.keyword:
            return self.description
        return f"{self.description} (Originating from FITS keyword: {self.keyword})".strip()

    @property
    def field(self) -> Field:
        return Field(
            self.name,
            self.type,
            self.unit,
            self.ucd,
            self.utype,
            self.published_description,
            self.coosys,
            self.timesys,
        )
