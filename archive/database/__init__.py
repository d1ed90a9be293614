"""The database: a private PostgreSQL cluster or a given server, its roles and tables, queries and loads.

Which SQL a query becomes is `archive.query`'s business; only PostgreSQL's own language is spoken here.
"""

from __future__ import annotations

from .batches import Batches, Cancellation
from .bulk import Mode, Written, copy_arrow, copy_records, load_table, write_records
from .cluster import Cluster
from .database import Database, open_database

__all__ = [
    "Batches",
    "Cancellation",
    "Cluster",
    "Database",
    "Mode",
    "Written",
    "copy_arrow",
    "copy_records",
    "load_table",
    "open_database",
    "write_records",
]
