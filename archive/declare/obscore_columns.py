"""The columns that ObsCore 1.1 defines, by axis.

Names, types, units, UCDs and utypes are those of the Recommendation's tables, which validators compare
letter by letter; descriptions are ours. What else the table has is in `obscore`.
"""

from __future__ import annotations

from dataclasses import replace

from .columns import Column
from .semantics import ICRS, MJD_UTC, UTC
from .types import DOUBLE, INTEGER, LONG, REGION, TEXT, TIMESTAMP

__all__ = ["MANDATORY", "STANDARD_COLUMNS"]

# ObsCore 1.1, table 1: what every service has.
MANDATORY = frozenset(
    {
        "dataproduct_type",
        "calib_level",
        "target_name",
        "obs_id",
        "obs_collection",
        "obs_publisher_did",
        "access_url",
        "access_format",
        "access_estsize",
        "s_ra",
        "s_dec",
        "s_fov",
        "s_region",
        "s_resolution",
        "s_xel1",
        "s_xel2",
        "t_xel",
        "t_min",
        "t_max",
        "t_exptime",
        "t_resolution",
        "em_xel",
        "em_min",
        "em_max",
        "em_res_power",
        "o_ucd",
        "pol_xel",
        "pol_states",
        "facility_name",
        "instrument_name",
    }
)


def _standard(prefix: str, *columns: Column) -> tuple[Column, ...]:
    """Columns of the standard, whose utypes share the `prefix`; the mandatory ones are principal."""
    return tuple(
        replace(column, std=True, principal=column.name in MANDATORY, utype=prefix + column.utype)
        for column in columns
    )


_DATASET = _standard(
    "obscore:",
    Column(
        "dataproduct_type",
        TEXT,
        ucd="meta.code.class",
        utype="ObsDataset.dataProductType",
        indexed=True,
        folded=True,
        description="Data product type: image, cube, spectrum, sed, timeseries, visibility, event or "
        "measurements; NULL for any other, which dataproduct_subtype then names",
    ),
    Column(
        "dataproduct_subtype",
        TEXT,
        ucd="meta.code.class",
        utype="ObsDataset.dataProductSubtype",
        description="Specific type of the data product, such as tile, pawprint or srctbl",
    ),
    Column(
        "calib_level",
        INTEGER,
        ucd="meta.code;obs.calib",
        utype="ObsDataset.calibLevel",
        nullable=False,
        description="Calibration level: 0 instrumental, 1 raw in a standard format, 2 calibrated, "
        "3 enhanced (deep, mosaic), 4 results of an analysis",
    ),
    Column(
        "target_name",
        TEXT,
        ucd="meta.id;src",
        utype="Target.name",
        indexed=True,
        folded=True,
        description="Object of interest, as the observer named it",
    ),
    Column(
        "target_class",
        TEXT,
        ucd="src.class",
        utype="Target.class",
        description="Class of the target as in SSA",
    ),
    Column(
        "obs_id",
        TEXT,
        ucd="meta.id",
        utype="DataID.observationID",
        nullable=False,
        indexed=True,
        description="Identifier of the observation; datasets of one observation share it",
    ),
    Column(
        "obs_title",
        TEXT,
        ucd="meta.title;obs",
        utype="DataID.title",
        description="Brief description of the dataset in free text",
    ),
    Column(
        "obs_collection",
        TEXT,
        ucd="meta.id",
        utype="DataID.collection",
        nullable=False,
        indexed=True,
        folded=True,
        description="Name of the data collection",
    ),
    Column(
        "obs_creation_date",
        TIMESTAMP,
        ucd="time;meta.dataset",
        utype="DataID.date",
        timesys=UTC,
        description="Date when the dataset was created",
    ),
    Column(
        "obs_creator_name",
        TEXT,
        ucd="meta.id",
        utype="DataID.creator",
        description="Name of the creator of the data",
    ),
    Column(
        "obs_creator_did",
        TEXT,
        ucd="meta.id",
        utype="DataID.creatorDID",
        description="IVOA dataset identifier given by the creator",
    ),
    Column(
        "obs_release_date",
        TIMESTAMP,
        ucd="time.release",
        utype="Curation.releaseDate",
        timesys=UTC,
        description="When the dataset becomes, or became, public",
    ),
    Column(
        "obs_publisher_did",
        TEXT,
        ucd="meta.ref.ivoid",
        utype="Curation.publisherDID",
        nullable=False,
        indexed=True,
        folded=True,
        description="IVOA identifier of the dataset given by this archive; unique",
    ),
    Column(
        "publisher_id",
        TEXT,
        ucd="meta.ref.ivoid",
        utype="Curation.publisherID",
        description="IVOA identifier of the publisher",
    ),
    Column(
        "bib_reference",
        TEXT,
        ucd="meta.bib.bibcode",
        utype="Curation.reference",
        description="Bibcode, DOI or URL of the paper that describes the data",
    ),
    Column(
        "data_rights",
        TEXT,
        ucd="meta.code",
        utype="Curation.rights",
        description="public, secure or proprietary",
    ),
    Column(
        "access_url",
        TEXT,
        ucd="meta.ref.url",
        utype="Access.reference",
        description="URL from which the dataset, or the links that belong to it, can be had",
    ),
    Column(
        "access_format",
        TEXT,
        ucd="meta.code.mime",
        utype="Access.format",
        description="Media type of what access_url delivers",
    ),
    Column(
        "access_estsize",
        LONG,
        unit="kbyte",
        ucd="phys.size;meta.file",
        utype="Access.size",
        description="Estimated size of the dataset in units of 1000 bytes",
    ),
)

