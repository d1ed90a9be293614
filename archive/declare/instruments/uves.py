"""UVES, the ultraviolet and visual echelle spectrograph at the VLT: its blue and red arms write own files."""

from __future__ import annotations

from .detectors import CCD_COLUMNS
from .instrument import Instrument, number, text

__all__ = ["UVES"]

UVES = Instrument(
    "uves",
    ("UVES",),
    title="Raw frames of UVES",
    columns=(
        text("ins_path", "INS PATH", "Arm, BLUE or RED", ucd="meta.code;instr.setup"),
        text(
            "ins_grat1_name",
            "INS GRAT1 NAME",
            "Cross disperser of the blue arm",
            ucd="meta.id;instr.dispersion",
        ),
        number(
            "ins_grat1_wlen",
            "INS GRAT1 WLEN",
            "Central wavelength of the blue arm",
            unit="nm",
            ucd="em.wl.central",
        ),
        text(
            "ins_grat2_name",
            "INS GRAT2 NAME",
            "Cross disperser of the red arm",
            ucd="meta.id;instr.dispersion",
        ),
        number(
            "ins_grat2_wlen",
            "INS GRAT2 WLEN",
            "Central wavelength of the red arm",
            unit="nm",
            ucd="em.wl.central",
        ),
        text("ins_slit1_name", "INS SLIT1 NAME", "Image slicer or pre-slit"),
        number(
            "ins_slit2_wid",
            "INS SLIT2 WID",
            "Width of the slit of the blue arm",
            unit="arcsec",
            ucd="phys.angSize;instr.param",
        ),
        number(
            "ins_slit2_len",
            "INS SLIT2 LEN",
            "Length of the slit of the blue arm",
            unit="arcsec",
            ucd="phys.angSize;instr.param",
        ),
        number(
            "ins_slit3_wid",
            "INS SLIT3 WID",
            "Width of the slit of the red arm",
            unit="arcsec",
            ucd="phys.angSize;instr.param",
        ),
        number(
            "ins_slit3_len",
            "INS SLIT3 LEN",
            "Length of the slit of the red arm",
            unit="arcsec",
            ucd="phys.angSize;instr.param",
        ),
        text("ins_filt2_name", "INS FILT2 NAME", "Filter of the blue arm", ucd="meta.id;instr.filter"),
        text("ins_filt3_name", "INS FILT3 NAME", "Filter of the red arm", ucd="meta.id;instr.filter"),
        text("ins_opti1_name", "INS OPTI1 NAME", "Iodine cell or other device in the beam"),
        text("ins_drot_mode", "INS DROT MODE", "Mode of the derotator", ucd="meta.code;instr.param"),
        number(
            "ins_drot_posang", "INS DROT POSANG", "Position angle of the slit", unit="deg", ucd="pos.posAng"
        ),
        text("ins_adc_mode", "INS ADC MODE", "Mode of the atmospheric dispersion corrector"),
        number(
            "ins_det5_tmmean",
            "INS DET5 TMMEAN",
            "Middle of the exposure by flux in the blue arm, as a fraction of its length",
        ),
        number(
            "ins_det5_cttot",
            "INS DET5 CTTOT",
            "Total counts of the exposure meter of the blue arm",
            ucd="phot.count",
        ),
        number(
            "ins_temp1_mean",
            "INS TEMP1 MEAN",
            "Temperature of the blue camera in degrees Celsius",
            ucd="phys.temperature",
        ),
        *CCD_COLUMNS,
    ),
)
