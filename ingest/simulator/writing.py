"""How values are written in the documents of an observatory: JSON, and positions in sexagesimal."""

from __future__ import annotations

import json

__all__ = ["as_json", "sexagesimal"]


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def sexagesimal(value: float) -> str:
    """Hours or degrees with minutes and seconds, to a thousandth of a second: -46:24:45.000"""
    thousandths = round(abs(value) * 3_600_000)
    whole, rest = divmod(thousandths, 3_600_000)
    minutes, seconds = divmod(rest, 60_000)
    return f"{'-' if value < 0 else ''}{whole:02d}:{minutes:02d}:{seconds / 1000:06.3f}"
