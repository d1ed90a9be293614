"""What an instrument is to the archive: the frames it takes, and the columns of its table of raw frames.

Here belong the value that declares one and the columns that all such tables have. Reading the values out of
headers is the business of `ingest`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ...errors import DeclarationError
from ..columns import Column
from ..raw import RAW
from ..semantics import ICRS
from ..tables import Example, Key, Table
from ..types import BOOLEAN, DOUBLE, FLOAT, INTEGER, TEXT

__all__ = ["COMMON_COLUMNS", "CORE_COLUMNS", "SCHEMA", "Instrument", "flag", "number", "raw", "text", "whole"]

SCHEMA = "ist"

_CORE = """
    dp_id origfile access_url datalink_url access_estsize release_date last_mod_date dp_cat dp_type dp_tech
    object target ra dec gal_lon gal_lat s_region exp_start date_obs mjd_obs exposure telescope instrument
    ins_mode filter_path grat_path gris_path slit_path prog_id prog_type period pi_coi ob_id ob_name tpl_id
    tpl_name tpl_start tpl_seqno tpl_expno tpl_nexp tel_alt tel_az tel_airm_start tel_airm_end
    tel_ambi_fwhm_start tel_ambi_fwhm_end tel_ambi_pres_start tel_ambi_pres_end tel_ambi_rhum
