"""The query path: a tree of what is asked, and the one place that spells PostgreSQL and pg_sphere.

`tree` is what every protocol makes, `build` helps those that have no query language, `sql.compile` turns
it into a statement. `storage` says how positions and regions lie in tables, `functions` what queries may
call.
"""

from __future__ import annotations

from . import build, tree
from .functions import FUNCTIONS, OPTIONAL_FEATURES, UserFunction, functions_sql, offered_functions
from .products import unlinked_tables
from .quoting import quote_literal
from .sql import Statement, compile
from .storage import RegionColumns, RegionValues, position_expression, region_columns, region_values
from .tree import Query

__all__ = [
    "FUNCTIONS",
    "OPTIONAL_FEATURES",
    "Query",
    "RegionColumns",
    "RegionValues",
    "Statement",
    "UserFunction",
    "build",
    "compile",
    "functions_sql",
    "offered_functions",
    "position_expression",
    "quote_literal",
    "region_columns",
    "region_values",
    "tree",
    "unlinked_tables",
]