_SPATIAL = _standard(
    "obscore:Char.SpatialAxis.",
    Column(
        "s_ra",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.ra",
        utype="Coverage.Location.Coord.Position2D.Value2.C1",
        coosys=ICRS,
        description="Right ascension of the centre, ICRS",
    ),
    Column(
        "s_dec",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.dec",
        utype="Coverage.Location.Coord.Position2D.Value2.C2",
        coosys=ICRS,
        description="Declination of the centre, ICRS",
    ),
    Column(
        "s_fov",
        DOUBLE,
        unit="deg",
        ucd="phys.angSize;instr.fov",
        utype="Coverage.Bounds.Extent.diameter",
        description="Diameter of a circle that contains the region covered",
    ),
    Column(
        "s_region",
        REGION,
        ucd="pos.outline;obs.field",
        utype="Coverage.Support.Area",
        coosys=ICRS,
        description="Region of the sky covered, STC-S in ICRS: a polygon, circle, position, or a union",
    ),
    Column(
        "s_resolution",
        DOUBLE,
        unit="arcsec",
        ucd="pos.angResolution",
        utype="Resolution.Refval.value",
        description="Spatial resolution: full width at half maximum of the point spread function",
    ),
    Column(
        "s_xel1",
        LONG,
        ucd="meta.number",
        utype="numBins1",
        description="Number of pixels along the first spatial axis; -1 for data without pixels",
    ),
    Column(
        "s_xel2",
        LONG,
        ucd="meta.number",
        utype="numBins2",
        description="Number of pixels along the second spatial axis; -1 for data without pixels",
    ),
    Column(
        "s_ucd",
        TEXT,
        ucd="meta.ucd",
        utype="ucd",
        description="UCD of the spatial axes (positions, or u and v)",
    ),
    Column("s_unit", TEXT, ucd="meta.unit", utype="unit", description="Unit of the spatial axes"),
    Column(
        "s_resolution_min",
        DOUBLE,
        unit="arcsec",
        ucd="pos.angResolution;stat.min",
        utype="Resolution.Bounds.Limits.LoLimit",
        description="Best spatial resolution in the dataset",
    ),
    Column(
        "s_resolution_max",
        DOUBLE,
        unit="arcsec",
        ucd="pos.angResolution;stat.max",
        utype="Resolution.Bounds.Limits.HiLimit",
        description="Worst spatial resolution in the dataset",
    ),
    Column(
        "s_calib_status",
        TEXT,
        ucd="meta.code.qual",
        utype="calibrationStatus",
        description="How the positions are calibrated: uncalibrated, raw or calibrated",
    ),
    Column(
        "s_stat_error",
        DOUBLE,
        unit="arcsec",
        ucd="stat.error;pos.eq",
        utype="Accuracy.StatError.Refval.value",
        description="Astrometric precision along the spatial axes",
    ),
    Column(
        "s_pixel_scale",
        DOUBLE,
        unit="arcsec",
        ucd="phys.angSize;instr.pixel",
        utype="Sampling.RefVal.SamplingPeriod",
        description="Pixel size along the spatial axes",
    ),
)

_TIME = _standard(
    "obscore:Char.TimeAxis.",
    Column(
        "t_xel",
        LONG,
        ucd="meta.number",
        utype="numBins",
        description="Number of elements along the time axis; -1 for data without bins",
    ),
    Column(
        "t_min",
        DOUBLE,
        unit="d",
        ucd="time.start;obs.exposure",
        utype="Coverage.Bounds.Limits.StartTime",
        timesys=MJD_UTC,
        indexed=True,
        description="Start of the observation, MJD (UTC)",
    ),
    Column(
        "t_max",
        DOUBLE,
        unit="d",
        ucd="time.end;obs.exposure",
        utype="Coverage.Bounds.Limits.StopTime",
        timesys=MJD_UTC,
        indexed=True,
        description="End of the observation, MJD (UTC)",
    ),
    Column(
        "t_exptime",
        DOUBLE,
        unit="s",
        ucd="time.duration;obs.exposure",
        utype="Coverage.Support.Extent",
        description="Total exposure time",
    ),
    Column(
        "t_resolution",
        DOUBLE,
        unit="s",
        ucd="time.resolution",
        utype="Resolution.Refval.value",
        description="Temporal resolution, full width at half maximum",
    ),
    Column(
        "t_calib_status",
        TEXT,
        ucd="meta.code.qual",
        utype="calibrationStatus",
        description="How the times are calibrated: uncalibrated, raw, relative or calibrated",
    ),
    Column(
        "t_stat_error",
        DOUBLE,
        unit="s",
        ucd="stat.error;time",
        utype="Accuracy.StatError.Refval.value",
        description="Statistical error of the times",
    ),
)

