"""The database: a private PostgreSQL cluster or a given server, its roles and tables, queries and loads.

Which SQL a query becomes is `archive.query`'s business; only PostgreSQL's own language is spoken here.
"""

from __future__ import annotations

from .batches import Batches, Cancellation
from .bulk import Mode, Written, copy_arrow, copy_records, load_table, write_records
from .cluster import Cluster
from .copying import fitted, records_batch
from .database import Database, open_database
from .filling import filling, settle
from .loading import Loads
from .uploads import load_upload
from .upserting import Changes, lock_tables, upsert

__all__ = [
    "Batches",
    "Cancellation",
    "Changes",
    "Cluster",
    "Database",
    "Loads",
    "Mode",
    "Written",
    "copy_arrow",
    "copy_records",
    "filling",
    "fitted",
    "load_table",
    "load_upload",
    "lock_tables",
    "open_database",
    "records_batch",
    "settle",
    "upsert",
    "write_records",
]
