"""Corrections of headers: each makes a new version of a file's headers, and the file stays as it is.

Recorded are who corrected what, when and why, the corrected headers themselves, and size and checksum of
the file as it is delivered from then on. What a correction does to a header is told in
`archive.store.editing`, how it reaches a download in `archive.store.delivery`.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from psycopg.rows import class_row

from ..errors import NotFound, UnreadableFile, UsageError
from .cards import Header, data_bytes, parse_header
from .checksums import ones_complement, with_checksum
from .delivery import Delivered, Patch, find_named
from .editing import Action, Change, Edited, cards_of, edit, images, joined
from .files import Store
from .headers import read_headers
from .registry import Connection, FileVersion, lock_identifiers
from .sources import ByteSource

__all__ = ["Correction", "correct", "corrections", "restore"]

_CHUNK = 4 << 20
_PACKED = frozenset({"application/gzip", "application/x-compress", "application/x-bzip2"})


@dataclass(frozen=True, slots=True)
class Correction:
    """The headers' version `correction` of a file's version `version`; 0 are the archived headers.

    `bytes` and `sha256` (hexadecimal) are those of the file as it is delivered with these headers.
    """

    dp_id: str
    version: int
    correction: int
    who: str
    why: str
    at: datetime
    bytes: int
    sha256: str
    changes: tuple[Edited, ...] = ()


def corrections(connection: Connection, dp_id: str, version: int | None = None) -> tuple[Correction, ...]:
    """All corrections of a version's headers, the oldest first; NotFound when there is no such file."""
    file = find_named(connection, dp_id, version)
    changes: dict[int, list[Edited]] = {}
    for number, hdu, action, keyword, before, after in connection.execute(
        "SELECT correction, hdu, action, keyword, before, after FROM archive.header_change "
        "WHERE dp_id = %s AND version = %s ORDER BY correction, number",
        (file.dp_id, file.version),
    ):
        edited = Edited(hdu, Action(action), keyword, before or "", after or "")
        changes.setdefault(number, []).append(edited)
    with connection.cursor(row_factory=class_row(Correction)) as cursor:
        cursor.execute(
            "SELECT dp_id, version, correction, who, why, at, bytes, sha256 FROM archive.header_correction "
            "WHERE dp_id = %s AND version = %s ORDER BY correction",
            (file.dp_id, file.version),
        )
        return tuple(replace(row, changes=tuple(changes.get(row.correction, ()))) for row in cursor)


def correct(
    connection: Connection,
    store: Store,
    dp_id: str,
    changes: Sequence[Change],
    *,
    who: str,
    why: str,
    version: int | None = None,
) -> Correction:
    """Correct headers of a file, its newest version when none is given, on top of earlier corrections.

    The whole file is read, so that checksums in its headers and of its delivered bytes are right. Raises
    UsageError when a change cannot be made; then nothing is.
    """
    file = _locked(connection, dp_id, version, who, why)
    if not changes:
        raise UsageError("a correction without changes", hint="name at least one card")
    headers = {place: header.raw for place, header in enumerate(_now(connection, file))}
    done: list[Edited] = []
    for hdu in dict.fromkeys(change.hdu for change in changes):
        if hdu not in headers:
            raise UsageError(f"{file.dp_id} has no HDU {hdu}", hint=f"it has {len(headers)}, counted from 0")
        headers[hdu], edited = edit(headers[hdu], [change for change in changes if change.hdu == hdu])
        done += edited
    return _record(connection, store, file, headers, done, who, why)


def restore(
    connection: Connection,
    store: Store,
    dp_id: str,
    correction: int,
    *,
    who: str,
    why: str,
    version: int | None = None,
) -> Correction:
    """Take back what was corrected after `correction`, 0 for everything; this is a correction itself."""
    file = _locked(connection, dp_id, version, who, why)
    before = _now(connection, file)
    if correction and correction not in {known.correction for known in corrections(connection, file.dp_id)}:
        raise NotFound(f"{file.dp_id} has no correction {correction}")
    after = read_headers(connection, file.dp_id, file.version, correction)
    done = [
        edited
        for hdu, pair in enumerate(zip(before, after, strict=True))
        for edited in _differences(hdu, *pair)
    ]
    if not done:
        raise UsageError(f"the headers of {file.dp_id} are those of correction {correction} already")
    return _record(connection, store, file, {h: header.raw for h, header in enumerate(after)}, done, who, why)


def _locked(connection: Connection, dp_id: str, version: int | None, who: str, why: str) -> FileVersion:
    if not (who.strip() and why.strip()):
        raise UsageError("a correction tells who made it and why")
    file = find_named(connection, dp_id, version)
    lock_identifiers(connection, [file.dp_id])
    return find_named(connection, file.dp_id, version)


def _now(connection: Connection, file: FileVersion) -> tuple[Header, ...]:
    headers = read_headers(connection, file.dp_id, file.version)
    if not headers:
        raise UsageError(f"{file.dp_id} has no FITS headers")
    return headers


def _differences(hdu: int, before: Header, after: Header) -> Iterator[Edited]:
    """The cards of one header that the other has not, as one deletes and adds them."""
    old = [image for _, image in cards_of(before.raw)]
    new = [image for _, image in cards_of(after.raw)]
    for card, image in cards_of(before.raw):
        if image not in new and card.keyword != "CHECKSUM":
            yield Edited(hdu, Action.DELETE, card.keyword, image.rstrip(), "")
    for card, image in cards_of(after.raw):
        if image not in old and card.keyword != "CHECKSUM":
            yield Edited(hdu, Action.ADD, card.keyword, "", image.rstrip())


