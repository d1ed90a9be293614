"""A file that lies in a bucket alone is cut there: few requests, few bytes, every block of them checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from astropy.io import fits

from archive.pixels import Extent, Selection, cut
from archive.store import FileVersion, Store, checksum
from archive.store.buckets import BucketVolume
from tests.soda.support import NOTE, assert_agrees, circle, header, opened, pixels, written
from tests.store.conftest import bucket, s3_endpoint

__all__ = ["bucket", "s3_endpoint"]

SKY = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0,
    "CRPIX1": 1000.0, "CRPIX2": 1000.0, "CDELT1": -0.0001, "CDELT2": 0.0001,
}  # fmt: skip


@dataclass
class _OneBucket:
    """The volumes of an archive without any folder; counts what is read."""

    volume: BucketVolume
    reads: list[int] = field(default_factory=list)
    copies: int = 1

    def readable(self):
        return (self.volume,)

    writable = readable


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_bucket(bucket, tmp_path, monkeypatch):
    image = fits.PrimaryHDU(pixels(2000, 2000), header(SKY))
    path = tmp_path / "image.fits"
    path.write_bytes(written(image))
    volumes = _OneBucket(BucketVolume("two", bucket))
    store = Store(tmp_path / "none", volumes=volumes)
    sha256 = checksum(path)
    content = store.keep(path, "IMAGE", sha256)
    now = datetime.now(UTC)
    file = FileVersion(
        "IMAGE",
        1,
        "i.fits",
        content.place,
        sha256,
        content.bytes,
        "application/fits",
        "",
        now,
        content.blocks,
    )
    read = BucketVolume.read

    def counted(volume, place, offset, length):
        volumes.reads.append(length)
        return read(volume, place, offset, length)

    monkeypatch.setattr(BucketVolume, "read", counted)
    made = cut(store.open(file), Selection((circle(150.0, 2.0, 0.00505),)), Extent(), NOTE)
    assert made is not None
    (part,) = opened(b"".join(made.chunks()))
    assert assert_agrees(image, part) == ((949, 1050), (949, 1050))
    assert len(volumes.reads) <= 3
    assert sum(volumes.reads) < content.bytes / 10
