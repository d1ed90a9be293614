"""How values are written in the documents of an observatory: JSON, times, positions in sexagesimal."""

from __future__ import annotations

import json

from .headers import iso

__all__ = ["as_json", "sexagesimal", "stamp"]


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def stamp(mjd: float) -> str:
    """UTC to the second, marked as such."""
    return f"{iso(mjd)[:19]}Z"


def sexagesimal(value: float) -> str:
    """Hours or degrees with minutes and seconds, to a thousandth of a second: -46:24:45.000"""
    thousandths = round(abs(value) * 3_600_000)
    whole, rest = divmod(thousandths, 3_600_000)
    minutes, seconds = divmod(rest, 60_000)
    return f"{'-' if value < 0 else ''}{whole:02d}:{minutes:02d}:{seconds / 1000:06.3f}"
