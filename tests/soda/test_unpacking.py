"""Packed files: unpacked once, kept for a while, refused when they are too large or damaged."""

from __future__ import annotations

import bz2
import gzip
import os
import threading

import pytest

from archive.errors import Cancelled, TooLarge, UnreadableFile
from archive.pixels import Unpacker
from tests.ingest.support import compress
from tests.soda.support import CountingBytes

CONTENT = bytes(range(256)) * 4000


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, compress])
def test_any_place_can_be_read(tmp_path, pack):
    unpacker = Unpacker(tmp_path / "unpacked", 10_000_000)
    source = CountingBytes(pack(CONTENT))
    with unpacker.opened(source, "key") as plain:
        assert plain.size == len(CONTENT)
        assert plain.read(500_000, 1000) == CONTENT[500_000:501_000]
        assert plain.read(len(CONTENT) - 5, 100) == CONTENT[-5:]
    assert os.listdir(tmp_path / "unpacked") == ["key"]


def test_what_is_not_packed_is_itself(tmp_path):
    source = CountingBytes(CONTENT)
    with Unpacker(tmp_path / "unpacked", 1).opened(source, "key") as plain:
        assert plain is source
    assert not (tmp_path / "unpacked").exists()


def test_unpacked_once(tmp_path):
    unpacker = Unpacker(tmp_path, 10_000_000)

    class Once(CountingBytes):
        opened = 0

        def file(self):
            Once.opened += 1
            return super().file()

    source = Once(gzip.compress(CONTENT))
    found = []

    def read():
        with unpacker.opened(source, "key") as plain:
            found.append(plain.read(0, len(CONTENT)))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT] * 8
    assert Once.opened == 1


def test_the_oldest_goes(tmp_path):
    unpacker = Unpacker(tmp_path, 2 * len(CONTENT) + 10)
    source = CountingBytes(gzip.compress(CONTENT))
    for number, key in enumerate(("first", "second")):
        with unpacker.opened(source, key):
            os.utime(tmp_path / key, (number, number))
    with unpacker.opened(source, "first"):
        pass  # used again
    with unpacker.opened(source, "third"):
        pass
    assert sorted(os.listdir(tmp_path)) == ["first", "third"]


def test_what_goes_can_still_be_read(tmp_path):
    unpacker = Unpacker(tmp_path, len(CONTENT))
    source = CountingBytes(gzip.compress(CONTENT))
    with unpacker.opened(source, "first") as first:
        with unpacker.opened(source, "second"):
            assert os.listdir(tmp_path) == ["second"]
        assert first.read(0, 10) == CONTENT[:10]


def test_too_large(tmp_path):
    with (
        pytest.raises(TooLarge),
        Unpacker(tmp_path, 1000).opened(CountingBytes(gzip.compress(CONTENT)), "key"),
    ):
        pass
    assert os.listdir(tmp_path) == []


def _flipped(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 255]) + content[half + 1 :]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
@pytest.mark.parametrize(
    "harm", [lambda content: content[: len(content) // 2], _flipped], ids=["cut", "flipped"]
)
def test_damaged(tmp_path, pack, harm):
    source = CountingBytes(harm(pack(os.urandom(50_000) + CONTENT)))
    with pytest.raises(UnreadableFile), Unpacker(tmp_path, 10_000_000).opened(source, "key"):
        pass
    assert os.listdir(tmp_path) == []


def test_given_up(tmp_path):
    def check() -> None:
        raise Cancelled("the client left")

    source = CountingBytes(gzip.compress(CONTENT))
    with pytest.raises(Cancelled), Unpacker(tmp_path, 10_000_000).opened(source, "key", check):
        pass
    assert os.listdir(tmp_path) == []
