"""The one way in which text becomes a literal of the database.

COPY takes no parameters, so the literals of streamed statements are written out. Only this module may do
that; identifiers are `archive.declare.names.quote_identifier`'s.
"""

from __future__ import annotations

import re

from ..errors import QueryError

__all__ = ["quote_literal"]

_UNSENDABLE = re.compile("[\0\ud800-\udfff]")


def quote_literal(text: str) -> str:
    """`text` as a PostgreSQL literal that reads back unchanged, whatever standard_conforming_strings says.

    NUL, which PostgreSQL cannot store, and lone surrogates, which UTF-8 cannot hold, are a QueryError.
    """
    bad = _UNSENDABLE.search(text)
    if bad:
        what = "a NUL character" if bad[0] == "\0" else f"half a surrogate pair (U+{ord(bad[0]):04X})"
        raise QueryError(f"a text contains {what}", hint="remove it; it cannot be sent or stored")
    quoted = text.replace("'", "''")
    if "\\" in quoted:
        return "E'" + quoted.replace("\\", "\\\\") + "'"
    return f"'{quoted}'"
