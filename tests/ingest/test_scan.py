"""HDUs of whole, packed, damaged and strange files."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from archive.errors import UnreadableFile
from archive.tablefiles.fits_scan import scan
from archive.tablefiles.streams import Packing, is_fits, packing
from tests.ingest.support import RAW, card, compress, header_bytes, image, table, write

WHOLE = image({"OBJECT": "M 17"}, (64, 64)) + image({"EXTNAME": "CHIP2"}, (64, 32), first=False)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.fits", WHOLE, Packing.NONE),
        ("a.fits.gz", gzip.compress(WHOLE), Packing.GZIP),
        ("a.fits.Z", compress(WHOLE), Packing.COMPRESS),
        ("a.fits.bz2", bz2.compress(WHOLE), Packing.BZIP2),
        ("told-by-content.dat", gzip.compress(WHOLE), Packing.GZIP),
    ],
)
def test_packed_files(tmp_path: Path, name: str, content: bytes, expected: Packing) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    file = scan(path)
    assert packing(path) is expected and is_fits(path)
    assert [(hdu.name, hdu.shape) for hdu in file.hdus] == [("", (64, 64)), ("CHIP2", (64, 32))]
    assert b"".join(hdu.header.raw for hdu in file.hdus) == WHOLE[:2880] + WHOLE[2880 + 8640 :][:2880]
    assert file.problems == ()


def test_a_tile_compressed_image_is_seen_as_the_image_inside(tmp_path: Path) -> None:
    made = fits.Header({"EXPTIME": 4.0, "CTYPE1": "RA---TAN"})
    inside = fits.CompImageHDU(np.zeros((50, 100), "i2"), made, name="CHIP1", compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), inside]).writeto(tmp_path / "a.fits.fz")
    hdu = scan(tmp_path / "a.fits.fz").hdus[1]
    assert hdu.is_image and not hdu.is_table
    assert (hdu.shape, hdu.view.integer("BITPIX"), hdu.name) == ((100, 50), 16, "CHIP1")
    assert not any(keyword.startswith(("Z", "TFORM", "TTYPE")) for keyword in hdu.view)
    assert hdu.header.text("XTENSION") == "BINTABLE"


def test_the_primary_header_that_fpack_moved_is_found(tmp_path: Path) -> None:
    primary = image({}, ())
    columns = {"TFIELDS": 0, "ZIMAGE": True, "ZSIMPLE": True, "ZBITPIX": 16, "ZNAXIS": 2, "ZNAXIS1": 8}
    packed = [card("XTENSION", "BINTABLE"), card("BITPIX", 8), card("NAXIS", 2), card("NAXIS1", 0)]
    packed += [card("NAXIS2", 0), card("PCOUNT", 0), card("GCOUNT", 1)]
    packed += [card(*item) for item in {**columns, "ZNAXIS2": 4, "OBJECT": "M 17"}.items()]
    file = scan(write(tmp_path, "a.fits.fz", primary, header_bytes(packed)))
    assert file.primary.view.text("OBJECT") == "M 17"
    assert file.primary.shape == (8, 4) and file.primary.view.get("XTENSION") is None


def test_only_wanted_tables_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a.fits",
        image({}, ()),
        table({"A": ([1.0, 2.0], "m")}, "ONE"),
        table({"B": ([1.0, 2.0], "m")}, "TWO"),
    )
    hdus = scan(path, lambda header: header.text("EXTNAME") == "TWO").hdus
    assert [hdu.data and len(hdu.data) for hdu in hdus] == [None, None, 16]


def test_random_groups(tmp_path: Path) -> None:
    values = {"GROUPS": True, "PCOUNT": 3, "GCOUNT": 7}
    head = [card("SIMPLE", True), card("BITPIX", -32), card("NAXIS", 3), card("NAXIS1", 0)]
    head += [card("NAXIS2", 4), card("NAXIS3", 5), *(card(*item) for item in values.items())]
    content = header_bytes(head) + b"\0" * 2880
    file = scan(write(tmp_path, "uv.fits", content, image({"EXTNAME": "AN"}, (2,), first=False)))
    assert [hdu.name for hdu in file.hdus] == ["", "AN"]


DAMAGED = [
    ("empty", b"", "empty"),
    ("text", b"SIMPLE English", "malformed"),
    ("other", b"%PDF-1.7" + bytes(3000), "not FITS"),
    ("data cut", WHOLE[: 2880 + 4000], "HDU 0 announces 8192 bytes of data and has 4000"),
    ("second header cut", WHOLE[: 2880 + 8640 + 100], "ends within the header of HDU 1"),
    ("no NAXIS", header_bytes([card("SIMPLE", True), card("BITPIX", 8)]), "malformed"),
    ("NAXIS1 -1", header_bytes([card("SIMPLE", True), card("BITPIX", 8), card("NAXIS", 1)]), "malformed"),
    ("packed and cut", gzip.compress(WHOLE)[:-30], "truncated"),
    ("packed and damaged", gzip.compress(WHOLE)[:40] + b"\xff" * 60, "damaged"),
    ("compress and damaged", compress(WHOLE)[:3] + b"\xff" * 60, "damaged"),
    ("only the magic number", b"\x1f\x8b", "truncated"),
]


@pytest.mark.parametrize(("name", "content", "reason"), DAMAGED, ids=[name for name, *_ in DAMAGED])
def test_damaged_files_say_why(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=reason):
        scan(path)


def test_a_huge_announced_size_is_not_believed(tmp_path: Path) -> None:
    head = [card("SIMPLE", True), card("BITPIX", -64), card("NAXIS", 2)]
    head += [card("NAXIS1", 10**9), card("NAXIS2", 10**9)]
    with pytest.raises(UnreadableFile, match="truncated"):
        scan(write(tmp_path, "a.fits", header_bytes(head)))


def test_missing_padding_and_trailing_rubbish_are_problems_only(tmp_path: Path) -> None:
    assert scan(write(tmp_path, "a.fits", WHOLE[: 2880 + 8192])).problems == (
        "the last block is not filled up",
    )
    rubbish = scan(write(tmp_path, "b.fits", WHOLE, b"rubbish" * 500))
    assert len(rubbish.hdus) == 2 and "follows the last HDU" in rubbish.problems[0]
    assert scan(write(tmp_path, "c.fits", WHOLE, bytes(2880))).problems == ()


def test_a_header_without_end_is_read_by_astropy(tmp_path: Path) -> None:
    cards = [card("SIMPLE", True), card("BITPIX", 8), card("NAXIS", 0), card("OBJECT", "M 17")]
    path = tmp_path / "a.fits"
    path.write_bytes("".join(cards).ljust(2880).encode())
    file = scan(path)
    assert file.primary.view.text("OBJECT") == "M 17"
    assert file.problems[0].startswith("malformed, read by astropy")


def test_a_file_that_may_not_be_opened(tmp_path: Path) -> None:
    (tmp_path / "loop.fits").symlink_to("loop.fits")
    with pytest.raises(UnreadableFile, match="cannot be read"):
        scan(tmp_path / "loop.fits")
    assert not is_fits(tmp_path / "loop.fits")


def test_latin_1_and_long_headers(tmp_path: Path) -> None:
    values = {**RAW, **{f"ESO DET VOLT{number} DC": number / 10 for number in range(400)}}
    path = write(tmp_path, "a.fits", image(values, (10, 10), lines=["OBSERVER= 'Åkesson'"]))
    file = scan(path)
    assert file.primary.view.text("OBSERVER") == "Åkesson"
    assert file.primary.view.number("ESO DET VOLT399 DC") == 39.9
    assert file.problems == ("HDU 0: bytes outside ASCII, read as Latin-1",)
