"""Servers and workers that are told to end in the middle of everything, also while the database is away."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest

from tests.faults.answers import ENDLESS, everything
from tests.faults.site import Site
from tests.uws.support import phase, run
from tests.waiting import eventually


@contextlib.contextmanager
def busy_clients(site: Site) -> Iterator[list[str]]:
    """Running jobs, whose addresses are given; clients that wait for them or for queries, or take nothing."""
    base = f"http://127.0.0.1:{site.port}/tap"

    def get(path: str, **parameters: str) -> None:
        # It is broken off, or says what is known.
        with contextlib.suppress(httpx.TransportError):
            assert httpx.get(base + path, params=parameters, timeout=300).status_code in {200, 500, 503}

    with httpx.Client(base_url=base, timeout=100) as client, contextlib.ExitStack() as stack:
        jobs = [run(client, ENDLESS.parameters) for _ in range(8)]
        eventually(lambda: sum(phase(client, job) == "EXECUTING" for job in jobs) >= 2, "no job runs")
        paths = [job.removeprefix(base) for job in jobs]
        threads = [threading.Thread(target=get, args=(path,), kwargs={"WAIT": "-1"}) for path in paths]
        threads += [
            threading.Thread(target=get, args=("/sync",), kwargs=ENDLESS.parameters) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for _ in range(2):
            lazy = stack.enter_context(socket.create_connection(("127.0.0.1", site.port)))
            query = urlencode(everything("votable/td", "").parameters)
            lazy.sendall(f"GET /tap/sync?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert lazy.recv(1000)
        yield paths
        for thread in threads:
            thread.join()


@contextlib.contextmanager
def without_database(site: Site) -> Iterator[None]:
    """PostgreSQL is killed and cannot be started again before the end."""
    control = site.cluster.data / "global" / "pg_control"
    hidden = control.with_name("hidden")
    control.rename(hidden)
    site.kill_postgresql(master_only=False)
    yield
    hidden.rename(control)


@pytest.mark.parametrize(
    "away", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["with", "without database"]
)
def test_told_to_end(site, away):
    names = ("serve", "worker") if away else ("serve",)
    site.configure("job_slots = 3")
    site.start(*names)
    with busy_clients(site) as jobs, without_database(site) if away else contextlib.nullcontext():
        for name in names:
            site.processes[name].send_signal(signal.SIGTERM)
        assert {site.ended(name) for name in names} == {0}
    assert "Traceback" not in site.whole_log(), site.whole_log()
    site.start("serve")
    with httpx.Client(base_url=f"http://127.0.0.1:{site.port}/tap", timeout=100) as client:
        for job in jobs:
            eventually(lambda: phase(client, job) in {"QUEUED", "EXECUTING"}, "a job is lost")  # noqa: B023
            assert client.delete(job).status_code == 303


def test_told_twice(site):
    """Ctrl-C, and again because somebody waits: what runs is ended all the same."""
    site.configure("job_slots = 3")
    site.start("serve")
    with busy_clients(site):
        site.processes["serve"].send_signal(signal.SIGINT)
        eventually(lambda: not site.answers(), "it goes on")
        site.processes["serve"].send_signal(signal.SIGINT)
        assert site.ended("serve") == 130
