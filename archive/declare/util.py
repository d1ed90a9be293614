"""util: lists about the archive itself, under ESO's names: its collections, and where things are described.

`ingest` writes both anew after each run that changed something.
"""

from __future__ import annotations

from .columns import Column
from .semantics import MJD_UTC, UTC
from .tables import Example, Schema, Table
from .types import DOUBLE, INTEGER, LONG, TEXT, TIMESTAMP

__all__ = ["COLLECTIONS", "DOCURL", "UTIL"]

COLLECTIONS = Table(
    "util.collections",
    columns=(
        Column(
            "collection",
            TEXT,
            ucd="meta.id;meta.main",
            nullable=False,
            principal=True,
            description="Name of the collection, obs_collection of ivoa.ObsCore",
        ),
        Column(
            "dataproduct_types",
            TEXT,
            ucd="meta.code.class",
            principal=True,
            description="Types of its datasets with commas between, such as image,spectrum",
        ),
        Column(
            "instruments",
            TEXT,
            ucd="meta.id;instr",
            principal=True,
            description="Instruments that took the data, with commas between",
        ),
        Column(
            "calib_level_min",
            INTEGER,
            ucd="meta.code;obs.calib",
            description="Lowest level of calibration, 0 (raw, of the instrument's own format) to 4",
        ),
        Column(
            "calib_level_max",
            INTEGER,
            ucd="meta.code;obs.calib",
            description="Highest level of calibration",
        ),
        Column(
            "datasets",
            LONG,
            ucd="meta.number;meta.dataset",
            principal=True,
            description="Number of datasets",
        ),
        Column(
            "volume",
            LONG,
            unit="kbyte",
            ucd="phys.size;meta.file",
            description="Estimated size of all its datasets in units of 1000 bytes",
        ),
        Column(
            "t_min",
            DOUBLE,
            unit="d",
            ucd="time.start;obs.exposure",
            timesys=MJD_UTC,
            description="Start of the first observation, MJD (UTC)",
        ),
        Column(
            "t_max",
            DOUBLE,
            unit="d",
            ucd="time.end;obs.exposure",
            timesys=MJD_UTC,
            description="End of the last observation, MJD (UTC)",
        ),
        Column("em_min", DOUBLE, unit="m", ucd="em.wl;stat.min", description="Shortest wavelength"),
        Column("em_max", DOUBLE, unit="m", ucd="em.wl;stat.max", description="Longest wavelength"),
        Column(
            "last_mod_date",
            TIMESTAMP,
            ucd="time.processing",
            timesys=UTC,
            description="Last change of one of its datasets",
        ),
        Column(
            "release_description",
            TEXT,
            ucd="meta.ref.url",
            description="URL of the document that describes the collection, or its newest release",
        ),
    ),
    title="Collections",
    description="The collections of datasets in ivoa.ObsCore, with what each covers.",
    primary_key=("collection",),
    examples=(
        Example(
            "collections",
            "Which collections are there?",
            "SELECT collection, dataproduct_types, instruments, datasets\nFROM util.collections\n"
            "ORDER BY datasets DESC",
        ),
    ),
)

DOCURL = Table(
    "util.docurl",
    columns=(
        Column(
            "name",
            TEXT,
            ucd="meta.id;meta.main",
            nullable=False,
            principal=True,
            description="What is described: an instrument or a collection, by its name in dbo.raw or "
            "util.collections",
        ),
        Column(
            "kind",
            TEXT,
            ucd="meta.code.class",
            nullable=False,
            principal=True,
            description="instrument or collection",
        ),
        Column(
            "url",
            TEXT,
            ucd="meta.ref.url",
            nullable=False,
            principal=True,
            description="Address of the description",
        ),
        Column("description", TEXT, ucd="meta.note", description="What is found at the address"),
    ),
    title="Addresses of descriptions",
    description="Where instruments and collections are described.",
    primary_key=("name", "kind"),
    examples=(
        Example(
            "docurl",
            "Where are the instruments described?",
            "SELECT name, url\nFROM util.docurl\nWHERE kind = 'instrument'\nORDER BY name",
        ),
    ),
)

UTIL = Schema("util", (COLLECTIONS, DOCURL), "Lists about the archive itself", title="About the archive")
