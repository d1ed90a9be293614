"""The same data in another packing: one dataset, one version, nothing written a second time."""

from __future__ import annotations

import bz2
import gzip
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from archive.database import Database
from archive.testing import ClusterForTests
from ingest import Outcome
from ingest.twins import is_same_data
from tests.ingest.support import TAN, compress, image, write
from tests.ingest.test_run import Archive, frame

PLAIN = image(TAN | {"OBJECT": "tile"})


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=1)


@pytest.fixture(scope="module")
def own_database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        yield database


@pytest.fixture
def archive(own_database: Database, tmp_path: Path) -> Archive:
    made = Archive(own_database, tmp_path)
    made.ingest()
    with own_database.writer() as connection:
        connection.execute(
            "TRUNCATE archive.file, archive.header, archive.ingest_outcome, dbo.raw, ivoa.obscore,"
            " ist.other, phase3v2.files, adql.header_keywords CASCADE"
        )
    return made


def _tiled(path: Path, content: bytes) -> Path:
    """The content, which is one image in a primary HDU, as astropy compresses it by tiles."""
    # astropy minds cards as `support` writes them.
    with warnings.catch_warnings(action="ignore"), fits.open(BytesIO(content)) as hdus:
        fits.CompImageHDU(hdus[0].data, hdus[0].header).writeto(path)
    return path


@pytest.mark.parametrize(
    ("ending", "pack"), [("gz", _gzip), ("Z", compress), ("bz2", bz2.compress)], ids=["gz", "Z", "bz2"]
)
@pytest.mark.parametrize("content", [frame(1), PLAIN], ids=["by ARCFILE", "by name"])
def test_a_packed_copy_is_unchanged(
    archive: Archive, content: bytes, ending: str, pack: Callable[[bytes], bytes]
) -> None:
    write(archive.incoming, "a.fits", content)
    assert archive.ingest().counts == {Outcome.INGESTED: 1}
    before = archive.counts(), sorted(archive.store.folder.rglob("*"))
    (archive.incoming / "copies").mkdir()
    (archive.incoming / "copies" / f"a.fits.{ending}").write_bytes(pack(content))
    for _ in range(2):
        summary = archive.ingest()
        assert summary.counts == {Outcome.UNCHANGED: 2}
        assert "1 the same data in another packing" in "\n".join(summary.lines())
        assert (archive.counts(), sorted(archive.store.folder.rglob("*"))) == before


def test_copies_of_one_run_are_one(archive: Archive) -> None:
    write(archive.incoming, "a.fits", PLAIN)
    write(archive.incoming, "a.fits.gz", PLAIN)
    (archive.incoming / "a.fits.Z").write_bytes(compress(PLAIN))
    _tiled(archive.incoming / "a.fits.fz", PLAIN)
    assert archive.ingest().counts == {Outcome.INGESTED: 1, Outcome.UNCHANGED: 3}
    assert archive.ingest().counts == {Outcome.UNCHANGED: 4}
    assert archive.rows("SELECT name, version FROM archive.file") == [("a.fits", 1)]


def test_other_data_under_one_name_are_refused_however_packed(archive: Archive) -> None:
    write(archive.incoming, "a.fits", PLAIN)
    archive.ingest()
    write(archive.incoming, "a.fits.gz", image(TAN | {"OBJECT": "other"}))
    summary = archive.ingest()
    assert summary.counts == {Outcome.UNCHANGED: 1, Outcome.REFUSED: 1}
    assert "only file names tell them apart" in str(summary.failures[0].reason)


def test_other_data_of_one_frame_are_a_new_version_however_packed(archive: Archive) -> None:
    write(archive.incoming, "a.fits", frame(1))
    archive.ingest()
    write(archive.incoming, "a.fits.gz", frame(1, OBJECT="corrected"))
    assert archive.ingest().counts == {Outcome.UNCHANGED: 1, Outcome.NEW_VERSION: 1}
    assert archive.ingest().counts == {Outcome.UNCHANGED: 2}


