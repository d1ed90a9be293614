"""Refusing at once what would never end: tables joined without a condition, when their rows are many.

Asking the database for its estimate takes a moment, so only queries that look like it are asked about.
"""

from __future__ import annotations

from archive.database import Database
from archive.errors import QueryError
from archive.query import Query, Statement, unlinked_tables

__all__ = ["refuse_endless_product"]

# PostgreSQL's cost of handling a row (cpu_tuple_cost); a pair of rows costs as much.
_COST_OF_A_PAIR = 0.01


def refuse_endless_product(query: Query, statement: Statement, database: Database, most_pairs: float) -> None:
    """Raises QueryError when the tables make more than `most_pairs` pairs of rows that no condition links.

    `statement` is the compiled `query`; how many of its rows are wanted counts too.
    """
    tables = unlinked_tables(query)
    if tables is None:
        return
    pairs = database.estimated_cost(statement) / _COST_OF_A_PAIR
    if pairs > most_pairs:
        # The database estimates from all rows, and a number that moves with a condition tells of hidden ones.
        told = "too many" if statement.is_guarded else f"about {pairs:.1e}"
        raise QueryError(
            f"{told} pairs of rows would have to be looked at, as no condition links"
            f" {tables[0]} and {tables[1]}",
            hint="say with JOIN ... ON or in WHERE which rows belong together",
        )
