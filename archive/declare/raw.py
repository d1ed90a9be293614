"""dbo.raw: one row for every raw frame, science and calibration alike, under ESO's own column names.

Here belong the columns and example queries; `ingest` reads the values from the headers. Scripts
written for ESO's archive select these columns, and people search their descriptions for FITS keywords.
Where ESO's unit or UCD is none that the standards know, it is corrected and the description tells
ESO's. Text columns have no length limit, though ESO prints one: no value is ever cut.

There is no key to ivoa.ObsCore: only science frames are there too, under the same dp_id.
"""

from __future__ import annotations

from .columns import Column
from .semantics import GALACTIC, ICRS, MJD_UTC, UTC, CooSys
from .tables import Example, Table
from .types import DOUBLE, FLOAT, INTEGER, LONG, REGION, SHORT, TEXT, TIMESTAMP

__all__ = ["RAW"]

_ECLIPTIC = CooSys("ecliptic", "ECLIPTIC", "J2000.0")

_FILE = (
    Column(
        "dp_id",
        TEXT,
        ucd="meta.id;meta.main",
        keyword="ARCFILE",
        nullable=False,
        principal=True,
        folded=True,
        description="The archive's identifier of the file: instrument and start of the exposure",
    ),
    Column(
        "origfile",
        TEXT,
        ucd="meta.id;meta.file",
        keyword="ORIGFILE",
        description="Name that the file had at the instrument workstation",
    ),
    Column(
        "access_url",
        TEXT,
        ucd="meta.ref.url",
        principal=True,
        description="URL from which the file can be downloaded",
    ),
    Column(
        "datalink_url",
        TEXT,
        ucd="meta.ref.url",
        description="URL of the links that belong to the file: calibrations, previews, products",
    ),
    Column(
        "access_estsize",
        LONG,
        unit="kbyte",
        ucd="phys.size;meta.file",
        description="Estimated size of the download in units of 1000 bytes",
    ),
    Column(
        "release_date",
        TIMESTAMP,
        ucd="time.release",
        timesys=UTC,
        description="When the file becomes, or became, public",
    ),
    Column(
        "last_mod_date",
        TIMESTAMP,
        ucd="time.processing",
        timesys=UTC,
        indexed=True,
        description="Last change of this row; for incremental harvesting",
    ),
)

_CATEGORY = (
    Column(
        "dp_cat",
        TEXT,
        ucd="meta.code.class",
        keyword="HIERARCH ESO DPR CATG",
        indexed=True,
        principal=True,
        folded=True,
        description="Category of the frame, such as SCIENCE, CALIB, ACQUISITION, TECHNICAL or TEST",
    ),
    Column(
        "dp_type",
        TEXT,
        ucd="meta.code.class;obs",
        keyword="HIERARCH ESO DPR TYPE",
        indexed=True,
        principal=True,
        folded=True,
        description="Type of the observation, such as OBJECT, SKY, BIAS, DARK, STD or FLAT,LAMP",
    ),
    Column(
        "dp_tech",
        TEXT,
        ucd="instr.setup",
        keyword="HIERARCH ESO DPR TECH",
        principal=True,
        folded=True,
        description="Technique, such as IMAGE, SPECTRUM, ECHELLE, MOS or IFU; several with commas between",
    ),
)

