"""Cut-outs as jobs: one result for each combination of values, also where there is nothing to cut.

Such a result is a text that says so (SODA 1.0, 6). The resources of jobs are `archive.protocol.uws`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ...access import Caller, Road
from ...database import Cancellation
from ...declare.parameters import Parameter, parse_arguments
from ...errors import ArchiveError, Busy, Cancelled, CopyMissing, DiskFull
from ..failures import soda_label
from ..files import disposition
from ..service import Archive
from ..uws import Job, JobResult, Output, Stop, acting
from .asking import Asked, asked_in_job
from .cutting import Cutter
from .parameters import SODA_PARAMETERS

__all__ = ["SodaJobs"]

_TEXT = "text/plain; charset=utf-8"


class SodaJobs:
    """The kind of job behind /soda/async."""

    name = "soda"
    parameters: tuple[Parameter, ...] = SODA_PARAMETERS

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._cutter = Cutter(archive, Road.JOB)

    def run(
        self, job: Job, files: Mapping[str, Path], output: Output, stop: Stop
    ) -> JobResult | Sequence[JobResult]:
        arguments = parse_arguments(self.parameters, job.parameters)
        cancellation = Cancellation()
        stop.call(cancellation.cancel)
        everything = asked_in_job(arguments, self._archive.config.authority)
        results = []
        for number, asked in enumerate(everything, 1):
            target = output if number == 1 else output.another()
            id = "result" if len(everything) == 1 else f"result-{number}"
            with acting(self._archive, job, target) as owner:
                results.append(self._result(asked, owner, id, target, cancellation, stop))
        return results

    def _result(
        self, asked: Asked, caller: Caller, id: str, target: Output, cancellation: Cancellation, stop: Stop
    ) -> JobResult:
        def check() -> None:
            if stop.reason is not None:
                raise Cancelled("the job was stopped")

        try:
            if asked.is_whole:
                file = self._cutter.find(asked, caller)
                _write(target, file.chunks())
                check()
                return _named(id, file.name, file.media_type)
            with self._cutter.cut(asked, caller, cancellation, check) as cutout:
                if cutout is not None:
                    _write(target, cutout.chunks())
                    return _named(id, asked.filename, asked.media_type)
        except (Busy, Cancelled, CopyMissing, DiskFull):
            # The whole job may succeed another time.
            raise
        except ArchiveError as error:
            if target.bytes:
                raise
            return _told(id, target, f"{soda_label(error)}: {error}")
        return _told(id, target, f"UsageError: {asked.identifier} has no pixels in {' '.join(asked.texts)}")

    def is_reference(self, name: str, value: str) -> bool:
        return False


def _write(target: Output, chunks: Iterable[bytes]) -> None:
    for chunk in chunks:
        target.write(chunk)


def _told(id: str, target: Output, text: str) -> JobResult:
    target.write(f"{text}\n".encode())
    return _named(id, f"{id}.txt", _TEXT)


def _named(id: str, name: str, media_type: str) -> JobResult:
    return JobResult({"Content-Type": media_type, "Content-Disposition": disposition(name)}, name, id)
