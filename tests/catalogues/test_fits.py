"""FITS tables: every column type, NULLs, scaling, variable lengths, and files that are wrong."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table as AstropyTable

from archive.errors import UnreadableFile, UsageError
from tests.catalogues.reading import read, remarks_on

# Format, further keywords of the column, values written, values expected, column type expected.
COLUMNS: dict[str, tuple[str, dict[str, Any], Any, list[Any], str]] = {
    "logical": ("L", {}, [True, False], [True, False], "boolean"),
    "byte": ("B", {}, np.array([0, 255], "u1"), [0, 255], "unsignedByte"),
    "signed_byte": ("B", {"bzero": -128}, np.array([-128, 127], "i1"), [-128, 127], "short"),
    "short": ("I", {}, np.array([-(2**15), 2**15 - 1], "i2"), [-(2**15), 2**15 - 1], "short"),
    "ushort": ("I", {"bzero": 2**15}, np.array([0, 65535], "u2"), [0, 65535], "int"),
    "int": ("J", {}, np.array([-(2**31), 7], "i4"), [-(2**31), 7], "int"),
    "uint": ("J", {"bzero": 2**31}, np.array([0, 2**32 - 1], "u4"), [0, 2**32 - 1], "long"),
    "long": ("K", {}, np.array([-(2**63), 2**63 - 1], "i8"), [-(2**63), 2**63 - 1], "long"),
    "ulong": ("K", {"bzero": 2**63}, np.array([0, 2**63 - 1], "u8"), [0, 2**63 - 1], "long"),
    "null_short": ("I", {"null": -1}, np.array([-1, 5], "i2"), [None, 5], "short"),
    "null_ushort": ("I", {"bzero": 2**15, "null": 0}, np.array([2**15, 1], "u2"), [None, 1], "int"),
    "float": ("E", {}, np.array([1.5, math.nan], "f4"), [1.5, None], "float"),
    "double": ("D", {}, np.array([math.inf, -1e300]), [math.inf, -1e300], "double"),
    "complex": ("C", {}, np.array([1 + 2j, 3], "c8"), [[1, 2], [3, 0]], "float[2]"),
    "complexes": (
        "2M",
        {},
        np.array([[1 + 2j, 3], [0, 1j]]),
        [[1, 2, 3, 0], [0, 0, 0, 1]],
        "double[2x2]",
    ),
    "text": ("5A", {}, [b"ab   ", "ü".encode()], ["ab", "ü"], "char[*]"),
    "bits": (
        "3X",
        {},
        np.array([[1, 0, 1], [0, 1, 0]], bool),
        [[True, False, True], [False, True, False]],
        "boolean[3]",
    ),
    "vector": ("3D", {}, np.arange(6.0).reshape(2, 3), [[0, 1, 2], [3, 4, 5]], "double[3]"),
    "matrix": (
        "6I",
        {"dim": "(3,2)"},
        np.arange(12, dtype="i2").reshape(2, 2, 3),
        [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]],
        "short[3x2]",
    ),
    "varying": (
        "PJ()",
        {},
        np.array([np.array([1, 2], "i4"), np.array([], "i4")], object),
        [[1, 2], []],
        "int[*]",
    ),
    "varying_wide": (
        "QD()",
        {},
        np.array([np.array([1.5]), np.array([2.5, 3.5])], object),
        [[1.5], [2.5, 3.5]],
        "double[*]",
    ),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    columns = [
        fits.Column(name=name, format=form, array=np.asarray(values), **keywords)
        for name, (form, keywords, values, _, _) in COLUMNS.items()
    ]
    path = tmp_path_factory.mktemp("fits") / "types.fits"
    hdu = fits.BinTableHDU.from_columns(columns, name="TYPES")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    return path


@pytest.mark.parametrize("name", COLUMNS)
def test_column_types(file: Path, name: str) -> None:
    table, values = read(file)
    *_, expected, spelled = COLUMNS[name]
    type_ = table.by_name[name].type
    assert type_.datatype + (f"[{type_.arraysize}]" if type_.arraysize else "") == spelled
    assert values[name] == expected


def test_scaled_columns_are_doubles(tmp_path: Path) -> None:
    raw = np.array([1, 2, 99], "i2")
    hdu = fits.BinTableHDU.from_columns([fits.Column(name="v", format="I", array=raw)])
    hdu.header["TSCAL1"], hdu.header["TZERO1"], hdu.header["TNULL1"] = 0.5, 10.0, 99
    hdu.writeto(tmp_path / "x.fits")
    table, values = read(tmp_path / "x.fits")
    assert table.by_name["v"].type.datatype == "double"
    assert values["v"] == [10.5, 11.0, None]


def test_metadata(tmp_path: Path) -> None:
    hdu = fits.BinTableHDU.from_columns(
        [
            fits.Column(name=name, format="D", array=np.zeros(2), unit=unit)
            for name, unit in (("a", "degrees"), ("b", "deg"))
        ]
    )
    hdu.header["TUCD1"], hdu.header["TUCD2"] = "pos.eq.ra;meta.main", "pos.eq.dec;meta.main"
    hdu.header["TCOMM1"] = "Right ascension"
    hdu.header.comments["TTYPE2"] = "declination of the star"
    hdu.header["TITLE"] = "Some stars"
    hdu.writeto(tmp_path / "x.fits")
    table, _ = read(tmp_path / "x.fits")
    assert table.description == "Some stars"
    assert table.positions == (("a", "b"),)
    assert [(c.unit, c.ucd, c.description) for c in table.columns] == [
        ("deg", "pos.eq.ra;meta.main", "Right ascension"),
        ("deg", "pos.eq.dec;meta.main", "declination of the star"),
    ]


def test_columns_without_names_get_some(tmp_path: Path) -> None:
    hdu = fits.BinTableHDU.from_columns([fits.Column(name="x", format="J", array=np.arange(3))])
    hdu.writeto(tmp_path / "named.fits")
    # astropy always writes a name, writers of MOCs do not.
    content = (tmp_path / "named.fits").read_bytes().replace(b"TTYPE1  =", b"COMMENT  ")
    (tmp_path / "moc.fits").write_bytes(content)
    table, values = read(tmp_path / "moc.fits")
    assert [column.name for column in table.columns] == ["column1"]
    assert values["column1"] == [0, 1, 2]


def test_one_table_of_several(tmp_path: Path) -> None:
    path = tmp_path / "x.fits"
    hdus = [
        fits.BinTableHDU.from_columns(
            [fits.Column(name=name, format="J", array=np.arange(2))], name=name.upper()
        )
        for name in ("first", "second")
    ]
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((2, 2))), *hdus]).writeto(path)
    with pytest.raises(UsageError, match=r"2 tables with rows: 2 \(FIRST\), 3 \(SECOND\)"):
        read(path)
    assert list(read(tmp_path / "x.fits#2")[1]) == ["first"]
    assert list(read(tmp_path / "x.fits#3")[1]) == ["second"]
    assert list(read(tmp_path / "x.fits#SECOND")[1]) == ["second"]
    with pytest.raises(UnreadableFile, match="there is no table 1; it has 2"):
        read(tmp_path / "x.fits#1")


def test_ascii_tables(tmp_path: Path) -> None:
    columns = fits.ColDefs(
        [
            fits.Column(name="name", format="A5", array=["a", "bc"], ascii=True),
            fits.Column(name="n", format="I6", array=[1, -20], ascii=True, unit="pixel"),
            fits.Column(name="x", format="F8.3", array=[1.25, -0.5], ascii=True),
            fits.Column(name="e", format="D24.16", array=[1e-300, 2.5], ascii=True),
        ]
    )
    fits.TableHDU.from_columns(columns).writeto(tmp_path / "x.fits")
    table, values = read(tmp_path / "x.fits")
    assert values == {"name": ["a", "bc"], "n": [1, -20], "x": [1.25, -0.5], "e": [1e-300, 2.5]}
    assert [column.type.datatype for column in table.columns] == ["char", "long", "double", "double"]
    assert table.by_name["n"].unit == "pixel"


@pytest.mark.parametrize(
    ("form", "cells", "null", "expected"),
    [
        ("I4", [b"  12", b"    ", b"-999"], "-999", [12, 0, None]),
        ("I4", [b"  12", b"    ", b"-999"], None, [12, None, -999]),
        ("F6.2", [b"  1.25", b"   125", b" 1.2D1"], None, [1.25, 1.25, 12.0]),
        ("A3", [b"a  ", b"   ", b" b "], None, ["a", None, " b"]),
    ],
)
def test_cells_of_ascii_tables(
    tmp_path: Path, form: str, cells: list[bytes], null: str | None, expected: list[Any]
) -> None:
    width = len(cells[0])
    header = fits.Header(
        [("XTENSION", "TABLE"), ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", width), ("NAXIS2", len(cells))]
        + [("PCOUNT", 0), ("GCOUNT", 1), ("TFIELDS", 1), ("TBCOL1", 1), ("TFORM1", form), ("TTYPE1", "v")]
        + ([("TNULL1", null)] if null else [])
    )
    primary = fits.PrimaryHDU().header.tostring().encode()
    data = b"".join(cells).ljust(2880)
    (tmp_path / "x.fits").write_bytes(primary + header.tostring().encode() + data)
    assert read(tmp_path / "x.fits")[1]["v"] == expected


def test_what_cannot_be_stored_is_named(tmp_path: Path) -> None:
    words = np.array([["ab", "cd"], ["ef", "gh"]], "S2")
    columns = [
        fits.Column(name="words", format="4A", dim="(2,2)", array=words),
        fits.Column(name="nothing", format="0D", array=np.zeros((2, 0))),
        fits.Column(name="x", format="D", array=np.zeros(2)),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "x.fits")
    assert list(read(tmp_path / "x.fits")[1]) == ["x"]
    first, second = remarks_on(tmp_path / "x.fits")
    assert "words" in first and "nothing" in second


def test_texts_begin_with_a_nul_when_they_are_null(tmp_path: Path) -> None:
    cells = np.array([b"a\0zz", b"\0abc", b"    ", b" b  "], "S4")
    hdu = fits.BinTableHDU.from_columns([fits.Column(name="t", format="4A", array=cells)])
    hdu.writeto(tmp_path / "x.fits")
    assert read(tmp_path / "x.fits")[1]["t"] == ["a", None, "", " b"]


def test_integers_that_fit_nowhere_are_refused(tmp_path: Path) -> None:
    column = fits.Column(name="u", format="K", bzero=2**63, array=np.array([1, 2**63], "u8"))
    fits.BinTableHDU.from_columns([column]).writeto(tmp_path / "x.fits")
    with pytest.raises(UnreadableFile, match=r"x\.fits, row 1, column u: an unsigned integer"):
        read(tmp_path / "x.fits")


def test_truncated_files_are_refused(tmp_path: Path, file: Path) -> None:
    (tmp_path / "x.fits").write_bytes(file.read_bytes()[:-2880])
    with pytest.raises(UnreadableFile, match=r"x.fits: truncated: HDU \d+ announces"):
        read(tmp_path / "x.fits")


def test_files_without_tables_are_refused(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.zeros((3, 3))).writeto(tmp_path / "x.fits")
    with pytest.raises(UnreadableFile, match="no table in the file"):
        read(tmp_path / "x.fits")


def test_compressed_images_are_no_tables(tmp_path: Path) -> None:
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(np.zeros((32, 32), "i2"))]).writeto(
        tmp_path / "x.fits"
    )
    with pytest.raises(UnreadableFile, match="no table in the file"):
        read(tmp_path / "x.fits")


def test_compressed_files_are_unpacked(tmp_path: Path, file: Path) -> None:
    packed = tmp_path / "types.fits.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert read(packed)[1] == read(file)[1]


def test_stilts_fits_plus(tmp_path: Path) -> None:
    document = b"""<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>
        <FIELD name="a rather long name" datatype="double" unit="mas" ucd="pos.parallax"/>
        <FIELD name="when" datatype="char" arraysize="*" xtype="timestamp"/></TABLE></RESOURCE></VOTABLE>"""
    primary = fits.PrimaryHDU(np.frombuffer(document, np.uint8))
    primary.header["VOTMETA"] = True
    table = AstropyTable({"a": [1.5], "when": ["2020-01-02T03:04:05.5Z"]})
    fits.HDUList([primary, fits.table_to_hdu(table)]).writeto(tmp_path / "x.fits")
    declared, values = read(tmp_path / "x.fits")
    assert declared.columns[0].name == "a rather long name"
    assert (declared.columns[0].unit, declared.columns[0].ucd) == ("mas", "pos.parallax")
    assert str(values["when"][0]) == "2020-01-02 03:04:05.500000"


def test_fits_plus_whose_document_says_what_cannot_be_read(tmp_path: Path) -> None:
    """STILTS writes arrays of texts so, which this reader of VOTables does not take."""
    document = b"""<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>
        <FIELD name="words" datatype="char" arraysize="3x2"/></TABLE></RESOURCE></VOTABLE>"""
    primary = fits.PrimaryHDU(np.frombuffer(document, np.uint8))
    primary.header["VOTMETA"] = True
    fits.HDUList([primary, fits.table_to_hdu(AstropyTable({"a": [1.5]}))]).writeto(tmp_path / "x.fits")
    declared, values = read(tmp_path / "x.fits")
    assert (declared.columns[0].name, values["a"]) == ("a", [1.5])


def test_many_rows_come_in_several_batches(tmp_path: Path) -> None:
    count = 70_000
    columns = [
        fits.Column(name="n", format="J", array=np.arange(count)),
        fits.Column(
            name="v", format="PI()", array=np.array([np.array([i % 7], "i2") for i in range(count)], object)
        ),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "x.fits")
    _, values = read(tmp_path / "x.fits")
    assert values["n"] == list(range(count))
    assert values["v"] == [[i % 7] for i in range(count)]
