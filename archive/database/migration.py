"""Moving a database to what is declared: taking the steps that may be taken, or refusing to go on.

Everything happens within the transaction of a connection (as the writer), so that a kill takes it all back;
what is done apart from it is in `migration_indexes`. New tables are made by `publication`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql

from ..errors import Busy, ConfigurationError
from .bookkeeping import Connection, execute
from .migration_shapes import Name
from .migration_steps import Phase, Step, Terms

__all__ = ["CHECK_INTERVAL", "TableInUse", "report", "take"]

_log = logging.getLogger("uraniborg")

CHECK_INTERVAL = "2s"  # in which the server looks whether the client of a migration still lives

# The first lock may wait for autovacuum to give way, which takes PostgreSQL's deadlock_timeout. With that
# lock held the next must not wait as long: a query of both tables would be ended as part of a deadlock.
_FIRST, _NEXT = "2s", "100ms"


class TableInUse(Busy):
    """`stored` is the table that somebody else held for too long, to be asked for first the next time."""

    def __init__(self, stored: Name | None, words: str) -> None:
        super().__init__(words, hint="wait for the queries and ingests that use it to end, then try again")
        self.stored = stored


def take(
    connection: Connection, found: Iterable[Step], terms: Terms, first: Name | None = None
) -> tuple[list[Step], list[Step]]:
    """Takes the steps that `terms` allow, in order; returns them, and those that are left.

    Raises ConfigurationError, with nothing done, when one of those is needed. Raises TableInUse when somebody
    else uses a table for too long; then the transaction has to be rolled back, and all done again. `first` is
    the table to be asked for before the others.
    """
    ordered = sorted(found, key=lambda step: step.phase)
    taken = [step for step in ordered if terms.allow(step)]
    left = [step for step in ordered if not terms.allow(step)]
    _refuse([step for step in left if step.needed], terms)
    before = connection.execute("SELECT current_setting('lock_timeout')").fetchone()
    _lock(connection, sorted({step.stored for step in taken if step.locking}), first)
    for step in taken:
        if step.phase != Phase.TABLE:
            with _explained(step):
                for statement in step.statements:
                    execute(connection, statement)
    execute(connection, f"SET LOCAL lock_timeout = '{before[0] if before else 0}'")
    return taken, left


def _refuse(hindering: Sequence[Step], terms: Terms) -> None:
    if not hindering:
        return
    said = "; ".join(f"table {step.table}: {step.words}" for step in hindering[:5])
    more = f"; and {len(hindering) - 5} more" if hindering[5:] else ""
    destructive = " --destructive" if any(step.destructive for step in hindering) else ""
    raise ConfigurationError(
        f"tables in the database differ from their declarations, and nothing was changed: {said}{more}",
        hint="`uraniborg migrate` shows the differences,"
        f" `uraniborg migrate --apply{destructive}` does this;"
        " or go back to the version of Uraniborg that made the tables",
    )


def _lock(connection: Connection, names: Sequence[Name], first: Name | None) -> None:
    """Keeps everybody else from these tables until the end of the transaction."""
    patience = _FIRST
    for name in sorted(names, key=lambda each: (each != first, each)):
        execute(connection, f"SET LOCAL lock_timeout = '{patience}'")
        try:
            connection.execute(
                sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(*name))
            )
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as cause:
            raise TableInUse(name, f"table {'.'.join(name)} is in use") from cause
        patience = _NEXT
    # Indexes wait for whoever writes the table, keys for whoever writes the one they lead to.
    execute(connection, f"SET LOCAL lock_timeout = '{_FIRST}'")


@contextmanager
def _explained(step: Step) -> Iterator[None]:
    """What PostgreSQL refuses is told along with the step that it would not take."""

    def refused(cause: psycopg.Error, hint: str) -> ConfigurationError:
        detail = f" ({cause.diag.message_detail})" if cause.diag.message_detail else ""
        reason = f"{cause.diag.message_primary}{detail}"
        return ConfigurationError(
            f"nothing was changed, as table {step.table} cannot be: {step.words}: {reason}", hint=hint
        )

    try:
        yield
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as cause:
        raise TableInUse(step.stored, f"table {step.table} is in use") from cause
    except (psycopg.IntegrityError, psycopg.DataError) as cause:
        raise refused(cause, "correct or remove these rows, or declare the table as it was") from cause
    except (psycopg.errors.DependentObjectsStillExist, psycopg.NotSupportedError) as cause:
        raise refused(
            cause, "drop what somebody has made of this table, and make it again afterwards"
        ) from cause
    except psycopg.errors.DiskFull as cause:
        raise refused(cause, "make room and do it again") from cause


def report(taken: Iterable[Step], left: Iterable[Step]) -> None:
    """What a start has done, and has left to be done, in the log."""
    for step in taken:
        if step.phase != Phase.TABLE:
            _log.info("table %s: %s", step.table, step.words)
    for step in left:
        destructive = " --destructive" if step.destructive else ""
        _log.warning(
            "table %s: %s by `uraniborg migrate --apply%s`, not before", step.table, step.words, destructive
        )
