"""uraniborg migrate: what differs between the declarations and the database, and taking the steps in between.

The steps are found and taken by `archive.database`; here they are chosen, shown and counted. What is printed
is SQL, the words being its comments.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable, Sequence

import psycopg

from archive.config import Config
from archive.database import second_wall
from archive.database.bookkeeping import Connection
from archive.database.database import reached
from archive.database.migration_indexes import builder
from archive.database.migration_steps import ALL, SAFE, Step, Terms
from archive.database.preparation import Wanted, examine
from archive.database.preparation import migrate as carry_out
from archive.database.server import Server, reader_settings
from archive.errors import UsageError

from .opening import BOOKKEEPING, declared_schemas, open_archive
from .privileges import drop_root
from .server import end_on_terminate

__all__ = ["act", "migrate"]

DIFFERENT_STATUS = 1
TERMINATED_STATUS = 128 + signal.SIGTERM


def migrate(config: Config, arguments: argparse.Namespace) -> int:
    """0 when the database is as declared at the end, 1 when something is left."""
    end_on_terminate(TERMINATED_STATUS)
    drop_root(config)
    wanted = Wanted(declared_schemas(config), reader_settings(config), BOOKKEEPING)
    with reached(config) as server:
        left = act(server, wanted, arguments)
        with psycopg.connect(server.owner) as connection:
            _say_what_is_off(connection)
    if arguments.apply:
        with open_archive(config):
            pass  # as at any start, which tells what else is not as it should be
    return DIFFERENT_STATUS if left else 0


def _say_what_is_off(connection: Connection) -> None:
    if not second_wall.is_built(connection):
        _say(second_wall.OFF)


def act(server: Server, wanted: Wanted, arguments: argparse.Namespace) -> Sequence[Step]:
    """What is left of the differences."""
    if not arguments.wait >= 0:
        raise UsageError("nobody can wait for less than no time", hint="say --wait 600")
    terms = ALL if arguments.destructive else SAFE
    return (_apply if arguments.apply else _show)(server, wanted, terms, arguments.wait)


def _show(server: Server, wanted: Wanted, terms: Terms, patience: float) -> Sequence[Step]:
    found = examine(server, wanted, terms, patience)
    steps = [*found.taken, *found.left]
    _print(steps)
    if not steps:
        _say("the database is as declared")
        return steps
    destructive = sum(step.destructive for step in steps)
    losing = f", {destructive} of them destructive" if destructive else ""
    option = " --destructive" if destructive else ""
    _say(f"{_counted(steps)}{losing}; nothing was changed, `uraniborg migrate --apply{option}` does it")
    return steps


def _apply(server: Server, wanted: Wanted, terms: Terms, patience: float) -> Sequence[Step]:
    done = carry_out(server, wanted, terms, patience)
    _print(done.taken)
    with builder(server) as indexes:
        found = examine(server, wanted, terms, patience)
        apart = [step for step in found.left if step.apart]
        for step in apart:
            _print([step])
            indexes.take(step)
    if apart:
        found = examine(server, wanted, terms, patience)
    left = [*found.taken, *found.left]
    if left:
        _say(f"{_counted(left)} not taken, which `uraniborg migrate --apply --destructive` takes:")
        for step in left:
            _say(_said(step))
    else:
        _say("the database is as declared")
    return left


def _counted(steps: Sequence[Step]) -> str:
    return "1 step" if len(steps) == 1 else f"{len(steps)} steps"


def _print(steps: Iterable[Step]) -> None:
    for step in steps:
        print(_said(step))
        for statement in step.statements:
            print(f"{statement};")
    sys.stdout.flush()


def _said(step: Step) -> str:
    """One line, whatever a catalogue calls its columns."""
    mark = "DESTRUCTIVE: " if step.destructive else ""
    return "-- " + " ".join(f"{mark}table {step.table}: {step.words}".split())


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
