"""What was read of an input on its way into the tables: all of it and what follows from it, or nothing.

One transaction for each input. Reading it is the business of others, and so is telling the operator.
"""

from __future__ import annotations

from pathlib import Path

from archive.database import Database
from archive.plugins.writing import write_batches
from archive.store import FileVersion

from .following_rights import follow_rights, lock_for
from .input_files import now, record_failure, record_reading
from .input_keeping import Task
from .input_reading import Reading
from .outcomes import Outcome, Report

__all__ = ["came_by_path", "failed", "path_of", "written"]


def written(database: Database, task: Task, reading: Reading) -> Report:
    """What became of the input. Raises UnreadableFile, or psycopg's DataError, for rows that do not fit.

    The transaction may be lost with the machine until a later one of the same database is committed: then the
    input is found waiting.
    """
    file, plugin, moment = task.file, task.plugin, now()
    with database.writer() as connection:
        connection.execute("SET LOCAL synchronous_commit = off")
        lock_for(connection, plugin.tables)
        tables = write_batches(
            connection, plugin.tables, reading.batches, input_id=task.key.input_id, moment=moment
        )
        if plugin.follows is not None:
            plugin.follows(connection, reading.batches, moment)
        follow_rights(
            connection,
            task.key.input_id,
            reading.batches,
            database.catalogue,
            is_fits=plugin.accepts.is_fits,
        )
        faults = tuple(problem for changes in tables.values() for problem in changes.problems)
        changed = sum(changes.changed + changes.removed for changes in tables.values())
        record_reading(
            connection,
            task.key,
            problems=(*reading.problems, *faults),
            problem_count=reading.problem_count + len(faults),
            rows=sum(changes.rows for changes in tables.values()),
            changed=changed,
            seconds=reading.seconds,
        )
    outcome = Outcome.NEW_VERSION if file.version > 1 else Outcome.INGESTED
    if task.started.was_read:
        outcome = Outcome.INGESTED if changed else Outcome.UNCHANGED
    problems = (*reading.problems, *faults)
    return Report(path_of(file), outcome, None, problems, file=file, plugin=plugin.name)


def failed(database: Database, task: Task, reason: str) -> Report:
    """The same of an input that could not be read or written."""
    with database.writer() as connection:
        record_failure(connection, task.key, reason)
    return Report(
        *(path_of(task.file), Outcome.UNREADABLE, reason),
        file=task.file,
        plugin=task.plugin.name,
        restricted=task.plugin.is_restricted,
    )


def came_by_path(source: str) -> bool:
    return source.startswith("/")


def path_of(file: FileVersion) -> Path:
    """What a summary calls it."""
    return Path(file.source if came_by_path(file.source) else file.name)
