"""Runs of programmes as they were proposed: time, conditions, setups and targets."""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..histories import history_table
from ..semantics import ICRS
from ..tables import Table
from ..types import BOOLEAN, DOUBLE, FLOAT, INTEGER, LONG, TEXT
from .joins import INSTRUMENT, OF_PROGRAMME, OF_RUN, PERIOD, PROGRAMME_ID, RUN_ID

__all__ = ["CONDITIONS", "RUN", "RUN_SETUP", "RUN_TARGET", "TABLES"]

_PROGRAMME_ID = replace(PROGRAMME_ID, nullable=False)
_RUN_ID = replace(RUN_ID, nullable=False)

CONDITIONS = (
    Column(
        "seeing",
        FLOAT,
        unit="arcsec",
        ucd="instr.obsty.seeing",
        description="Worst seeing that was asked for, FWHM",
    ),
    Column(
        "turbulence",
        FLOAT,
        ucd="obs.param;obs.atmos.turbulence",
        description="Worst turbulence category that was asked for: percentage of the time in which the "
        "atmosphere is that good or better, 10 to 100",
    ),
    Column(
        "sky_transparency",
        TEXT,
        ucd="meta.code;obs.proposal",
        description="Sky transparency that was asked for: Photometric, Clear, Variable, ...",
    ),
    Column(
        "fli",
        FLOAT,
        ucd="obs.param;obs.proposal",
        description="Largest illuminated fraction of the Moon that was asked for: 0 new, 1 full",
    ),
    Column(
        "moon",
        TEXT,
        ucd="meta.code;obs.proposal",
        description="Moonlight as the proposal words it: d (dark), g (grey), n (any)",
    ),
    Column("airmass", FLOAT, ucd="obs.airMass", description="Largest airmass that was asked for"),
    Column(
        "pwv",
        FLOAT,
        unit="mm",
        ucd="obs.atmos.water",
        description="Largest amount of precipitable water vapour that was asked for",
    ),
)

_REQUEST = (
    Column(
        "time_requested",
        DOUBLE,
        unit="h",
        ucd="time.duration;obs.proposal",
        principal=True,
        description="Time that was asked for, overheads included, if it was asked for in hours",
    ),
    Column(
        "nights_requested",
        DOUBLE,
        ucd="meta.number;obs.proposal",
        description="Nights that were asked for, if it was nights",
    ),
    Column(
        "month_preferred",
        TEXT,
        ucd="meta.note;obs.proposal",
        description="Month in which the run should be, as the proposal words it",
    ),
)

RUN = Table(
    "dfs.run",
    columns=(
        _PROGRAMME_ID,
        _RUN_ID,
        PERIOD,
        Column("title", TEXT, ucd="meta.title;obs.proposal", description="Title of the run"),
        INSTRUMENT,
        Column(
            "telescope",
            TEXT,
            ucd="meta.id;instr.tel",
            indexed=True,
            principal=True,
            description="Telescope, or set of telescopes, such as UT2",
        ),
        Column(
            "observing_mode",
            TEXT,
            ucd="meta.code;obs",
            principal=True,
            description="SM: service mode; VM: visitor; DVM: designated visitor",
        ),
        Column(
            "run_type",
            TEXT,
            ucd="meta.code.class;obs.proposal",
            indexed=True,
            principal=True,
            description="Normal, GTO, Large, ToO, DDT, ..., also combined, such as Normal/ToO",
        ),
        Column(
            "is_too",
            BOOLEAN,
            ucd="meta.code;obs.proposal",
            description="Whether it is a run for targets of opportunity",
        ),
        *_REQUEST,
        Column(
            "proprietary_days",
            INTEGER,
            unit="d",
            ucd="time.duration;obs.proposal",
            description="For how long the data are those of the investigators alone, from their arrival in "
            "the archive on; NULL for the archive's own rule",
        ),
        *CONDITIONS,
        Column(
            "p1_run_id",
            LONG,
            ucd="meta.id;obs.proposal",
            indexed=True,
            description="Number that the proposal tool (p1) gives the run",
        ),
    ),
    description="Observing runs of the programmes: instrument, time and conditions as they were asked for",
    title="Runs",
    primary_key=("programme_id", "run_id"),
    whole=("programme_id",),
    history="dfs.run_version",
    keys=(OF_PROGRAMME,),
)

