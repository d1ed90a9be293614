"""Files and folders made to do harm, or damaged: each ends in a reason, soon and in little memory."""

from __future__ import annotations

import bz2
import gzip
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from archive.errors import ConfigurationError, UnreadableFile
from archive.store import Header, Store, checksum
from archive.tablefiles.fits_scan import scan
from archive.tablefiles.streams import is_fits, open_stream
from ingest.fits_tables import numbers, read_table, texts
from ingest.outcomes import Outcome, Report, Summary
from tests.ingest.support import TAN, card, compress, header_bytes, image, write

MEBIBYTE = 1 << 20


def binary_table(width: int, rows: int, heap: int = 0, **more: object) -> bytes:
    """The header of a binary table, as it may be announced without being there."""
    values = {"BITPIX": 8, "NAXIS": 2, "NAXIS1": width, "NAXIS2": rows, "PCOUNT": heap, "GCOUNT": 1}
    return header_bytes([card("XTENSION", "BINTABLE"), *(card(*item) for item in (values | more).items())])


def everything(_header: Header) -> bool:
    return True


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress], ids=["gzip", "bzip2"])
def test_what_unpacks_without_end_is_refused(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    path = tmp_path / "bomb.fits"
    path.write_bytes(pack(bytes(8 * MEBIBYTE)))
    with open_stream(path, 2 * MEBIBYTE) as stream, pytest.raises(UnreadableFile, match="larger than can be"):
        stream.skip(8 * MEBIBYTE)
    with open_stream(path) as stream:
        assert stream.skip(9 * MEBIBYTE) == 8 * MEBIBYTE


def test_what_is_packed_as_real_data_are_may_be_of_any_size(tmp_path: Path) -> None:
    content = np.random.default_rng(1).bytes(100_000) + bytes(100_000)
    for name, packed in (("a", gzip.compress(content)), ("b", compress(content[-150_000:]))):
        (tmp_path / name).write_bytes(packed)
        with open_stream(tmp_path / name, 1000) as stream:
            assert stream.skip(1 << 30) >= 150_000


def test_millions_of_empty_hdus_are_refused(tmp_path: Path) -> None:
    extension = header_bytes([card("XTENSION", "IMAGE"), card("BITPIX", 8), card("NAXIS", 0)])
    (tmp_path / "a.fits.gz").write_bytes(gzip.compress(image({}, ()) + extension * 10_100, 1))
    with pytest.raises(UnreadableFile, match="10000 HDUs"):
        scan(tmp_path / "a.fits.gz")


def test_tables_are_read_only_as_long_as_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    size = 150 * MEBIBYTE - 150 * MEBIBYTE % 2880
    with path.open("wb") as file:
        file.write(image({}, ()))
        for _ in range(2):
            file.write(binary_table(2880, size // 2880))
            file.seek(size, os.SEEK_CUR)
        file.truncate()
    assert [hdu.data and len(hdu.data) for hdu in scan(path, everything).hdus] == [None, size, None]


def test_arrays_that_share_their_bytes_are_not_multiplied(tmp_path: Path) -> None:
    rows, heap = 20_000, 800_000
    columns = {
        "TFIELDS": 2,
        "TFORM1": "1PD(100000)",
        "TTYPE1": "WAVE",
        "TFORM2": "1PA(800000)",
        "TTYPE2": "TARGET",
    }
    head = binary_table(16, rows, heap, **columns)
    descriptors = np.tile(np.array([100_000, 0, 800_000, 0], ">i4"), rows).tobytes()
    content = descriptors + bytes(heap)
    path = write(tmp_path, "a.fits", image({}, ()), head, content, bytes(-len(content) % 2880))
    table = read_table(scan(path, everything).hdus[1])
    assert table is not None and len(table) == rows
    assert numbers(table, 1).size == 0 and texts(table, 2) == []


def test_rows_without_bytes_are_not_counted(tmp_path: Path) -> None:
    head = binary_table(0, 10**12, 2880, TFIELDS=1, TFORM1="0A", TTYPE1="TARGET")
    path = write(tmp_path, "a.fits", image({}, ()), head, bytes(2880))
    hdu = scan(path, everything).hdus[1]
    assert hdu.data is not None and read_table(hdu) is None


@pytest.mark.parametrize("number", [0, 1])
def test_axes_without_number_in_a_header_without_end(tmp_path: Path, number: int) -> None:
    axes = [card("BITPIX", 8), card("NAXIS", 999_999_999), card("NAXIS1", 1)]
    endless = header_bytes([card("SIMPLE", True), *axes]).replace(b"END" + b" " * 77, b" " * 80)
    second = header_bytes([card("XTENSION", "IMAGE"), *axes])
    if number:
        endless = header_bytes([card("SIMPLE", True), card("BITPIX", 8), card("NAXIS", 0)])
        endless = endless.replace(b"END" + b" " * 77, b"END = 1".ljust(80))
    path = write(tmp_path, "a.fits", endless, second.replace(b"END" + b" " * 77, b" " * 80))
    if number == 0:
        with pytest.raises(UnreadableFile, match="malformed"):
            scan(path)
    else:
        assert len(scan(path).hdus) == 1


def test_problems_without_number_are_told_in_part(tmp_path: Path) -> None:
    path = write(tmp_path, "a.fits", image(TAN, lines=[f"bad{number:05}= 1" for number in range(20_000)]))
    problems = scan(path).problems
    assert len(problems) == 101 and problems[-1] == "HDU 0: 19900 further problems"


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe.fits")
    return tmp_path / "pipe.fits"


def test_pipes_and_devices_are_no_files(pipe: Path) -> None:
    for path in (pipe, Path("/dev/zero"), pipe.parent):
        assert not is_fits(path)
        with pytest.raises(UnreadableFile, match=r"device, a pipe|Is a directory"):
            scan(path)


@contextmanager
def no_room(size: int) -> Iterator[None]:
    """As if the disk were full when a file has grown to `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_the_fault_of_the_store_and_leaves_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "a.fits", image({}, (1000, 1000)))
    store = Store(tmp_path / "store")
    with no_room(MEBIBYTE), pytest.raises(ConfigurationError, match="takes no files: File too large"):
        store.keep(path, "a", checksum(path))
    assert [found for found in store.folder.rglob("*") if found.is_file()] == []
    assert store.path(store.keep(path, "a", checksum(path)).place).read_bytes() == path.read_bytes()


def test_a_source_that_is_gone_is_the_fault_of_the_source(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        Store(tmp_path / "store").keep(tmp_path / "gone", "a", "0" * 64)


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"no folder")
    path = write(tmp_path, "a.fits", image({}))
    with pytest.raises(ConfigurationError, match="takes no files"):
        Store(tmp_path / "store").keep(path, "a", checksum(path))


def test_names_are_shown_in_one_line_that_any_terminal_takes() -> None:
    summary = Summary(offered=3)
    path = Path(os.fsdecode(b"/in/caf\xe9\n\x1b[2Jinto the next line.fits"))
    summary.add(Report(path, Outcome.UNREADABLE, "not\x07 FITS"))
    *_, remaining, failure = summary.lines()
    assert failure == r"unreadable: /in/caf\udce9\n\x1b[2Jinto the next line.fits: not\x07 FITS"
    assert remaining.split() == ["2", *"not reached; the same command takes them in".split()]