_SKY = (
    Column(
        "object",
        TEXT,
        ucd="meta.id;src",
        keyword="OBJECT",
        indexed=True,
        principal=True,
        folded=True,
        description="Target as the observer named it; for calibrations often the type of the observation",
    ),
    Column(
        "target",
        TEXT,
        ucd="meta.id;src",
        keyword="HIERARCH ESO OBS TARG NAME",
        folded=True,
        description="Target as named in the observation block",
    ),
    Column(
        "ra",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.ra;meta.main",
        keyword="RA",
        coosys=ICRS,
        principal=True,
        description="Right ascension, equinox J2000; lamp and dark frames may carry values off the sky, "
        "such as -596.5, which match no position",
    ),
    Column(
        "dec",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.dec;meta.main",
        keyword="DEC",
        coosys=ICRS,
        principal=True,
        description="Declination, equinox J2000; lamp and dark frames may carry values off the sky",
    ),
    Column(
        "ra_pnt",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.ra;instr.tel",
        coosys=ICRS,
        description="Right ascension to which the telescope pointed, equinox J2000",
    ),
    Column(
        "dec_pnt",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.dec;instr.tel",
        coosys=ICRS,
        description="Declination to which the telescope pointed, equinox J2000",
    ),
    Column(
        "gal_lon",
        DOUBLE,
        unit="deg",
        ucd="pos.galactic.lon",
        coosys=GALACTIC,
        description="Galactic longitude of ra and dec",
    ),
    Column(
        "gal_lat",
        DOUBLE,
        unit="deg",
        ucd="pos.galactic.lat",
        coosys=GALACTIC,
        description="Galactic latitude of ra and dec",
    ),
    Column(
        "ecl_lon",
        DOUBLE,
        unit="deg",
        ucd="pos.ecliptic.lon",
        coosys=_ECLIPTIC,
        description="Ecliptic longitude of ra and dec",
    ),
    Column(
        "ecl_lat",
        DOUBLE,
        unit="deg",
        ucd="pos.ecliptic.lat",
        coosys=_ECLIPTIC,
        description="Ecliptic latitude of ra and dec",
    ),
    Column(
        "s_region",
        REGION,
        ucd="pos.outline;obs.field",
        coosys=ICRS,
        description="Region of the sky covered, STC-S in ICRS: a polygon, a union of such, or a position",
    ),
)

_EXPOSURE = (
    Column(
        "exp_start",
        TIMESTAMP,
        ucd="time.start;obs.exposure",
        timesys=UTC,
        indexed=True,
        principal=True,
        description="Start of the exposure",
    ),
    Column(
        "date_obs",
        TEXT,
        ucd="time.start;obs.exposure",
        keyword="DATE-OBS",
        description="Start of the exposure as the header writes it: a text and no time",
    ),
    Column(
        "mjd_obs",
        DOUBLE,
        unit="d",
        ucd="time.start;obs.exposure",
        keyword="MJD-OBS",
        timesys=MJD_UTC,
        indexed=True,
        description="Start of the exposure, MJD (UTC)",
    ),
    Column(
        "exposure",
        FLOAT,
        unit="s",
        ucd="time.duration;obs.exposure",
        keyword="EXPTIME",
        principal=True,
        description="Total exposure time",
    ),
)

_INSTRUMENT = (
    Column(
        "telescope",
        TEXT,
        ucd="meta.id;instr.tel",
        keyword="TELESCOP",
        principal=True,
        description="Telescope, such as ESO-VLT-U1; older names have many spellings",
    ),
    Column(
        "instrument",
        TEXT,
        ucd="meta.id;instr",
        keyword="INSTRUME",
        indexed=True,
        principal=True,
        folded=True,
        description="Instrument; some appear under more than one name, as SHOOT and XSHOOTER",
    ),
    Column(
        "ins_mode",
        TEXT,
        ucd="meta.code;instr.setup",
        keyword="HIERARCH ESO INS MODE",
        description="Mode of the instrument",
    ),
    Column("filter_path", TEXT, ucd="meta.id;instr.filter", description="Filters in the light path"),
    Column(
        "grat_path",
        TEXT,
        ucd="meta.id;instr.dispersion",
        description="Grating in the light path (ESO's UCD: meta.id;instr.grating)",
    ),
    Column(
        "gris_path",
        TEXT,
        ucd="meta.id;instr.dispersion",
        description="Grism in the light path (ESO's UCD: meta.id;instr.grating)",
    ),
    Column("slit_path", TEXT, ucd="meta.id;instr.param", description="Slit in the light path"),
    Column(
        "lambda_min",
        DOUBLE,
        unit="nm",
        ucd="em.wl;stat.min",
        description="Shortest wavelength; NULL when unknown",
    ),
    Column(
        "lambda_max",
        DOUBLE,
        unit="nm",
        ucd="em.wl;stat.max",
        description="Longest wavelength; NULL when unknown",
    ),
)

