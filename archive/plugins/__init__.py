"""Plugins: values that declare what an observatory brings into its archive; found and checked together."""

from __future__ import annotations

from .inputs import Input
from .loading import Plugins, find_plugins, load_plugins
from .modules import Problem
from .values import Accepts, Follow, Ingest, Poll, Reader

__all__ = [
    "Accepts",
    "Follow",
    "Ingest",
    "Input",
    "Plugins",
    "Poll",
    "Problem",
    "Reader",
    "find_plugins",
    "load_plugins",
]
