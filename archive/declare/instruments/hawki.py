"""HAWK-I, the wide-field infrared imager at the VLT: four arrays in one file."""

from __future__ import annotations

from .detectors import INFRARED_COLUMNS
from .instrument import Instrument, number, raw, text, whole

__all__ = ["HAWKI"]

HAWKI = Instrument(
    "hawki",
    ("HAWKI",),
    title="Raw frames of HAWK-I",
    columns=(
        text("ins_filt1_name", "INS FILT1 NAME", "Filter in the first wheel", ucd="meta.id;instr.filter"),
        text(
            "ins_filt1_id", "INS FILT1 ID", "Identification of the first filter", ucd="meta.id;instr.filter"
        ),
        text("ins_filt2_name", "INS FILT2 NAME", "Filter in the second wheel", ucd="meta.id;instr.filter"),
        text(
            "ins_filt2_id", "INS FILT2 ID", "Identification of the second filter", ucd="meta.id;instr.filter"
        ),
        text("ins_enc_name", "INS POSENTR NAME", "Position of the entrance wheel"),
        number(
            "ins_pixscale",
            "INS PIXSCALE",
            "Angle on the sky of a pixel",
            unit="arcsec",
            ucd="phys.angSize;instr.pixel",
        ),
        *raw("det_dit", "det_ndit"),
        *INFRARED_COLUMNS,
        text("det_burst_mode", "DET BURST MODE", "Mode of fast photometry", ucd="meta.code;instr.det"),
        whole(
            "seq_cumoffsetx",
            "SEQ CUMOFFSETX",
            "Offset from the first frame of the template along X, in pixels",
            ucd="meta.number;instr.pixel",
        ),
        whole(
            "seq_cumoffsety",
            "SEQ CUMOFFSETY",
            "Offset from the first frame of the template along Y, in pixels",
            ucd="meta.number;instr.pixel",
        ),
        number(
            "seq_cumoffseta",
            "SEQ CUMOFFSETA",
            "Offset from the first frame along right ascension",
            unit="arcsec",
            ucd="pos.eq.ra;arith.diff",
        ),
        number(
            "seq_cumoffsetd",
            "SEQ CUMOFFSETD",
            "Offset from the first frame along declination",
            unit="arcsec",
            ucd="pos.eq.dec;arith.diff",
        ),
        number(
            "aos_rtc_det_dst_r0mean",
            "AOS GLAO R0",
            "Fried parameter measured by the adaptive optics",
            unit="m",
            ucd="instr.obsty.seeing",
        ),
    ),
)
