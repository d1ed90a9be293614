"""Readers get right bytes or an error, whatever happens to the copies."""

from __future__ import annotations

import hashlib
import io
import random
import threading
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from archive.errors import CopyMissing
from archive.store import FileVersion, Store, checksum
from archive.store.blocks import BlockSums, Summing, block_size
from tests.store.support import Site, content, flip, truncate

SIZE = 1_000_003


# --- checksums of blocks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_000_003])
def test_sums_agree_with_what_was_kept_and_with_nothing_else(size: int) -> None:
    data = content(size, size)
    summing = Summing(size)
    for start in range(0, size, 77_777):
        summing.update(data[start : start + 77_777])
    sums = summing.finish()
    assert sums.fits and summing.sha256 == hashlib.sha256(data).hexdigest()
    for first in range(sums.count):
        block = data[first * sums.block : (first + 1) * sums.block]
        rest = data[first * sums.block :]
        assert sums.agree(first, block) and sums.agree(first, rest)
        assert not sums.agree(first, bytes([block[0] ^ 1]) + block[1:])
        assert not sums.agree(first, block[:-1]) and not sums.agree(first, rest + b"\0")


def test_large_files_have_larger_blocks() -> None:
    assert [block_size(size) for size in (0, 1 << 32, (1 << 32) + 1, 1 << 40)] == [
        1 << 16, 1 << 16, 1 << 17, 1 << 24,
    ]  # fmt: skip
    assert not BlockSums(100_000, b"1234").fits


# --- sources ----------------------------------------------------------------------------------------------


def test_any_range_is_read(site: Site) -> None:
    data = content(1, SIZE)
    site.keep("A", data)
    source = site.store.open(site.file("A"))
    chance = random.Random(2)
    for _ in range(200):
        offset, length = chance.randrange(SIZE + 10), chance.choice([1, 80, 2880, 70_000, 500_000])
        assert source.read(offset, length) == data[offset : offset + length]
    assert b"".join(source.chunks(123_456)) == data


def test_a_source_is_a_file(site: Site) -> None:
    data = content(1, SIZE)
    site.keep("A", data)
    with site.store.open(site.file("A")).file() as file:
        assert file.seek(-10, io.SEEK_END) == SIZE - 10
        assert file.read() == data[-10:]
        file.seek(100)
        assert (file.read(5), file.tell(), file.read(3)) == (data[100:105], 105, data[105:108])


def test_astropy_reads_a_source_and_only_what_it_needs(site: Site) -> None:
    pixels = np.arange(4_000_000, dtype=">i4").reshape(2000, 2000)
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixels), fits.ImageHDU(pixels + 1)]).writeto(buffer)
    site.keep("A", buffer.getvalue())
    file = site.file("A")
    for path in site.copies(file).values():
        flip(path, 3_000_000)  # in the first image
    with site.store.open(file).file() as stream, fits.open(stream, lazy_load_hdus=True) as hdus:
        assert (hdus[2].section[10:20, 30:40] == pixels[10:20, 30:40] + 1).all()
        with pytest.raises(CopyMissing):
            _ = hdus[1].data


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "close", "replace"])
def test_a_read_falls_over_to_the_other_copy(site: Site, damage: str) -> None:
    data = content(1, SIZE)
    file = site.keep("A", data)
    opened = site.store.open(site.file("A"))
    path = next(iter(site.copies(file).values()))
    if damage == "flip":
        flip(path, 500_000)
    elif damage == "cut":
        truncate(path, 600_000)
    elif damage == "remove":
        path.unlink()
    elif damage == "close":
        path.unlink()
        path.mkdir()
    else:
        path.unlink()
        path.write_bytes(content(3, SIZE))
    # Opened before, opened after, and as a whole file.
    assert opened.read(0, SIZE) == data
    source = site.store.open(site.file("A"))
    assert source.read(0, SIZE) == data
    assert source.path is not None and source.path != path and source.path.read_bytes() == data
    with site.store.fetched(file) as fetched:
        assert fetched.read_bytes() == data