"""


def raw(*names: str) -> tuple[Column, ...]:
    """Columns of dbo.raw, exactly as there, for tables of instruments that need them."""
    return tuple(RAW.by_name[name] for name in names)


# What every table of an instrument has from dbo.raw, with the same values. What is the same in all rows, or
# serves those who harvest dbo.raw, needs no index.
CORE_COLUMNS = tuple(
    replace(column, indexed=False, folded=False) if column.name in {"instrument", "last_mod_date"} else column
    for column in raw(*_CORE.split())
)


def text(name: str, keyword: str, description: str, *, ucd: str = "meta.id;instr.param") -> Column:
    """A column of texts; `keyword` without the words HIERARCH ESO, which every such keyword begins with."""
    return Column(name, TEXT, ucd=ucd, keyword=_full(keyword), description=description)


def number(name: str, keyword: str, description: str, *, unit: str = "", ucd: str = "instr.param") -> Column:
    return Column(name, FLOAT, unit=unit, ucd=ucd, keyword=_full(keyword), description=description)


def whole(name: str, keyword: str, description: str, *, ucd: str = "meta.number;instr.param") -> Column:
    return Column(name, INTEGER, ucd=ucd, keyword=_full(keyword), description=description)


def flag(name: str, keyword: str, description: str, *, ucd: str = "meta.code;instr.param") -> Column:
    return Column(name, BOOLEAN, ucd=ucd, keyword=_full(keyword), description=description)


def _full(keyword: str) -> str:
    return f"HIERARCH ESO {keyword}"


# Of interest for every instrument, and not in dbo.raw.
COMMON_COLUMNS = (
    Column(
        "exptime",
        FLOAT,
        unit="s",
        ucd="time.duration;obs.exposure",
        keyword="EXPTIME",
        description="Exposure time as the header writes it: of one integration for some infrared instruments",
    ),
    Column(
        "utc", FLOAT, unit="s", ucd="time.start", keyword="UTC", description="UTC at the start since midnight"
    ),
    Column(
        "lst",
        FLOAT,
        unit="s",
        ucd="time.start",
        keyword="LST",
        description="Local sidereal time at the start",
    ),
    Column(
        "ob_start",
        TEXT,
        ucd="time.start;obs",
        keyword="HIERARCH ESO OBS START",
        description="Start of the observation block as the header writes it: a text",
    ),
    Column(
        "ob_container_id",
        INTEGER,
        ucd="meta.id.parent;obs",
        keyword="HIERARCH ESO OBS CONTAINER ID",
        description="Number of the container, such as a concatenation, that the observation block is in",
    ),
    Column(
        "ob_container_type",
        TEXT,
        ucd="meta.code.class;obs",
        keyword="HIERARCH ESO OBS CONTAINER TYPE",
        description="Type of the container",
    ),
    Column(
        "ob_observer",
        TEXT,
        ucd="meta.id;obs.observer",
        keyword="HIERARCH ESO OBS OBSERVER",
        description="Who observed",
    ),
    number(
        "tel_ambi_temp", "TEL AMBI TEMP", "Temperature of the air in degrees Celsius", ucd="phys.temperature"
    ),
    number("tel_ambi_windsp", "TEL AMBI WINDSP", "Speed of the wind", unit="m/s", ucd="phys.veloc"),
    number(
        "tel_ambi_winddir",
        "TEL AMBI WINDDIR",
        "Direction of the wind",
        unit="deg",
        ucd="pos.posAng;phys.veloc",
    ),
    number(
        "tel_ambi_tau0",
        "TEL AMBI TAU0",
        "Coherence time of the atmosphere",
        unit="s",
        ucd="time.interval",
    ),
    number(
        "tel_ia_fwhm",
        "TEL IA FWHM",
        "Width of star images on the telescope's own sensor, at the zenith; NULL where the header has a "
        "negative value",
        unit="arcsec",
        ucd="instr.obsty.seeing",
    ),
    number(
        "tel_parang_start",
        "TEL PARANG START",
        "Parallactic angle at the start",
        unit="deg",
        ucd="pos.posAng;time.start",
    ),
    number(
        "tel_parang_end",
        "TEL PARANG END",
        "Parallactic angle at the end",
        unit="deg",
        ucd="pos.posAng;time.end",
    ),
    number(
        "ada_posang", "ADA POSANG", "Position angle of the adapter at the start", unit="deg", ucd="pos.posAng"
    ),
    Column(
        "tel_moon_ra",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.ra",
        keyword="HIERARCH ESO TEL MOON RA",
        coosys=ICRS,
        description="Right ascension of the Moon, equinox J2000",
    ),
    Column(
        "tel_moon_dec",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.dec",
        keyword="HIERARCH ESO TEL MOON DEC",
        coosys=ICRS,
        description="Declination of the Moon, equinox J2000",
    ),
)


@dataclass(frozen=True)
class Instrument:
    """An instrument, declared once; table, reading and documentation are derived from it.

    `instrumes` are the values of the keyword INSTRUME, in capitals and without what follows a slash; none
    makes the table of all that no other accepts. `columns` are the instrument's own, each with the keyword
    that it comes from. `spellings` gives, for a column, further keywords that older frames write instead,
    in order and without the word HIERARCH.
    """

    name: str
    instrumes: tuple[str, ...]
    columns: tuple[Column, ...]
    title: str
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()

    def __post_init__(self) -> None:
        for column in self.own_columns:
            if not column.keyword:
                raise DeclarationError(f"instrument {self.name}: column {column.name} names no keyword")
            if column.type.is_array or column.type.is_geometry:
                raise DeclarationError(
                    f"instrument {self.name}: column {column.name} cannot be read from one keyword"
                )
        unknown = self.spellings.keys() - {column.name for column in self.own_columns}
        if unknown:
            raise DeclarationError(
                f"instrument {self.name}: spellings of no column: {', '.join(sorted(unknown))}"
            )

    @cached_property
    def own_columns(self) -> tuple[Column, ...]:
        """The columns that are read from keywords here: all but those of dbo.raw that every table has."""
        core = {column.name for column in CORE_COLUMNS}
        return tuple(column for column in (*COMMON_COLUMNS, *self.columns) if column.name not in core)

    @cached_property
    def table(self) -> Table:
        return Table(
            f"{SCHEMA}.{self.name}",
            columns=CORE_COLUMNS + self.own_columns,
            title=self.title,
            description=f"{self.title}: one row for every frame, with columns of dbo.raw and keywords of the "
            "instrument.",
            primary_key=("dp_id",),
            hides="prog_id",
            keys=(Key(("dp_id",), "dbo.raw", ("dp_id",), "The same frame among those of all instruments"),),
            positions=(("ra", "dec"),),
            examples=self.examples,
        )

    def accepts(self, instrume: str | None) -> bool:
        return (instrume or "").partition("/")[0].strip().upper() in self.instrumes

    def keywords(self, column: Column) -> Iterable[str]:
        """The keywords that a column may come from, the first that a header has wins."""
        return (column.keyword.removeprefix("HIERARCH "), *self.spellings.get(column.name, ()))
