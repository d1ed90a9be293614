"""Lineage: the chain of a file from its proposal to what was made of it, as a graph, a text and JSON."""

from __future__ import annotations

from .graph import Edge, Kind, Lineage, Node
from .routes import lineage_routes
from .text import lineage_text
from .tracing import trace

__all__ = ["Edge", "Kind", "Lineage", "Node", "lineage_routes", "lineage_text", "trace"]