def test_what_readers_notice_is_told_once_and_checked_first(site: Site) -> None:
    file = site.keep("A", content(1, SIZE))
    for path in site.copies(file).values():
        flip(path, 20)
    for _ in range(3):
        with pytest.raises(CopyMissing, match="no good copy"):
            site.read("A")
        assert site.store.open(site.file("A")).path is None
    assert sorted(site.events()) == sorted(("noticed", name, "A") for name in site.copies(file))
    assert site.rows("SELECT DISTINCT state, checked_at FROM archive.copy") == [("suspect", None)]


def test_two_copies_with_different_damage_make_a_whole(site: Site) -> None:
    data = content(1, SIZE)
    file = site.keep("A", data)
    for path, offset in zip(site.copies(file).values(), (10, 900_000), strict=True):
        flip(path, offset)
    assert site.read("A") == data
    assert site.store.open(site.file("A")).path is None


def test_no_copy_at_all_is_an_error(site: Site) -> None:
    file = site.keep("A", content(1, SIZE))
    for path in site.copies(file).values():
        path.unlink()
    with pytest.raises(CopyMissing) as caught:
        site.store.open(site.file("A"))
    assert caught.value.status == 503


def test_a_file_without_sums_is_verified_as_a_whole_and_then_has_some(site: Site) -> None:
    data = content(1, SIZE)
    file = site.keep("A", data)
    with site.database.writer() as connection:
        connection.execute("UPDATE archive.file SET blocks = NULL")
    flip(next(iter(site.copies(file).values())), 7)
    assert site.store.open(site.file("A")).read(900_000, 10) == data[900_000:900_010]
    assert site.file("A").blocks == file.blocks


def test_a_store_of_one_folder_never_gives_wrong_bytes(tmp_path: Path) -> None:
    source = tmp_path / "a.fits"
    source.write_bytes(content(1, SIZE))
    store = Store(tmp_path / "store")
    kept = store.keep(source, "a", checksum(source))
    file = FileVersion("a", 1, "a.fits", kept.place, kept.sha256, kept.bytes, "", "", None)
    assert store.open(file).read(5, 10) == source.read_bytes()[5:15]
    flip(store.path(kept.place), 900_000)
    with pytest.raises(CopyMissing):
        store.open(file).read(5, 10)


def test_readers_during_all_kinds_of_damage_get_right_bytes_or_an_error(site: Site) -> None:
    """Threads read while files of one volume are damaged, removed and mended, over and over."""
    contents = {f"A{number}": content(number, 300_000 + number) for number in range(8)}
    files = {name: site.keep(name, data) for name, data in contents.items()}
    stop = threading.Event()
    wrong: list[str] = []
    reads = [0] * 4

    def read(number: int) -> None:
        chance = random.Random(number)
        while not stop.is_set():
            name = chance.choice(list(contents))
            data, source = contents[name], site.store.open(files[name])
            offset = chance.randrange(len(data))
            if source.read(offset, 100_000) != data[offset : offset + 100_000]:
                wrong.append(name)
            with source.file() as stream:
                if stream.read() != data:
                    wrong.append(name)
            reads[number] += 1

    threads = [threading.Thread(target=read, args=(number,)) for number in range(len(reads))]
    for thread in threads:
        thread.start()
    chance = random.Random(7)
    for _ in range(3):
        for name, file in files.items():
            volume, path = chance.choice(sorted(site.copies(file).items()))
            match chance.randrange(3):
                case 0:
                    flip(path, chance.randrange(file.bytes), chance.randrange(8))
                case 1:
                    truncate(path, chance.randrange(file.bytes))
                case 2:
                    path.unlink()
            assert volume and contents[name]
        done = site.scrub()
        assert (done.faults, done.repaired, done.lost) == (8, 8, 0)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == [] and all(reads)
    assert all(len(site.good_copies(file)) == 2 for file in files.values())
