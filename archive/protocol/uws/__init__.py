"""Jobs (UWS 1.1): work that outlasts a request, kept in the database, done by any worker that shares it.

Generic over services: each brings a `JobKind`, and mounts `job_routes`.
"""

from __future__ import annotations

from .acting import acting
from .model import Job, JobKind, JobResult, Phase
from .output import Output
from .routes import job_routes
from .stop import Stop
from .system import Jobs, KindFactory

__all__ = [
    "Job",
    "JobKind",
    "JobResult",
    "Jobs",
    "KindFactory",
    "Output",
    "Phase",
    "Stop",
    "acting",
    "job_routes",
]