_SPECTRAL = _standard(
    "obscore:Char.SpectralAxis.",
    Column(
        "em_xel",
        LONG,
        ucd="meta.number",
        utype="numBins",
        description="Number of elements along the spectral axis; -1 for data without bins",
    ),
    Column("em_ucd", TEXT, ucd="meta.ucd", utype="ucd", description="UCD of the spectral axis"),
    Column("em_unit", TEXT, ucd="meta.unit", utype="unit", description="Unit of the spectral axis"),
    Column(
        "em_calib_status",
        TEXT,
        ucd="meta.code.qual",
        utype="calibrationStatus",
        description="How the spectral axis is calibrated: uncalibrated, raw, relative or calibrated",
    ),
    Column(
        "em_min",
        DOUBLE,
        unit="m",
        ucd="em.wl;stat.min",
        utype="Coverage.Bounds.Limits.LoLimit",
        indexed=True,
        description="Shortest wavelength covered, in vacuum",
    ),
    Column(
        "em_max",
        DOUBLE,
        unit="m",
        ucd="em.wl;stat.max",
        utype="Coverage.Bounds.Limits.HiLimit",
        indexed=True,
        description="Longest wavelength covered, in vacuum",
    ),
    Column(
        "em_res_power",
        DOUBLE,
        ucd="spect.resolution",
        utype="Resolution.ResolPower.refVal",
        description="Resolving power: wavelength over the smallest resolved difference of wavelengths",
    ),
    Column(
        "em_res_power_min",
        DOUBLE,
        ucd="spect.resolution;stat.min",
        utype="Resolution.ResolPower.LoLimit",
        description="Lowest resolving power along the spectral axis",
    ),
    Column(
        "em_res_power_max",
        DOUBLE,
        ucd="spect.resolution;stat.max",
        utype="Resolution.ResolPower.HiLimit",
        description="Highest resolving power along the spectral axis",
    ),
    Column(
        "em_resolution",
        DOUBLE,
        unit="m",
        ucd="spect.resolution;stat.mean",
        utype="Resolution.Refval.value",
        description="Mean spectral resolution as a difference of wavelengths",
    ),
    Column(
        "em_stat_error",
        DOUBLE,
        unit="m",
        ucd="stat.error;em",
        utype="Accuracy.StatError.Refval.value",
        description="Statistical error of the spectral coordinate",
    ),
)

_OBSERVABLE = _standard(
    "obscore:Char.ObservableAxis.",
    Column(
        "o_ucd",
        TEXT,
        ucd="meta.ucd",
        utype="ucd",
        description="UCD of the observable, such as phot.flux; NULL for event lists",
    ),
    Column("o_unit", TEXT, ucd="meta.unit", utype="unit", description="Unit of the observable"),
    Column(
        "o_calib_status",
        TEXT,
        ucd="meta.code.qual",
        utype="calibrationStatus",
        description="How the observable is calibrated: absolute, relative, normalized, uncalibrated or any",
    ),
    Column(
        "o_stat_error",
        DOUBLE,
        ucd="stat.error",
        utype="Accuracy.StatError.Refval.value",
        # The Recommendation prints the unit "o_unit": the name of the column that holds it.
        description="Statistical error of the observable, in the unit that o_unit gives for the row",
    ),
)

_POLARISATION = _standard(
    "obscore:Char.PolarizationAxis.",
    Column(
        "pol_xel",
        LONG,
        ucd="meta.number",
        utype="numBins",
        description="Number of polarisation states in the dataset",
    ),
    Column(
        "pol_states",
        TEXT,
        ucd="meta.code;phys.polarization",
        utype="stateList",
        description="Polarisation states between slashes, such as /I/Q/U/; NULL where none applies",
    ),
)

_PROVENANCE = _standard(
    "obscore:Provenance.",
    Column(
        "facility_name",
        TEXT,
        ucd="meta.id;instr.tel",
        utype="ObsConfig.Facility.name",
        description="Telescope or facility with which the data were taken",
    ),
    Column(
        "instrument_name",
        TEXT,
        ucd="meta.id;instr",
        utype="ObsConfig.Instrument.name",
        indexed=True,
        folded=True,
        description="Instrument with which the data were taken",
    ),
    Column(
        "proposal_id",
        TEXT,
        ucd="meta.id;obs.proposal",
        utype="Proposal.identifier",
        indexed=True,
        folded=True,
        description="Identifier of the proposal, or of its run, to which the observation belongs",
    ),
)

STANDARD_COLUMNS = _DATASET + _SPATIAL + _TIME + _SPECTRAL + _OBSERVABLE + _POLARISATION + _PROVENANCE
