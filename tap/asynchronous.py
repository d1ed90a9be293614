"""TAP queries as jobs (TAP 1.1, 2.3): what /sync streams to a client is written to the job's result.

The query path is the one of /sync; the resources of jobs are `archive.protocol.uws`'.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from archive.declare.parameters import Parameter, parse_arguments
from archive.protocol import Archive
from archive.protocol.uws import Job, JobResult, Output, Stop, acting

from .parameters import QUERY_PARAMETERS, UPLOAD
from .profiles import STANDARD, Profile
from .query import Execution, ExecutionLimits, TableQuery

__all__ = ["TapJobs"]


class TapJobs:
    """The kind of job behind a service's /async."""

    parameters: tuple[Parameter, ...] = QUERY_PARAMETERS

    def __init__(self, archive: Archive, profile: Profile = STANDARD) -> None:
        self.name = profile.name
        self._archive = archive
        self._profile = profile

    def run(self, job: Job, files: Mapping[str, Path], output: Output, stop: Stop) -> JobResult:
        arguments = parse_arguments(self.parameters, job.parameters)
        seconds = float(job.execution_seconds)
        limits = ExecutionLimits(seconds, seconds, self._archive.config.hard_rows)
        with acting(self._archive, job, output) as owner:
            query = TableQuery.asked(arguments, self._archive, files, owner, self._profile)
            execution = Execution(query, limits=limits, tells_errors=False)
            stop.call(execution.cancel)
            with contextlib.closing(execution.chunks()) as chunks:
                for chunk in chunks:
                    output.write(chunk)
        return JobResult(query.headers, f"result.{query.format.extension}")

    def is_reference(self, name: str, value: str) -> bool:
        """Tables to be fetched from an address are (UWS 1.1, 2.1.11); those that came along are kept here."""
        return name == UPLOAD.name and "param:" not in value