def test_an_old_packed_copy_does_not_undo_a_correction(archive: Archive) -> None:
    write(archive.incoming, "a.fits", frame(1))
    write(archive.incoming, "a.fits.gz", frame(1))
    assert archive.ingest().counts == {Outcome.INGESTED: 1, Outcome.UNCHANGED: 1}
    write(archive.incoming, "a.fits", frame(1, OBJECT="corrected"))
    assert archive.ingest().counts == {Outcome.NEW_VERSION: 1, Outcome.UNCHANGED: 1}
    assert archive.rows("SELECT object FROM dbo.raw") == [("corrected",)]


def test_packing_a_file_anew_changes_nothing(archive: Archive) -> None:
    path = archive.incoming / "a.fits.gz"
    path.write_bytes(gzip.compress(PLAIN, 1, mtime=1))
    assert archive.ingest().counts == {Outcome.INGESTED: 1}
    path.write_bytes(gzip.compress(PLAIN, 9, mtime=2))
    assert archive.ingest().counts == {Outcome.UNCHANGED: 1}


CARDS = {"OBJECT": "x", "EXPTIME": 1.5, "HIERARCH ESO DPR CATG": "SCIENCE"}


def _image(folder: Path, datatype: str) -> tuple[Path, fits.PrimaryHDU]:
    pixels = np.random.default_rng(1).integers(0, 200, (40, 60)).astype(datatype)
    hdu = fits.PrimaryHDU(pixels)
    hdu.header.update(CARDS)
    hdu.header.add_history("made by hand")
    hdu.writeto(folder / "a.fits", overwrite=True, checksum=True)
    return folder / "a.fits", hdu


@pytest.mark.parametrize("datatype", ["u1", "i2", "u2", "i4", "f4", "f8"])
def test_tile_compression_without_loss(tmp_path: Path, datatype: str) -> None:
    plain, hdu = _image(tmp_path, datatype)
    how = {"compression_type": "GZIP_1", "quantize_level": 0} if datatype[0] == "f" else {}
    tiled = tmp_path / "a.fits.fz"
    fits.CompImageHDU(hdu.data, hdu.header, **how).writeto(tiled)
    packed = write(tmp_path, "a.fits.gz", plain.read_bytes())
    assert is_same_data(plain, tiled) and is_same_data(tiled, packed) and is_same_data(packed, plain)


def test_tile_compression_of_extensions(tmp_path: Path) -> None:
    table = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[1, 2])])
    images = [np.arange(start, start + 100, dtype="i2").reshape(10, 10) for start in (0, 100)]
    primary = fits.PrimaryHDU(header=fits.Header(CARDS))
    plain = fits.HDUList([primary, *(fits.ImageHDU(pixels) for pixels in images), table])
    tiled = fits.HDUList([primary, *(fits.CompImageHDU(pixels) for pixels in images), table])
    swapped = fits.HDUList([primary, *(fits.CompImageHDU(pixels) for pixels in images[::-1]), table])
    for name, hdus in (("plain", plain), ("tiled", tiled), ("swapped", swapped)):
        hdus.writeto(tmp_path / name)
    assert is_same_data(tmp_path / "plain", tmp_path / "tiled")
    assert not is_same_data(tmp_path / "plain", tmp_path / "swapped")


def test_what_is_not_the_same(tmp_path: Path) -> None:
    plain, hdu = _image(tmp_path, "i2")
    more = hdu.header.copy()
    more["OBJECT"] = "y"
    fits.CompImageHDU(hdu.data, more).writeto(tmp_path / "card")
    fits.CompImageHDU(hdu.data + 1, hdu.header).writeto(tmp_path / "pixels")
    fits.CompImageHDU(hdu.data.astype("f4") / 3, hdu.header, quantize_level=4).writeto(tmp_path / "lossy")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(plain.read_bytes())[:-100])
    (tmp_path / "text").write_bytes(b"Read me")
    for name in ("card", "pixels", "lossy", "cut.gz", "text", "absent"):
        assert not is_same_data(plain, tmp_path / name), name
    lossy, _ = _image(tmp_path, "f4")
    assert not is_same_data(lossy, tmp_path / "lossy")
