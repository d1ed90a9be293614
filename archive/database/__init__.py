"""The database: a private PostgreSQL cluster or a given server, its roles and tables, queries and loads.

Which SQL a query becomes is `archive.query`'s business; only PostgreSQL's own language is spoken here.
"""

from __future__ import annotations

from .batches import Batches, Cancellation
from .bulk import Mode, Written, copy_arrow, copy_records, load_table, write_records
from .cluster import Cluster
from .database import Database, open_database
from .loading import Loads
from .uploads import load_upload

__all__ = [
    "Batches",
    "Cancellation",
    "Cluster",
    "Database",
    "Loads",
    "Mode",
    "Written",
    "copy_arrow",
    "copy_records",
    "load_table",
    "load_upload",
    "open_database",
    "write_records",
]
