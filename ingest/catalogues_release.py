"""Which version of which catalogue a loaded table is: told by its name and by the keywords of Phase 3.

Only tables of the schema safcat are versions of published catalogues; ESO calls them NAME_V1, NAME_V2, ...
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from archive.declare import Table
from archive.declare.releases import Release

__all__ = ["with_release"]

_SCHEMA = "safcat"
_VERSION = re.compile(r"(.+?)_V(\d{1,6})", re.IGNORECASE)


def with_release(table: Table, keywords: Mapping[str, object], moment: datetime) -> Table:
    """The table with its release and its title, if it is a catalogue's; `moment` is when it is published."""
    if table.schema_name.lower() != _SCHEMA:
        return table
    match = _VERSION.fullmatch(table.base_name)
    release = Release(
        version=int(match[2]) if match else 1,
        collection=_text(keywords, "COLLECT", "COLLECTN"),
        filter=_several(keywords, "FILTER", "FILT"),
        instrument=_several(keywords, "INSTRUME", "INSTR"),
        telescope=_several(keywords, "TELESCOP", "TELESC"),
        publication_date=moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
        mjd_obs=_number(keywords, "MJD-OBS"),
        mjd_end=_number(keywords, "MJD-END"),
        skysqdeg=_number(keywords, "SKYSQDEG"),
        bibliography=_text(keywords, "REFERENC"),
    )
    title = table.title or _text(keywords, "TITLE") or (match[1] if match else table.base_name)
    return replace(table, title=title, release=release)


def _text(keywords: Mapping[str, object], *names: str) -> str | None:
    found = (str(keywords[name]).strip() for name in names if name in keywords)
    return next(filter(None, found), None)


def _several(keywords: Mapping[str, object], name: str, numbered: str) -> str | None:
    """The value, or what stands behind MULTI, numbered from 1, with commas between."""
    value = _text(keywords, name)
    if value != "MULTI":
        return value
    parts: list[str] = []
    while part := _text(keywords, f"{numbered}{len(parts) + 1}"):
        parts.append(part)
    return ",".join(parts) or value


def _number(keywords: Mapping[str, object], name: str) -> float | None:
    value = keywords.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
