"""Catalogues among other files, told by their content, and names for the tables they would make.

Here belongs what `uraniborg load` leaves to the operator: which files of a folder hold a table (Parquet,
VOTable, FITS with tables and nothing else), and what to call it. Reading them is `catalogues`' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from archive.declare.names import is_regular
from archive.errors import UnreadableFile

from .classify import TABLES_ONLY, Product, classify
from .fits_scan import scan
from .fits_streams import is_fits, open_stream
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
_LONGEST = 48


def find_catalogues(folder: Path) -> Iterator[tuple[str, Path]]:
    """Table name and path of every catalogue in or below `folder`.

    The schema is the folder in which the file lies, `safcat` for those called catalogues and for
    `folder` itself; the table is called like the file. Equal names get numbers.
    """
    used: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and _is_catalogue(path):
            name = base = f"{_schema(path.parent, folder)}.{_word(_ENDINGS.sub('', path.name, count=1))}"
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
    word = _word(parent.name)
    return f"{word}_files" if word in _TAKEN_SCHEMAS or word.startswith("pg_") else word


def _word(text: str) -> str:
    """The text as a regular identifier of ADQL that is no reserved word."""
    word = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:_LONGEST].strip("_")
    if not word[:1].isalpha():
        word = f"t_{word}".rstrip("_")
    return word if is_regular(word) else f"{word}_table"
