"""What a job is (UWS 1.1, 2.1): its phases, the changes between them that are allowed, and its description.

Values only. Where jobs are kept is `records`' business, how they look on the wire `documents`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Protocol

from ...access import Scope
from ...declare.parameters import Parameter
from .output import Output
from .stop import Stop

__all__ = [
    "ACTIVE",
    "TRANSITIONS",
    "Brief",
    "InlineFile",
    "Job",
    "JobError",
    "JobKind",
    "JobResult",
    "Phase",
    "StoredResult",
    "sources",
]


class Phase(Enum):
    """The phases of the standard. HELD and those after it can be asked for, but no job gets there."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"
    HELD = "HELD"
    SUSPENDED = "SUSPENDED"
    UNKNOWN = "UNKNOWN"
    ARCHIVED = "ARCHIVED"


# A job goes back to QUEUED when its worker has died or shuts down. What is not here ends a job.
TRANSITIONS: Mapping[Phase, frozenset[Phase]] = {
    Phase.PENDING: frozenset({Phase.QUEUED, Phase.ABORTED}),
    Phase.QUEUED: frozenset({Phase.EXECUTING, Phase.ABORTED}),
    Phase.EXECUTING: frozenset({Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.QUEUED}),
}

# UWS 1.1, 2.2.1.3: a client can wait for the end of these.
ACTIVE = frozenset(TRANSITIONS)


def sources(target: Phase, among: Iterable[Phase] = ACTIVE) -> list[str]:
    """The phases from which a job may come into `target`, as the database has them."""
    return [phase.value for phase in among if target in TRANSITIONS[phase]]


@dataclass(frozen=True, slots=True)
class InlineFile:
    """A part of a multipart request, kept with the job; `file` is its name in the job's folder."""

    part: str
    file: str
    bytes: int


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a kind says of the output it has written: headers with which it is sent, a name for downloads."""

    headers: Mapping[str, str]
    name: str
    id: str = "result"


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result as it lies in the job's folder; `sha256` as hexadecimal digits."""

    id: str
    file: str
    name: str
    headers: Mapping[str, str]
    bytes: int
    sha256: str

    @property
    def media_type(self) -> str:
        return self.headers["Content-Type"]


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed; `transient` when the same job may succeed another time."""

    message: str
    transient: bool = False


@dataclass(frozen=True, slots=True)
class Brief:
    """A job in a list."""

    id: str
    phase: Phase
    run_id: str
    owner: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """Times have their zone. Nobody's `owner` is empty. `attempt` counts executions from 1.

    `scopes`: how far the owner's token went when he made the job, which goes no further.
    """

    id: str
    kind: str
    owner: str
    scopes: frozenset[Scope]
    run_id: str
    phase: Phase
    parameters: tuple[tuple[str, str], ...]
    files: tuple[InlineFile, ...]
    execution_seconds: int
    created: datetime
    started: datetime | None
    ended: datetime | None
    destruction: datetime
    share: str
    worker: int | None
    attempt: int
    losses: int
    error: JobError | None
    results: tuple[StoredResult, ...]

    @property
    def given_bytes(self) -> int:
        """What the job takes by what was sent with it."""
        texts = sum(len(name) + len(value.encode()) for name, value in self.parameters)
        return texts + sum(file.bytes for file in self.files)

    def result(self, id: str) -> StoredResult | None:
        return next((result for result in self.results if result.id == id), None)


class JobKind(Protocol):
    """A kind of work that jobs do: a name that the queue keeps, inputs, and how it is done."""

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> tuple[Parameter, ...]: ...

    def run(
        self, job: Job, files: Mapping[str, Path], output: Output, stop: Stop
    ) -> JobResult | Sequence[JobResult]:
        """Does the work, blocking, and writes its result. Any thread, any machine, perhaps again.

        `files` by the names of their parts. Several results are told in the order of their outputs
        (`Output.another`). Raises ArchiveErrors; gives up soon after `stop` says so.
        """
        ...

    def is_reference(self, name: str, value: str) -> bool:
        """Whether a parameter's value stands for something at another address."""
        ...
