"""Files without FITS headers that belong to a product: previews, logs, archives, named by its ASSONi.

They are taken in once a product of the archive names them, by name or by the MD5 sum of their bytes; what
nobody names is no business of the archive's.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from archive.store import Connection
from archive.store.keyword_index import Searchable
from archive.tablefiles.streams import Packing, packing

from .classify import Kind
from .harvest import Harvest
from .identify import stem
from .naming import Alias, Naming, Relation, Strength, called, encodable

__all__ = ["Companion", "find_companions", "harvest_companion"]

_OF_ARCHIVE = re.compile(r"((?:ADP|M)\.\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\.[A-Za-z.]+")
_UNSAFE = re.compile(r"[\x00-\x20/\\\x7f]+")


@dataclass(frozen=True, slots=True)
class Companion:
    """What a product says of a file: its category, such as ANCILLARY.PREVIEW."""

    category: str


def find_companions(connection: Connection, paths: Collection[Path]) -> dict[Path, Companion]:
    """Those of the files that a product names."""
    names = {path: called(path.name) for path in paths}
    rows = connection.execute(
        "SELECT name, coalesce(min(category), 'ANCILLARY') FROM archive.file_reference"
        " WHERE relation = %s AND name = ANY (%s) GROUP BY name",
        (Relation.COMPANION.value, sorted(set(names.values()))),
    )
    known = {str(name): Companion(str(category)) for name, category in rows}
    found = {path: known[name] for path, name in names.items() if name in known}
    rest = [path for path in paths if path not in found]
    return found | _by_sum(connection, rest)


def _by_sum(connection: Connection, paths: Collection[Path]) -> dict[Path, Companion]:
    """By the sums of their bytes, which are taken only if a product waits for a file with one."""
    waiting = connection.execute(
        "SELECT EXISTS (SELECT FROM archive.file_reference WHERE relation = %s AND md5 IS NOT NULL)",
        (Relation.COMPANION.value,),
    ).fetchone()
    if not paths or waiting != (True,):
        return {}
    sums = {path: md5 for path in paths if (md5 := _md5(path)) is not None}
    rows = connection.execute(
        "SELECT md5, coalesce(min(category), 'ANCILLARY') FROM archive.file_reference"
        " WHERE relation = %s AND md5 = ANY (%s) GROUP BY md5",
        (Relation.COMPANION.value, sorted(set(sums.values()))),
    )
    known = {str(md5): Companion(str(category)) for md5, category in rows}
    return {path: known[md5] for path, md5 in sums.items() if md5 in known}


def _md5(path: Path) -> str | None:
    """None for what cannot be read; whether that matters nobody can know."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError:
        return None


def harvest_companion(path: Path, companion: Companion) -> Harvest:
    """A file that is kept for the sake of the product that names it; it has no rows and no headers."""
    dp_id = _identifier(path.name)
    aliases = [Alias(called(dp_id), Strength.IDENTIFIER)]
    if called(path.name) != called(dp_id):
        aliases.append(Alias(called(path.name), Strength.FILE))
    original = encodable(path.name)
    return Harvest(
        path,
        dp_id,
        by_name=True,
        kind=Kind.KEPT,
        reason=f"ancillary file of a product ({companion.category})",
        media_type=_media_type(path),
        headers=(),
        records=(),
        naming=Naming(tuple(aliases), (), original, companion.category),
        span=None,
        searchable=Searchable("{}", "{}"),
        problems=(),
        md5=_md5(path),
    )


def _identifier(name: str) -> str:
    """What ESO's archive named it; else the name with its ending, which sets it apart from its product."""
    named = _OF_ARCHIVE.fullmatch(name)
    if named:
        return named[1]
    return _UNSAFE.sub("_", encodable(name)).lstrip(".") or "unnamed"


def _media_type(path: Path) -> str:
    found = packing(path)
    if found is not Packing.NONE:
        return str(found.value)
    return mimetypes.guess_type(stem(path.name))[0] or "application/octet-stream"
