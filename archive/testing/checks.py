"""What every plugin's reader has to hold, tried on a sample of its inputs and on damaged copies of it."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from ..database.copying import records_batch
from ..declare.tables import Record
from ..errors import ArchiveError
from ..plugins import Ingest, Input
from ..plugins.faults import Raised, place_of, told
from .archives import ArchiveForTests, archive_for_tests, input_of

__all__ = ["check_plugin", "damaged"]

_SLOW = 20.0  # seconds
_MOST_MUTATED = 4 << 20  # bytes of a sample that is damaged in all the ways there are


def check_plugin(
    plugin: Ingest, sample: Path, archive: ArchiveForTests | None = None, *, variants: int = 150
) -> None:
    """Raises AssertionError unless the plugin keeps its contract with the archive.

    It accepts its sample, reads it into rows that fit, and reads the same rows again; the same input twice
    changes nothing in the database (that of `archive`, or of one made for this); and of about `variants`
    truncated, mangled and hostile copies none makes it raise anything but errors of the archive's own, give
    rows that do not fit, or take more than 20 seconds.
    """
    assert plugin.accepts.is_fits or plugin.accepts.may_take(sample.name), f"{sample.name} is not accepted"
    looks = plugin.accepts.looks
    assert looks is None or looks(sample.read_bytes()[: 64 << 10]), f"{sample.name} does not look right"
    rows = _rows(plugin, input_of(sample, plugin))
    assert rows, f"{plugin.name} finds no rows in {sample.name}"
    assert rows == _rows(plugin, input_of(sample, plugin)), f"{plugin.name} reads other rows the second time"
    if archive is None:
        with archive_for_tests(plugin) as made:
            _check_writing(plugin, sample, made)
    else:
        _check_writing(plugin, sample, archive)
    _check_damaged(plugin, sample, variants)


def _rows(plugin: Ingest, given: Input) -> list[Record]:
    """Proven to fit."""
    rows = list(plugin.reader(given))
    for table in plugin.tables:
        records_batch(table, [row for row in rows if row.table == table], exact=True)
    others = {row.table.name for row in rows if row.table not in plugin.tables}
    assert not others, f"{plugin.name} gives rows of {', '.join(others)}, which are not among its tables"
    return rows


def _check_writing(plugin: Ingest, sample: Path, archive: ArchiveForTests) -> None:
    archive.read(sample, plugin.name)
    again = archive.read(sample, plugin.name)
    changed = {name: changes for name, changes in again.items() if changes.changed or changes.removed}
    assert not changed, f"the same input twice changes {', '.join(changed)}"


def _check_damaged(plugin: Ingest, sample: Path, variants: int) -> None:
    content = sample.read_bytes()
    with TemporaryDirectory(prefix="uraniborg-check-") as folder:
        path = Path(folder, sample.name)
        for what, damage in damaged(content, variants):
            path.write_bytes(damage)
            begun = time.monotonic()
            with Raised() as raised:
                _rows(plugin, input_of(path, plugin))
            if raised.error is not None and not isinstance(raised.error, ArchiveError):
                where = place_of(raised.error, Path(plugin.reader.__code__.co_filename))
                fault = f"{plugin.name}, sample {what}: {told(raised.error)} ({where})"
                raise AssertionError(f"{fault}; raise UnreadableFile instead") from raised.error
            seconds = time.monotonic() - begun
            assert seconds < _SLOW, f"{plugin.name}, sample {what}: took {seconds:.0f} s"


def damaged(content: bytes, count: int) -> Iterator[tuple[str, bytes]]:
    """Copies of an input with one thing wrong in each, always the same ones, and what that is."""
    yield "empty", b""
    yield "of zeros", bytes(len(content) or 1)
    yield "twice in one", content + content
    yield "in UTF-16", content.decode("latin-1").encode("utf-16")
    yield "of brackets", b"[" * 100_000
    yield "of braces", b'{"a":' * 50_000
    yield "of one long line", content.replace(b"\n", b" ")
    yield "as hostile XML", _ENTITIES
    for value in ("null", "[]", "{}", "0", '"text"', "[[]]", "[null]", '[{"a": 1e999}]'):
        yield f"{value}", value.encode()
    if len(content) > _MOST_MUTATED:
        return
    chosen = random.Random(1)
    each = max(count // 4, 1)
    for place in sorted(chosen.sample(range(len(content)), min(each, len(content)))):
        yield f"cut off at byte {place}", content[:place]
    for _ in range(each):
        place = chosen.randrange(len(content) or 1)
        byte = chosen.randrange(256)
        yield f"with byte {place} as {byte}", content[:place] + bytes([byte]) + content[place + 1 :]
    lines = content.splitlines(keepends=True)
    for _ in range(each):
        number = chosen.randrange(len(lines) or 1)
        yield f"without line {number + 1}", b"".join(lines[:number] + lines[number + 1 :])
    yield from _other_values(content, each, chosen)


_ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e SYSTEM "file:/etc/hostname">]><a>&d;&e;</a>"""

_OTHERS: tuple[object, ...] = (
    None, True, -1, 0, 1e308, 10**15, "", "x", "\0", "\ud800", "9" * 400, [], {}, [[]], [None], {"a": {}},
)  # fmt: skip


def _other_values(content: bytes, count: int, chosen: random.Random) -> Iterator[tuple[str, bytes]]:
    """A JSON document with one value as another, of any type."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return
    places = list(_places(document, ()))
    for place in places if len(places) <= count else chosen.sample(places, count):
        for value in chosen.sample(_OTHERS, 4):
            said = "/".join(map(str, place))
            yield f"with {value!r:.20} at /{said}", json.dumps(_with(document, place, value)).encode()


def _places(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value[:20]):
            yield from _places(inner, (*path, number))


def _with(value: object, path: tuple[str | int, ...], other: object) -> object:
    """A copy, as far as it differs."""
    if not path:
        return other
    step, *rest = path
    if isinstance(value, dict):
        return {**value, step: _with(value[step], tuple(rest), other)}
    assert isinstance(value, list) and isinstance(step, int)
    return [*value[:step], _with(value[step], tuple(rest), other), *value[step + 1 :]]
