"""The resource tree of UWS 1.1 (2.2) over HTTP, for any kind of job: requests in, one call, answers out."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ...access import Caller
from ...errors import BadParameter, NotFound
from ...formats import error_document
from ..answering import caller_of
from ..files import StoredFile, file_response
from ..requests import Received, RequestLimits, read_pairs, read_request
from ..xml import XML_TYPE
from .controls import Pairs, new_job, parse_after, parse_last, parse_phase, parse_seconds, parse_time
from .documents import (
    iso,
    job_document,
    jobs_document,
    parameters_document,
    quote_of,
    results_document,
)
from .hub import Hub
from .model import Job, JobKind, Phase
from .queue import JobQueue
from .system import Jobs
from .waiting import wait_for_change

__all__ = ["job_routes"]

_Answer = TypeVar("_Answer")
_CONTROL_BYTES = 10_000  # of a request that sets one thing
_VOTABLE = "application/x-votable+xml"


def job_routes(path: str, kind: JobKind, jobs: Jobs) -> list[Route]:
    """Everything below `path`, which is that of the list of jobs."""
    tree = _Tree(jobs.queue.config.base_url + path, kind, jobs.queue, jobs.hub)
    job = f"{path}/{{job}}"
    return [
        Route(path, tree.list_jobs, methods=["GET"]),
        Route(path, tree.create, methods=["POST"]),
        Route(f"{path}/", tree.list_jobs, methods=["GET"]),
        Route(f"{path}/", tree.create, methods=["POST"]),
        Route(job, tree.job, methods=["GET"]),
        Route(job, tree.act, methods=["POST"]),
        Route(job, tree.delete, methods=["DELETE"]),
        Route(f"{job}/phase", tree.phase, methods=["GET"]),
        Route(f"{job}/phase", tree.set_phase, methods=["POST"]),
        Route(f"{job}/executionduration", tree.execution_duration, methods=["GET"]),
        Route(f"{job}/executionduration", tree.set_execution_duration, methods=["POST"]),
        Route(f"{job}/destruction", tree.destruction, methods=["GET"]),
        Route(f"{job}/destruction", tree.set_destruction, methods=["POST"]),
        Route(f"{job}/parameters", tree.parameters, methods=["GET"]),
        Route(f"{job}/parameters", tree.set_parameters, methods=["POST"]),
        Route(f"{job}/quote", tree.quote, methods=["GET"]),
        Route(f"{job}/owner", tree.owner, methods=["GET"]),
        Route(f"{job}/error", tree.error, methods=["GET"]),
        Route(f"{job}/results", tree.results, methods=["GET"]),
        Route(f"{job}/results/{{result}}", tree.result, methods=["GET"]),
    ]


class _Tree:
    def __init__(self, address: str, kind: JobKind, queue: JobQueue, hub: Hub) -> None:
        self._address = address
        self._kind = kind
        self._queue = queue
        self._hub = hub
        config = queue.config
        self._limits = RequestLimits(config.request_bytes, config.upload_bytes)

    # --- the list -----------------------------------------------------------------------------------------

    async def list_jobs(self, request: Request) -> Response:
        pairs = Pairs(request.query_params.multi_items())
        phases = [parse_phase(text) for text in pairs.all("PHASE")]
        after, last = parse_after(pairs), parse_last(pairs)
        jobs = await _call(self._queue.list_jobs, self._kind, caller_of(request), phases, after, last)
        return _xml(jobs_document(jobs, self._address))

    async def create(self, request: Request) -> Response:
        received = await read_request(request, self._limits)
        job = await _call(self._create, caller_of(request), _origin(request), received)
        return self._see(job)

    def _create(self, caller: Caller, origin: str, received: Received) -> Job:
        with received:
            new = new_job(Pairs(received.pairs))
            return self._queue.create(self._kind, caller, origin, received, new)

    # --- one job ------------------------------------------------------------------------------------------

    async def _job(self, request: Request) -> Job:
        return await _call(self._queue.find, self._kind, request.path_params["job"], caller_of(request))

    async def job(self, request: Request) -> Response:
        job = await wait_for_change(request, self._hub, lambda: self._job(request))
        return _xml(job_document(job, self._job_address(job), self._kind.is_reference))

    async def act(self, request: Request) -> Response:
        action = (await self._controls(request)).need("ACTION")
        if action.upper() != "DELETE":
            raise BadParameter("ACTION", f"{action[:40]!r} is not known here", hint="use DELETE")
        return await self.delete(request)

    async def delete(self, request: Request) -> Response:
        await _call(self._queue.delete, await self._job(request))
        return RedirectResponse(self._address, 303)

    async def phase(self, request: Request) -> Response:
        return _text((await self._job(request)).phase.value)

    async def set_phase(self, request: Request) -> Response:
        wanted = (await self._controls(request)).need("PHASE")
        job = await self._job(request)
        match wanted.upper():
            case "RUN":
                await _call(self._queue.run, job)
            case "ABORT":
                await _call(self._queue.abort, job)
            case _:
                raise BadParameter("PHASE", f"{wanted[:40]!r} cannot be asked for", hint="use RUN or ABORT")
        return self._see(job)

    async def execution_duration(self, request: Request) -> Response:
        return _text(str((await self._job(request)).execution_seconds))

    async def set_execution_duration(self, request: Request) -> Response:
        seconds = parse_seconds((await self._controls(request)).need("EXECUTIONDURATION"))
        job = await self._job(request)
        await _call(self._queue.set_execution_seconds, job, seconds)
        return self._see(job)

    async def destruction(self, request: Request) -> Response:
        return _text(iso((await self._job(request)).destruction))

    async def set_destruction(self, request: Request) -> Response:
        moment = parse_time("DESTRUCTION", (await self._controls(request)).need("DESTRUCTION"))
        job = await self._job(request)
        await _call(self._queue.set_destruction, job, moment)
        return self._see(job)

    async def parameters(self, request: Request) -> Response:
        return _xml(parameters_document(await self._job(request), self._kind.is_reference))

    async def set_parameters(self, request: Request) -> Response:
        job = await self._job(request)
        received = await read_request(request, self._limits)
        await _call(self._change_parameters, job, received)
        return self._see(job)

    def _change_parameters(self, job: Job, received: Received) -> None:
        with received:
            self._queue.change_parameters(self._kind, job, received)

    async def quote(self, request: Request) -> Response:
        moment = quote_of(await self._job(request))
        return _text("" if moment is None else iso(moment))

    async def owner(self, request: Request) -> Response:
        return _text((await self._job(request)).owner)

    async def error(self, request: Request) -> Response:
        job = await self._job(request)
        if job.error is None:
            raise NotFound("the job has no error")
        # TAP 1.1, 5.5: the document of the error, and no error itself.
        return Response(error_document(job.error.message), headers={"Content-Type": _VOTABLE})

    async def results(self, request: Request) -> Response:
        job = await self._job(request)
        return _xml(results_document(job, self._job_address(job)))

    async def result(self, request: Request) -> Response:
        job = await self._job(request)
        result = job.result(request.path_params["result"])
        if result is None:
            over = job.phase is Phase.COMPLETED
            raise NotFound("the job has no such result" + ("" if over else f"; it is {job.phase.value}"))
        path = self._queue.folders.of(job.id) / result.file
        if not await run_in_threadpool(path.is_file):
            raise NotFound("the result is not there any more")
        ended = job.ended or job.created
        file = StoredFile(path, result.name, result.media_type, result.bytes, result.sha256, ended)
        return file_response(request, file, result.headers)

    # ------------------------------------------------------------------------------------------------------

    async def _controls(self, request: Request) -> Pairs:
        return Pairs(await read_pairs(request, _CONTROL_BYTES))

    def _job_address(self, job: Job) -> str:
        return f"{self._address}/{job.id}"

    def _see(self, job: Job) -> Response:
        return RedirectResponse(self._job_address(job), 303)


def _origin(request: Request) -> str:
    """The address that asks; of IPv6 the network, of whose addresses one machine has as many as it likes."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ip_network((address, 64), strict=False))


async def _call(function: Callable[..., _Answer], *arguments: Any) -> _Answer:
    return await run_in_threadpool(function, *arguments)


def _text(text: str) -> Response:
    return Response(text, media_type="text/plain")


def _xml(document: bytes) -> Response:
    return Response(document, media_type=XML_TYPE)
