"""A request as the audit and the limits want to know it: from where it comes, and what it was given.

Kept in the memory only; what of it is recorded is told in `archive.access.audit`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Visit"]


@dataclass(slots=True)
class Visit:
    """`address` is the client's, "" when it is not known; `token` the public identifier of the one he used.

    No `content` is sent to who asks for the head alone. `downloads` are the recorded ones that began with the
    request, and end with it; `rows` the tables of which it is known whether hidden rows were shown.
    """

    address: str = ""
    token: str = ""
    content: bool = True
    downloads: list[str] = field(default_factory=list)
    rows: set[str] = field(default_factory=set)
