"""Phase 2 as JSON: what its API answers, and bundles of answers on observation blocks and containers.

A bundle tells all of a thing: parts that it does not have are removed. A plain answer of getOB, getContainer
or getRuns tells of nothing else, and leaves templates, intervals and contents as they are; hence two plugins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from archive.declare.dataflow.containers import CONTAINER, CONTAINER_ITEM
from archive.declare.dataflow.ob_parts import (
    OB_CONSTRAINT,
    OB_FILE,
    OB_PARAMETER,
    OB_TEMPLATE,
    OB_TIME_INTERVAL,
)
from archive.declare.dataflow.phase2 import OB, OB_STATUS, P2_RUN
from archive.declare.tables import Record
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from ..following import follow_dataflow
from .documents import Node, document
from .phase2_rows import FILES, RunOfOb, block_rows, constraint_rows, part_rows
from .phase2_values import ip_version

__all__ = ["p2_answer", "p2_bundle", "p2_file"]

_HIGHEST = 2**31 - 1  # of an INTEGER column
_BUNDLE = re.compile(rb'\A[\s\xef\xbb\xbf\[]*\{\s*"(?:ob|container|run|obs|containers)"\s*:\s*[\[{]')
_ITEM = re.compile(rb'"itemType"\s*:')
_RUN = (re.compile(rb'"progId"\s*:'), re.compile(rb'"containerId"\s*:'))
_OB = re.compile(rb'"obId"\s*:')
_DELAY = re.compile(r"(\d{1,5}):(\d{1,2}):(\d{1,2})")


def _is_bundle(beginning: bytes) -> bool:
    return _BUNDLE.match(beginning) is not None


def _is_answer(beginning: bytes) -> bool:
    if _is_bundle(beginning):
        return False
    # Rankings and executions name runs and containers too, beside OBs.
    is_run = all(one.search(beginning) for one in _RUN) and not _OB.search(beginning)
    return is_run or _ITEM.search(beginning) is not None


@plugin(
    "p2-bundle",
    accepts=Accepts(names=("*.json",), looks=_is_bundle),
    tables=(
        P2_RUN,
        OB,
        OB_STATUS,
        OB_TEMPLATE,
        OB_PARAMETER,
        OB_CONSTRAINT,
        OB_TIME_INTERVAL,
        OB_FILE,
        CONTAINER,
        CONTAINER_ITEM,
    ),
    follows=follow_dataflow,
)
def p2_bundle(input: Input) -> Iterable[Record]:
    """Observation blocks with all their parts, containers with their contents, and runs, in JSON."""
    for node in document(input).records():
        yield from _bundle(node, RunOfOb())


@plugin(
    "p2-answer",
    accepts=Accepts(names=("*.json",), looks=_is_answer),
    tables=(P2_RUN, OB, OB_CONSTRAINT, CONTAINER),
    follows=follow_dataflow,
)
def p2_answer(input: Input) -> Iterable[Record]:
    """Answers of the Phase 2 API about observation blocks, containers and runs, one or a list of them."""
    for node in document(input).records():
        if "obId" in node:
            yield from _block(node, RunOfOb(), node)
        elif "itemType" in node:
            yield _container(node, RunOfOb())
        else:
            yield _run_row(node, None)


@plugin(
    FILES,
    accepts=Accepts(names=("ob_*.fc*.jpg", "ob_*.fc*.jpeg", "ob_*.ephemeris.txt", "ob_*.parameter*")),
    tables=(OB_FILE,),
)
def p2_file(input: Input) -> Iterable[Record]:
    """Finding charts and other files of observation blocks, kept; the bundles tell whose they are."""
    if input.name.lower().endswith((".jpg", ".jpeg")):
        with input.path.open("rb") as file:
            if file.read(3) != b"\xff\xd8\xff":
                raise UnreadableFile(f"{input.name} is no JPEG file")
    return ()


def _bundle(node: Node, of: RunOfOb) -> Iterator[Record]:
    run = node.node("run")
    if "run" in node:
        of = RunOfOb(run.text("progId") or of.run_id, run.integer("runId") or of.p2_run_id)
        if "runId" in run:
            yield _run_row(run, node)
    if "ob" in node:
        yield from _whole_block(node, of)
    if "container" in node:
        yield from _whole_container(node, of)
    for name in ("containers", "obs"):
        for inner in node.items(name):
            yield from _bundle(inner, of)
    if not any(name in node for name in ("run", "ob", "container", "containers", "obs")):
        raise UnreadableFile(f"{node.path} has none of run, ob, container, containers, obs")


def _run_row(run: Node, around: Node | None) -> Record:
    leader = run.node("pi")
    names = (leader.text("firstName"), leader.text("lastName"))
    readme = around.any("readme") if around is not None else Node(None)
    return P2_RUN.row(
        p2_run_id=run.integer("runId", required=True),
        run_id=run.text("progId"),
        container_id=run.integer("containerId"),
        instrument=run.text("instrument"),
        telescope=run.text("telescope"),
        observing_mode=run.text("mode") or run.text("observingMode"),
        period=run.integer("period", highest=_HIGHEST),
        title=run.text("title"),
        pi_name=" ".join(name for name in names if name) or None,
        ip_version=ip_version(run),
        readme=None if readme.value is None else readme.dumped(),
    )


def _whole_block(bundle: Node, of: RunOfOb) -> Iterator[Record]:
    node = bundle.node("ob")
    number = node.integer("obId", required=True)
    told = {name: bundle.any(name).value for name in bundle.names if name != "run"}
    yield from _block(node, of, Node(told, bundle.path))
    yield from part_rows(bundle, number)


def _block(node: Node, of: RunOfOb, whole: Node) -> Iterator[Record]:
    yield from block_rows(node, of, whole)
    yield from constraint_rows(node, node.integer("obId", required=True))


def _whole_container(bundle: Node, of: RunOfOb) -> Iterator[Record]:
    node = bundle.node("container")
    yield _container(node, of)
    items = bundle.items("items") or node.items("items")
    yield from _item_rows(node.integer("containerId", required=True), items, bundle.items("scheduling"), of)


def _container(node: Node, of: RunOfOb) -> Record:
    return CONTAINER.row(
        container_id=node.integer("containerId", required=True),
        item_type=node.text("itemType"),
        container_name=node.text("name"),
        parent_container_id=node.integer("parentContainerId"),
        run_id=of.run_id,
        p2_run_id=node.integer("runId") if "runId" in node else of.p2_run_id,
        container_status=node.text("containerStatus"),
        user_priority=node.integer("userPriority", highest=_HIGHEST),
        item_count=node.integer("itemCount", highest=_HIGHEST),
    )


def _item_rows(
    container_id: int, items: tuple[Node, ...], scheduling: tuple[Node, ...], of: RunOfOb
) -> Iterator[Record]:
    schedule = {_identity(one): one for one in scheduling}
    for number, item in enumerate(items, 1):
        ob_id, inside = _identity(item)
        told = schedule.get((ob_id, inside), item)
        yield CONTAINER_ITEM.row(
            container_id=container_id,
            item_number=number,
            item_type=item.text("itemType") or ("OB" if inside is None else None),
            ob_id=ob_id,
            item_container_id=inside,
            group_contribution=told.number("groupContribution"),
            earliest_after_previous=_days(told, "earliestAfterPrevious"),
            latest_after_previous=_days(told, "latestAfterPrevious"),
        )
        if inside is not None and "items" in item:
            yield _container(item, of)
            yield from _item_rows(inside, item.items("items"), scheduling, of)


def _identity(item: Node) -> tuple[int | None, int | None]:
    """The number of an OB, or that of a container."""
    ob_id = item.integer("obId")
    return ob_id, None if ob_id is not None else item.integer("containerId", required=True)


def _days(node: Node, name: str) -> float | None:
    """A delay: a number of days, or days, hours and minutes as "2:12:00"."""
    match = _DELAY.fullmatch(str(node.any(name).value))
    if match is None:
        return node.number(name)
    return int(match[1]) + int(match[2]) / 24 + int(match[3]) / 1440
