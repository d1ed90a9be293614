"""Making indexes of big tables while they are read and written: what cannot be part of a transaction.

A kill leaves an index that PostgreSQL does not use, and that is made anew the next time. Which indexes are
lacking is found by `migration_search`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from ..errors import ConfigurationError
from .bookkeeping import Connection, execute
from .migration import CHECK_INTERVAL
from .migration_steps import Step
from .server import Server

__all__ = ["Builder", "builder"]

_BUILDING = 0x6275696C  # key of the advisory lock


class Builder:
    """Takes steps that are apart, one after the other; nobody else does so meanwhile."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, step: Step) -> None:
        """Waits for all transactions that are under way, and may take long. Raises ConfigurationError."""
        try:
            for statement in step.statements:
                execute(self._connection, statement)
        except psycopg.OperationalError as cause:
            reason = " ".join(str(cause).split())
            raise ConfigurationError(
                f"table {step.table}: {step.words}: {reason}",
                hint="the archive works without; do it again with `uraniborg migrate --apply`",
            ) from cause


@contextmanager
def builder(server: Server) -> Iterator[Builder]:
    """Raises ConfigurationError when another process makes indexes now."""
    try:
        connection = psycopg.connect(server.writer, autocommit=True)
    except psycopg.OperationalError as cause:
        reason = " ".join(str(cause).split())
        raise ConfigurationError(f"cannot connect to the database: {reason}") from cause
    with connection:
        # What a killed process was about ends soon, and does not hold up the next one.
        execute(connection, f"SET client_connection_check_interval = '{CHECK_INTERVAL}'")
        # Not waiting: whoever makes an index waits for all who wait in a transaction.
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_BUILDING,)).fetchone()
        if not row or not row[0]:
            raise ConfigurationError(
                "another process makes indexes of this archive", hint="wait until it is done, then look again"
            )
        yield Builder(connection)
