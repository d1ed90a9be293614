"""Who asks: callers and how a request proves them. Rules about what a caller may see belong here too."""

from __future__ import annotations

from .callers import ANONYMOUS, CHALLENGE, Caller, Callers

__all__ = ["ANONYMOUS", "CHALLENGE", "Caller", "Callers"]
