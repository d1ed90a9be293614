"""The templates of the simulated instruments: their signatures, and what observation blocks set in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .wishes import Setup, Wish

__all__ = ["UVES_SETTINGS", "Template", "dichroic", "package", "templates_of"]

_Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Template:
    """A template of a block; `optics` is the filter or grism that its frames have."""

    name: str
    kind: str
    optics: str
    values: dict[str, _Value]


# Central wavelengths of UVES's blue and red arm, nm.
UVES_SETTINGS = ("346+580", "390+580", "437+760", "390+860")
_FILTERS = ("J", "H", "Ks", "Y", "CH4", "BrG", "H2")
_GRISMS = ("GRIS_300V", "GRIS_600B", "GRIS_600RI", "GRIS_1200R")


def _parameter(name: str, kind: str, default: _Value | None = None, **more: object) -> dict[str, Any]:
    given = {} if default is None else {"default": default}
    return {"name": name, "type": kind, **given, **more}


def _between(lowest: float, highest: float) -> dict[str, float]:
    return {"min": lowest, "max": highest}


_BOTH_ARMS = (
    _parameter("DET1.WIN1.UIT1", "number", range=_between(0, 10800)),
    _parameter("DET2.WIN1.UIT1", "number", range=_between(0, 10800)),
    _parameter("SEQ.NEXPO", "integer", 1, range=_between(1, 100)),
    _parameter("INS.MODE", "keyword", values=("DICHR#1", "DICHR#2")),
    _parameter("INS.WLEN", "keyword", values=UVES_SETTINGS),
)

_SIGNATURES: dict[str, tuple[tuple[str, str, tuple[dict[str, Any], ...]], ...]] = {
    "HAWKI": (
        (
            "HAWKI_img_acq_Preset",
            "acquisition",
            (
                _parameter("INS.FILT.NAME", "keyword", "Ks", values=_FILTERS),
                _parameter("TEL.ROT.OFFANGLE", "number", 0.0, range=_between(0, 360)),
            ),
        ),
        (
            "HAWKI_img_obs_AutoJitter",
            "science",
            (
                _parameter("DET.DIT", "number", range=_between(1.6762, 120)),
                _parameter("DET.NDIT", "integer", 1, range=_between(1, 1000)),
                _parameter("SEQ.NUMBER.EXPO", "integer", 1, range=_between(1, 500)),
                _parameter("SEQ.JITTER.WIDTH", "number", 15.0, range=_between(0, 600)),
                _parameter("INS.FILT.NAME", "keyword", values=_FILTERS),
            ),
        ),
        ("HAWKI_img_cal_Darks", "calib", (_parameter("DET.DIT", "number", range=_between(1.6762, 300)),)),
    ),
    "FORS2": (
        (
            "FORS2_lss_acq_slow",
            "acquisition",
            (
                _parameter("INS.SLIT.NAME", "keyword", "lSlit1_0arcsec"),
                _parameter("TEL.AG.GUIDESTAR", "keyword", "CATALOGUE", values=("CATALOGUE", "NONE")),
            ),
        ),
        (
            "FORS2_lss_obs_off",
            "science",
            (
                _parameter("DET.WIN1.UIT1", "number", range=_between(0.25, 3600)),
                _parameter("SEQ.NEXPO", "integer", 1, range=_between(1, 100)),
                _parameter("INS.GRIS1.NAME", "keyword", values=_GRISMS),
                _parameter("SEQ.RETURN", "boolean", default=True),
            ),
        ),
        (
            "FORS2_img_cal_bias",
            "calib",
            (_parameter("SEQ.NEXPO", "integer", 5, range=_between(1, 20)),),
        ),
    ),
    "UVES": (
        (
            "UVES_dic_acq_slit",
            "acquisition",
            (
                _parameter("INS.SLIT2.WID", "number", 0.9, range=_between(0.3, 10)),
                _parameter("TEL.AG.GUIDESTAR", "keyword", "CATALOGUE", values=("CATALOGUE", "NONE")),
            ),
        ),
        ("UVES_dic1_obs_exp", "science", _BOTH_ARMS),
        ("UVES_dic2_obs_exp", "science", _BOTH_ARMS),
        ("UVES_dic1_cal_flat", "calib", (_parameter("SEQ.NEXPO", "integer", 5, range=_between(1, 20)),)),
    ),
}

_CONSTRAINTS = (
    _parameter("airmass", "float", 1.6, range=_between(1, 5), label="Airmass"),
    _parameter(
        "skyTransparency", "string", "Clear", values=("Photometric", "Clear", "Variable, thin cirrus")
    ),
    _parameter("fli", "float", 1.0, range=_between(0, 1), label="Lunar illumination"),
    _parameter("seeing", "float", 1.0, range=_between(0.4, 5), label="Seeing"),
    _parameter("moonDistance", "integer", 30, range=_between(0, 180)),
    _parameter("twilight", "integer", 0, range=_between(-45, 0)),
    _parameter("waterVapour", "float", 30.0, range=_between(0, 30)),
)


def package(instrument: str, version: str) -> dict[str, Any]:
    """The instrument's package as the Phase 2 API tells it, in one document."""
    return {
        "instrument": instrument,
        "ipVersion": version,
        "instrumentConstraints": {"observingConstraints": _CONSTRAINTS},
        "templateSignatures": [
            {"templateName": name, "type": kind, "parameters": parameters}
            for name, kind, parameters in _SIGNATURES[instrument]
        ],
    }


