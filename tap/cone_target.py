"""Which columns of a table a cone search is about: its main position, and what tells its rows apart.

Tables say it by UCD and by what is indexed; where they say nothing or several things, the choice is made
here, so that a response has exactly one of each (SCS 1.03, 2.2).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from urllib.parse import quote

from archive.declare import Catalogue, Table
from archive.tablefiles.columns import main_position

__all__ = ["ConeTarget", "cone_address", "cone_target", "cone_targets", "nearest_names"]

_MAIN = "meta.main"
# Frames in which a position is what the standard asks for, to 0.1 arcsec.
_EQUATORIAL = frozenset({"ICRS", "FK5", "eq_FK5"})


@dataclass(frozen=True, slots=True)
class ConeTarget:
    """`position` is longitude and latitude; `identifier` the columns that together name a row, maybe none."""

    table: Table
    position: tuple[str, str]
    identifier: tuple[str, ...]


def cone_target(table: Table) -> ConeTarget | None:
    """None for a table without positions in degrees."""
    pairs = sorted(_pairs(table), key=lambda pair: _rank(table, pair))
    return ConeTarget(table, pairs[0], _identifier(table)) if pairs else None


def cone_address(base_url: str, name: str) -> str:
    """Of the searches of a table; `base_url` is that of all cone searches, without a slash at the end."""
    return f"{base_url}/{quote(name)}"


def cone_targets(catalogue: Catalogue) -> list[ConeTarget]:
    return [target for table in catalogue if (target := cone_target(table)) is not None]


def nearest_names(catalogue: Catalogue, name: str) -> list[str]:
    """Tables that can be searched, those first whose names are most like `name`; three at most."""
    known = {target.table.name.lower(): target.table.name for target in cone_targets(catalogue)}
    near = [full for full in known if full.partition(".")[2] == name.lower().rpartition(".")[2]]
    near += difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    return [known[full] for full in dict.fromkeys(near)][:3]


def _pairs(table: Table) -> list[tuple[str, str]]:
    """Pairs that are indexed, else the one that looks like a position."""
    indexed = [pair for pair in table.positions if all(_may_be_equatorial(table, name) for name in pair)]
    likely = None if indexed else main_position(table.columns)
    return indexed if likely is None else [likely]


def _may_be_equatorial(table: Table, name: str) -> bool:
    column = table.by_name[name]
    if column.coosys is not None and column.coosys.system not in _EQUATORIAL:
        return False
    return column.ucd.lower().startswith("pos.eq") or not column.ucd.lower().startswith("pos.")


def _rank(table: Table, pair: tuple[str, str]) -> int:
    """0 for the position that the table calls its main one; sorting keeps the order of the others."""
    ucds = [table.by_name[name].ucd.lower() for name in pair]
    return 2 - sum(_MAIN in ucd for ucd in ucds) if all(ucd.startswith("pos.eq") for ucd in ucds) else 3


def _identifier(table: Table) -> tuple[str, ...]:
    for ucd in (f"meta.id;{_MAIN}", "id_main"):
        for column in table.columns:
            if column.ucd.lower() == ucd and not column.type.is_array:
                return (column.name,)
    if table.primary_key:
        return table.primary_key
    named = (
        column.name for column in table.columns if _MAIN in column.ucd and column.ucd.startswith("meta.id")
    )
    return next(((name,) for name in named), ())
