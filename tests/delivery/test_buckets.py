"""Files whose only copy lies in a bucket: sent piece by piece, in bounded memory."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from archive.protocol import files
from archive.protocol.files import file_response
from archive.store import Delivered, FileVersion
from archive.store.blocks import Summing
from archive.store.buckets import BucketVolume
from archive.store.proofs import Proofs
from archive.store.sources import CopiesSource
from tests.serving import listening, serving
from tests.store.conftest import bucket, s3_endpoint

__all__ = ["bucket", "s3_endpoint"]
CONTENT = np.random.default_rng(21).bytes(7_500_000)


class Quiet:
    """A watch that is told nothing in these tests."""

    def found(self, place, volume, fault):
        raise AssertionError(fault)

    def learned(self, place, sums):
        raise AssertionError(place)


@dataclass
class Counting:
    """A source beside which is counted how many pieces are read at the same time."""

    source: CopiesSource
    now: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def read(self, offset: int, length: int) -> bytes:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            assert length <= files._READ
            return self.source.read(offset, length)
        finally:
            with self._lock:
                self.now -= 1

    def checked(self, offset: int, length: int) -> None:
        return self.source.checked(offset, length)


@pytest.fixture
def counted(bucket: str, tmp_path) -> Counting:
    path = tmp_path / "large"
    path.write_bytes(CONTENT)
    summing = Summing(len(CONTENT))
    summing.update(CONTENT)
    volume = BucketVolume("cloud", bucket)
    volume.put("0a1/large", [CONTENT], len(CONTENT))
    sums = summing.finish()
    return Counting(
        CopiesSource("0a1/large", summing.sha256, len(CONTENT), sums, [volume], Quiet(), Proofs())
    )


@pytest.fixture
def client(counted: Counting) -> Iterator[httpx.Client]:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    file = FileVersion("A", 1, "a.fits", "0a1/large", sha256, len(CONTENT), "application/fits", "/a", moment)

    async def answer(request: Request):
        return file_response(request, Delivered(file, 0, file.bytes, sha256, moment, (), counted))

    with (
        serving(Starlette(routes=[Route("/", answer)]), listening()) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield client


def test_whole_and_in_parts(client):
    assert client.get("/").content == CONTENT
    answer = client.get("/", headers={"Range": "bytes=3000000-3999999,7400000-"})
    assert answer.status_code == 206
    assert CONTENT[3_000_000:4_000_000] in answer.content and CONTENT[7_400_000:] in answer.content


def test_many_at_once_read_few_pieces_at_once(client, counted):
    def fetch() -> None:
        digests.append(hashlib.sha256(client.get("/").content).digest())

    digests: list[bytes] = []
    threads = [threading.Thread(target=fetch) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert digests == [hashlib.sha256(CONTENT).digest()] * 12
    assert counted.most <= files._READERS
