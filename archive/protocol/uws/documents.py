"""The documents of UWS 1.1: job, list of jobs, parameters and results as XML."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from urllib.parse import quote

from lxml import etree
from lxml.builder import ElementMaker

from ..xml import clean, document
from .model import Brief, Job, Phase, StoredResult

__all__ = ["iso", "job_document", "jobs_document", "parameters_document", "quote_of", "results_document"]

_UWS = "http://www.ivoa.net/xml/UWS/v1.0"
_XLINK = "http://www.w3.org/1999/xlink"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NAMESPACES = {"uws": _UWS, "xlink": _XLINK, "xsi": _XSI}
_E = ElementMaker(namespace=_UWS, nsmap=_NAMESPACES)
_VERSION = {"version": "1.1"}

IsReference = Callable[[str, str], bool]


def iso(moment: datetime) -> str:
    """UTC with milliseconds, which is how exactly jobs know their times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def quote_of(job: Job) -> datetime | None:
    """When a job will be over at the latest, once that is known (UWS 1.1, 2.1.6)."""
    if job.phase is not Phase.EXECUTING or job.started is None:
        return None
    return datetime.fromtimestamp(job.started.timestamp() + job.execution_seconds, UTC)


def job_document(job: Job, address: str, is_reference: IsReference) -> bytes:
    """`address` is the job's."""
    return document(
        _E.job(
            _VERSION,
            _E.jobId(job.id),
            *([_E.runId(clean(job.run_id))] if job.run_id else []),
            _nillable("ownerId", job.owner or None),
            _E.phase(job.phase.value),
            _time("quote", quote_of(job)),
            _E.creationTime(iso(job.created)),
            _time("startTime", job.started),
            _time("endTime", job.ended),
            _E.executionDuration(str(job.execution_seconds)),
            _E.destruction(iso(job.destruction)),
            _parameters(job, is_reference),
            _results(job, address),
            *_error(job),
        )
    )


def jobs_document(jobs: Iterable[Brief], address: str) -> bytes:
    """`address` is that of the list."""
    return document(
        _E.jobs(
            _VERSION,
            *(
                _E.jobref(
                    {"id": job.id, f"{{{_XLINK}}}href": f"{address}/{job.id}"},
                    _E.phase(job.phase.value),
                    *([_E.runId(clean(job.run_id))] if job.run_id else []),
                    _nillable("ownerId", job.owner or None),
                    _E.creationTime(iso(job.created)),
                )
                for job in jobs
            ),
        )
    )


def parameters_document(job: Job, is_reference: IsReference) -> bytes:
    return document(_parameters(job, is_reference))


def results_document(job: Job, address: str) -> bytes:
    return document(_results(job, address))


def _parameters(job: Job, is_reference: IsReference) -> etree._Element:
    return _E.parameters(
        *(
            _E.parameter(
                {"id": name, "byReference": str(is_reference(name, value)).lower()},
                clean(value),
            )
            for name, value in job.parameters
        )
    )


def _results(job: Job, address: str) -> etree._Element:
    return _E.results(*(_result(result, address) for result in job.results))


def _result(result: StoredResult, address: str) -> etree._Element:
    return _E.result(
        {
            "id": result.id,
            f"{{{_XLINK}}}href": f"{address}/results/{quote(result.id)}",
            "mime-type": result.media_type,
            "size": str(result.bytes),
        }
    )


def _error(job: Job) -> list[etree._Element]:
    if job.error is None:
        return []
    kind = "transient" if job.error.transient else "fatal"
    return [_E.errorSummary({"type": kind, "hasDetail": "true"}, _E.message(clean(job.error.message)))]


def _time(name: str, moment: datetime | None) -> etree._Element:
    return _nillable(name, None if moment is None else iso(moment))


def _nillable(name: str, text: str | None) -> etree._Element:
    return _E(name, {f"{{{_XSI}}}nil": "true"}) if text is None else _E(name, clean(text))
