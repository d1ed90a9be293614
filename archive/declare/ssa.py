"""dbo.ssa: one row for every one-dimensional spectrum, with what Simple Spectral Access tells of it.

Here belong the columns, by their utypes in SSA 1.1, and example queries; what a service of that protocol
makes of them is `ssa`'s, how a header becomes a row is the business of `ingest`. Names are ESO's: those in
capitals are SSA's own parameters, the others ObsCore's columns.

What is the same for every spectrum of the archive (frames, time scale, publisher) is no column: the service
says it once for all rows.
"""

from __future__ import annotations

from .columns import Column
from .semantics import ICRS, MJD_UTC, UTC
from .ssa_spectrum import AXES
from .tables import Example, Key, Table
from .types import DOUBLE, FLOAT, LONG, REGION, TEXT, TIMESTAMP

__all__ = ["FITS", "SPECTRUM_MODEL", "SSA"]

FITS = "application/fits"
# How the model in which all spectra can be had calls itself.
SPECTRUM_MODEL = "Spectrum-1.1"

_ACCESS = (
    Column(
        "dp_id",
        TEXT,
        ucd="meta.id;meta.main",
        nullable=False,
        folded=True,
        principal=True,
        description="The archive's identifier of the file, by which it is downloaded",
    ),
    Column(
        "PUBDID",
        TEXT,
        ucd="meta.ref.url;meta.curation",
        utype="ssa:Curation.PublisherDID",
        nullable=False,
        indexed=True,
        std=True,
        description="The dataset's name in the Virtual Observatory; ID of DataLink and SODA",
    ),
    Column(
        "CREATORDID",
        TEXT,
        ucd="meta.id",
        utype="ssa:DataID.CreatorDID",
        keyword="ORIGFILE",
        std=True,
        description="The name that its creator gave the dataset",
    ),
    Column(
        "access_url",
        TEXT,
        ucd="meta.ref.url",
        utype="ssa:Access.Reference",
        nullable=False,
        principal=True,
        std=True,
        description="URL of the spectrum as FITS: the file as it was archived, or if that is packed, the "
        "spectrum in the Spectrum model",
    ),
    Column(
        "access_format",
        TEXT,
        ucd="meta.code.mime",
        utype="ssa:Access.Format",
        nullable=False,
        std=True,
        description="Media type of what access_url gives",
    ),
    Column(
        "access_estsize",
        LONG,
        unit="kbyte",
        ucd="phys.size;meta.file",
        utype="ssa:Access.Size",
        std=True,
        description="Estimated size of the archived file in units of 1000 bytes",
    ),
    Column(
        "file_url",
        TEXT,
        ucd="meta.ref.url;meta.file",
        nullable=False,
        description="URL of the file as it was archived",
    ),
    Column(
        "file_format",
        TEXT,
        ucd="meta.code.mime",
        nullable=False,
        description="Media type of what file_url gives",
    ),
    Column(
        "spectrum_url",
        TEXT,
        ucd="meta.ref.url",
        nullable=False,
        description="URL of the spectrum in the IVOA's Spectrum model: add ?FORMAT=votable or ?FORMAT=fits",
    ),
    Column(
        "preview_url",
        TEXT,
        ucd="meta.ref.url;meta.preview",
        description="URL of a plot",
    ),
)

