"""ivoa.ObsCore: one row for every science dataset, after ObsCore 1.1 with the columns ESO adds.

Here belong the table, ESO's columns and the example queries; the standard's columns, which come first,
are in `obscore_columns`. How a file's header becomes a row is the business of `ingest`.

The primary key is `dp_id`, the archive's name of the file, and not obs_publisher_did: the latter
carries the configured authority, so that it changes when the archive moves to another domain, while
writing the same file again must find its row.
"""

from __future__ import annotations

from .columns import Column
from .obscore_columns import STANDARD_COLUMNS
from .semantics import GALACTIC, UTC
from .tables import Example, Table
from .types import DOUBLE, INTEGER, TEXT, TIMESTAMP

__all__ = ["ESO_COLUMNS", "OBSCORE"]

# As in ESO's own ivoa.ObsCore, so that scripts written for it run here.
ESO_COLUMNS = (
    Column(
        "dp_id",
        TEXT,
        ucd="meta.id",
        nullable=False,
        folded=True,
        description="The archive's identifier of the file, by which it is downloaded",
    ),
    Column(
        "abmaglim",
        DOUBLE,
        unit="mag",
        ucd="phot.mag;stat.max",
        keyword="ABMAGLIM",
        description="Limiting AB magnitude of a point source at 5 sigma (images, cubes, measurements)",
    ),
    Column(
        "filter",
        TEXT,
        ucd="meta.id;instr.filter",
        keyword="FILTER",
        description="Names of the instrument's filters",
    ),
    Column(
        "gal_lon",
        DOUBLE,
        unit="deg",
        ucd="pos.galactic.lon",
        utype="galactic:Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C1",
        coosys=GALACTIC,
        description="Galactic longitude of the centre",
    ),
    Column(
        "gal_lat",
        DOUBLE,
        unit="deg",
        ucd="pos.galactic.lat",
        utype="galactic:Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C2",
        coosys=GALACTIC,
        description="Galactic latitude of the centre",
    ),
    Column(
        "last_mod_date",
        TIMESTAMP,
        ucd="time",
        utype="ssa:Curation.Date",
        timesys=UTC,
        indexed=True,
        description="Last change of the metadata; for incremental harvesting",
    ),
    Column(
        "multi_ob",
        TEXT,
        ucd="meta.code.multip;obs",
        description="M: made from several visits of the telescope; S: from a single one",
    ),
    Column(
        "n_obs",
        INTEGER,
        ucd="meta.number;obs",
        keyword="NCOMBINE",
        description="Number of raw science frames that went into the product",
    ),
    Column(
        "obstech",
        TEXT,
        ucd="instr.setup",
        keyword="OBSTECH",
        description="Technique of the observation, such as IMAGE, ECHELLE or IFU",
    ),
    Column(
        "p3orig",
        TEXT,
        ucd="meta.ref",
        keyword="P3ORIG",
        description="Origin of a Phase 3 product: EDP from the community, IDP from the observatory",
    ),
    Column(
        "preview_html",
        TEXT,
        ucd="meta.ref.url;meta.preview",
        description="URL of a page that shows the dataset",
    ),
    Column(
        "publication_date",
        TIMESTAMP,
        ucd="time.publiYear",
        timesys=UTC,
        description="When the dataset was published, proprietary or not",
    ),
    Column(
        "release_description",
        TEXT,
        ucd="meta.ref.url",
        description="URL of the document that describes the data release",
    ),
    Column(
        "snr",
        DOUBLE,
        ucd="stat.snr",
        keyword="SNR",
        description="Median signal-to-noise ratio per pixel; one-dimensional spectra only",
    ),
    Column(
        "strehl",
        DOUBLE,
        ucd="instr.param",
        keyword="STREHL",
        description="Strehl ratio of adaptive optics, 0 to 1",
    ),
)

_EXAMPLES = (
    Example(
        "obscore-cone",
        "What is there around a position?",
        "SELECT TOP 100 dp_id, obs_collection, instrument_name, dataproduct_type, s_ra, s_dec, access_url\n"
        "FROM ivoa.ObsCore\n"
        "WHERE CONTAINS(POINT('ICRS', s_ra, s_dec), CIRCLE('ICRS', 204.254, -29.866, 0.5)) = 1",
        "Datasets whose centre lies within half a degree of M 83.",
    ),
    Example(
        "obscore-footprint",
        "Which datasets touch a region?",
        "SELECT dp_id, dataproduct_type, t_exptime, s_region, access_url\n"
        "FROM ivoa.ObsCore\n"
        "WHERE INTERSECTS(s_region, CIRCLE('ICRS', 201.697, -47.480, 0.2)) = 1\n"
        "ORDER BY t_exptime DESC",
        "Around omega Centauri. Unlike the cone, this finds wide images centred elsewhere; spectra are "
        "positions and found as well.",
    ),
    Example(
        "obscore-spectra",
        "Which spectra cover a line?",
        "SELECT TOP 100 target_name, instrument_name, em_min, em_max, em_res_power, snr, access_url\n"
        "FROM ivoa.ObsCore\n"
        "WHERE dataproduct_type = 'spectrum' AND em_min < 656.46e-9 AND em_max > 656.46e-9\n"
        "ORDER BY em_res_power DESC",
        "Wavelengths are vacuum wavelengths in metres, here that of H alpha.",
    ),
    Example(
        "obscore-night",
        "Everything taken in one night",
        "SELECT obs_collection, instrument_name, target_name, t_min, t_exptime\n"
        "FROM ivoa.ObsCore\n"
        "WHERE t_min BETWEEN 61112.7 AND 61113.7\n"
        "ORDER BY t_min",
        "Times are modified Julian dates in UTC.",
    ),
    Example(
        "obscore-collections",
        "What does the archive hold?",
        "SELECT obs_collection, dataproduct_type, calib_level, COUNT(*) AS datasets,\n"
        "  SUM(access_estsize) AS volume\n"
        "FROM ivoa.ObsCore\n"
        "GROUP BY obs_collection, dataproduct_type, calib_level\n"
        "ORDER BY obs_collection, dataproduct_type, calib_level",
    ),
)

OBSCORE = Table(
    "ivoa.ObsCore",
    columns=STANDARD_COLUMNS + ESO_COLUMNS,
    title="Science datasets (ObsCore)",
    description="One row for every science dataset: raw science frames and products such as images, spectra, "
    "cubes and visibilities, never calibrations. ObsCore 1.1 with the columns ESO adds.",
    utype="ivo://ivoa.net/std/obscore#table-1.1",
    primary_key=("dp_id",),
    hides="proposal_id",
    positions=(("s_ra", "s_dec"),),
    spans=(("t_min", "t_max"), ("em_min", "em_max")),
    examples=_EXAMPLES,
)