def templates_of(wish: Wish) -> tuple[Template, ...]:
    """The templates of a block in their order: the acquisition, then one for each of its optics."""
    setup = wish.setup
    match setup.instrument:
        case "HAWKI":
            acquisition = Template("HAWKI_img_acq_Preset", "acquisition", "Ks", {"INS.FILT.NAME": "Ks"})
            return acquisition, *(_image(setup, band) for band in setup.optics)
        case "UVES":
            acquisition = Template("UVES_dic_acq_slit", "acquisition", "", {"INS.SLIT2.WID": 0.9})
            return acquisition, *(_echelle(setup, waves) for waves in setup.optics)
        case _:
            slit: dict[str, _Value] = {"INS.SLIT.NAME": "lSlit1_0arcsec"}
            acquisition = Template("FORS2_lss_acq_slow", "acquisition", "", slit)
            return acquisition, *(_spectrum(setup, grism) for grism in setup.optics)


def _image(setup: Setup, band: str) -> Template:
    values: dict[str, _Value] = {
        "DET.DIT": setup.dit,
        "DET.NDIT": setup.ndit,
        "SEQ.NUMBER.EXPO": setup.exposures,
        "INS.FILT.NAME": band,
    }
    return Template("HAWKI_img_obs_AutoJitter", "science", band, values)


def _spectrum(setup: Setup, grism: str) -> Template:
    values: dict[str, _Value] = {
        "DET.WIN1.UIT1": setup.dit,
        "SEQ.NEXPO": setup.exposures,
        "INS.GRIS1.NAME": grism,
        "SEQ.RETURN": True,
    }
    return Template("FORS2_lss_obs_off", "science", grism, values)


def _echelle(setup: Setup, waves: str) -> Template:
    """Both arms at once; the first dichroic for the ultraviolet, the second for the rest."""
    values: dict[str, _Value] = {
        "DET1.WIN1.UIT1": setup.dit,
        "DET2.WIN1.UIT1": setup.dit,
        "SEQ.NEXPO": setup.exposures,
        "INS.MODE": dichroic(waves),
        "INS.WLEN": waves,
    }
    return Template(f"UVES_dic{dichroic(waves)[-1]}_obs_exp", "science", waves, values)


def dichroic(waves: str) -> str:
    """The mode of UVES for the central wavelengths of its arms, as "390+580"."""
    return "DICHR#2" if waves in ("437+760", "390+860") else "DICHR#1"