_DATASET = (
    Column(
        "title",
        TEXT,
        ucd="meta.title;meta.dataset",
        utype="ssa:DataID.Title",
        nullable=False,
        principal=True,
        std=True,
        description="A line about the dataset",
    ),
    Column(
        "data_model",
        TEXT,
        ucd="meta.code",
        utype="ssa:Dataset.DataModel",
        keyword="VOCLASS",
        nullable=False,
        std=True,
        description="Data model of what access_url gives; 'native' for the file's own",
    ),
    Column(
        "length",
        LONG,
        ucd="meta.number",
        utype="ssa:Dataset.Length",
        nullable=False,
        std=True,
        description="Number of points of the spectrum",
    ),
    Column(
        "COLLECTION",
        TEXT,
        ucd="meta.id",
        utype="ssa:DataID.Collection",
        folded=True,
        principal=True,
        std=True,
        description="Collection of data that the spectrum belongs to",
    ),
    Column(
        "creator",
        TEXT,
        ucd="meta.id",
        utype="ssa:DataID.Creator",
        std=True,
        description="Who made the dataset: the principal investigator or the observer",
    ),
    Column(
        "creation_date",
        TIMESTAMP,
        ucd="time;meta.dataset",
        utype="ssa:DataID.Date",
        keyword="DATE",
        timesys=UTC,
        std=True,
        description="When the file was made",
    ),
    Column(
        "instrument_name",
        TEXT,
        ucd="meta.id;instr",
        utype="ssa:DataID.Instrument",
        keyword="INSTRUME",
        indexed=True,
        principal=True,
        std=True,
        description="Instrument",
    ),
    Column(
        "facility_name",
        TEXT,
        ucd="meta.id;instr.tel",
        keyword="TELESCOP",
        description="Telescope",
    ),
    Column(
        "bandpass",
        TEXT,
        ucd="instr.bandpass",
        utype="ssa:DataID.Bandpass",
        std=True,
        description="Part of the electromagnetic spectrum: Radio, Millimeter, Infrared, Optical, UV, EUV, "
        "X-ray or Gamma-ray; where the limits lie in two, both with a slash between",
    ),
    Column(
        "obs_id",
        TEXT,
        ucd="meta.id",
        description="Observation block or blocks",
    ),
    Column(
        "proposal_id",
        TEXT,
        ucd="meta.id;obs.proposal",
        keyword="PROG_ID",
        description="Observing run or runs",
    ),
)

_CURATION = (
    Column(
        "last_mod_date",
        TIMESTAMP,
        ucd="time",
        utype="ssa:Curation.Date",
        timesys=UTC,
        indexed=True,
        std=True,
        description="Last change of the metadata; for incremental harvesting",
    ),
    Column(
        "data_rights",
        TEXT,
        ucd="meta.code",
        utype="ssa:Curation.Rights",
        std=True,
        description="public, or proprietary until obs_release_date in ivoa.ObsCore",
    ),
    Column(
        "bib_reference",
        TEXT,
        ucd="meta.bib.bibcode",
        utype="ssa:Curation.Reference",
        keyword="REFERENC",
        std=True,
        description="Publication to cite: a bibcode or DOI",
    ),
)

_TARGET = (
    Column(
        "TARGETNAME",
        TEXT,
        ucd="meta.id;src",
        utype="ssa:Target.Name",
        keyword="OBJECT",
        folded=True,
        principal=True,
        std=True,
        description="Target as the observer named it",
    ),
    Column(
        "TARGETCLASS",
        TEXT,
        ucd="src.class",
        utype="ssa:Target.Class",
        std=True,
        description="Class of the target, such as star, galaxy or QSO, where the header tells it",
    ),
    Column(
        "spectral_type",
        TEXT,
        ucd="src.spType",
        utype="ssa:Target.SpectralClass",
        std=True,
        description="Spectral class of the target, where the header tells it",
    ),
    Column(
        "REDSHIFT",
        DOUBLE,
        ucd="src.redshift",
        utype="ssa:Target.Redshift",
        std=True,
        description="Redshift of the target, where the header tells it",
    ),
    Column(
        "VARAMPL",
        FLOAT,
        ucd="src.var.amplitude",
        utype="ssa:Target.VarAmpl",
        std=True,
        description="Amplitude of variability of the target, as a fraction of its flux",
    ),
    Column(
        "SNR",
        FLOAT,
        ucd="stat.snr",
        utype="ssa:Derived.SNR",
        keyword="SNR",
        principal=True,
        std=True,
        description="Median signal-to-noise ratio per pixel",
    ),
)

