"""Rows of dbo.raw: raw frames under ESO's column names, every column from its keyword."""

from __future__ import annotations

import re

from archive.declare.raw import RAW
from archive.declare.regions import Region

from .frames import ecliptic, galactic
from .instruments import instrument_coverage, light_path
from .keywords import Keywords
from .positions import icrs_position, on_sky, written_position
from .publication import Publication
from .times import Span, as_timestamp, exposure_time, observed, parse_date

__all__ = ["programme_values", "raw_values"]

# "184.D-1140(L)" is a large programme (1) of period 84, "0102.A-0001(B)" a normal one of period 102.
_RUN = re.compile(r"(\d?)(\d{2}|1\d{2})\.[A-Z]-\d{4}(\([A-Z]\))?")
# Since period 106: "106.21JR.001".
_NEW_RUN = re.compile(r"(\d{3})\.\w{4}\.\d{3}")
# Keywords that had other names on older instruments.
_ALIASES = {
    "HIERARCH ESO DET CHIP1 ID": ("ESO DET CHIP1 ID", "ESO DET CHIP ID"),
    "HIERARCH ESO DET EXP ID": ("ESO DET EXP ID", "ESO DET EXPO NO", "ESO DET EXP NO"),
    "HIERARCH ESO OBS PI-COI NAME": ("ESO OBS PI-COI NAME", "PI-COI"),
    "INSTRUME": ("INSTRUME",),
}
_DERIVED = frozenset({"dp_id", "ra", "dec", "exposure"})


def raw_values(keywords: Keywords, dp_id: str, size: int, publication: Publication) -> dict[str, object]:
    """Column values; `size` of the file in bytes. Positions off the sky keep their values, nothing more."""
    values: dict[str, object] = {}
    for column in RAW.columns:
        if column.keyword and column.name not in _DERIVED:
            names = _ALIASES.get(column.keyword, (column.keyword.removeprefix("HIERARCH "),))
            numeric = column.type.is_numeric
            values[column.name] = keywords.number(*names) if numeric else keywords.text(*names)
    values |= _place(keywords) | _optics(keywords)
    values |= programme_values(keywords.text("ESO OBS PROG ID") or "")
    values |= {
        "dp_id": dp_id,
        "exp_start": _start(keywords, observed(keywords)),
        "exposure": exposure_time(keywords),
        "prog_title": keywords.text("ESO OBS PROG TITLE"),
        "access_url": publication.url(dp_id),
        "datalink_url": publication.links(dp_id),
        "access_estsize": -(-size // 1000),
        "last_mod_date": publication.moment,
    }
    return values


def _start(keywords: Keywords, span: Span | None) -> object:
    """DATE-OBS has more digits than MJD-OBS, when it has a time of day at all."""
    date = parse_date(keywords.text("DATE-OBS"))
    if date and date[1]:
        return date[0].replace(tzinfo=None)
    return as_timestamp(span.start) if span else None


def _place(keywords: Keywords) -> dict[str, object]:
    ra, dec = written_position(keywords)
    values: dict[str, object] = {"ra": ra, "dec": dec}
    position = icrs_position(keywords)
    if position is None or ra is None or dec is None or not on_sky(ra, dec):
        return values
    values["ra_pnt"], values["dec_pnt"] = ra, dec
    values["gal_lon"], values["gal_lat"] = galactic(*position)
    values["ecl_lon"], values["ecl_lat"] = ecliptic(*position)
    values["s_region"] = Region(points=(position,)).stcs()
    return values


def _optics(keywords: Keywords) -> dict[str, object]:
    path = light_path(keywords)
    coverage = instrument_coverage(keywords, path)
    return {
        "filter_path": path.filters,
        "grat_path": path.gratings,
        "gris_path": path.grisms,
        "slit_path": path.slits,
        "lambda_min": coverage and coverage.shortest * 1e9,
        "lambda_max": coverage and coverage.longest * 1e9,
    }


def programme_values(run: str) -> dict[str, int | None]:
    """Period and type of programme, which ESO writes into the run's identifier."""
    old, new = _RUN.fullmatch(run), _NEW_RUN.fullmatch(run)
    if old:
        return {"period": int(old[2]), "prog_type": int(old[1]) if old[1] else None}
    return {"period": int(new[1]) if new else None}