RUN_SETUP = Table(
    "dfs.run_setup",
    columns=(
        _PROGRAMME_ID,
        _RUN_ID,
        Column(
            "setup_number",
            INTEGER,
            ucd="meta.number;instr.setup",
            nullable=False,
            description="Place in the run's list of setups, from 1",
        ),
        Column("setup_name", TEXT, ucd="meta.title;instr.setup", principal=True, description="Its name"),
        Column("instrument", TEXT, ucd="meta.id;instr", description="Instrument"),
        Column(
            "instrument_mode",
            TEXT,
            ucd="instr.setup",
            principal=True,
            description="Mode of the instrument",
        ),
        Column(
            "setting",
            TEXT,
            ucd="instr.setup",
            description="Filters, gratings and the like, as the proposal words it",
        ),
        Column(
            "templates",
            TEXT,
            ucd="meta.note;instr.setup",
            description="Names of the templates in their order, with blanks between",
        ),
        *CONDITIONS,
        Column(
            "p1_setup_id",
            LONG,
            ucd="meta.id;instr.setup",
            description="Number that the proposal tool (p1) gives the setup",
        ),
    ),
    description="Setups of the instrument that the runs asked for, with conditions of their own if they have",
    title="Setups of runs",
    primary_key=("programme_id", "run_id", "setup_number"),
    whole=("programme_id",),
    hides="run_id",
    keys=(OF_PROGRAMME, OF_RUN),
)

_POSITION = (
    Column(
        "ra",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.ra;meta.main",
        coosys=ICRS,
        principal=True,
        description="Right ascension (J2000) as proposed; NULL for bodies of the solar system and where "
        "there is no position yet",
    ),
    Column(
        "dec",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.dec;meta.main",
        coosys=ICRS,
        principal=True,
        description="Declination (J2000) as proposed",
    ),
    Column(
        "position_epoch",
        DOUBLE,
        unit="yr",
        ucd="time.epoch",
        description="Epoch to which the position and the proper motion refer, Julian years",
    ),
    Column(
        "pm_ra",
        DOUBLE,
        unit="arcsec/yr",
        ucd="pos.pm;pos.eq.ra",
        description="Proper motion in right ascension, multiplied with the cosine of the declination",
    ),
    Column(
        "pm_dec",
        DOUBLE,
        unit="arcsec/yr",
        ucd="pos.pm;pos.eq.dec",
        description="Proper motion in declination",
    ),
    Column(
        "parallax", DOUBLE, unit="arcsec", ucd="pos.parallax", description="Parallax, as the proposal has it"
    ),
    Column("radial_velocity", DOUBLE, unit="km/s", ucd="spect.dopplerVeloc", description="Radial velocity"),
    Column("redshift", DOUBLE, ucd="src.redshift", description="Redshift"),
    Column(
        "in_solar_system",
        BOOLEAN,
        ucd="meta.code;src",
        description="Whether it is a body of the solar system, whose position is that of an ephemeris",
    ),
)

RUN_TARGET = Table(
    "dfs.run_target",
    columns=(
        _PROGRAMME_ID,
        _RUN_ID,
        Column(
            "target_number",
            INTEGER,
            ucd="meta.number;src",
            nullable=False,
            description="Place in the proposal's list of targets, from 1",
        ),
        Column(
            "target_name",
            TEXT,
            ucd="meta.id;src;meta.main",
            indexed=True,
            folded=True,
            principal=True,
            description="Name of the target as proposed",
        ),
        *_POSITION,
        Column(
            "magnitude",
            DOUBLE,
            unit="mag",
            ucd="phot.mag",
            description="Magnitude, the first one that the proposal states",
        ),
        Column(
            "magnitude_band",
            TEXT,
            ucd="meta.id;instr.bandpass",
            description="Band of the magnitude, with its system, such as VVEGA",
        ),
        Column(
            "magnitudes",
            TEXT,
            ucd="meta.note;phot.mag",
            description="All magnitudes as the proposal has them: band and value, with commas between",
        ),
        Column("sed", TEXT, ucd="meta.id;src", description="Model of the spectrum"),
        Column(
            "angular_size", TEXT, ucd="phys.angSize;src", description="Diameter, as the proposal words it"
        ),
        Column(
            "time_requested",
            DOUBLE,
            unit="h",
            ucd="time.duration;obs.proposal",
            description="Time that was asked for on this target in this run",
        ),
        Column("remarks", TEXT, ucd="meta.note", description="What more the proposal says about the target"),
    ),
    description="Targets of the runs; a target of several runs is a row of each",
    title="Targets of runs",
    primary_key=("programme_id", "run_id", "target_number"),
    whole=("programme_id",),
    hides="run_id",
    positions=(("ra", "dec"),),
    keys=(OF_PROGRAMME, OF_RUN),
)

TABLES: tuple[Table, ...] = (
    RUN,
    history_table(RUN, "Every version of what a run was, with the time from which it was so"),
    RUN_SETUP,
    RUN_TARGET,
)
