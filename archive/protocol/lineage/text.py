"""A lineage as text: a tree from its programmes down, each node told once."""

from __future__ import annotations

from collections.abc import Iterator

from .graph import Edge, Kind, Lineage, Node

__all__ = ["lineage_text"]

_INDENT = "  "


def lineage_text(lineage: Lineage) -> Iterator[str]:
    """Lines; the file that was asked for has an asterisk, what the archive has not got a question mark."""
    below: dict[tuple[Kind, str], list[Edge]] = {}
    for edge in lineage.edges:
        below.setdefault(edge.first, []).append(edge)
    nodes = {node.key: node for node in lineage.nodes}
    reached = {edge.second for edge in lineage.edges}
    roots = [key for key in nodes if key not in reached]
    told: set[tuple[Kind, str]] = set()
    # In a circle nothing is first; then it begins with the file itself.
    for root in [*roots, lineage.of]:
        if root not in told:
            yield from _tree(root, lineage, nodes, below, told)
    if not lineage.is_complete:
        yield "... and more than is followed here"


def _tree(
    root: tuple[Kind, str],
    lineage: Lineage,
    nodes: dict[tuple[Kind, str], Node],
    below: dict[tuple[Kind, str], list[Edge]],
    told: set[tuple[Kind, str]],
) -> Iterator[str]:
    # Not by recursion: chains may be as long as somebody cares to make them.
    waiting = [(root, 0)]
    while waiting:
        key, depth = waiting.pop()
        again = key in told
        told.add(key)
        yield _INDENT * depth + _line(nodes[key], asked=key == lineage.of, again=again)
        if not again:
            waiting += [(edge.second, depth + 1) for edge in reversed(below.get(key, []))]


def _line(node: Node, *, asked: bool, again: bool) -> str:
    mark = "* " if asked else ""
    if again:
        return f"{mark}{node.kind.value} {node.id} (see above)"
    if not node.table:
        return f"{mark}{node.kind.value} {node.id} ?"
    return f"{mark}{node.kind.value} {node.id}" + (f": {node.title}" if node.title else "")
