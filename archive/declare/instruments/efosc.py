"""EFOSC2, the faint object spectrograph and camera at the NTT, and before at the 3.6 m telescope."""

from __future__ import annotations

from .detectors import CCD_COLUMNS
from .instrument import Instrument, number, text, whole

__all__ = ["EFOSC"]

EFOSC = Instrument(
    "efosc",
    ("EFOSC", "EFOSC2"),
    title="Raw frames of EFOSC2",
    columns=(
        text("ins_filt1_name", "INS FILT1 NAME", "Filter", ucd="meta.id;instr.filter"),
        text("ins_filt1_id", "INS FILT1 ID", "Identification of the filter", ucd="meta.id;instr.filter"),
        whole("ins_filt1_no", "INS FILT1 NO", "Position of the filter wheel", ucd="meta.number;instr.filter"),
        text("ins_gris1_name", "INS GRIS1 NAME", "Grism", ucd="meta.id;instr.dispersion"),
        text("ins_gris1_id", "INS GRIS1 ID", "Identification of the grism", ucd="meta.id;instr.dispersion"),
        text("ins_slit1_name", "INS SLIT1 NAME", "Slit"),
        number(
            "ins_slit1_wid",
            "INS SLIT1 WID",
            "Width of the slit",
            unit="arcsec",
            ucd="phys.angSize;instr.param",
        ),
        number(
            "ins_slit1_len",
            "INS SLIT1 LEN",
            "Length of the slit",
            unit="arcsec",
            ucd="phys.angSize;instr.param",
        ),
        text("ins_wp_name", "INS WP NAME", "Wave plate, HALF or QUARTER", ucd="meta.id;instr.param"),
        text("ins_wp_st", "INS WP ST", "Whether the wave plate is IN or OUT", ucd="meta.code;instr.param"),
        number("ada_absrot_start", "ADA ABSROT START", "Angle of the rotator at the start", unit="deg"),
        number("ada_absrot_end", "ADA ABSROT END", "Angle of the rotator at the end", unit="deg"),
        *CCD_COLUMNS,
    ),
)
