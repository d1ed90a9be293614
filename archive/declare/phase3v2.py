"""phase3v2: which files belong to a product, and of which files it was made, under ESO's names.

Here belong the three tables that scripts written for ESO's archive join with ivoa.ObsCore; `ingest` fills
them from what the headers of products name. A file that is named, but not in the archive, has no row.
"""

from __future__ import annotations

from .columns import Column
from .tables import Example, Key, Schema, Table
from .types import LONG, TEXT

__all__ = ["FILES", "PHASE3V2", "PRODUCT_FILES", "PROVENANCE"]

FILES = Table(
    "phase3v2.files",
    columns=(
        Column(
            "file_id",
            LONG,
            ucd="meta.id;meta.main",
            nullable=False,
            principal=True,
            description="Number of the file within this schema; phase3v2.provenance names products by it",
        ),
        Column(
            "archive_id",
            TEXT,
            ucd="meta.id;meta.dataset",
            nullable=False,
            principal=True,
            folded=True,
            description="The archive's identifier of the file, the dp_id of other tables",
        ),
        Column(
            "category",
            TEXT,
            ucd="meta.code.class",
            keyword="PRODCATG",
            indexed=True,
            principal=True,
            description="Category of the product, such as SCIENCE.SPECTRUM or ANCILLARY.WEIGHTMAP; where "
            "that is not stated the pipeline's (PRO CATG), such as MASTER_FLAT",
        ),
        Column(
            "name",
            TEXT,
            ucd="meta.title;meta.file",
            indexed=True,
            principal=True,
            description="Name that the file had before it was archived",
        ),
    ),
    title="Files of products",
    description="One row for every file that is a product of raw data, or belongs to one: science products, "
    "their ancillary files, reduced calibrations.",
    primary_key=("file_id",),
    hides="archive_id",
    indexes=(("archive_id",),),
    covering=((("file_id",), ("archive_id",)),),
    keys=(
        Key(
            ("archive_id",),
            "ivoa.ObsCore",
            ("dp_id",),
            "The dataset that the file is; ancillary files and calibrations are none",
        ),
    ),
    examples=(
        Example(
            "files-categories",
            "Which kinds of products are there?",
            "SELECT category, COUNT(*) AS files\nFROM phase3v2.files\nGROUP BY category\nORDER BY category",
        ),
    ),
)

PRODUCT_FILES = Table(
    "phase3v2.product_files",
    columns=(
        Column(
            "product_id",
            TEXT,
            ucd="meta.id;meta.dataset",
            nullable=False,
            principal=True,
            folded=True,
            description="The product that the file belongs to, by its dp_id in ivoa.ObsCore",
        ),
        Column(
            "archive_id",
            TEXT,
            ucd="meta.id",
            nullable=False,
            indexed=True,
            principal=True,
            folded=True,
            description="The archive's identifier of the file, for the science file that of the product",
        ),
        Column(
            "eso_category",
            TEXT,
            ucd="meta.code.class",
            principal=True,
            description="What the file is to the product, such as SCIENCE.IMAGE or ANCILLARY.PREVIEW "
            "(PRODCATG of the file, or ASSOC of the product)",
        ),
        Column(
            "original_filename",
            TEXT,
            ucd="meta.title;meta.file",
            principal=True,
            description="Name that the file had before it was archived",
        ),
        Column(
            "extension",
            TEXT,
            ucd="meta.code.mime",
            description="What a file name of this kind ends in, such as fits, fits.fz, png or tar",
        ),
        Column(
            "size_kb",
            LONG,
            unit="kbyte",
            ucd="phys.size;meta.file",
            description="Estimated size of the download in units of 1000 bytes",
        ),
        Column(
            "access_url",
            TEXT,
            ucd="meta.ref.url",
            principal=True,
            description="URL from which the file can be downloaded",
        ),
    ),
    title="Files of each product",
    description="For every product of ivoa.ObsCore the files it consists of: its science file and its "
    "ancillary files.",
    primary_key=("product_id", "archive_id"),
    hides="archive_id",
    keys=(
        Key(("product_id",), "ivoa.ObsCore", ("dp_id",), "The product"),
        Key(("archive_id",), "phase3v2.files", ("archive_id",), "The file"),
    ),
    examples=(
        Example(
            "product-ancillary",
            "The ancillary files of products",
            "SELECT product_id, archive_id, eso_category, original_filename, f.access_url, size_kb\n"
            "FROM phase3v2.product_files AS f\n"
            "JOIN ivoa.ObsCore AS o ON o.dp_id = f.product_id\n"
            "WHERE eso_category LIKE 'ANCILLARY.%'\n"
            "ORDER BY product_id, archive_id",
        ),
    ),
)

PROVENANCE = Table(
    "phase3v2.provenance",
    columns=(
        Column(
            "source_file",
            TEXT,
            ucd="meta.id",
            nullable=False,
            indexed=True,
            principal=True,
            folded=True,
            description="A file of which the product was made, by its identifier: a raw frame, a "
            "calibration or another product",
        ),
        Column(
            "product_file",
            LONG,
            ucd="meta.id;meta.dataset",
            nullable=False,
            principal=True,
            description="The product, by its file_id in phase3v2.files",
        ),
    ),
    title="Provenance of products",
    description="Which file was made of which, as the headers of products tell: PROVi or the table "
    "PHASE3PROVENANCE of Phase 3, RAWi and CALi of ESO's pipelines, ARCFILE of reduced frames. Only files "
    "that the archive has are listed.",
    primary_key=("product_file", "source_file"),
    hides="source_file",
    hidden_with=(("product_file", "phase3v2.files"),),
    covering=((("source_file",), ("product_file",)),),
    keys=(
        Key(("product_file",), "phase3v2.files", ("file_id",), "The file that was made"),
        Key(("source_file",), "dbo.raw", ("dp_id",), "The raw frame of which it was made, if it is one"),
        Key(("source_file",), "ivoa.ObsCore", ("dp_id",), "The dataset of which it was made, if it is one"),
    ),
    examples=(
        Example(
            "provenance-sources",
            "Of which raw frames were products made?",
            "SELECT archive_id, raw.dp_id AS raw_id, raw.instrument, dp_cat, dp_type, exp_start\n"
            "FROM phase3v2.provenance AS p\n"
            "JOIN phase3v2.files AS f ON p.product_file = f.file_id\n"
            "JOIN dbo.raw AS raw ON raw.dp_id = p.source_file\n"
            "ORDER BY archive_id, raw_id",
        ),
        Example(
            "provenance-derived",
            "What was made of the frames of an instrument?",
            "SELECT source_file, archive_id AS product_id, category AS product_category,\n"
            "  name AS product_origfile\n"
            "FROM phase3v2.provenance AS p, phase3v2.files AS f, dbo.raw AS raw\n"
            "WHERE p.product_file = f.file_id AND p.source_file = raw.dp_id AND raw.instrument = 'FORS2'\n"
            "ORDER BY source_file, product_id",
        ),
    ),
)

PHASE3V2 = Schema(
    "phase3v2",
    (FILES, PRODUCT_FILES, PROVENANCE),
    "Products with their files and their provenance, under the names of ESO's archive",
    title="Products and provenance",
)