_PLACE = (
    Column(
        "s_ra",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.ra;meta.main",
        coosys=ICRS,
        principal=True,
        description="Right ascension of the aperture's centre",
    ),
    Column(
        "s_dec",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.dec;meta.main",
        coosys=ICRS,
        principal=True,
        description="Declination of the aperture's centre",
    ),
    Column(
        "APERTURE",
        DOUBLE,
        unit="deg",
        ucd="phys.angSize;instr.fov",
        utype="ssa:Char.SpatialAxis.Coverage.Bounds.Extent",
        keyword="APERTURE",
        std=True,
        description="Diameter of the aperture",
    ),
    Column(
        "s_region",
        REGION,
        ucd="pos.outline;instr.fov",
        utype="ssa:Char.SpatialAxis.Coverage.Support.Area",
        coosys=ICRS,
        std=True,
        description="The aperture on the sky, STC-S in ICRS: a circle, or a position if its size is unknown",
    ),
    Column(
        "SPATRES",
        DOUBLE,
        unit="deg",
        ucd="pos.angResolution",
        utype="ssa:Char.SpatialAxis.Resolution",
        std=True,
        description="Spatial resolution (FWHM)",
    ),
)

_TIME = (
    Column(
        "t_min",
        DOUBLE,
        unit="d",
        ucd="time.start;obs.exposure",
        utype="ssa:Char.TimeAxis.Coverage.Bounds.Start",
        keyword="MJD-OBS",
        timesys=MJD_UTC,
        principal=True,
        std=True,
        description="Start of the observation, MJD",
    ),
    Column(
        "t_max",
        DOUBLE,
        unit="d",
        ucd="time.end;obs.exposure",
        utype="ssa:Char.TimeAxis.Coverage.Bounds.Stop",
        keyword="MJD-END",
        timesys=MJD_UTC,
        std=True,
        description="End of the observation, MJD",
    ),
    Column(
        "t_mid",
        DOUBLE,
        unit="d",
        ucd="time.epoch",
        utype="ssa:Char.TimeAxis.Coverage.Location.Value",
        timesys=MJD_UTC,
        std=True,
        description="Middle of the observation, MJD",
    ),
    Column(
        "t_extent",
        DOUBLE,
        unit="s",
        ucd="time.duration",
        utype="ssa:Char.TimeAxis.Coverage.Bounds.Extent",
        std=True,
        description="Time from start to end",
    ),
    Column(
        "t_exptime",
        DOUBLE,
        unit="s",
        ucd="time.duration;obs.exposure",
        utype="ssa:Char.TimeAxis.Coverage.Support.Extent",
        keyword="TEXPTIME",
        std=True,
        description="Total exposure time",
    ),
    Column(
        "TIMERES",
        DOUBLE,
        unit="s",
        ucd="time.resolution",
        utype="ssa:Char.TimeAxis.Resolution",
        std=True,
        description="Resolution in time: for a single spectrum the whole of the observation",
    ),
)

_EXAMPLES = (
    Example(
        "ssa-cone",
        "Which spectra are there of a star?",
        "SELECT TARGETNAME, instrument_name, SPECRP, SNR, t_min, access_url\n"
        "FROM dbo.ssa\n"
        "WHERE CONTAINS(POINT('ICRS', s_ra, s_dec), CIRCLE('ICRS', 245.891, -39.230, 0.05)) = 1\n"
        "ORDER BY SNR DESC",
        "Around EG 274, the best first.",
    ),
    Example(
        "ssa-line",
        "Which spectra cover a line, the sharpest first?",
        "SELECT TOP 100 TARGETNAME, instrument_name, em_min, em_max, SPECRP, spectrum_url\n"
        "FROM dbo.ssa\n"
        "WHERE em_min < 656.46e-9 AND em_max > 656.46e-9 AND SPECRP > 100\n"
        "ORDER BY SPECRP DESC",
        "H alpha; wavelengths are those in vacuum, in metres.",
    ),
)

SSA = Table(
    "dbo.ssa",
    columns=(*_ACCESS, *_DATASET, *_CURATION, *_TARGET, *_PLACE, *AXES, *_TIME),
    title="One-dimensional spectra (SSA)",
    description="One row for every one-dimensional spectrum, with the metadata of Simple Spectral Access "
    "1.1. Every one of them can also be had as VOTable and FITS in the Spectrum model: spectrum_url.",
    primary_key=("dp_id",),
    hides="proposal_id",
    keys=(Key(("dp_id",), "ivoa.ObsCore", ("dp_id",), "The same dataset, with all other kinds of data"),),
    positions=(("s_ra", "s_dec"),),
    spans=(("em_min", "em_max"), ("t_min", "t_max")),
    examples=_EXAMPLES,
)
