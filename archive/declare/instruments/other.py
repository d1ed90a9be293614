"""The table of raw frames whose instrument has none of its own."""

from __future__ import annotations

from .instrument import Instrument, number, raw, text, whole

__all__ = ["OTHER"]

OTHER = Instrument(
    "other",
    (),
    title="Raw frames of other instruments",
    columns=(
        text("ins_filt1_name", "INS FILT1 NAME", "Filter in the first wheel", ucd="meta.id;instr.filter"),
        text("ins_filt2_name", "INS FILT2 NAME", "Filter in the second wheel", ucd="meta.id;instr.filter"),
        text("ins_gris1_name", "INS GRIS1 NAME", "Grism", ucd="meta.id;instr.dispersion"),
        text("ins_grat_name", "INS GRAT NAME", "Grating", ucd="meta.id;instr.dispersion"),
        number(
            "ins_grat_wlen",
            "INS GRAT WLEN",
            "Central wavelength of the grating, in nanometres or micrometres as the instrument writes it",
            ucd="em.wl.central",
        ),
        text("ins_slit1_name", "INS SLIT1 NAME", "Slit"),
        text("ins_opti1_name", "INS OPTI1 NAME", "First optical element"),
        text("ins_opti2_name", "INS OPTI2 NAME", "Second optical element"),
        text("ins_lamp1_name", "INS LAMP1 NAME", "Calibration lamp"),
        number(
            "ins_pixscale",
            "INS PIXSCALE",
            "Angle on the sky of a pixel",
            unit="arcsec",
            ucd="phys.angSize;instr.pixel",
        ),
        *raw("det_chip1id", "det_dit", "det_ndit", "det_expid"),
        whole("det_binx", "DET WIN1 BINX", "Binning of the detector along X", ucd="meta.number;instr.pixel"),
        whole("det_biny", "DET WIN1 BINY", "Binning of the detector along Y", ucd="meta.number;instr.pixel"),
        text("det_read_mode", "DET READ MODE", "How the detector was read out", ucd="meta.code;instr.det"),
        text("det_mode_name", "DET MODE NAME", "Mode of the detector", ucd="meta.code;instr.det"),
    ),
    spellings={
        "ins_grat_name": ("ESO INS GRAT1 NAME",),
        "ins_grat_wlen": ("ESO INS GRAT1 WLEN",),
    },
)
