"""Catalogues among other files, told by their content, and names for the tables they would make.

Here belongs what `uraniborg load` leaves to the operator: which files of a folder hold a table (Parquet,
VOTable, FITS with tables and nothing else), and what to call it. Reading them is `catalogues`' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from archive.errors import UnreadableFile
from archive.tablefiles.fits_scan import scan
from archive.tablefiles.streams import is_fits, open_stream

from .catalogues_names import word
from .classify import TABLES_ONLY, Product, classify
from .harvest import believed
from .keywords import Keywords

__all__ = ["find_catalogues"]

_SCHEMA = "safcat"
# Folders that say no more than that catalogues are in them, besides the one that was searched.
_PLAIN_FOLDERS = {"catalogues", "catalogs", "catalogue", "catalog"}
# Published under these names are the archive's own tables.
_TAKEN_SCHEMAS = {"adql", "archive", "dbo", "information_schema", "ivoa", "public", "tap_schema"}
_LOOKED_AT = 16_384  # bytes; VOTables may begin with long comments
_VOTABLE = re.compile(rb"<(?:[\w.-]+:)?VOTABLE[\s>]")
_ENDINGS = re.compile(r"(\.(gz|z|bz2|fz))?(\.[a-z]+)?(\.(gz|z|bz2|fz))?$", re.IGNORECASE)


def find_catalogues(folder: Path) -> Iterator[tuple[str, Path]]:
    """Table name, for `load_tables`, and path of every catalogue in or below `folder`.

    The schema is the folder in which the file lies, `safcat` for those called catalogues and for
    `folder` itself; the table is called like the file. Equal names get numbers. How many tables a file
    holds is not looked into: no name that is made of this one can be another file's.
    """
    used: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and _is_catalogue(path):
            name = base = f"{_schema(path.parent, folder)}.{word(_ENDINGS.sub('', path.name, count=1))}"
            number = 1
            while name in used:
                number += 1
                name = f"{base}_{number}"
            used.add(name)
            yield name, path


def _is_catalogue(path: Path) -> bool:
    try:
        if is_fits(path):
            return _is_fits_catalogue(path)
        with open_stream(path) as stream:
            start = stream.read(_LOOKED_AT)
    except UnreadableFile:
        return False
    return start.startswith(b"PAR1") or bool(_VOTABLE.search(start))


def _is_fits_catalogue(path: Path) -> bool:
    file = scan(path)
    if any(hdu.is_image for hdu in file.hdus):
        return False
    verdict = classify(file, Keywords([hdu.view for hdu in believed(file)]), path.name)
    return verdict.reason == TABLES_ONLY or verdict.product is Product.MEASUREMENTS


def _schema(parent: Path, folder: Path) -> str:
    if parent == folder or parent.name.lower() in _PLAIN_FOLDERS:
        return _SCHEMA
    schema = word(parent.name)
    return f"{schema}_files" if schema in _TAKEN_SCHEMAS or schema.startswith("pg_") else schema
