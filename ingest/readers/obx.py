"""Observation blocks as exported by P2PP and p2 (.obx): lines of a name and a value in quotes, in sections.

The first section tells of the block itself, its target, constraints and setup; each further one begins with
the name of a template. What they say is brought into the shape that the Phase 2 API has. Exports have neither
the number of the block, nor its run, nor its status.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from archive.declare.dataflow.ob_parts import (
    OB_CONSTRAINT,
    OB_FILE,
    OB_PARAMETER,
    OB_TEMPLATE,
    OB_TIME_INTERVAL,
)
from archive.declare.dataflow.phase2 import OB
from archive.declare.tables import Record
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from ..following import follow_dataflow
from .documents import Node
from .phase2_rows import RunOfOb, block_rows, constraint_rows, part_rows

__all__ = ["parse", "read_obx"]

_Section = dict[str, str]

_LINE = re.compile(r"\s*(\S+)\s+(.*?)\s*")
_INTERVAL = re.compile(r"\{\s*(\S{1,40})\s+(\S{1,40})(?:\s+[^\s{}]{1,40})?\s*\}")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
_OB_ID = re.compile(r"(?:ob[_-]?)?(\d{6,10})(?:[_.-].*)?", re.IGNORECASE)
_NO_VALUE = "NODEFAULT"  # what stands for a parameter that its owner has to give
_DAY = 86400

# Names of the first section in lower case, and those of the API.
_BLOCK = {
    "name": "name",
    "instrument": "instrument",
    "ipversion": "ipVersion",
    "userpriority": "userPriority",
}
_TARGET = {
    "target.name": "name",
    "ra": "ra",
    "dec": "dec",
    "equinox": "equinox",
    "epoch": "epoch",
    "propra": "properMotionRa",
    "propdec": "properMotionDec",
    "diffra": "differentialRa",
    "diffdec": "differentialDec",
    "objectclass": "objectClass",
}
_DESCRIPTION = {
    "observation.description.name": "name",
    "usercomments": "userComments",
    "instrumentcomments": "instrumentComments",
}
_CONSTRAINTS = {
    "constraint.set.name": "name",
    "air_mass": "airmass",
    "seeing": "seeing",
    "sky_transparency": "skyTransparency",
    "fractional_lunar_illumination": "fli",
    "moon_angular_distance": "moonDistance",
    "strehlratio": "strehlRatio",
    "twilight": "twilight",
    "watervapour": "waterVapour",
    "atm": "atm",
    "contrast": "contrast",
    "baseline": "baseline",
}


def _is_export(beginning: bytes) -> bool:
    return b"IMPEX.VERSION" in beginning or b"TEMPLATE.NAME" in beginning


@plugin(
    "obx",
    accepts=Accepts(names=("*.obx",), looks=_is_export),
    tables=(OB, OB_TEMPLATE, OB_PARAMETER, OB_CONSTRAINT, OB_TIME_INTERVAL, OB_FILE),
    follows=follow_dataflow,
)
def read_obx(input: Input) -> Iterable[Record]:
    """Observation blocks as P2PP and p2 export them (.obx)."""
    bundle = Node(parse(input))
    ob_id = _number(input)
    node = bundle.node("ob")
    yield from block_rows(node, RunOfOb(), bundle, ob_id)
    yield from constraint_rows(node, ob_id)
    yield from part_rows(bundle, ob_id)


def parse(input: Input) -> dict[str, object]:
    """The export as a bundle of the API's JSON, all values as texts."""
    block, templates = _sections(input)
    kind = {"O": "OB", "C": "CB"}.get(block.get("type", "O").strip(), "OB")
    ob = {
        "itemType": kind,
        **_renamed(block, _BLOCK),
        "target": _renamed(block, _TARGET),
        "constraints": _renamed(block, _CONSTRAINTS),
        "obsDescription": _renamed(block, _DESCRIPTION),
    }
    bundle: dict[str, object] = {"ob": ob, "templates": templates}
    bundle["absoluteTimeConstraints"] = [
        {"from": start, "to": end} for start, end in _intervals(input, block, "absolute_times_list")
    ]
    bundle["siderealTimeConstraints"] = [
        {"from": _hours(start), "to": _hours(end)}
        for start, end in _intervals(input, block, "STTimeIntervals")
    ]
    bundle["findingCharts"] = [name for name in block.get("finding_chart_list", "").split() if name != "="]
    if ephemeris := block.get("ephemeris_file"):
        bundle["ephemeris"] = {"name": ephemeris}
    return bundle


def _sections(input: Input) -> tuple[_Section, list[dict[str, object]]]:
    block: _Section = {}
    templates: list[dict[str, object]] = []
    parameters: list[dict[str, object]] | None = None
    for name, value in _pairs(input):
        if name.upper().endswith("TEMPLATE.NAME"):
            kind = {"type": "acquisition"} if name.upper().startswith("ACQ") else {}
            parameters = []
            templates.append({"templateName": value, **kind, "parameters": parameters})
        elif parameters is not None:
            parameters.append({"name": name, "value": None if value == _NO_VALUE else value})
        else:
            block[name.lower()] = value
    if not block and not templates:
        raise UnreadableFile(f"{input.name} has no line with a name and a value")
    return block, templates


def _pairs(input: Input) -> Iterator[tuple[str, str]]:
    for number, line in input.lines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            input.problem(f"line {number} has a name and no value: {line.strip()[:60]}")
        elif match[2].startswith('"'):
            yield match[1], _unquoted(match[2], number, input)
        else:
            yield match[1], match[2]


def _unquoted(text: str, number: int, input: Input) -> str:
    if len(text) < 2 or not text.endswith('"'):
        input.problem(f"line {number}: the quote is not closed")
        text += '"'
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), text[1:-1])


def _intervals(input: Input, block: _Section, name: str) -> list[tuple[str, str]]:
    written = block.get(name.lower(), "")
    if rest := _INTERVAL.sub("", written).strip():
        input.problem(f"{name}: {rest[:60]!r} is no interval as {{from to 0}}, and passed over")
    return _INTERVAL.findall(written)


def _renamed(section: _Section, names: dict[str, str]) -> dict[str, str]:
    return {api: section[name] for name, api in names.items() if section.get(name, "").strip()}


def _hours(seconds: str) -> str:
    """Sidereal times are seconds of the day, from 0 to 86400."""
    if not re.fullmatch(r"\d{1,5}(?:\.\d{0,9})?", seconds) or float(seconds) > _DAY:
        raise UnreadableFile(f"STTimeIntervals: {seconds[:40]} are no seconds of a day")
    return str(float(seconds) / 3600)


def _number(input: Input) -> int:
    """What the file's name begins with, as ob_1746213.obx; else a negative one that follows from the name."""
    match = _OB_ID.fullmatch(input.name)
    if match is not None:
        return int(match[1])
    return -1 - int.from_bytes(hashlib.sha256(input.dp_id.encode()).digest()[:6])
