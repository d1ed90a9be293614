"""What files are called, and which other files their headers name: sources and companions.

Here belongs what a header says; which files of the archive are meant is found by `lineage`, since a name may
be that of a file which has not arrived yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from archive.store import Header
from archive.tablefiles.fits_scan import Hdu

from .fits_tables import column_names, read_table, texts
from .identify import stem
from .keywords import Keywords

__all__ = [
    "Alias",
    "Naming",
    "Reference",
    "Relation",
    "Strength",
    "called",
    "encodable",
    "is_provenance_table",
    "naming",
]

PROVENANCE_TABLE = "PHASE3PROVENANCE"
# Science Data Products Standard, 2.1.3, of a table; a million names would be those of a damaged one.
_MOST_SOURCES = 1_000_000

_INPUT = re.compile(r"ESO PRO REC\d+ (RAW|CAL)\d+ NAME")
# HARPS' own pipeline names the calibrations it used one by one.
_OF_HARPS = re.compile(r"ESO DRS (CAL [A-Z]+|BLAZE|DRIFT REF) FILE")
_DATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d[:_-]?\d\d")
# Pipelines write the colons of an archive identifier as underscores, hyphens or nothing.
_IDENTIFIER = re.compile(r"([A-Z0-9_+-]+\.\d{4}-\d\d-\d\dT)(\d\d)[:_-]?(\d\d)[:_-]?(\d\d\.\d{3})")


class Relation(Enum):
    """What a named file is to the one that names it."""

    SOURCE = "source"
    COMPANION = "companion"


class Strength(Enum):
    """How surely a name means a file: the surest ones are taken, and only if they mean one file."""

    IDENTIFIER = 0
    ORIGINAL = 1
    PIPELINE = 2
    FILE = 3


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that a file goes by."""

    name: str
    strength: Strength


@dataclass(frozen=True, slots=True)
class Reference:
    """A file named by another one; `md5` of its bytes where that is stated."""

    relation: Relation
    name: str
    category: str | None = None
    md5: str | None = None


@dataclass(frozen=True, slots=True)
class Naming:
    """What a file goes by, which files it names, and its own category and original name as a product."""

    aliases: tuple[Alias, ...]
    references: tuple[Reference, ...]
    original_name: str
    category: str | None

    @property
    def is_product(self) -> bool:
        return self.category is not None or bool(self.references)


def called(name: str) -> str:
    """A file name as names are compared: without folder and FITS endings, identifiers with their colons."""
    bare = stem(encodable(name).strip().rpartition("/")[2])
    found = _IDENTIFIER.fullmatch(bare)
    return f"{found[1]}{found[2]}:{found[3]}:{found[4]}" if found else bare


def encodable(name: str) -> str:
    """A file name as text that a database takes, whatever bytes it has on disk."""
    return name.encode("utf-8", "replace").decode("utf-8")


def is_provenance_table(header: Header) -> bool:
    """Whether the data of a table are needed: more than 9999 sources are listed in one."""
    return (header.text("EXTNAME") or "").upper() == PROVENANCE_TABLE


def naming(keywords: Keywords, hdus: Sequence[Hdu], dp_id: str, name: str, *, raw: bool) -> Naming:
    """What the headers of a file tell; `name` is its name on disk. Raw frames name no sources."""
    aliases = tuple(_aliases(keywords, dp_id, name, raw=raw))
    own = {alias.name for alias in aliases}
    found = () if raw else (*_sources(keywords, hdus, dp_id), *_companions(keywords))
    references: dict[tuple[Relation, str], Reference] = {}
    for one in found:
        if one.name and one.name not in own:
            references.setdefault((one.relation, one.name), one)
    category = None if raw else keywords.text("PRODCATG", "ESO PRO CATG")
    return Naming(
        aliases,
        tuple(references.values()),
        _original(keywords, raw=raw) or keywords.text("PIPEFILE") or encodable(name),
        category.upper() if category else None,
    )


def _original(keywords: Keywords, *, raw: bool) -> str | None:
    """The file's own original name: without PRODCATG a reduced file has inherited that of its raw frame."""
    return keywords.text("ORIGFILE") if raw or keywords.text("PRODCATG") else None


def _aliases(keywords: Keywords, dp_id: str, name: str, *, raw: bool) -> Iterator[Alias]:
    given = [
        (Strength.IDENTIFIER, dp_id),
        (Strength.ORIGINAL, _original(keywords, raw=raw)),
        (Strength.PIPELINE, None if raw else _pipeline_name(keywords)),
        (Strength.FILE, name),
    ]
    known = set()
    for strength, text in given:
        if text and (bare := called(text)) not in known:
            known.add(bare)
            yield Alias(bare, strength)


def _pipeline_name(keywords: Keywords) -> str | None:
    """The name that a pipeline gave, if it has a date in it: MASTER_BIAS.fits is the name of thousands."""
    name = keywords.text("PIPEFILE")
    return name if name and _DATED.search(name) else None


def _sources(keywords: Keywords, hdus: Sequence[Hdu], dp_id: str) -> Iterator[Reference]:
    for _, name in keywords.numbered("PROV", digits=4):
        yield Reference(Relation.SOURCE, called(name))
    for hdu in hdus:
        if is_provenance_table(hdu.header):
            yield from (Reference(Relation.SOURCE, called(name)) for name in _listed(hdu))
    for header in keywords.headers:
        for keyword in header:
            if _INPUT.fullmatch(keyword) or _OF_HARPS.fullmatch(keyword):
                yield Reference(Relation.SOURCE, called(header.text(keyword) or ""))
    # A reduced file inherits ARCFILE from the frame it was made of.
    inherited = keywords.text("ARCFILE")
    if inherited and called(inherited) != dp_id:
        yield Reference(Relation.SOURCE, called(inherited))


def _listed(hdu: Hdu) -> list[str]:
    """The column PROV of the table of sources."""
    rows = read_table(hdu)
    for number, name in column_names(hdu).items():
        if rows is not None and name.upper() == "PROV":
            return texts(rows, number)[:_MOST_SOURCES]
    return []


def _companions(keywords: Keywords) -> Iterator[Reference]:
    """Files that belong to a product (Science Data Products Standard, 2.3): name, category, MD5."""
    for number, name in keywords.numbered("ASSON"):
        category = keywords.text(f"ASSOC{number}")
        md5 = (keywords.text(f"ASSOM{number}") or "").lower()
        yield Reference(
            Relation.COMPANION,
            called(name),
            category.upper() if category else None,
            md5 if re.fullmatch("[0-9a-f]{32}", md5) else None,
        )
