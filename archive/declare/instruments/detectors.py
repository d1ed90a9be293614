"""Columns that instruments with the same kind of detector share: CCDs, and infrared arrays."""

from __future__ import annotations

from .instrument import number, text, whole

__all__ = ["CCD_COLUMNS", "INFRARED_COLUMNS"]

_BINNING = "meta.number;instr.pixel"

CCD_COLUMNS = (
    whole("det_binx", "DET WIN1 BINX", "Binning of the detector along X", ucd=_BINNING),
    whole("det_biny", "DET WIN1 BINY", "Binning of the detector along Y", ucd=_BINNING),
    whole("det_win1_nx", "DET WIN1 NX", "Pixels read out along X", ucd=_BINNING),
    whole("det_win1_ny", "DET WIN1 NY", "Pixels read out along Y", ucd=_BINNING),
    number(
        "det_win1_dit1", "DET WIN1 DIT1", "Time for which the shutter was open", unit="s", ucd="time.duration"
    ),
    number(
        "det_win1_dktm",
        "DET WIN1 DKTM",
        "Time for which dark current was collected",
        unit="s",
        ucd="time.duration",
    ),
    text("det_chip1_name", "DET CHIP1 NAME", "Name of the first chip", ucd="meta.id;instr.det"),
    text("det_read_mode", "DET READ MODE", "How the detector was read out", ucd="meta.code;instr.det"),
    text("det_read_speed", "DET READ SPEED", "Speed of the readout", ucd="meta.code;instr.det"),
    text("det_read_clock", "DET READ CLOCK", "Clock pattern of the readout", ucd="meta.code;instr.det"),
    whole("det_outputs", "DET OUTPUTS", "Number of outputs of the detector", ucd="meta.number;instr.det"),
    number("det_out1_conad", "DET OUT1 CONAD", "Electrons per count of the first output", ucd="instr.param"),
    number(
        "det_out1_ron",
        "DET OUT1 RON",
        "Readout noise of the first output, in electrons",
        ucd="instr.det.noise",
    ),
)

INFRARED_COLUMNS = (
    number("det_mindit", "DET MINDIT", "Shortest possible integration", unit="s", ucd="time.duration"),
    text("det_ncorrs_name", "DET NCORRS NAME", "How the detector was read out", ucd="meta.code;instr.det"),
    text("det_mode_name", "DET MODE NAME", "Mode of the detector", ucd="meta.code;instr.det"),
    whole("det_win_nx", "DET WIN NX", "Pixels read out along X", ucd=_BINNING),
    whole("det_win_ny", "DET WIN NY", "Pixels read out along Y", ucd=_BINNING),
)
