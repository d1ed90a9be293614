"""What the observatory decided about runs: time and priority, grades and ranks, from JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterator

from archive.declare import Record
from archive.declare.dataflow.allocation import OUTCOME, REVIEW
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from ..obsplan import follow_obsplan
from .documents import Node
from .identifiers import programme_of
from .tabular import flat_rows, loose

__all__ = ["allocation", "allocations"]

_CLASSES = frozenset("ABC")


@plugin(
    "allocations",
    accepts=Accepts(names=("*.allocations.json", "*.allocations.csv")),
    tables=(OUTCOME, REVIEW),
    follows=follow_obsplan,
)
def allocations(input: Input) -> Iterator[Record]:
    """Outcomes of proposals: allocated time, priority classes, grades and ranks of runs (JSON or CSV)."""
    seen: set[str] = set()
    for node in flat_rows(input, "runs", "allocations"):
        run_id = node.text("runid", required=True)
        if run_id in seen:
            raise UnreadableFile(f"{node.path}: run {run_id[:60]} stands twice")
        seen.add(run_id)
        yield from allocation(node, run_id, node.text("programmeid"))


def allocation(node: Node, run_id: str, programme_id: str | None) -> Iterator[Record]:
    """The rows of one run; of the review only if there is something of it. Names of members are loose."""
    node = Node({loose(name): node.any(name).value for name in node.names}, node.path)
    programme_id = programme_id or programme_of(run_id)
    outcome = {
        "decision": node.text("decision"),
        "priority_class": _priority_class(node),
        "time_allocated": _not_negative(node, "allocatedhours"),
        "nights_allocated": _not_negative(node, "allocatednights"),
        "observing_mode": node.text("observingmode"),
        "seeing": node.number("seeing"),
        "decided": node.moment("decided"),
        "comments": node.text("comments"),
    }
    if any(value is not None for value in outcome.values()):
        yield OUTCOME.row(run_id=run_id, programme_id=programme_id, **outcome)
    review = {
        "panel": node.text("panel"),
        "opc_grade": node.number("opcgrade"),
        "opc_rank": node.integer("opcrank", highest=2**31 - 1),
        "comments": node.text("opccomments"),
    }
    if any(value is not None for value in review.values()):
        yield REVIEW.row(run_id=run_id, programme_id=programme_id, **review)


def _priority_class(node: Node) -> str | None:
    text = node.text("priorityclass")
    if text is not None and text.upper() not in _CLASSES:
        raise node.any("priorityclass").wrong("A, B or C")
    return None if text is None else text.upper()


def _not_negative(node: Node, name: str) -> float | None:
    number = node.number(name)
    if number is not None and number < 0:
        raise node.any(name).wrong("zero or more")
    return number
