"""Snapshots of the short-term schedule: what an engine ranked, under which conditions, and why.

No engine publishes its form; this one has what such an engine is asked with and what it answers, as told in
docs/operators/night.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from archive.declare.dataflow.ranking import RANKED_OB, RANKING
from archive.declare.tables import Record
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from .documents import Node, document
from .tolerance import name_of, night_of, readable

__all__ = ["rankings"]

_HIGHEST = 2**31 - 1  # of an INTEGER column
_LOOKS = re.compile(rb'"ranking"\s*:\s*\[')
_CONDITIONS = {
    "seeing": "seeing",
    "wind_direction": "windDirection",
    "wind_speed": "windSpeed",
    "water_vapour": "waterVapour",
    "airmass_tolerance": "airmassTolerance",
    "sun_elevation": "sunElevation",
    "moon_elevation": "moonElevation",
    "fli": "fli",
    "fli_tolerance": "fliTolerance",
    "moon_distance_tolerance": "moonDistanceTolerance",
    "zenith_avoidance": "zenithAvoidance",
}
_CONTAINERS = {"g": "G", "group": "G", "t": "T", "timelink": "T", "c": "C", "concatenation": "C"}


@plugin(
    "rankings",
    accepts=Accepts(names=("*.json",), looks=lambda beginning: bool(_LOOKS.search(beginning))),
    tables=(RANKING, RANKED_OB),
)
def rankings(input: Input) -> Iterable[Record]:
    """Snapshots of the short-term schedule with their conditions and all ranked observation blocks."""
    yield from readable(input, document(input).records("rankings"), lambda node: _rows(input, node))


def _rows(input: Input, node: Node) -> Iterator[Record]:
    made = node.moment("time", required=True)
    telescope = name_of(node, "telescope")
    if telescope is None:
        raise UnreadableFile(f"{node.path}.telescope is missing")
    ranking_id = name_of(node, "rankingId") or f"{telescope}.{made.isoformat()}"
    blocks = {record.values[_OB_ID]: record for record in _blocks(input, node, ranking_id)}
    conditions = node.node("conditions")
    yield RANKING.row(
        ranking_id=ranking_id,
        snapshot_time=made,
        start_time=node.moment("startTime"),
        night=night_of(made),
        telescope=telescope,
        instrument=name_of(node, "instrument"),
        sky_transparency=conditions.text("skyTransparency"),
        engine=name_of(node, "engine"),
        ob_count=len(blocks),
        **{column: conditions.number(name) for column, name in _CONDITIONS.items()},
    )
    yield from blocks.values()


_OB_ID = list(RANKED_OB.by_name).index("ob_id")


def _blocks(input: Input, node: Node, ranking_id: str) -> Iterator[Record]:
    ranked = node.items("ranking", required=True)
    yield from readable(input, ranked, lambda block: (_block(block, ranking_id),))


def _block(block: Node, ranking_id: str) -> Record:
    kind = block.text("containerType")
    if kind is not None and kind.lower() not in _CONTAINERS:
        raise block.any("containerType").wrong("G, T or C")
    return RANKED_OB.row(
        ranking_id=ranking_id,
        rank=block.integer("rank", highest=_HIGHEST),
        ob_id=block.integer("obId", required=True),
        run_id=name_of(block, "progId"),
        score=block.number("score"),
        is_observable=block.flag("observable"),
        ob_status=name_of(block, "obStatus"),
        container_type=_CONTAINERS[kind.lower()] if kind else None,
        container_id=block.integer("containerId"),
        group_contribution=block.number("groupContribution"),
        reasons=_reasons(block),
    )


def _reasons(block: Node) -> str | None:
    """One text, or a list of them."""
    if not isinstance(block.any("reasons").value, list):
        return block.text("reasons")
    texts = (Node({"reason": one.value}, one.path).text("reason") for one in block.items("reasons"))
    return "\n".join(text for text in texts if text) or None
