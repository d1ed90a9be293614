"""Spectra in binary tables: which column is what, and where its numbers lie.

Columns are known by their utypes (ESO's Phase 3 standard, version 5 and later), else by the names that
pipelines give them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..declare.semantics import check_ucd
from ..errors import DeclarationError
from ..store import Header
from .spectral_axes import medium_of
from .spectral_columns import Column, Layout, Medium, Quantity, Role, Series, spectral_column
from .units import vo_unit

__all__ = ["order_layouts", "table_layout"]

_MOST_COLUMNS = 64
_MOST_POINTS = 1 << 27
_FORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ]).*")
_BYTES = {"L": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}
_KINDS = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_SPECTRAL = re.compile(
    r"(?P<w>WAVE|WAVELENGTH|LAMBDA|WL|WAVE_AIR|WAVE_VAC|LOGLAM)|(?P<f>FREQ|FREQUENCY)|(?P<e>ENER|ENERGY)"
    r"|(?P<n>WAVENUMBER)",
    re.IGNORECASE,
)
_FLUX = re.compile(r"FLUX\w*|SPEC|INTENSITY|COUNTS", re.IGNORECASE)
_ERROR = re.compile(r"ERR|ERROR|SIGMA|STDEV|UNCERTAINTY|ERR_\w+|FLUX_?ERR(OR)?", re.IGNORECASE)
_QUALITY = re.compile(r"QUAL|QUALITY|DQ|MASK|AND_MASK", re.IGNORECASE)
# Prefixes of utypes that mean the spectrum itself; "eso:" and "continuum:" mark columns beside it.
_MODEL = re.compile(r"(?:spec:|ssa:|sdm:)?(?:Spectrum\.)?Data\.(\S+)", re.IGNORECASE)
_DEFAULT_UNITS = {
    Quantity.WAVELENGTH: "",
    Quantity.FREQUENCY: "Hz",
    Quantity.ENERGY: "",
    Quantity.WAVENUMBER: "",
}


@dataclass(frozen=True, slots=True)
class _Stored:
    """A numeric column of the table, by its number from 1; `repeat` elements in each row."""

    number: int
    name: str
    repeat: int
    series: Series
    unit: str
    ucd: str
    utype: str

    @property
    def model(self) -> str:
        """The part of the utype behind `Data.`, in lower case; empty for columns beside the spectrum."""
        found = _MODEL.fullmatch(self.utype)
        return found[1].lower() if found else ""


def table_layout(index: int, header: Header, primary: Header) -> Layout | None:
    stored = list(_stored(index, header))
    rows = header.integer("NAXIS2") or 0
    spectral = next((one for one in stored if one.model == "spectralaxis.value"), None) or next(
        (one for one in stored if _SPECTRAL.fullmatch(one.name)), None
    )
    flux = _flux(stored)
    if spectral is None or flux is None or spectral.repeat != flux.repeat:
        return None
    count = spectral.repeat if rows == 1 else rows
    if (rows != 1 and spectral.repeat != 1) or not 1 < count <= _MOST_POINTS:
        return None
    alike = [one for one in stored if one.repeat == spectral.repeat]
    alike = [replace(one, series=replace(one.series, stride=_stride(one, header, rows))) for one in alike]
    columns = _columns(alike, spectral.number, flux, header, primary)
    return None if columns is None else Layout(index, count, columns)


def order_layouts(index: int, header: Header, primary: Header) -> list[Layout]:
    """The orders of a spectrograph in a table with a row for each pixel, each in columns of its own.

    CRIRES+ calls them 02_01_WL, 02_01_SPEC and so on.
    """
    rows = header.integer("NAXIS2") or 0
    if not 1 < rows <= _MOST_POINTS:
        return []
    stored = {one.name.upper(): one for one in _stored(index, header) if one.repeat == 1}
    found = []
    for name, wave in stored.items():
        flux = stored.get(f"{name.removesuffix('_WL')}_SPEC") if name.endswith("_WL") else None
        if flux is not None:
            pair = [
                replace(one, series=replace(one.series, stride=_stride(one, header, rows)))
                for one in (wave, flux)
            ]
            columns = _columns(pair, wave.number, flux, header, primary)
            found += [] if columns is None else [Layout(index, rows, columns)]
    return found


def _stored(index: int, header: Header) -> Iterator[_Stored]:
    offset = 0
    for number in range(1, min(header.integer("TFIELDS") or 0, 999) + 1):
        form = _FORM.fullmatch(header.text(f"TFORM{number}") or "")
        if form is None:
            return
        repeat = int(form[1] or 1)
        if form[2] in _KINDS and repeat > 0:
            yield _Stored(
                number,
                header.text(f"TTYPE{number}") or f"COLUMN{number}",
                repeat,
                Series(
                    index,
                    offset,
                    0,
                    _KINDS[form[2]],
                    scale=header.number(f"TSCAL{number}") or 1.0,
                    zero=header.number(f"TZERO{number}") or 0.0,
                    null=header.integer(f"TNULL{number}") if form[2] in "BIJK" else None,
                ),
                header.text(f"TUNIT{number}") or "",
                header.text(f"TUCD{number}") or "",
                header.text(f"TUTYP{number}") or "",
            )
        offset += -(-repeat // 8) if form[2] == "X" else repeat * _BYTES[form[2]]


def _stride(one: _Stored, header: Header, rows: int) -> int:
    return int(one.series.kind[-1]) if rows == 1 else header.integer("NAXIS1") or 0


def _flux(stored: list[_Stored]) -> _Stored | None:
    """By utype; else the main one by UCD, the one called FLUX, or the first that could be one."""
    candidates = [one for one in stored if _FLUX.fullmatch(one.name) and not _ERROR.fullmatch(one.name)]
    choices = (
        (one for one in stored if one.model == "fluxaxis.value"),
        (one for one in candidates if one.ucd.endswith("meta.main")),
        (one for one in candidates if one.name.upper() == "FLUX"),
        candidates,
    )
    return next((one for choice in choices for one in choice), None)


def _error(stored: list[_Stored], flux: _Stored) -> _Stored | None:
    named = {f"ERR_{flux.name}".upper(), f"{flux.name}_ERR".upper(), f"{flux.name}_ERROR".upper()}
    named |= {flux.name.upper().replace("FLUX", "ERR")}
    candidates = [one for one in stored if _ERROR.fullmatch(one.name) and one.number != flux.number]
    choices = (
        (one for one in stored if one.model == "fluxaxis.accuracy.staterror"),
        (one for one in candidates if one.name.upper() in named),
        candidates,
    )
    return next((one for choice in choices for one in choice), None)


def _columns(
    alike: list[_Stored], spectral: int, flux: _Stored, header: Header, primary: Header
) -> tuple[Column, ...] | None:
    """The spectral column, fluxes, errors and flags, then all others as the file has them."""
    error = _error(alike, flux)
    quality = next((one for one in alike if _QUALITY.fullmatch(one.name)), None)
    chosen = {spectral: Role.SPECTRAL, flux.number: Role.FLUX}
    if error is not None:
        chosen.setdefault(error.number, Role.ERROR)
    if quality is not None:
        chosen.setdefault(quality.number, Role.QUALITY)
    made = []
    taken = {"wavelength", "flux", "error", "quality", "frequency", "energy", "wavenumber"}
    for one in alike[:_MOST_COLUMNS]:
        role = chosen.get(one.number, Role.OTHER)
        if role is Role.SPECTRAL:
            column = _spectral(one, header, primary)
            if column is None:
                return None
        else:
            column = _other(one, role, taken)
        made.append(column)
    order = list(Role)
    made.sort(key=lambda column: order.index(column.role))
    return tuple(made) if [column.role for column in made[:2]] == order[:2] else None


def _spectral(one: _Stored, header: Header, primary: Header) -> Column | None:
    """None for a wavelength without a unit."""
    named = _SPECTRAL.fullmatch(one.name)
    quantity = next(
        (quantity for quantity in Quantity if one.ucd.startswith(quantity.value)), Quantity.WAVELENGTH
    )
    if not one.ucd and named:
        groups = {"w": "WAVELENGTH", "f": "FREQUENCY", "e": "ENERGY", "n": "WAVENUMBER"}
        quantity = Quantity[groups[named.lastgroup or "w"]]
    unit = vo_unit(one.unit) or _DEFAULT_UNITS[quantity]
    series = one.series
    if one.name.upper() == "LOGLAM":
        series, unit = replace(series, decimal_log=True), "Angstrom"
    # CRIRES+' pipeline writes nanometres without saying so.
    if not unit and primary.text("INSTRUME") == "CRIRES":
        unit = "nm"
    return spectral_column(quantity, series, unit, _medium(one, header, primary)) if unit else None


def _medium(one: _Stored, header: Header, primary: Header) -> Medium:
    name = one.name.upper()
    if one.ucd == "em.wl;obs.atmos" or name.endswith("_AIR"):
        return Medium.AIR
    # In Phase 3 the plain UCD means vacuum.
    if one.ucd == "em.wl" or name.endswith("_VAC") or name == "LOGLAM":
        return Medium.VACUUM
    return medium_of(header, primary)


def _other(one: _Stored, role: Role, taken: set[str]) -> Column:
    name = role.value
    if role is Role.OTHER:
        name = one.name if one.name.lower() not in taken else f"{one.name}_{one.number}"
        taken.add(name.lower())
    return Column(
        name,
        role,
        one.series,
        vo_unit(one.unit),
        one.ucd if _is_ucd(one.ucd) else "",
        one.utype if role is Role.OTHER else "",
        f"{one.name}, as in the file" if role is Role.OTHER else "",
        original_unit=one.unit,
    )


def _is_ucd(text: str) -> bool:
    try:
        check_ucd(text)
    except DeclarationError:
        return False
    return True
