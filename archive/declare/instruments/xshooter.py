"""X-shooter, the spectrograph with three arms (UVB, VIS, NIR) at the VLT: each arm writes its own files."""

from __future__ import annotations

from .detectors import CCD_COLUMNS
from .instrument import Instrument, number, raw, text

__all__ = ["XSHOOTER"]

XSHOOTER = Instrument(
    "xshooter",
    # The instrument was called SHOOT during its first years.
    ("XSHOOTER", "SHOOT", "XSHOO"),
    title="Raw frames of X-shooter",
    columns=(
        text(
            "seq_arm",
            "SEQ ARM",
            "Arm: UVB, VIS, NIR or AGC (acquisition and guiding)",
            ucd="meta.code;instr.setup",
        ),
        text("ins_path", "INS PATH", "Light path", ucd="meta.code;instr.setup"),
        text("ins_opti2_name", "INS OPTI2 NAME", "Slot, integral field unit or dichroic"),
        text("ins_opti3_name", "INS OPTI3 NAME", "Slit of the UVB arm"),
        text("ins_opti4_name", "INS OPTI4 NAME", "Slit of the VIS arm"),
        text("ins_opti5_name", "INS OPTI5 NAME", "Slit of the NIR arm"),
        text(
            "ins_filt1_name", "INS FILT1 NAME", "Filter of the acquisition camera", ucd="meta.id;instr.filter"
        ),
        text("ins_mirr1_name", "INS MIRR1 NAME", "Position of the calibration mirror"),
        text("ins_adc1_mode", "INS ADC1 MODE", "Mode of the atmospheric dispersion corrector"),
        text("ins_lamp1_name", "INS LAMP1 NAME", "Calibration lamp"),
        number(
            "ins_temp10_val",
            "INS TEMP10 VAL",
            "Ambient temperature in degrees Celsius",
            ucd="phys.temperature",
        ),
        number(
            "tel_targ_radvel",
            "TEL TARG RADVEL",
            "Radial velocity of the target, as the observer gave it",
            unit="km/s",
            ucd="spect.dopplerVeloc;src",
        ),
        *CCD_COLUMNS,
        *raw("det_dit", "det_ndit"),
    ),
)
