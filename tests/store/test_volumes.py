"""What every kind of volume must do, done by each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.errors import ConfigurationError
from archive.store.buckets import BucketVolume
from archive.store.folders import FolderVolume
from archive.store.known import parse_volumes
from archive.store.volumes import Fault, Volume, VolumeFault
from tests.store.support import content

PLACE = "0a1/ISAAC.2006-04-13T06:32:38.944 (a+b,c@d)=%2F%25~0a1b2c3d.fits.gz"


@pytest.fixture(params=["folder", "bucket"])
def volume(request: pytest.FixtureRequest, tmp_path: Path) -> Volume:
    if request.param == "bucket":
        return BucketVolume("cloud", request.getfixturevalue("bucket"))
    folder = FolderVolume("disk", tmp_path / "disk", marked=True)
    folder.mark()
    return folder


def pieces(data: bytes, length: int = 1 << 20) -> Iterator[bytes]:
    for start in range(0, len(data), length):
        yield data[start : start + length]


@pytest.mark.parametrize("size", [0, 1, 100_000, 9_000_001])
def test_what_is_put_is_read(volume: Volume, size: int) -> None:
    data = content(size, size)
    volume.put(PLACE, pieces(data), size)
    assert volume.size(PLACE) == size
    assert b"".join(volume.chunks(PLACE)) == data
    for offset, length in ((0, 10), (size // 2, 70_000), (max(0, size - 5), 100)):
        if offset < size:
            assert volume.read(PLACE, offset, length) == data[offset : offset + length]


def test_what_is_not_there_is_missing(volume: Volume) -> None:
    for ask in (
        volume.size,
        lambda place: volume.read(place, 0, 1),
        lambda place: list(volume.chunks(place)),
    ):
        with pytest.raises(VolumeFault) as caught:
            ask(PLACE)
        assert caught.value.fault is Fault.MISSING


@pytest.mark.parametrize("size", [100_000, 20_000_000])
def test_a_write_that_fails_leaves_nothing(volume: Volume, size: int) -> None:
    def failing() -> Iterator[bytes]:
        yield from pieces(content(1, size // 2))
        raise ValueError("the source is gone")

    with pytest.raises(ValueError, match="the source is gone"):
        volume.put(PLACE, failing(), size)
    with pytest.raises(VolumeFault):
        volume.size(PLACE)


def test_a_fault_of_the_source_passes_through_a_write(volume: Volume) -> None:
    def failing() -> Iterator[bytes]:
        yield b"abc"
        raise VolumeFault(Fault.DAMAGED, "the other copy")

    with pytest.raises(VolumeFault, match="the other copy"):
        volume.put(PLACE, failing(), 3)


def test_bytes_set_aside_outlive_a_repair(volume: Volume) -> None:
    volume.put(PLACE, [b"wrong"], 5)
    name = volume.set_aside(PLACE)
    volume.put(PLACE, [b"right"], 5)
    assert (volume.read(PLACE, 0, 5), volume.read(name, 0, 5)) == (b"right", b"wrong")


def test_a_bucket_that_does_not_answer_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    volume = BucketVolume("cloud", "s3://bucket?endpoint=http://127.0.0.1:9", {"URANIBORG_S3_CLOUD": "a:b"})
    with pytest.raises(VolumeFault) as caught:
        volume.probe()
    assert caught.value.fault is Fault.AWAY


@pytest.mark.parametrize("address", ["s3:///nothing", "s3://bucket?secret=x", "s3:bucket"])
def test_what_is_no_bucket_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="no address of a bucket"):
        BucketVolume("cloud", address)


def test_a_disk_that_is_not_mounted_is_away_and_not_written(tmp_path: Path) -> None:
    volume = FolderVolume("disk", tmp_path / "disk", marked=True)
    volume.mark()
    (tmp_path / "disk" / "uraniborg-volume").unlink()
    for ask in (volume.probe, lambda: volume.size(PLACE), lambda: volume.put(PLACE, [b"abc"], 3)):
        with pytest.raises(VolumeFault) as caught:
            ask()
        assert caught.value.fault is Fault.AWAY
    assert list((tmp_path / "disk").iterdir()) == []


def test_a_folder_belongs_to_one_volume(tmp_path: Path) -> None:
    FolderVolume("one", tmp_path, marked=True).mark()
    with pytest.raises(VolumeFault, match="volume one already"):
        FolderVolume("two", tmp_path, marked=True).mark()


@pytest.mark.parametrize(
    "entry", ["/srv/disk", "= /srv/disk", "disk =", "disk = relative", "a b = /srv/disk", "ä = /srv/disk"]
)
def test_settings_that_name_no_volume_are_refused(entry: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_volumes([entry])


def test_volumes_are_read_from_settings() -> None:
    assert parse_volumes(["disk-2 = /srv/disk", "cloud=s3://bucket/prefix?endpoint=http://s3.example"]) == [
        ("disk-2", "/srv/disk"),
        ("cloud", "s3://bucket/prefix?endpoint=http://s3.example"),
    ]
