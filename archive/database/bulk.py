"""The ways of writing many rows, in one place for whoever ingests or loads."""

from __future__ import annotations

from .copying import Written, copy_arrow, copy_records, write_records
from .loading import Mode, load_table

__all__ = ["Mode", "Written", "copy_arrow", "copy_records", "load_table", "write_records"]
