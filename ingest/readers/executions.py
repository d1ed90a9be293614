"""Executions of observation blocks: what the Phase 2 API tells of a night or of a block, and fuller bundles.

The API tells start, end, status and grade. A bundle, which an observatory makes of its own records, has in
each execution also templates, files, operator and comments. What an execution did to the status of its
block is told on as two changes, so that the rules of the statuses are checked for them as for all others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from archive.declare.dataflow.execution import EXECUTION, EXECUTION_FILE, EXECUTION_TEMPLATE
from archive.declare.dataflow.phase2 import OB_STATUS
from archive.declare.dataflow.statuses import ObStatus
from archive.declare.tables import Record
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from ..following import follow_dataflow
from ..identify import stem
from .documents import Node, document
from .tolerance import name_of, night_of, readable

__all__ = ["GRADES", "executions", "grade_of"]

GRADES = {
    "A": "within the constraints",
    "B": "mostly within the constraints",
    "C": "out of the constraints, to be repeated",
    "D": "out of the constraints, not to be repeated",
    "X": "aborted, or of no use",
    "?": "not graded",
}
_UNGRADED = {"?", "-", "\N{EN DASH}", "\N{MINUS SIGN}"}
_HIGHEST = 2**31 - 1  # of an INTEGER column
_LONGEST_STATUS = 10
# As the observatory's poll calls them: executions_UVES_2026-07-01.json
_FILE_NAME = re.compile(r"executions[_.]([A-Za-z0-9+-]{1,20})[_.](\d{4}-\d\d-\d\d)\.json", re.IGNORECASE)
_WRAPPED = re.compile(rb'"executions"\s*:\s*\[')
_MEMBERS = tuple(re.compile(rb'"%s"\s*:' % name) for name in (b"obId", b"obStatus", b"from"))
_OF_ITEMS = re.compile(rb'"itemType"\s*:')


def _looks(beginning: bytes) -> bool:
    if _OF_ITEMS.search(beginning):
        return False  # observation blocks: they have a status too, and intervals
    return bool(_WRAPPED.search(beginning)) or all(one.search(beginning) for one in _MEMBERS)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a document tells of all its executions at once."""

    instrument: str | None
    telescope: str | None
    night: str | None


@plugin(
    "executions",
    accepts=Accepts(names=("*.json",), looks=_looks),
    tables=(EXECUTION, EXECUTION_TEMPLATE, EXECUTION_FILE, OB_STATUS),
    follows=follow_dataflow,
)
def executions(input: Input) -> Iterable[Record]:
    """Executions of observation blocks with status and grade, with templates and files if they are told."""
    root = document(input)
    wrapper = root if isinstance(root.value, dict) else Node({})
    named = _FILE_NAME.fullmatch(input.name)
    told = _Told(
        name_of(wrapper, "instrument") or (named[1].upper() if named else None),
        name_of(wrapper, "telescope"),
        wrapper.text("night") or (named[2] if named else None),
    )
    yield from readable(input, root.records("executions"), lambda node: _rows(input, node, told))


def _rows(input: Input, node: Node, told: _Told) -> Iterator[Record]:
    ob_id = node.integer("obId", required=True)
    start = node.moment("from", required=True)
    end = node.moment("to")
    if end is not None and end < start:
        input.problem(f"{node.path} ends before it starts: {end.isoformat()}")
        end = None
    execution_id = name_of(node, "executionId") or f"{ob_id}.{start.isoformat()}"
    operator = name_of(node, "operator")
    yield EXECUTION.row(
        execution_id=execution_id,
        ob_id=ob_id,
        run_id=name_of(node, "progId"),
        p2_run_id=node.integer("runId"),
        instrument=name_of(node, "instrument") or told.instrument,
        telescope=name_of(node, "telescope") or told.telescope,
        start_time=start,
        end_time=end,
        night=_night(input, node, told, start),
        ob_status=_known_status(input, node),
        grade=grade_of(input, node),
        operator=operator,
        operator_comments=node.text("operatorComments") or node.text("comments"),
    )
    yield from _status_changes(node, ob_id, start, end, operator)
    yield from _part_rows(node, execution_id)


def _night(input: Input, node: Node, told: _Told, start: datetime) -> str:
    text = node.text("night") or told.night
    if text is not None:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            input.problem(f"{node.path}: {text[:20]!r} is no night as 2026-07-01; it is taken from the start")
    return night_of(start)


def _known_status(input: Input, node: Node) -> str | None:
    text = node.text("obStatus")
    if text is None or text in set(ObStatus):
        return text
    input.problem(f"{node.path}.obStatus: {text[:_LONGEST_STATUS]!r} is no status of an observation block")
    return None


def grade_of(input: Input, node: Node) -> str | None:
    """The letter of a grade, "?" for what is not graded; None, and a problem, for what is no grade."""
    text = node.text("grade")
    if text is None:
        return None
    if text in _UNGRADED:
        return "?"
    if text.upper() in GRADES:
        return text.upper()
    input.problem(f"{node.path}.grade: {text[:_LONGEST_STATUS]!r} is no grade, which are {' '.join(GRADES)}")
    return None


def _status_changes(
    node: Node, ob_id: int, start: datetime, end: datetime | None, operator: str | None
) -> Iterator[Record]:
    """The block is started, and then becomes what the execution says, be it possible or not."""
    common: Mapping[str, object] = {"ob_id": ob_id, "actor": operator, "is_stated": True}
    yield OB_STATUS.row(**common, changed=start, to_status=ObStatus.STARTED.value)
    after = node.text("obStatus")
    if end is not None and after is not None and after != ObStatus.STARTED and len(after) <= _LONGEST_STATUS:
        yield OB_STATUS.row(
            **common,
            changed=end,
            from_status=ObStatus.STARTED.value,
            to_status=after,
            comment=node.text("statusComment"),
        )


def _part_rows(node: Node, execution_id: str) -> Iterator[Record]:
    # Of a file that is told twice the last row stays: that of its template.
    yield from _file_rows(node, execution_id, None)
    for place, template in enumerate(node.items("templates"), 1):
        number = template.integer("templateNumber", highest=_HIGHEST) or place
        yield EXECUTION_TEMPLATE.row(
            execution_id=execution_id,
            template_number=number,
            template_name=name_of(template, "templateName", "name"),
            start_time=template.moment("from"),
            end_time=template.moment("to"),
            exposure_count=template.integer("exposureCount", highest=_HIGHEST),
            outcome=template.text("status"),
        )
        yield from _file_rows(template, execution_id, number)


def _file_rows(node: Node, execution_id: str, template_number: int | None) -> Iterator[Record]:
    """Files are named by their identifier, or told with more as objects."""
    for file in node.items("files"):
        told = file if isinstance(file.value, dict) else Node({"dpId": file.value}, file.path)
        name = name_of(told, "dpId", "name")
        if name is None:
            raise UnreadableFile(f"{file.path} names no file")
        yield EXECUTION_FILE.row(
            execution_id=execution_id,
            dp_id=stem(name),
            template_number=told.integer("templateNumber", highest=_HIGHEST) or template_number,
            exposure_number=told.integer("exposureNumber", highest=_HIGHEST),
            dp_cat=name_of(told, "category"),
        )