_DETECTOR = (
    Column(
        "det_chip1id",
        TEXT,
        ucd="meta.id;instr.det",
        keyword="HIERARCH ESO DET CHIP1 ID",
        description="Identification of the first detector chip",
    ),
    Column(
        "det_dit",
        FLOAT,
        unit="s",
        ucd="time.duration;obs.exposure",
        keyword="HIERARCH ESO DET DIT",
        description="Detector integration time of infrared instruments",
    ),
    Column(
        "det_ndit",
        SHORT,
        ucd="meta.number;instr.det",
        keyword="HIERARCH ESO DET NDIT",
        description="Number of detector integrations that were averaged or summed",
    ),
    Column(
        "det_expid",
        SHORT,
        ucd="meta.id;instr.det",
        keyword="HIERARCH ESO DET EXP ID",
        description="Number of the exposure; some instruments write DET EXPO NO or DET EXP NO",
    ),
    Column(
        "det_chop_ncycles",
        SHORT,
        ucd="meta.number;instr.det",
        keyword="HIERARCH ESO DET CHOP NCYCLES",
        description="Number of chopping cycles",
    ),
)

_PROGRAMME = (
    Column(
        "prog_id",
        TEXT,
        ucd="meta.id;obs.proposal",
        keyword="HIERARCH ESO OBS PROG ID",
        indexed=True,
        principal=True,
        folded=True,
        description="Observing run, such as 086.D-0123(A); ivoa.ObsCore calls it proposal_id",
    ),
    Column("prog_title", TEXT, ucd="meta.title;obs.proposal", description="Title of the programme"),
    Column(
        "prog_type",
        INTEGER,
        ucd="meta.code.class;obs.proposal",
        description="Type of the programme: 0 normal, 1 large, 2 director's time, 3 short, 4 calibration, "
        "5 monitoring",
    ),
    Column("period", SHORT, ucd="obs.proposal.cycle", description="Observing period"),
    Column(
        "pi_coi",
        TEXT,
        ucd="meta.id.PI;obs.proposal",
        keyword="HIERARCH ESO OBS PI-COI NAME",
        description="Surnames of the principal investigator and of the others, with slashes between",
    ),
    Column("obs_mode", TEXT, ucd="meta.code;obs", description="v: observed by a visitor; s: in service mode"),
)

_BLOCK = (
    Column(
        "ob_id",
        INTEGER,
        ucd="meta.id;obs;meta.main",
        keyword="HIERARCH ESO OBS ID",
        indexed=True,
        description="Number of the observation block",
    ),
    Column(
        "ob_name",
        TEXT,
        ucd="meta.id;obs",
        keyword="HIERARCH ESO OBS NAME",
        description="Name of the observation block",
    ),
    Column(
        "tpl_id",
        TEXT,
        ucd="meta.id;obs",
        keyword="HIERARCH ESO TPL ID",
        description="Identifier of the template",
    ),
    Column(
        "tpl_name",
        TEXT,
        ucd="meta.title;obs",
        keyword="HIERARCH ESO TPL NAME",
        description="Name of the template",
    ),
    Column(
        "tpl_start",
        TEXT,
        ucd="time.start;obs",
        keyword="HIERARCH ESO TPL START",
        description="Start of the template as the header writes it: a text that identifies the execution",
    ),
    Column(
        "tpl_seqno",
        INTEGER,
        ucd="meta.number;obs",
        keyword="HIERARCH ESO OBS TPLNO",
        description="Number of the template in its observation block (ESO's UCD: meta.id;obs;meta.number)",
    ),
    Column(
        "tpl_expno",
        INTEGER,
        ucd="meta.number;obs",
        keyword="HIERARCH ESO TPL EXPNO",
        description="Number of the exposure in its template (ESO's UCD: meta.id;obs;meta.number)",
    ),
    Column(
        "tpl_nexp",
        INTEGER,
        ucd="meta.number;obs",
        keyword="HIERARCH ESO TPL NEXP",
        description="Number of exposures of the template",
    ),
)

