"""With whose rights a job runs, and how what it was given out is recorded to its end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from ...access import Caller, Ending, Visit, end_releases
from ..service import Archive
from .model import Job
from .output import Output

__all__ = ["acting"]


@contextlib.contextmanager
def acting(archive: Archive, job: Job, output: Output) -> Iterator[Caller]:
    """The owner of a job with the rights that he has now, while `output` is written for him.

    Raises Unauthenticated when his account is closed.
    """
    visit = Visit()
    caller = archive.accounts.acting_for(job.owner, job.scopes)
    ending = Ending.BROKEN_OFF
    try:
        yield caller if caller.is_anonymous else replace(caller, visit=visit)
        ending = Ending.COMPLETE
    finally:
        if visit.downloads:
            with archive.database.writer() as connection:
                end_releases(connection, visit.downloads, output.bytes, ending)
