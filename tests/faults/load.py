"""Clients that ask on and on, whatever happens to the archive, and note what they were told.

A synchronous answer is judged at once: whole and right, or plainly broken. Of a job it is noted what was
acknowledged; `checks` compares that with what is there in the end.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
import zstandard
from lxml import etree

from tests.faults.answers import (
    FORMATS,
    Asked,
    count_slowly,
    count_uploaded,
    digest_of,
    everything,
    rows,
    rows_in,
)
from tests.faults.site import STARS, Site
from tests.uws.support import OVER, UWS

__all__ = ["Load", "Told", "fetched", "large_queries", "loading"]

_CODINGS = ("identity", "gzip", "zstd")
_BUSY = {503, 507}  # a refusal that tells to come again; 507 is kept for those who have no room
_AWAY = (httpx.TransportError,)


@dataclass
class Told:
    """What is known of a job: the archive has taken it on, and what it has been asked since."""

    asked: Asked
    run: bool = False  # acknowledged
    maybe_run: bool = False
    aborted: bool = False  # asked for, whether or not that was heard
    deleted: bool = False  # acknowledged
    maybe_deleted: bool = False
    final: tuple[str, str] | None = None  # the phase at the end and the time of it


@dataclass
class Load:
    """The clients of one round; `failures` are what must not be."""

    site: Site
    seed: int
    large: Sequence[Asked]
    jobs: dict[str, Told] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)

    # --- clients that wait for an answer ------------------------------------------------------------------

    def ask_synchronously(self, number: int) -> None:
        chance = random.Random(f"{self.seed} sync {number}")
        while not self._end.is_set():
            asked = chance.choice(self.large) if chance.random() < 0.5 else _short(chance)
            with contextlib.closing(
                http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=100)
            ) as connection:
                self.seen[self._outcome(connection, asked, chance)] += 1

    def _outcome(self, connection: http.client.HTTPConnection, asked: Asked, chance: random.Random) -> str:
        form, coding = asked.parameters["RESPONSEFORMAT"], chance.choice(_CODINGS)
        try:
            status, content = fetched(connection, asked, coding, chance.choice((0.0, 0.0, 0.05)))
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
            return "sync broken"
        if status in _BUSY:
            return "sync busy"
        if status == 200 and form.startswith("votable") and b'name="QUERY_STATUS" value="ERROR"' in content:
            return "sync told"
        if status == 200 and asked.is_right(content):
            return "sync whole"
        self.failures.append(f"{form} {coding}: {status}, {len(content)} bytes, {content[-300:]!r}")
        return "sync wrong"

    # --- clients that make jobs ---------------------------------------------------------------------------

    def make_jobs(self, number: int) -> None:
        chance = random.Random(f"{self.seed} jobs {number}")
        with httpx.Client(base_url=f"http://127.0.0.1:{self.site.port}/tap", timeout=100) as client:
            while not self._end.is_set():
                time.sleep(chance.uniform(0.0, 0.2))
                try:
                    self._one_job(client, chance)
                except _AWAY:
                    self.seen["jobs broken"] += 1
                    time.sleep(0.05)

    def _one_job(self, client: httpx.Client, chance: random.Random) -> None:
        asked = chance.choice((_short, _short, self._large, _slow, _with_upload))(chance)
        at_once = chance.random() < 0.7
        parameters = asked.parameters | ({"PHASE": "RUN"} if at_once else {})
        files = None if asked.upload is None else {"table": ("table.vot", asked.upload)}
        answer = client.post("/async", data=parameters, files=files)
        if not self._accepted(answer):
            return
        job = answer.headers["location"]
        told = self.jobs[job.rpartition("/")[2]] = Told(asked, at_once, at_once)
        if not at_once:
            told.maybe_run = True
            if not self._accepted(client.post(f"{job}/phase", data={"PHASE": "RUN"})):
                return
            told.run = True
        self._follow(client, job, told, chance)

    def _large(self, chance: random.Random) -> Asked:
        return chance.choice(self.large)

    def _follow(self, client: httpx.Client, job: str, told: Told, chance: random.Random) -> None:
        match chance.choices(("wait", "leave", "abort", "delete"), (6, 2, 1, 1))[0]:
            case "wait":
                answer = client.get(job, params={"WAIT": "3"})
                if answer.status_code == 200:
                    document = etree.fromstring(answer.content)
                    phase = document.findtext(f"{UWS}phase")
                    if phase in OVER:
                        told.final = phase, document.findtext(f"{UWS}endTime")
                elif answer.status_code not in _BUSY:
                    self.failures.append(f"WAIT: {answer.status_code} {answer.text}")
            case "abort":
                time.sleep(chance.uniform(0, 0.3))
                told.aborted = True
                self._accepted(client.post(f"{job}/phase", data={"PHASE": "ABORT"}))
            case "delete":
                time.sleep(chance.uniform(0, 0.3))
                told.maybe_deleted = True
                told.deleted = self._accepted(client.delete(job))

    def _accepted(self, answer: httpx.Response) -> bool:
        self.seen[f"jobs {answer.status_code}"] += 1
        if answer.status_code not in {303, *_BUSY}:
            self.failures.append(f"{answer.request.method} {answer.request.url}: {answer.text}")
        return answer.status_code == 303

    # ------------------------------------------------------------------------------------------------------

    def end(self) -> None:
        self._end.set()


def _short(chance: random.Random) -> Asked:
    return rows(chance.choice((1, 50, 2000, 20_000)), chance.choice(FORMATS))


def _slow(chance: random.Random) -> Asked:
    return count_slowly(chance.choice(FORMATS))


def _with_upload(chance: random.Random) -> Asked:
    return count_uploaded(chance, chance.choice(FORMATS))


def fetched(
    connection: http.client.HTTPConnection, asked: Asked, coding: str, pause: float = 0.0
) -> tuple[int, bytes]:
    """Status and content of /sync, `pause` seconds between two pieces of it.

    HTTPException or OSError when it is broken off in any way that a careful client can tell.
    """
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": coding}
    connection.request("POST", "/tap/sync", urlencode(asked.parameters), form)
    answer = connection.getresponse()
    # Otherwise nobody can tell the end from a broken connection.
    assert answer.chunked or answer.length is not None
    pieces = []
    while piece := answer.read1(100_000):
        pieces.append(piece)
        time.sleep(pause)
    if answer.length:
        raise http.client.IncompleteRead(b"".join(pieces), answer.length)
    return answer.status, _decoded(b"".join(pieces), answer.headers["Content-Encoding"])


def _decoded(content: bytes, coding: str | None) -> bytes:
    match coding:
        case None:
            return content
        case "gzip":
            decoder = zlib.decompressobj(31)
            decoded = decoder.decompress(content)
            assert decoder.eof, "the transfer is whole, the content not"
            return decoded
        case _:
            assert coding == "zstd"
            frames = zstandard.ZstdDecompressor().decompressobj()
            decoded = frames.decompress(content)
            assert frames.eof, "the transfer is whole, the content not"
            return decoded


def large_queries(site: Site, forms: Sequence[str] = FORMATS) -> list[Asked]:
    """Queries whose right answers are what a site says while nothing is wrong."""
    queries = []
    for form in forms:
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", site.port, timeout=100)
        ) as connection:
            status, content = fetched(connection, everything(form, ""), "identity")
        assert status == 200
        queries.append(everything(form, digest_of(content)))
        if form == "csv":
            assert rows_in(form, content) == rows(STARS, form).answer
    return queries


@contextlib.contextmanager
def loading(site: Site, seed: int, large: Sequence[Asked]) -> Iterator[Load]:
    """Clients at work, also with `large` queries; they have ended when the block has."""
    load = Load(site, seed, large)
    threads = [threading.Thread(target=load.ask_synchronously, args=(i,)) for i in range(2)]
    threads += [threading.Thread(target=load.make_jobs, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.end()
        for thread in threads:
            thread.join()
