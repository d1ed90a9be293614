"""From the columns of a catalogue file to a declaration: names, units and UCDs as the archive has them.

Files speak many dialects. A unit or UCD that can be said in VOUnits or UCD1+ is translated; any other is
kept in the description, where people still find it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from astropy import units
from astropy.utils.exceptions import AstropyWarning

from ..declare import ICRS, Column, CooSys, Table
from ..declare.names import physical_column
from ..declare.semantics import check_ucd, check_unit
from ..declare.types import REGION
from ..errors import DeclarationError
from .source import SourceColumn

__all__ = ["coosys_of", "declared", "legal_names", "main_position", "ucd_of", "unit_of"]

_LONGEST = 53  # bytes, see archive.declare.names

# Spellings that no parser of units knows.
_UNITS = {
    "-": "",
    "--": "",
    "---": "",
    "adu": "adu",
    "angstroms": "Angstrom",
    "count": "ct",
    "counts": "ct",
    "date": "",
    "days": "d",
    "degree": "deg",
    "degrees": "deg",
    "dimensionless": "",
    "hours": "h",
    "kelvin": "K",
    "magnitude": "mag",
    "magnitudes": "mag",
    "mags": "mag",
    "micron": "um",
    "microns": "um",
    "minutes": "min",
    "mjd": "d",
    "n/a": "",
    "none": "",
    "null": "",
    "photons": "photon",
    "pix": "pixel",
    "pixels": "pixel",
    "sec": "s",
    "seconds": "s",
    "unitless": "",
    "years": "yr",
}
_DIALECTS = ("vounit", "cds", "fits", "generic", "ogip")

# UCD1, the few that find positions and identifiers (Derriere et al. 2004, appendix).
_OLD_UCDS = {
    "POS_EQ_RA_MAIN": "pos.eq.ra;meta.main",
    "POS_EQ_DEC_MAIN": "pos.eq.dec;meta.main",
    "POS_EQ_RA": "pos.eq.ra",
    "POS_EQ_DEC": "pos.eq.dec",
    "POS_GAL_LON": "pos.galactic.lon",
    "POS_GAL_LAT": "pos.galactic.lat",
    "ID_MAIN": "meta.id;meta.main",
}
_POSITION_NAMES = (
    ("ra", "dec"),
    ("ra_icrs", "dec_icrs"),
    ("ra_icrs", "de_icrs"),
    ("raj2000", "dej2000"),
    ("raj2000", "decj2000"),
    ("ra_j2000", "dec_j2000"),
    ("ra_deg", "dec_deg"),
    ("radeg", "dedeg"),
    ("radeg", "decdeg"),
    ("_ra", "_de"),
    ("_ra_icrs", "_de_icrs"),
    ("_raj2000", "_dej2000"),
    ("s_ra", "s_dec"),
    ("ra2000", "dec2000"),
    ("ramean", "decmean"),
    ("ra_mean", "dec_mean"),
    ("alpha_j2000", "delta_j2000"),
    ("alphawin_j2000", "deltawin_j2000"),
    ("right_ascension", "declination"),
    ("raep0", "decep0"),
)
# Frames whose positions are indexed as they are.
_EQUATORIAL = {"ICRS", "FK5"}


def declared(name: str, sources: Sequence[SourceColumn], description: str) -> tuple[Table, tuple[str, ...]]:
    """The declaration of a catalogue, and remarks on what was taken otherwise than the file has it."""
    names, remarks = legal_names([source.name for source in sources])
    columns = [_column(new, source) for new, source in zip(names, sources, strict=True)]
    pair = main_position(columns)
    if pair is not None:
        columns, guessed = _as_position(columns, pair)
        if guessed:
            remarks += (f"took {pair[0]} and {pair[1]} for positions in degrees",)
    return Table(name, tuple(columns), description, positions=(pair,) if pair else ()), remarks


def legal_names(names: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Names that can be published, unlike each other in any letter case; and what was changed."""
    taken: set[str] = set()
    legal: list[str] = []
    remarks: list[str] = []
    for number, name in enumerate(names, 1):
        plain = _legal(name) or f"column{number}"
        unique, count = plain, 1
        while unique.lower() in taken or physical_column(unique).lower() in taken:
            count += 1
            unique = f"{_shortened(plain, _LONGEST - len(str(count)) - 1)}_{count}"
        taken |= {unique.lower(), physical_column(unique).lower()}
        legal.append(unique)
        if unique != name:
            remarks.append(f"column {number}, {name!r}, is called {unique!r}")
    return legal, tuple(remarks)


