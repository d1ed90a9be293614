"""FITS tables: forms, NULL values found free, text and arrays in the heap, headers within ASCII."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from archive.declare.columns import Field
from archive.declare.types import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    LONG,
    SHORT,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    Type,
    array_of,
)
from archive.errors import QueryFailed
from archive.formats import Document, Encoding, encode, fits_columns
from tests.formats.readers import read_fits
from tests.formats.samples import FIELDS, ROWS, Rows, encoded, format_of, result_of


def header_of(
    fields: tuple[Field, ...], rows: Rows, document: Document | None = None, **more: Any
) -> fits.Header:
    content = encoded(Encoding.FITS, fields, rows, document, **more)
    with fits.open(io.BytesIO(content)) as hdus:
        hdus.verify("exception")
        return hdus[1].header


def header_of_one(type_: Type, *values: Any) -> fits.Header:
    return header_of((Field("x", type_),), [(value,) for value in values])


@pytest.mark.parametrize(
    ("type_", "values", "form"),
    [
        (BOOLEAN, [True], "1L"),
        (UNSIGNED_BYTE, [1], "1B"),
        (SHORT, [1], "1I"),
        (LONG, [1], "1K"),
        (FLOAT, [1.0], "1E"),
        (DOUBLE, [1.0], "1D"),
        (TEXT, ["abc", "é"], "3A"),
        (TEXT, [None], "1A"),
        (TIMESTAMP, [None], "1A"),
        (array_of(FLOAT, "2x3"), [[1.0] * 6], "6E"),
        (array_of(DOUBLE, "*"), [[1.0], [1.0, 2.0]], "1PD(2)"),
        (array_of(BOOLEAN, "*"), [[True]], "1PL(1)"),
    ],
)
def test_forms(type_: Type, values: list[Any], form: str) -> None:
    assert header_of_one(type_, *values)["TFORM1"] == form


def test_shapes() -> None:
    content = encoded(
        Encoding.FITS, (Field("x", array_of(FLOAT, "2x3")),), [([1.0, 2.0, 3.0, 4.0, 5.0, 6.0],)]
    )
    assert fits.getheader(io.BytesIO(content), 1)["TDIM1"] == "(2,3)"
    assert fits.getdata(io.BytesIO(content), 1)["x"][0].tolist() == [
        [1.0, 2.0],
        [3.0, 4.0],
        [5.0, 6.0],
    ]  # first index fastest


@pytest.mark.parametrize(
    ("type_", "values", "form", "null"),
    [
        (SHORT, [1, 2], "1I", None),
        (SHORT, [1, None], "1I", -32768),
        (SHORT, [-32768, None], "1I", 32767),
        (SHORT, [-32768, None, 32767, -32767], "1I", -32766),
        (SHORT, [None], "1I", -32768),
        (LONG, [-(2**63), None, 2**63 - 1], "1K", -(2**63) + 1),
        (UNSIGNED_BYTE, [0, None], "1B", 255),
        (UNSIGNED_BYTE, [0, 255, None, 1], "1B", 2),
        (array_of(SHORT, "2"), [[1, 2], None], "2I", -32768),
        (array_of(SHORT, "*"), [[1, 2], None], "1PI(2)", None),
        (array_of(SHORT, "*"), [[1, None]], "1PI(2)", -32768),
    ],
)
def test_null_is_a_number_that_does_not_occur(
    type_: Type, values: list[Any], form: str, null: int | None
) -> None:
    header = header_of_one(type_, *values)
    assert (header["TFORM1"], header.get("TNULL1")) == (form, null)


@pytest.mark.parametrize(
    ("type_", "every", "form"), [(UNSIGNED_BYTE, range(256), "1I"), (SHORT, range(-(2**15), 2**15), "1J")]
)
def test_a_column_without_a_free_number_becomes_wider(type_: Type, every: range, form: str) -> None:
    fields = (Field("x", type_),)
    rows = [(value,) for value in (*every, None)]
    content = encoded(Encoding.FITS, fields, rows, size=10_000)
    assert read_fits(content) == rows
    assert fits.getheader(io.BytesIO(content), 1)["TFORM1"] == form


def test_text_of_very_unequal_length_lies_in_the_heap() -> None:
    texts = ["x" * 40_000, *(f"short {i}" for i in range(50)), ""]
    content = encoded(Encoding.FITS, (Field("t", TEXT),), [(text,) for text in texts], size=7)
    with fits.open(io.BytesIO(content)) as hdus:
        header, start = hdus[1].header, hdus[1].fileinfo()["datLoc"]
    assert header["TFORM1"] == "1PA(40000)"
    assert header["PCOUNT"] == sum(map(len, texts))
    heap = start + 8 * len(texts)
    descriptors = np.frombuffer(content[start:heap], ">i4").reshape(-1, 2)
    assert [content[heap + at : heap + at + length].decode() for length, at in descriptors] == texts


@pytest.mark.parametrize("text", ["x" * 30_000, "é" * 500])
def test_text_that_astropy_could_not_read_well_in_the_heap_stays_in_the_rows(text: str) -> None:
    rows = [(text,), *((f"short {i}",) for i in range(50))]
    content = encoded(Encoding.FITS, (Field("t", TEXT),), rows, size=7)
    assert fits.getheader(io.BytesIO(content), 1)["TFORM1"] == f"{len(text.encode())}A"
    assert read_fits(content) == rows


def test_wide_rows_are_packed_in_parts() -> None:
    rows = [("x" * 30_000 if i % 3 else "y" * 100,) for i in range(1000)]
    content = encoded(Encoding.FITS, (Field("t", TEXT),), rows, size=1000)
    assert read_fits(content) == rows


def test_wide_descriptors_address_a_heap_beyond_two_gigabytes() -> None:
    column = fits_columns.layout(
        fits_columns.Survey(Field("a", array_of(DOUBLE, "*"))), 0, 0, lambda index: iter(())
    )
    wide = column.with_wide_descriptors()
    assert (column.width, wide.width) == (8, 16)
    assert dict(wide.cards("a"))["TFORM"] == "1QD(0)"


def test_metadata() -> None:
    header = header_of(
        FIELDS, ROWS, Document(query="SELECT é\n1", infos=(("citation", "x"),), table_name="ivoa.ObsCore")
    )
    number = [field.name for field in FIELDS].index("s_ra") + 1
    assert header[f"TTYPE{number}"] == "s_ra"
    assert header[f"TUNIT{number}"] == "deg"
    assert header[f"TUCD{number}"] == "pos.eq.ra"
    assert header[f"TUTYP{number}"] == "obscore:Char.SpatialAxis"
    assert header["TCOMM1"] == "Number of the <observation>"
    assert header["TXTYP10"] == "timestamp"
    assert header["EXTNAME"] == "ivoa.ObsCore"
    assert list(header["COMMENT"]) == ["QUERY: SELECT \\xe9\\n1", "citation: x"]
    assert header["QSTATUS"] == "OK"


def test_long_and_foreign_metadata_fit_into_cards() -> None:
    field = Field("größe" * 30, TEXT, description="Ω " * 200, unit="µm")
    header = header_of((field,), [("x",)])
    assert header["TTYPE1"] == ("gr\\xf6\\xdfe" * 30)[:60]
    assert header["TUNIT1"] == "\\xb5m"
    assert header["TCOMM1"].startswith("\\u03a9 \\u03a9")


def test_repeated_names_get_a_number() -> None:
    fields = tuple(Field(name, LONG) for name in ("ra", "RA", "ra", "ra_2"))
    header = header_of(fields, [(1, 2, 3, 4)])
    assert [header[f"TTYPE{i}"] for i in (1, 2, 3, 4)] == ["ra", "RA_3", "ra_4", "ra_2"]


def test_overflow_stands_in_the_header() -> None:
    assert header_of(FIELDS, ROWS, overflowed=True)["QSTATUS"] == "OVERFLOW"


def test_errors_come_before_the_first_byte() -> None:
    with pytest.raises(QueryFailed):
        encode(format_of(Encoding.FITS), result_of(FIELDS, ROWS, failure=QueryFailed("no")), Document())


def test_the_length_is_known_beforehand_and_whole_blocks() -> None:
    stream = encode(format_of(Encoding.FITS), result_of(FIELDS, ROWS), Document())
    assert stream.length is not None
    assert stream.length % 2880 == 0
    assert len(b"".join(stream)) == stream.length


def test_the_spool_is_freed_however_it_ends() -> None:
    def open_files() -> int:
        return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))

    before = open_files()
    read_to_the_end = encode(format_of(Encoding.FITS), result_of(FIELDS, ROWS), Document())
    abandoned = encode(format_of(Encoding.FITS), result_of(FIELDS, ROWS), Document())
    assert open_files() == before + 2
    next(abandoned)
    abandoned.close()
    list(read_to_the_end)
    assert open_files() == before


def test_astropys_table_reads_it() -> None:
    # Not booleans, nor arrays of varying length that need TNULL, which astropy compares in vain.
    left_out = {"flag", "marks", "counts"}
    fields = tuple(field for field in FIELDS if field.name not in left_out)
    rows = [tuple(value for value, field in zip(row, FIELDS, strict=True) if field in fields) for row in ROWS]
    read = Table.read(io.BytesIO(encoded(Encoding.FITS, fields, rows)), format="fits")
    assert read["name"].tolist()[2] == "«Ünïcodé» Ωμέγα 星 🔭\u0301"
    assert read["obs_id"].tolist() == [row[0] for row in rows]
    assert read["date_obs"].tolist()[3] == "2026-01-02T03:04:05.678901"
    assert str(read["s_ra"].unit) == "deg"
    assert read["matrix"].shape == (len(rows), 2, 2)
