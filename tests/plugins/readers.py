"""Plugins that behave well, and such as do not, for the tests of the runner."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from archive import INTEGER, LONG, TEXT, Column, Record, Table, UnreadableFile, history_table
from ingest import Accepts, Input, plugin

_SEEN: list[str] = []  # what no reader should have: a memory
NOTE = Table(
    "site.note",
    (
        Column("number", LONG, nullable=False, description="Number of the note"),
        Column("words", TEXT, description="What it says"),
        Column("stars", INTEGER, description="How good it is"),
    ),
    "Notes",
    primary_key=("number",),
    history="site.note_version",
)
NOTE_VERSION = history_table(NOTE, "All versions of notes")
FRAME = Table(
    "site.frame",
    (Column("dp_id", TEXT, nullable=False, description="File"), Column("object", TEXT, description="Object")),
    "Frames",
    primary_key=("dp_id",),
)


@plugin("notes", accepts=Accepts(names=("*.note", "both.*")), tables=NOTE)
def read_notes(given: Input) -> Iterator[Record]:
    """Notes: a number and words on each line, and orders to this reader after an exclamation mark."""
    for number, line in given.lines():
        first, _, words = line.partition(" ")
        if first.startswith("!"):
            _obey(first[1:], words, given)
        elif first:
            if not first.isdigit():
                raise UnreadableFile(f"line {number}: {first!r} is no number")
            yield NOTE.row(number=int(first), words=words)


def _obey(order: str, words: str, given: Input) -> None:
    match order:
        case "raise":
            raise KeyError("RA")
        case "hang":
            while True:
                time.sleep(60)
        case "spin":
            while True:
                pass
        case "flood":
            pages = []
            while True:
                pages.append(bytes(1 << 20))
        case "exit":
            sys.exit("enough")
        case "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "leave":
            os._exit(0)
        case "wait":
            Path(words, "reading").write_text(str(os.getpid()))
            while Path(words, "gate").exists():
                time.sleep(0.02)
        case "pid":
            given.problem(f"pid {os.getpid()}")
        case "once":
            _SEEN.append(words)
            if len(_SEEN) > 1:
                raise KeyError("seen before")
        case "keep":
            _SEEN.append("x" * (100 << 20))
        case "slow":
            time.sleep(0.3)
        case "print":
            print("this reader talks")
        case "problem":
            given.problem("the second page is missing")
        case "secret":
            if "OPEN" not in os.environ:
                raise UnreadableFile("the door is locked")


@plugin("rows", accepts=Accepts(names=("*.rows",)), tables=(NOTE, NOTE_VERSION))
def read_rows(given: Input) -> Iterator[Record]:
    """Rows that do not fit, by name."""
    match given.text.strip():
        case "type":
            yield NOTE.row(number=1, words="good")
            yield NOTE.row(number=2, words="bad", stars="many")
        case "fraction":
            yield NOTE.row(number=3, stars=1.5)
        case "column":
            yield NOTE.row(number=4, colour="red")
        case "missing":
            yield NOTE.row(words="no number")
        case "nul":
            yield NOTE.row(number=5, words="a\0b")
        case "table":
            yield FRAME.row(dp_id="x")
        case "object":
            yield cast(Record, ("number", 6))
        case "nothing":
            yield from ()
        case "many":
            for number in range(10**9):
                yield NOTE.row(number=number)


@plugin(
    "looker",
    accepts=Accepts(names=("*.txt", "both.*"), looks=lambda start: start.startswith(b"7 ")),
    tables=NOTE,
)
def read_lookers(given: Input) -> Iterator[Record]:
    """Texts that begin with a seven."""
    yield NOTE.row(number=7, words=given.text[2:].strip())


@plugin("returner", accepts=Accepts(names=("*.returned",)), tables=NOTE)
def read_returned(given: Input) -> list[Record]:
    """Returns what it should yield, or nothing."""
    row = NOTE.row(number=7)
    match given.text.strip():
        case "list":
            return [row]
        case "row":
            return cast(list[Record], row)
        case _:
            return cast(list[Record], None)


def _breaks(start: bytes) -> bool:
    return start[99] == 0


@plugin("breaker", accepts=Accepts(names=("*.broken",), looks=_breaks), tables=NOTE)
def read_broken(given: Input) -> Iterator[Record]:
    """Never gets so far."""
    yield NOTE.row(number=8)


@plugin("frames", accepts=Accepts(keywords={"INSTRUME": "ISAAC", "NOTED": True}), tables=FRAME)
def read_frames(given: Input) -> Iterator[Record]:
    """What frames of ISAAC show."""
    yield FRAME.row(dp_id=given.dp_id, object=given.header.text("OBJECT"))