_CONDITIONS = (
    Column(
        "tel_alt",
        FLOAT,
        unit="deg",
        ucd="pos.az.alt",
        keyword="HIERARCH ESO TEL ALT",
        description="Altitude of the telescope at the start",
    ),
    Column(
        "tel_az",
        FLOAT,
        unit="deg",
        ucd="pos.az.azi",
        keyword="HIERARCH ESO TEL AZ",
        description="Azimuth of the telescope at the start: South is 0, West is 90",
    ),
    Column(
        "tel_airm_start",
        FLOAT,
        ucd="obs.airMass;time.start",
        keyword="HIERARCH ESO TEL AIRM START",
        description="Airmass at the start",
    ),
    Column(
        "tel_airm_end",
        FLOAT,
        ucd="obs.airMass;time.end",
        keyword="HIERARCH ESO TEL AIRM END",
        description="Airmass at the end",
    ),
    Column(
        "tel_ambi_fwhm_start",
        FLOAT,
        unit="arcsec",
        ucd="instr.obsty.seeing;time.start",
        keyword="HIERARCH ESO TEL AMBI FWHM START",
        description="Seeing of the site monitor at the start",
    ),
    Column(
        "tel_ambi_fwhm_end",
        FLOAT,
        unit="arcsec",
        ucd="instr.obsty.seeing;time.end",
        keyword="HIERARCH ESO TEL AMBI FWHM END",
        description="Seeing of the site monitor at the end",
    ),
    Column(
        "tel_ambi_pres_start",
        FLOAT,
        unit="hPa",
        ucd="phys.pressure;time.start",
        keyword="HIERARCH ESO TEL AMBI PRES START",
        description="Air pressure at the start",
    ),
    Column(
        "tel_ambi_pres_end",
        FLOAT,
        unit="hPa",
        ucd="phys.pressure;time.end",
        keyword="HIERARCH ESO TEL AMBI PRES END",
        description="Air pressure at the end",
    ),
    Column(
        "tel_ambi_rhum",
        FLOAT,
        keyword="HIERARCH ESO TEL AMBI RHUM",
        # VOUnits 1.0 has no percent sign, and the UCD lists of older validators no humidity.
        description="Relative humidity of the air in percent, 0 to 100 (ESO's unit: %)",
    ),
)

_EXAMPLES = (
    Example(
        "raw-kinds",
        "Which raw frames are there?",
        "SELECT instrument, dp_cat, dp_tech, COUNT(*) AS frames, SUM(access_estsize) AS volume\n"
        "FROM dbo.raw\n"
        "GROUP BY instrument, dp_cat, dp_tech\n"
        "ORDER BY instrument, dp_cat, dp_tech",
    ),
    Example(
        "raw-science",
        "Science frames around a position",
        "SELECT dp_id, object, prog_id, exp_start, exposure, access_url\n"
        "FROM dbo.raw\n"
        "WHERE dp_cat = 'SCIENCE' AND INTERSECTS(s_region, CIRCLE('ICRS', 154.403, -46.412, 0.5)) = 1\n"
        "ORDER BY exp_start",
        "Frames whose field touches the circle of half a degree around NGC 3201.",
    ),
    Example(
        "raw-template",
        "The frames of each template execution",
        "SELECT instrument, ob_id, ob_name, tpl_id, tpl_start, COUNT(*) AS taken, MAX(tpl_nexp) AS planned\n"
        "FROM dbo.raw\n"
        "WHERE tpl_start IS NOT NULL\n"
        "GROUP BY instrument, ob_id, ob_name, tpl_id, tpl_start\n"
        "ORDER BY tpl_start",
    ),
    Example(
        "raw-and-obscore",
        "Science frames with their coverage",
        "SELECT raw.dp_id, raw.instrument, raw.dp_type, obs.em_min, obs.em_max, obs.s_fov\n"
        "FROM dbo.raw AS raw JOIN ivoa.ObsCore AS obs ON obs.dp_id = raw.dp_id",
        "A science frame has the same dp_id in both tables.",
    ),
)

RAW = Table(
    "dbo.raw",
    columns=_FILE
    + _CATEGORY
    + _SKY
    + _EXPOSURE
    + _INSTRUMENT
    + _DETECTOR
    + _PROGRAMME
    + _BLOCK
    + _CONDITIONS,
    title="Raw frames",
    description="One row for every raw frame, science and calibration alike, with the keywords of its header "
    "by which ESO's archive is searched.",
    primary_key=("dp_id",),
    hides="prog_id",
    positions=(("ra", "dec"),),
    examples=_EXAMPLES,
)
