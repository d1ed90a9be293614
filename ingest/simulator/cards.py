"""One way to write a hierarchical card of ESO."""

from __future__ import annotations

__all__ = ["Card", "eso"]

Card = tuple[str, object, str]


def eso(name: str, value: object, comment: str) -> Card:
    """A hierarchical card; the comment gives way where the value fills the 80 characters."""
    room = 80 - len(f"HIERARCH ESO {name} = {value!r} / ")
    return f"HIERARCH ESO {name}", value, comment if len(comment) <= room else ""