def _legal(name: str) -> str:
    printable = "".join(letter if letter.isprintable() else "_" for letter in name).strip()
    # A name must not end like the hidden parts of a region.
    printable = re.sub(r"__(bounds|points|circles|polygons)$", r"_\1", printable)
    return _shortened(printable, _LONGEST)


def _shortened(name: str, length: int) -> str:
    return name.encode()[:length].decode(errors="ignore").strip()


def _column(name: str, source: SourceColumn) -> Column:
    unit, ucd = unit_of(source.unit), ucd_of(source.ucd)
    description = " ".join(source.description.split())
    if unit is None:
        description = f"{description} (unit: {source.unit.strip()})".strip()
    if ucd is None:
        description = f"{description} (UCD: {source.ucd.strip()})".strip()
    main = ucd == "meta.id;meta.main" and not source.type.is_array
    return Column(
        name,
        source.type,
        unit=unit or "",
        ucd=ucd or "",
        utype=source.utype,
        description=description,
        coosys=ICRS if source.type == REGION else source.coosys,
        indexed=main,
        principal=main,
    )


@lru_cache(maxsize=4096)
def unit_of(text: str) -> str | None:
    """The unit in VOUnits, "" for none; None when there is no way to say it there.

    >>> unit_of("degrees"), unit_of("10-18W/m2"), unit_of("furlong")
    ('deg', '10**-18W.m**-2', None)
    """
    plain = text.strip()
    plain = _UNITS.get(plain.lower(), plain)
    for dialect in _DIALECTS if plain else ():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            try:
                # Written anew, since this parser of VOUnits takes more than VOUnits.
                spelled = str(units.Unit(plain, format=dialect, parse_strict="raise").to_string("vounit"))
                spelled = re.sub(r"^1e\+?(-?\d+)", r"10**\1", spelled)
                check_unit(spelled)
            except (ValueError, TypeError, KeyError, DeclarationError):
                continue
        return spelled
    return None if plain else ""


@lru_cache(maxsize=4096)
def ucd_of(text: str) -> str | None:
    """The UCD in UCD1+, "" for none; None for words that are not in its vocabulary."""
    plain = text.strip()
    plain = _OLD_UCDS.get(plain.upper(), plain)
    try:
        check_ucd(plain)
    except DeclarationError:
        return None
    return plain


# Positions


def main_position(columns: Sequence[Column]) -> tuple[str, str] | None:
    """The pair of columns that hold the main position, in degrees and equatorial."""
    usable = [column for column in columns if _may_be_position(column)]
    for suffix in (";meta.main", ""):
        ra = [c.name for c in usable if c.unit == "deg" and c.ucd.lower() == "pos.eq.ra" + suffix]
        dec = [c.name for c in usable if c.unit == "deg" and c.ucd.lower() == "pos.eq.dec" + suffix]
        if ra and dec:
            return ra[0], dec[0]
    names = {column.name.lower(): column.name for column in usable}
    for lon, lat in _POSITION_NAMES:
        if lon in names and lat in names:
            return names[lon], names[lat]
    return None


def _may_be_position(column: Column) -> bool:
    frame = column.coosys is None or column.coosys.system in _EQUATORIAL
    return (
        frame
        and column.type.numpy in {"f4", "f8"}
        and not column.type.is_array
        and column.unit in {"", "deg"}
    )


def _as_position(columns: list[Column], pair: tuple[str, str]) -> tuple[list[Column], bool]:
    """The columns with the pair marked as what it is; True when the file did not say degrees."""
    guessed = False
    ucds = dict(zip(pair, ("pos.eq.ra;meta.main", "pos.eq.dec;meta.main"), strict=True))
    marked = []
    for column in columns:
        if column.name in ucds:
            guessed |= not column.unit
            column = replace(
                column,
                unit="deg",
                ucd=column.ucd or ucds[column.name],
                coosys=column.coosys or ICRS,
                principal=True,
            )
        marked.append(column)
    return marked, guessed


def coosys_of(system: str, epoch: str | None) -> CooSys:
    """A coordinate system by the names that VOTables use, old and new (eq_FK5, galactic)."""
    plain = system.strip().upper().removeprefix("EQ_").removeprefix("ECL_") or "UNKNOWN"
    moment = (epoch or "").strip().upper()
    if moment and moment[0].isdigit():
        moment = ("B" if plain == "FK4" else "J") + moment
    id_ = re.sub(r"[^A-Za-z0-9_]", "_", "_".join(filter(None, (plain, moment)))).lower()
    return CooSys(id_, plain, moment or None)
