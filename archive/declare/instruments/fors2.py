"""FORS2, the focal reducer and low-dispersion spectrograph at the VLT: two chips, each a file of its own."""

from __future__ import annotations

from .detectors import CCD_COLUMNS
from .instrument import Instrument, number, raw, text

__all__ = ["FORS2"]

FORS2 = Instrument(
    "fors2",
    ("FORS2",),
    title="Raw frames of FORS2",
    columns=(
        text("ins_filt1_name", "INS FILT1 NAME", "Filter", ucd="meta.id;instr.filter"),
        text("ins_filt1_id", "INS FILT1 ID", "Identification of the filter", ucd="meta.id;instr.filter"),
        text("ins_filt2_name", "INS FILT2 NAME", "Second filter", ucd="meta.id;instr.filter"),
        text("ins_gris1_name", "INS GRIS1 NAME", "Grism", ucd="meta.id;instr.dispersion"),
        text("ins_gris1_id", "INS GRIS1 ID", "Identification of the grism", ucd="meta.id;instr.dispersion"),
        number(
            "ins_gris1_wlen",
            "INS GRIS1 WLEN",
            "Central wavelength of the grism",
            unit="nm",
            ucd="em.wl.central",
        ),
        number("ins_gris1_disp", "INS GRIS1 DISP", "Dispersion of the grism", ucd="instr.dispersion"),
        text("ins_coll_name", "INS COLL NAME", "Collimator: standard or high resolution"),
        text("ins_slit_name", "INS SLIT NAME", "Slit or mask"),
        number(
            "ins_slit_wid", "INS SLIT WID", "Width of the slit", unit="arcsec", ucd="phys.angSize;instr.param"
        ),
        number(
            "ins_slit_len",
            "INS SLIT LEN",
            "Length of the slit",
            unit="arcsec",
            ucd="phys.angSize;instr.param",
        ),
        text("ins_mask_id", "INS MASK ID", "Identification of the mask for many objects"),
        number(
            "ins_pixscale",
            "INS PIXSCALE",
            "Angle on the sky of a pixel",
            unit="arcsec",
            ucd="phys.angSize;instr.pixel",
        ),
        text("ins_optirp_name", "INS OPTI4 NAME", "Retarder plate for polarimetry"),
        *CCD_COLUMNS,
        *raw("det_chip1id"),
    ),
)
