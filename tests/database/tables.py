"""Small tables for the tests of the database, and settings for clusters that a test starts for itself."""

from __future__ import annotations

from archive.declare import types
from archive.declare.columns import Column
from archive.declare.tables import Table

STARS = Table(
    "cat.stars",
    columns=(
        Column("id", types.LONG, nullable=False, description="Number", ucd="meta.id;meta.main"),
        Column("ra", types.DOUBLE, unit="deg", ucd="pos.eq.ra;meta.main", description="Right ascension"),
        Column("dec", types.DOUBLE, unit="deg", ucd="pos.eq.dec;meta.main", description="Declination"),
        Column("mag", types.FLOAT, unit="mag", description="Magnitude", indexed=True),
        Column("name", types.TEXT, description="Name, free text"),
    ),
    description="A few stars",
    primary_key=("id",),
    positions=(("ra", "dec"),),
)

# For clusters that a test starts for itself; durability as in earnest.
SMALL = {
    "shared_buffers": "32MB",
    "maintenance_work_mem": "32MB",
    "max_connections": "20",
    "max_wal_size": "256MB",
}

WITNESSES = Table(
    "cat.witnesses",
    columns=(
        Column("file", types.INTEGER, nullable=False, description="File that the row came from"),
        Column("number", types.INTEGER, nullable=False, description="Number of the row in its file"),
    ),
    description="Rows that were written file by file",
    primary_key=("file", "number"),
)
