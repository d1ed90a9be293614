"""HARPS, the high accuracy radial velocity planet searcher at the 3.6 m telescope on La Silla."""

from __future__ import annotations

from .detectors import CCD_COLUMNS
from .instrument import Instrument, flag, number, text

__all__ = ["HARPS"]

HARPS = Instrument(
    "harps",
    ("HARPS",),
    title="Raw frames of HARPS",
    columns=(
        text("ins_opti5_name", "INS OPTI5 NAME", "What the second fibre looks at"),
        text("ins_adcs_name", "INS ADCS NAME", "Whether the atmospheric dispersion corrector is IN or OUT"),
        text("ins_adc1_mode", "INS ADC1 MODE", "Mode of the atmospheric dispersion corrector"),
        number(
            "ins_det1_tmmean",
            "INS DET1 TMMEAN",
            "Middle of the exposure by flux, as a fraction of its length",
        ),
        number(
            "ins_det1_ctmean",
            "INS DET1 CTMEAN",
            "Mean counts of the exposure meter on fibre A",
            ucd="phot.count",
        ),
        number(
            "ins_det1_cttot",
            "INS DET1 CTTOT",
            "Total counts of the exposure meter on fibre A",
            ucd="phot.count",
        ),
        number(
            "ins_det1_ctrms",
            "INS DET1 CTRMS",
            "Scatter of the exposure meter on fibre A",
            ucd="stat.stdev;phot.count",
        ),
        number("ins_det2_tmmean", "INS DET2 TMMEAN", "The same fraction for fibre B"),
        number(
            "ins_det2_cttot",
            "INS DET2 CTTOT",
            "Total counts of the exposure meter on fibre B",
            ucd="phot.count",
        ),
        text("ins_lamp5_name", "INS LAMP5 NAME", "Calibration lamp on fibre B"),
        flag("ins_lamp5_st", "INS LAMP5 ST", "Whether that lamp was on"),
        number(
            "tel_targ_radvel",
            "TEL TARG RADVEL",
            "Radial velocity of the target, as the observer gave it",
            unit="km/s",
            ucd="spect.dopplerVeloc;src",
        ),
        number(
            "tel_targ_pma",
            "TEL TARG PMA",
            "Proper motion of the target along right ascension, as the observer gave it",
            unit="arcsec/yr",
            ucd="pos.pm;pos.eq.ra",
        ),
        number(
            "tel_targ_pmd",
            "TEL TARG PMD",
            "Proper motion of the target along declination",
            unit="arcsec/yr",
            ucd="pos.pm;pos.eq.dec",
        ),
        *CCD_COLUMNS,
        number("det_out4_conad", "DET OUT4 CONAD", "Electrons per count of the red chip", ucd="instr.param"),
        number(
            "det_out4_ron",
            "DET OUT4 RON",
            "Readout noise of the red chip, in electrons",
            ucd="instr.det.noise",
        ),
    ),
    # HARPS reads each of its two chips through one output, which keeps its number: 2 and 4.
    spellings={"det_out1_conad": ("ESO DET OUT2 CONAD",), "det_out1_ron": ("ESO DET OUT2 RON",)},
)
