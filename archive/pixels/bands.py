"""The parts of the electromagnetic spectrum by name, and the bands of photometry, as limits in metres.

The parts are those of IVOA's vocabulary of messengers with the limits of VOResource 1.1, table 10; the bands
are Johnson's, Cousins' and those of the infrared and of SDSS, where they pass half of their most.
"""

from __future__ import annotations

__all__ = ["BANDS", "PARTS", "band_name", "find_band"]

PARTS = {
    "Gamma-ray": (0.0, 1e-11),
    "X-ray": (1e-11, 1e-8),
    "EUV": (1e-8, 1e-7),
    "UV": (1e-7, 3e-7),
    "Optical": (3e-7, 1e-6),
    "Infrared": (1e-6, 1e-4),
    "Millimeter": (1e-4, 1e-2),
    "Radio": (1e-2, float("inf")),
}
BANDS = {
    "U": (3.32e-7, 3.98e-7),
    "B": (3.98e-7, 4.92e-7),
    "V": (5.07e-7, 5.95e-7),
    "R": (5.89e-7, 7.27e-7),
    "I": (7.31e-7, 8.80e-7),
    "Z": (8.20e-7, 9.20e-7),
    "Y": (9.70e-7, 1.07e-6),
    "J": (1.17e-6, 1.33e-6),
    "H": (1.49e-6, 1.78e-6),
    "K": (2.03e-6, 2.37e-6),
    "L": (3.22e-6, 3.68e-6),
    "M": (4.50e-6, 5.00e-6),
    "N": (8.0e-6, 1.30e-5),
    "Q": (1.70e-5, 2.40e-5),
    "u'": (3.25e-7, 3.82e-7),
    "g'": (4.00e-7, 5.37e-7),
    "r'": (5.55e-7, 6.87e-7),
    "i'": (6.90e-7, 8.17e-7),
    "z'": (8.25e-7, 9.30e-7),
}
_ALIASES = {"gamma": "Gamma-ray", "x": "X-ray", "xray": "X-ray", "ultraviolet": "UV", "visible": "Optical"}
_ALIASES |= {"ir": "Infrared", "nir": "Infrared", "mm": "Millimeter", "submm": "Millimeter", "ks": "K"}


def find_band(name: str) -> tuple[float, float] | None:
    """The limits (m) of a part or a band, in any letter case; None for what is neither."""
    folded = _ALIASES.get(name.strip().lower(), name.strip()).lower()
    limits = {**BANDS, **PARTS}
    return next((found for known, found in limits.items() if known.lower() == folded), None)


def band_name(low: float, high: float) -> str:
    """The part in which `low` to `high` (m) lie, or those of both limits with a slash between."""
    names = [next(name for name, (_, end) in PARTS.items() if value <= end) for value in (low, high)]
    return "/".join(dict.fromkeys(names))
