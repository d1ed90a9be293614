"""dfs.etc_request: what exposure-time calculators were asked and answered, kept with the run and the OB."""

from __future__ import annotations

from ..columns import Column
from ..semantics import UTC
from ..tables import Table
from ..types import DOUBLE, INTEGER, TEXT, TIMESTAMP
from .joins import OB_ID, OF_PROGRAMME, OF_RUN, PROGRAMME_ID, RUN_ID
from .runs import CONDITIONS

__all__ = ["ETC_REQUEST", "TABLES"]

_WHAT = (
    Column(
        "etc_id",
        TEXT,
        ucd="meta.id;meta.main",
        nullable=False,
        principal=True,
        description="Identifier of the request: the calculator's own, else a checksum of what it is about",
    ),
    RUN_ID,
    PROGRAMME_ID,
    OB_ID,
    Column(
        "setup_name", TEXT, ucd="meta.title;instr.setup", description="Setup of the run that it was made for"
    ),
    Column(
        "instrument",
        TEXT,
        ucd="meta.id;instr",
        indexed=True,
        principal=True,
        description="Instrument, as the calculator names it",
    ),
    Column(
        "instrument_mode",
        TEXT,
        ucd="instr.setup",
        principal=True,
        description="Configuration of the instrument",
    ),
    Column(
        "calculated",
        TIMESTAMP,
        ucd="time.processing",
        timesys=UTC,
        indexed=True,
        principal=True,
        description="When it was calculated, UTC",
    ),
    Column("etc_version", TEXT, ucd="meta.version;meta.software", description="Version of the calculator"),
)

_TARGET = (
    Column("target_name", TEXT, ucd="meta.id;src", description="Target"),
    Column("morphology", TEXT, ucd="src.morph", description="Shape of the source: point, extended, ..."),
    Column("sed_type", TEXT, ucd="meta.code.class;src", description="Kind of model of the spectrum"),
    Column(
        "magnitude",
        DOUBLE,
        unit="mag",
        ucd="phot.mag",
        principal=True,
        description="Brightness of the source",
    ),
    Column("magnitude_band", TEXT, ucd="meta.id;instr.bandpass", description="Band of the brightness"),
    Column("magnitude_system", TEXT, ucd="meta.code;phot.mag", description="Vega or AB"),
)

_RESULT = (
    Column(
        "exposure_time",
        DOUBLE,
        unit="s",
        ucd="time.duration;obs.exposure",
        principal=True,
        description="Time of one exposure, asked for or found",
    ),
    Column("exposures", INTEGER, ucd="meta.number;obs.exposure", description="Number of exposures"),
    Column(
        "snr_wanted",
        DOUBLE,
        ucd="stat.snr;obs.proposal",
        description="Ratio of signal to noise that was asked for, if the time was to be found",
    ),
    Column(
        "snr_median",
        DOUBLE,
        ucd="stat.snr;stat.median",
        principal=True,
        description="Median of the ratios of signal to noise in the answer, over all detectors and pixels",
    ),
    Column(
        "snr_max",
        DOUBLE,
        ucd="stat.snr;stat.max",
        description="Largest ratio of signal to noise in the answer",
    ),
    Column("request", TEXT, ucd="meta.query", description="The whole request, JSON"),
    Column(
        "response",
        TEXT,
        ucd="meta.record",
        description="The whole answer, JSON; NULL if only the request was kept",
    ),
)

ETC_REQUEST = Table(
    "dfs.etc_request",
    columns=(*_WHAT, *_TARGET, *CONDITIONS, *_RESULT),
    description="Calculations of exposure times: what was asked and answered, for which run and OB",
    title="Exposure times",
    primary_key=("etc_id",),
    hides="run_id",
    hidden_with=(("ob_id", "dfs.ob"),),
    keys=(OF_PROGRAMME, OF_RUN),
)

TABLES: tuple[Table, ...] = (ETC_REQUEST,)
