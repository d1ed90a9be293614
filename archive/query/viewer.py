"""Who reads rows: the one value by which the query path decides which rows of a table somebody sees.

How somebody proves who he is, and which rights he has, is `archive.access`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .visits import Visit

__all__ = ["PUBLIC", "Viewer"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """`user` is the name of an account, "" nobody's; an `operator` sees every row, restricted tables too.

    `keys`: the runs and programmes that he has rights on, sorted. `visit`: the request by which
    he asks, for the audit.
    """

    user: str = ""
    operator: bool = False
    keys: tuple[str, ...] = ()
    visit: Visit | None = field(default=None, compare=False, repr=False)


PUBLIC = Viewer()
