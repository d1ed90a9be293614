"""Real stars in place of drawn ones: read from an extract of a catalogue, and put where it has any.

The extract is a table with positions and magnitudes in any form that `archive.tablefiles` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from astropy import units
from astropy.table import QTable, vstack
from numpy.typing import NDArray

from archive.declare import Column
from archive.errors import UnreadableFile
from archive.tablefiles import Source, declared, open_catalogue
from archive.tablefiles.columns import main_position

from .observatory import Target
from .stars import within

__all__ = ["read_stars", "with_real_stars"]

Values = NDArray[np.float64]

FIELD_RADIUS = 0.12  # degrees: HAWK-I's mosaic with its jitter
# What tells a magnitude, best first; the last ones do for both bands.
_BANDS = {
    "jmag": (("em.ir.j",), ("jmag", "j_m", "mag_j", "j")),
    "ksmag": (("em.ir.k",), ("ksmag", "kmag", "k_m", "mag_k", "mag_ks", "ks", "k")),
}
_UNITS = {"ra": units.deg, "dec": units.deg, "jmag": units.mag, "ksmag": units.mag}
_ANY_UCD = ("em.opt", "em.ir", "phot.mag")
_ANY_NAME = ("gmag", "phot_g_mean_mag", "rpmag", "vtmag", "vmag", "hpmag", "rmag", "mag", "magnitude")


def read_stars(path: Path) -> QTable:
    """Positions (degrees, taken as ICRS) with J and Ks; a band that is not in the file is taken from another.

    Rows without position or magnitude are left out. Raises UnreadableFile.
    """
    with open_catalogue(path) as source:
        columns = declared("simulated.stars", source.columns, "")[0].columns
        pair = main_position(columns)
        if pair is None:
            raise UnreadableFile(f"{path.name}: no columns of right ascension and declination in degrees")
        wanted = (*pair, *(_magnitude(path, band, columns) for band in _BANDS))
        names = [column.name for column in columns]
        values = _values(source, tuple(names.index(name) for name in wanted))
    kept = np.all([np.isfinite(column) for column in values], axis=0)
    stars = QTable()
    for (name, unit), column in zip(_UNITS.items(), values, strict=True):
        stars[name] = column[kept].astype("f4" if unit == units.mag else "f8") * unit
    return stars


def _magnitude(path: Path, band: str, columns: Sequence[Column]) -> str:
    """The name of the column that has a band, or of the next best one."""
    numbers = [column for column in columns if column.type.numpy in {"f4", "f8"} and not column.type.is_array]
    by_name = {column.name.lower(): column.name for column in numbers}
    for words, spelled in (_BANDS[band], (_ANY_UCD, _ANY_NAME)):
        told = (one.name for word in words for one in numbers if _is_magnitude(one, word))
        called = (by_name[name] for name in spelled if name in by_name)
        for name in (*told, *called):
            return name
    raise UnreadableFile(f"{path.name}: no column of magnitudes, by UCD (phot.mag) or name")


def _is_magnitude(column: Column, word: str) -> bool:
    ucd = column.ucd.lower()
    return ucd.startswith("phot.mag") and word in ucd


def _values(source: Source, places: tuple[int, ...]) -> list[Values]:
    parts: list[list[pa.Array]] = [[] for _ in places]
    for batch in source.batches():
        for part, place in zip(parts, places, strict=True):
            part.append(batch[place])
    chunks = ([chunk.cast(pa.float64()) for chunk in part] for part in parts)
    return [np.asarray(pa.chunked_array(chunk, pa.float64()).to_numpy()) for chunk in chunks]


def with_real_stars(drawn: QTable, real: QTable, targets: Iterable[Target]) -> QTable:
    """Drawn stars, but the real ones in each target's field of which the extract has at least one."""
    missing = np.ones(len(drawn), bool)
    found = []
    for target in targets:
        here = real[within(real, target.ra, target.dec, FIELD_RADIUS)]
        if len(here):
            missing &= ~within(drawn, target.ra, target.dec, FIELD_RADIUS)
            here["field"] = np.full(len(here), target.name)
            found.append(here)
    if not found:
        return drawn
    return vstack([drawn[missing], _completed(vstack(found), drawn)])


def _completed(real: QTable, drawn: QTable) -> QTable:
    """With the columns of drawn stars: what an extract does not tell is not a number."""
    first = int(drawn["source_id"].max()) + 1
    real["source_id"] = np.arange(first, first + len(real), dtype="i8")
    for name in ("pmra", "pmdec", "parallax"):
        real[name] = np.full(len(real), np.nan) * drawn[name].unit
    return real[drawn.colnames]
