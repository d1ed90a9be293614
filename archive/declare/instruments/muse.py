"""MUSE, the multi-unit spectroscopic explorer at the VLT: 24 integral field units in one file."""

from __future__ import annotations

from .instrument import Instrument, number, text, whole

__all__ = ["MUSE"]

MUSE = Instrument(
    "muse",
    ("MUSE",),
    title="Raw frames of MUSE",
    columns=(
        number(
            "ag_fwhmx_avg",
            "OCS SGS AG FWHMX AVG",
            "Mean width of the guide star along X",
            unit="arcsec",
            ucd="instr.obsty.seeing",
        ),
        number(
            "ag_fwhmy_avg",
            "OCS SGS AG FWHMY AVG",
            "Mean width of the guide star along Y",
            unit="arcsec",
            ucd="instr.obsty.seeing",
        ),
        number(
            "ag_fwhmx_rms",
            "OCS SGS AG FWHMX RMS",
            "Scatter of that width along X",
            unit="arcsec",
            ucd="stat.stdev;instr.obsty.seeing",
        ),
        number(
            "ag_fwhmy_rms",
            "OCS SGS AG FWHMY RMS",
            "Scatter of that width along Y",
            unit="arcsec",
            ucd="stat.stdev;instr.obsty.seeing",
        ),
        number(
            "sgs_fwhm_med",
            "OCS SGS FWHM MED",
            "Median width of stars in the slow guiding field",
            unit="arcsec",
            ucd="instr.obsty.seeing",
        ),
        number(
            "sgs_flux_med",
            "OCS SGS FLUX MED",
            "Median flux of stars in the slow guiding field",
            ucd="phot.count",
        ),
        text("ins_ao_foc", "OCS IPS PIXSCALE NAME", "Name of the pixel scale"),
        number(
            "ins_pixscale",
            "OCS IPS PIXSCALE",
            "Angle on the sky of a pixel",
            unit="arcsec",
            ucd="phys.angSize;instr.pixel",
        ),
        text("ins_opti1_name", "INS OPTI1 NAME", "Field selector: wide or narrow field"),
        text(
            "ins_opti2_name",
            "INS OPTI2 NAME",
            "Order filter: nominal or extended range",
            ucd="meta.id;instr.filter",
        ),
        number(
            "ins_drot_posang", "INS DROT POSANG", "Position angle of the field", unit="deg", ucd="pos.posAng"
        ),
        text("ins_drot_mode", "INS DROT MODE", "Mode of the derotator", ucd="meta.code;instr.param"),
        number(
            "ins_temp7_val",
            "INS TEMP7 VAL",
            "Ambient temperature in the instrument in degrees Celsius",
            ucd="phys.temperature",
        ),
        number(
            "ins_temp11_val",
            "INS TEMP11 VAL",
            "Temperature of the left integral field units in degrees Celsius",
            ucd="phys.temperature",
        ),
        text("ins_lamp_name", "INS LAMP1 NAME", "Calibration lamp"),
        whole("det_binx", "DET BINX", "Binning of the detectors along X", ucd="meta.number;instr.pixel"),
        whole("det_biny", "DET BINY", "Binning of the detectors along Y", ucd="meta.number;instr.pixel"),
        whole("det_ndit", "DET NDIT", "Number of integrations", ucd="meta.number;instr.det"),
        whole(
            "det_read_curid", "DET READ CURID", "Number of the mode of readout", ucd="meta.number;instr.det"
        ),
        text("det_read_curname", "DET READ CURNAME", "Mode of readout", ucd="meta.code;instr.det"),
        whole("det_chips", "DET CHIPS", "Number of chips", ucd="meta.number;instr.det"),
        number(
            "tel_targ_radvel",
            "TEL TARG RADVEL",
            "Radial velocity of the target, as the observer gave it",
            unit="km/s",
            ucd="spect.dopplerVeloc;src",
        ),
    ),
    spellings={"det_binx": ("ESO DET WIN1 BINX",), "det_biny": ("ESO DET WIN1 BINY",)},
)