def _record(
    connection: Connection,
    store: Store,
    file: FileVersion,
    headers: Mapping[int, bytes],
    done: Iterable[Edited],
    who: str,
    why: str,
) -> Correction:
    """Write a new version of the headers; those that are as archived need no row."""
    archived = [header.raw for header in read_headers(connection, file.dp_id, file.version, 0)]
    changed = {hdu: raw for hdu, raw in headers.items() if raw != archived[hdu]}
    moment = datetime.now(UTC)
    source = store.open(file)
    places = _places(file, source, archived) if changed else {}
    patches: dict[int, Patch] = {}
    if places:
        patches = {hdu: _patch(source, places, archived, hdu, raw, moment) for hdu, raw in changed.items()}
        changed = {hdu: patch.header for hdu, patch in patches.items()}
    size, sha256 = _delivered_sum(file, source, tuple(patches.values()))
    number = _next(connection, file)
    made = Correction(file.dp_id, file.version, number, who, why, moment, size, sha256, tuple(done))
    _write(connection, made, changed, patches)
    return made


def _places(file: FileVersion, source: ByteSource, archived: Sequence[bytes]) -> dict[int, int]:
    """Where in the file each header begins; empty for files that are delivered as they are.

    Those are compressed ones, and such as had no END card in their header, where the kept header is not
    what the file has.
    """
    parsed = [parse_header(raw) for raw in archived]
    if file.media_type in _PACKED or file.name.endswith(".fz") or any(one.flag("ZIMAGE") for one in parsed):
        return {}
    places: dict[int, int] = {}
    here = 0
    for hdu, (raw, header) in enumerate(zip(archived, parsed, strict=True)):
        if source.read(here, len(raw)) != raw:
            return {}
        places[hdu] = here
        try:
            data = data_bytes(header)
        except UnreadableFile:
            return {}
        here += len(raw) + data + -data % 2880
    return places


def _patch(
    source: ByteSource,
    places: Mapping[int, int],
    archived: Sequence[bytes],
    hdu: int,
    header: bytes,
    moment: datetime,
) -> Patch:
    """The corrected header at its place, with its checksum made right where it has one."""
    begins, length = places[hdu], len(archived[hdu])
    cards = cards_of(header)
    if any(card.keyword == "CHECKSUM" for card, _ in cards):
        comment = f"HDU checksum updated {moment:%Y-%m-%dT%H:%M:%S}"
        blank = images("CHECKSUM", "0" * 16, comment)
        lines = [blank if card.keyword == "CHECKSUM" else image for card, image in cards]
        end = places.get(hdu + 1, source.size)
        data = _chunks(source, begins + length, _data_end(archived[hdu], begins + length, end))
        start = sum(len(line) for line in lines[: lines.index(blank)])
        header = with_checksum(joined(lines), start, ones_complement(data))
    return Patch(begins, length, header)


def _data_end(header: bytes, begins: int, most: int) -> int:
    size = data_bytes(parse_header(header))
    return min(begins + size + -size % 2880, most)


def _chunks(source: ByteSource, begins: int, ends: int) -> Iterator[bytes]:
    for offset in range(begins, ends, _CHUNK):
        yield source.read(offset, min(_CHUNK, ends - offset))


def _delivered_sum(file: FileVersion, source: ByteSource, patches: tuple[Patch, ...]) -> tuple[int, str]:
    """Size and SHA-256 of what is delivered."""
    if not patches:
        return file.bytes, file.sha256
    size = file.bytes + sum(len(patch.header) - patch.replaces for patch in patches)
    whole = Delivered(file, 0, size, "", file.stored_at, patches, source)
    digest = hashlib.sha256()
    for chunk in whole.chunks(_CHUNK):
        digest.update(chunk)
    return size, digest.hexdigest()


def _next(connection: Connection, file: FileVersion) -> int:
    row = connection.execute(
        "SELECT coalesce(max(correction), 0) + 1 FROM archive.header_correction "
        "WHERE dp_id = %s AND version = %s",
        (file.dp_id, file.version),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _write(
    connection: Connection, made: Correction, changed: Mapping[int, bytes], patches: Mapping[int, Patch]
) -> None:
    key = (made.dp_id, made.version, made.correction)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO archive.header_correction (dp_id, version, correction, who, why, at, bytes, sha256) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (*key, made.who, made.why, made.at, made.bytes, made.sha256),
        )
        cursor.executemany(
            "INSERT INTO archive.header_change (dp_id, version, correction, number, hdu, action, keyword, "
            "before, after) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    *key,
                    number,
                    each.hdu,
                    each.action.value,
                    each.keyword,
                    each.before or None,
                    each.after or None,
                )
                for number, each in enumerate(made.changes, 1)
            ],
        )
        cursor.executemany(
            "INSERT INTO archive.corrected_header (dp_id, version, correction, hdu, block, begins, replaces) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (*key, hdu, zlib.compress(raw, 3), patch and patch.begins, patch and patch.replaces)
                for hdu, raw in changed.items()
                for patch in [patches.get(hdu)]
            ],
        )
