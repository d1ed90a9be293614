"""Hidden rows: which rows of a table somebody sees, in the words of PostgreSQL.

A row is hidden until a moment, from all but those who have rights on its run or programme, and operators.
That is said twice. Every statement that the compiler makes asks for the rows that its viewer sees. And where
a superuser has prepared the database, PostgreSQL itself withholds the others from the roles that run what
users typed: it knows the viewer's keys from a setting of the transaction. Which rows are hidden is decided
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..declare.names import quote_identifier
from ..declare.tables import HIDDEN_FOR, HIDDEN_UNTIL
from .quoting import quote_literal
from .viewer import Viewer

__all__ = ["KEYS_SET", "KEYS_SETTING", "keys_text", "shown_by_setting", "shown_to"]

# Of a transaction: the keys of who asks, as an array's text; nobody's when it is not set, or empty.
KEYS_SETTING = "uraniborg.keys"
KEYS_SET = f"nullif(current_setting('{KEYS_SETTING}', true), '')::text[]"


def shown_to(viewer: Viewer, table: str) -> str:
    """The condition on rows of `table` (its name in the statement) that a viewer sees; "" for all of them."""
    if viewer.operator:
        return ""
    prefix = f"{table}." if table else ""
    until, key = (prefix + quote_identifier(name) for name in (HIDDEN_UNTIL, HIDDEN_FOR))
    keys = f"{quote_literal(keys_text(viewer.keys))}::text[]" if viewer.keys else "NULL"
    # Cheaper than any condition of a user's, so that those are not computed of hidden rows (functions.sql).
    return f"({until} IS NULL OR adql.shown({until}, {key}, {keys}))"


def shown_by_setting() -> str:
    """The same for whom the transaction's setting tells of."""
    return f"({HIDDEN_UNTIL} IS NULL OR adql.is_shown({HIDDEN_UNTIL}, {HIDDEN_FOR}))"


def keys_text(keys: Iterable[str]) -> str:
    """Keys as the text of a PostgreSQL array."""
    escaped = (key.replace("\\", "\\\\").replace('"', '\\"') for key in keys)
    return "{" + ",".join(f'"{key}"' for key in escaped) + "}"
