"""Rows of observation blocks and their parts, from JSON as the Phase 2 API has it.

Readers of other forms (exports) bring what they read into this shape first, so that a column is filled in one
place only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archive.declare.dataflow.ob_parts import (
    OB_CONSTRAINT,
    OB_FILE,
    OB_PARAMETER,
    OB_TEMPLATE,
    OB_TIME_INTERVAL,
)
from archive.declare.dataflow.phase2 import OB, OB_STATUS
from archive.declare.tables import Record
from archive.errors import UnreadableFile

from ..frames import fk_frame, to_icrs
from ..identify import safe
from ..positions import on_sky
from .documents import Node, parse_angle
from .phase2_values import Value, ip_version, value_of

__all__ = ["FILES", "RunOfOb", "block_rows", "constraint_rows", "part_rows", "stored_as"]

FILES = "p2-file"  # the plugin that keeps the files of observation blocks
_HIGHEST = 2**31 - 1  # of an INTEGER column
_CONSTRAINTS = {
    "airmass_max": "airmass",
    "seeing_max": "seeing",
    "fli_max": "fli",
    "moon_distance_min": "moonDistance",
    "twilight_limit": "twilight",
    "water_vapour_max": "waterVapour",
    "strehl_min": "strehlRatio",
    "contrast_min": "contrast",
}
_CONSTRAINT_WORDS = {
    "sky_transparency": "skyTransparency",
    "turbulence_category": "atm",
    "baseline": "baseline",
}


@dataclass(frozen=True)
class RunOfOb:
    """The run that something belongs to, as far as a document tells it."""

    run_id: str | None = None
    p2_run_id: int | None = None


def stored_as(file_name: str) -> str:
    """The identifier under which the archive keeps a file that came with observation blocks."""
    return safe(f"{FILES}.{file_name}")


@dataclass(frozen=True)
class _Block:
    node: Node

    @cached_property
    def constraints(self) -> dict[str, Value]:
        found = self.node.node("constraints")
        return {name: value_of(found.any(name)) for name in found.names if name != "name"}

    def word(self, name: str) -> str | None:
        value = self.constraints.get(name)
        return value.text if value else None

    def number(self, name: str) -> float | None:
        value = self.constraints.get(name)
        return value.number if value else None


def block_rows(node: Node, run: RunOfOb, whole: Node, ob_id: int | None = None) -> Iterator[Record]:
    """The row of an OB as getOB answers it; `whole` is all that is told of it.

    `ob_id` stands in for the number of an OB that has none.
    """
    block = _Block(node)
    described = node.node("obsDescription")
    comments = described.text("instrumentComments") or described.text("InstrumentComments")
    number = node.integer("obId") if ob_id is None else ob_id
    if number is None:
        raise UnreadableFile(f"{node.path}.obId is missing")
    yield OB.row(
        ob_id=number,
        run_id=run.run_id or node.text("progId"),
        p2_run_id=node.integer("runId") if "runId" in node else run.p2_run_id,
        container_id=node.integer("parentContainerId"),
        item_type=node.text("itemType") or "OB",
        ob_name=node.text("name"),
        ob_status=node.text("obStatus"),
        grade=node.text("grade"),
        instrument=node.text("instrument"),
        ip_version=ip_version(node),
        user_priority=node.integer("userPriority", highest=_HIGHEST),
        exposure_time=node.number("exposureTime"),
        execution_time=node.number("executionTime"),
        must_migrate=node.flag("migrate"),
        description_name=described.text("name"),
        user_comments=described.text("userComments"),
        instrument_comments=comments,
        constraint_name=node.node("constraints").text("name"),
        **_target(node.node("target")),
        **{column: block.number(name) for column, name in _CONSTRAINTS.items()},
        **{column: block.word(name) for column, name in _CONSTRAINT_WORDS.items()},
        document=whole.dumped(),
    )


def constraint_rows(node: Node, ob_id: int) -> Iterator[Record]:
    for name, value in sorted(_Block(node).constraints.items()):
        if key := value_of(Node(name)).text:
            yield OB_CONSTRAINT.row(
                ob_id=ob_id, constraint_name=key, value_text=value.text, value_number=value.number
            )


def part_rows(bundle: Node, ob_id: int) -> Iterator[Record]:
    """Templates, parameters, intervals, files and changes of the status, which lie beside an OB."""
    for number, template in enumerate(bundle.items("templates"), 1):
        yield from _template_rows(template, ob_id, number)
    intervals = bundle.node("timeConstraints")
    absolute = bundle.items("absoluteTimeConstraints") or intervals.items("absolute")
    yield from _absolute_rows(absolute, ob_id)
    sidereal = bundle.items("siderealTimeConstraints") or intervals.items("sidereal")
    yield from _sidereal_rows(sidereal, ob_id)
    yield from _file_rows(bundle, ob_id)
    for change in bundle.items("transitions"):
        yield OB_STATUS.row(
            ob_id=ob_id,
            changed=change.moment("time", required=True),
            from_status=change.text("from"),
            to_status=change.text("to", required=True),
            actor=change.text("actor"),
            comment=change.text("comment"),
            is_stated=True,
        )


def _target(node: Node) -> dict[str, object]:
    position = _icrs(node)
    return {
        "target_name": node.text("name"),
        "target_ra": position and position[0],
        "target_dec": position and position[1],
        "written_ra": node.text("ra"),
        "written_dec": node.text("dec"),
        "equinox": node.text("equinox"),
        "epoch": node.number("epoch"),
        "pm_ra": node.number("properMotionRa"),
        "pm_dec": node.number("properMotionDec"),
        "differential_ra": node.number("differentialRa"),
        "differential_dec": node.number("differentialDec"),
        "target_class": node.text("objectClass"),
    }


def _icrs(node: Node) -> tuple[float, float] | None:
    """None for what is no position, and for 0 0, which stands in every new observation block."""
    # Blanks after the sign and around are common in old exports.
    ra = parse_angle(node.text("ra") or "", hours=True)
    dec = parse_angle(re.sub(r"^([+-])\s+", r"\1", node.text("dec") or ""))
    if ra is None or dec is None or not on_sky(ra, dec) or ra == dec == 0:
        return None
    equinox = re.fullmatch(r"([JB]?)\s*(\d{4}(?:\.\d{0,6})?)", (node.text("equinox") or "J2000").upper())
    if equinox is None or not 1800 <= float(equinox[2]) <= 2200:
        return None
    frame = fk_frame("FK4" if equinox[1] == "B" else "FK5", float(equinox[2]))
    lon, lat = to_icrs(frame, np.array([ra]), np.array([dec]))
    return float(lon[0]), float(lat[0])


def _template_rows(node: Node, ob_id: int, number: int) -> Iterator[Record]:
    name = node.text("templateName", required=True)
    yield OB_TEMPLATE.row(
        ob_id=ob_id,
        template_number=number,
        template_name=name,
        template_type=node.text("type"),
        template_id=node.integer("templateId"),
    )
    # A name that stands twice is a mistake of whoever wrote it; the last one is what an instrument takes.
    parameters = {one.text("name", required=True): one for one in node.items("parameters")}
    for parameter, told in parameters.items():
        value_type = told.text("type")
        value = value_of(told.any("value"), value_type)
        yield OB_PARAMETER.row(
            ob_id=ob_id,
            template_number=number,
            parameter=parameter,
            template_name=name,
            value_type=value_type,
            value_text=value.text,
            value_number=value.number,
        )


def _absolute_rows(intervals: tuple[Node, ...], ob_id: int) -> Iterator[Record]:
    for number, node in enumerate(intervals, 1):
        yield OB_TIME_INTERVAL.row(
            ob_id=ob_id,
            interval_type="absolute",
            interval_number=number,
            start_time=node.moment("from", required=True),
            end_time=node.moment("to", required=True),
        )


def _sidereal_rows(intervals: tuple[Node, ...], ob_id: int) -> Iterator[Record]:
    for number, node in enumerate(intervals, 1):
        yield OB_TIME_INTERVAL.row(
            ob_id=ob_id,
            interval_type="sidereal",
            interval_number=number,
            start_lst=_sidereal_hours(node, "from"),
            end_lst=_sidereal_hours(node, "to"),
        )


def _sidereal_hours(node: Node, name: str) -> float:
    hours = parse_angle(node.text(name, required=True))
    if hours is None or not 0 <= hours <= 24:
        raise node.any(name).wrong("a sidereal time from 00:00 to 24:00")
    return hours


def _file_rows(bundle: Node, ob_id: int) -> Iterator[Record]:
    charts = enumerate(bundle.items("findingCharts"), 1)
    files = [("finding chart", number, chart) for number, chart in charts]
    files += [(name, 1, bundle.any(name)) for name in ("ephemeris", "readme") if name in bundle]
    uploads = [
        parameter.any("value")
        for template in bundle.items("templates")
        for parameter in template.items("parameters")
        if parameter.text("type") in {"file", "paramfile"} and "value" in parameter
    ]
    files += [("parameter", number, value) for number, value in enumerate(uploads, 1)]
    for file_type, number, node in files:
        yield OB_FILE.row(ob_id=ob_id, file_type=file_type, file_number=number, **_file(file_type, node))


def _file(file_type: str, node: Node) -> dict[str, object]:
    """A file is an object with name, file and text, or one text: the name of a chart, the text of a note."""
    if isinstance(node.value, dict) and not {"name", "file", "text"}.isdisjoint(node.names):
        stored = node.text("file")
        return {
            "file_name": node.text("name") or stored,
            "dp_id": stored and stored_as(stored),
            "content": node.text("text"),
        }
    text = value_of(node).text
    return {"content": text} if file_type in {"ephemeris", "readme"} else {"file_name": text}
