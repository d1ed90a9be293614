"""Files that come from outside, read: tables in FITS, VOTable, Parquet, text; FITS files by their HDUs.

Tables become columns as the file describes them and Arrow batches. What is done with the rows is others'
business, and so is what the archive itself writes (`archive.formats`).
"""

from __future__ import annotations

from .columns import declared
from .opening import open_catalogue, open_members
from .source import Member, Source, SourceColumn
from .votable import open_votable

__all__ = [
    "Member",
    "Source",
    "SourceColumn",
    "declared",
    "open_catalogue",
    "open_members",
    "open_votable",
]
