"""The graph of a lineage: what led to what, from programmes to products. How it is found is `tracing`'s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Edge", "Kind", "Lineage", "Node"]


class Kind(StrEnum):
    """What a node is, in the order of the data flow."""

    PROGRAMME = "programme"
    RUN = "run"
    OB = "observation block"
    EXECUTION = "execution"
    RAW = "raw frame"
    CALIBRATION = "raw calibration"
    PRODUCT = "product"
    FILE = "file"


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """`id` is its natural key as text; `table` the published table that has it, empty when none does.

    A node without a table is named by another, and the archive has not got it.
    """

    kind: Kind
    id: str
    title: str = ""
    table: str = ""

    @property
    def key(self) -> tuple[Kind, str]:
        return (self.kind, self.id)


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """From what was first to what came of it; `relation` reads from the first to the second."""

    first: tuple[Kind, str]
    second: tuple[Kind, str]
    relation: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """`of` is the file that was asked for. Not `is_complete`: there were more nodes than are followed."""

    of: tuple[Kind, str]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    is_complete: bool = True

    def document(self) -> Mapping[str, object]:
        """As it is published in JSON: nodes are referred to by their place in the list."""
        places = {node.key: place for place, node in enumerate(self.nodes)}
        return {
            "of": places[self.of],
            "complete": self.is_complete,
            "nodes": [
                {"kind": node.kind.value, "id": node.id, "title": node.title, "table": node.table or None}
                for node in self.nodes
            ],
            "links": [
                {"from": places[edge.first], "to": places[edge.second], "relation": edge.relation}
                for edge in self.edges
            ],
        }
