"""Documents made to hurt: each is refused with a reason, in little time and memory."""

from __future__ import annotations

import base64
import gzip
import struct
import tracemalloc

import pytest

from archive.errors import ArchiveError, TooLarge, UnreadableFile
from archive.tablefiles import open_votable
from tests.uploads.documents import binary, field, fits_table, tabledata, votable

NUMBER = [field("n", "int")]
TEXT = [field("t", "char", "*")]


def refusal(tmp_path, document: bytes, **limits: int) -> ArchiveError:
    path = tmp_path / "table.vot"
    path.write_bytes(document)
    tracemalloc.start()
    try:
        with pytest.raises((UnreadableFile, TooLarge)) as raised, open_votable(path, **limits) as source:
            for _ in source.batches():
                pass
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()
    return raised.value


def with_type(document: bytes, declarations: str) -> bytes:
    return document.replace(b"<VOTABLE", f"<!DOCTYPE VOTABLE [{declarations}]><VOTABLE".encode(), 1)


LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "no element found"),
        (b"hello", "syntax error"),
        (b"<html><body>Not found</body></html>", "it is html, not VOTABLE"),
        (b"<VOTABLE>", "no element found"),
        (b"<VOTABLE/>", "there is no table in it"),
        (b"\x00\x01\x02", "not well-formed"),
        (b"SIMPLE  =                    T", "syntax error"),
        (gzip.compress(b"<VOTABLE>", mtime=0)[:-4], "it cannot be unpacked"),
        (b"\x1f\x8b rubbish", "it cannot be unpacked"),
        (votable([], tabledata([])), "its table has data but no columns"),
        (votable([], None), "its table has no columns"),
        (with_type(votable(TEXT, tabledata([["x"]])), LAUGHS), "it declares an entity"),
        (with_type(votable(TEXT, tabledata([["x"]])), '<!ENTITY x SYSTEM "file:/etc/passwd">'), "entity"),
        (with_type(votable(TEXT, tabledata([["x"]])), '<!ENTITY % x SYSTEM "http://h/"> %x;'), "entity"),
        (votable(TEXT, "<TABLEDATA><TR><TD>&x;</TD></TR></TABLEDATA>"), "undefined entity"),
        (votable(NUMBER, '<BINARY><STREAM href="file:/etc/passwd"/></BINARY>'), "lie elsewhere"),
        (votable(NUMBER, '<PARQUET><STREAM>AAAA</STREAM></PARQUET>'), "its data are in PARQUET"),
        (votable(NUMBER, '<FITS><STREAM href="file:/etc/passwd"/></FITS>'), "lie elsewhere"),
        (votable(NUMBER, "<FITS/>"), "in its FITS, "),
        (votable(NUMBER, binary(b"", "FITS")), "in its FITS, "),
        (votable(NUMBER, binary(b"SIMPLE", "FITS")), "in its FITS, "),
        (votable(NUMBER, binary(fits_table()[:-2880], "FITS")), "in its FITS, truncated"),
        (votable(NUMBER, binary(fits_table()[:2880], "FITS")), "in its FITS, there is no table"),
        (votable(NUMBER, binary(fits_table(), "FITS").replace("<FITS", '<FITS extnum="7"')), "extension 7"),
        (votable(NUMBER, "<FITS><STREAM>AA!A</STREAM></FITS>"), "not base64"),
        (votable([field("p", "double", "*", xtype="point")], tabledata([["1 2 3"]])), "3 numbers do not"),
        (votable(NUMBER, '<BINARY><STREAM encoding="gzip">AAAA</STREAM></BINARY>'), "encoding 'gzip'"),
        (votable(NUMBER, "<BINARY><STREAM>AA!A</STREAM></BINARY>"), "not base64"),
        (votable(NUMBER, "<BINARY><STREAM>AAAAA</STREAM></BINARY>"), "ends within a row"),
        (votable(NUMBER, binary(b"\0" * 7, "BINARY")), "ends within a row"),
        (votable(TEXT, binary(struct.pack(">i", -5), "BINARY")), "has -5 elements"),
        (votable(TEXT, binary(struct.pack(">i", 2**31 - 1) + b"x", "BINARY")), "ends within a row"),
        (votable([field("a", "double", "0")], binary(b"xx", "BINARY")), "have no bytes"),
        (votable(NUMBER, tabledata([["1"], ["2"], ["x"]])), "row 3, column n: "),
        (votable(NUMBER, tabledata([["1.5"]])), "row 1, column n: "),
        (votable(NUMBER, tabledata([["3000000000"]])), "row 1, column n: "),
        (votable([field("b", "boolean")], tabledata([["yes"]])), "'yes' is neither true nor false"),
        (votable([field("b", "unsignedByte")], tabledata([["256"]])), "0 to 255"),
        (votable([field("t", "char", "*", xtype="timestamp")], tabledata([["noon"]])), "row 1, column t"),
        (votable([field("a", "int", "3")], tabledata([["1 2"]])), "2 numbers do not fill"),
        (votable([field("a", "int", "2x*")], tabledata([["1 2 3"]])), "3 numbers do not fill"),
        (votable([field("a", "int", "2*")], tabledata([["1 2 3"]])), "3 numbers do not fill"),
        (votable(NUMBER, tabledata([["1"], ["1", "2"]])), "row 2: there are 2 cells in a row of 1 columns"),
        (votable(NUMBER * 2, tabledata([["1"], ["2", "3", "4"]])), "row 1: there are 1 cells"),
        (votable(NUMBER, "<TABLEDATA><TR><TD>1</TD><B/></TR></TABLEDATA>"), "B inside TABLEDATA"),
        (votable(NUMBER, "<TABLEDATA><TR><TD>1<TD>2</TD></TD></TR></TABLEDATA>"), "TD inside TABLEDATA"),
        (votable(NUMBER, "<TABLEDATA><TR><TD>1</TD></TR>"), "mismatched tag"),
        (votable(NUMBER, '<TABLEDATA><TR><TD encoding="base64">AA</TD></TR></TABLEDATA>'), "encoding"),
        (votable(NUMBER, tabledata([["1"]]), after="<TABLE>" + NUMBER[0] + "</TABLE>"), "several tables"),
        (votable([field("x", "quaternion")], None), "there is no datatype 'quaternion'"),
        (votable([field("x", "int", "3x*x2")], None), "arraysize '3x*x2' is not VOTable's"),
        (votable([field("x", "double", "99999999x99999999")], None), "beyond all limits"),
        (votable(["<DESCRIPTION>" + "<B>" * 300], None), "nested without end"),
        (votable(TEXT, tabledata([["\x01"]])), "not well-formed"),
        (votable(TEXT, tabledata([["x"]])).replace(b"UTF-8", b"EBCDIC-XX"), "encoding"),
        (votable(TEXT, tabledata([["x"]])).replace(b"<TD>x", b"<TD>\xff"), "not well-formed"),
    ],
)  # fmt: skip
def test_refused(tmp_path, document, reason):
    error = refusal(tmp_path, document)
    assert reason in error.message
    assert error.message.startswith("table.vot")


def test_columns_without_end(tmp_path):
    document = votable([field(f"c{i}", "int") for i in range(50_000)], None)
    assert "more than 100 columns" in refusal(tmp_path, document, most_columns=100).message


def test_a_thousand_million_rows_are_not_believed(tmp_path):
    document = votable(NUMBER, tabledata([["1"]])).replace(b"<TABLE>", b'<TABLE nrows="1000000000">')
    path = tmp_path / "table.vot"
    path.write_bytes(document)
    with open_votable(path) as source:
        assert [len(arrays[0]) for arrays in source.batches()] == [1]


def test_what_unpacks_to_more_than_it_may(tmp_path):
    bomb = gzip.compress(votable(TEXT, tabledata([["x" * 1000]] * 100_000)))
    assert len(bomb) < 1_000_000
    assert "larger than 5000000 bytes" in refusal(tmp_path, bomb, most_bytes=5_000_000).message


def test_a_long_stream_takes_no_memory(tmp_path):
    """20 MB of rows, of which only pieces are held."""
    rows = base64.b64encode(bytes(4) * 5_000_000).decode()
    document = votable(NUMBER, f"<BINARY><STREAM>{rows}</STREAM></BINARY>")
    path = tmp_path / "table.vot"
    path.write_bytes(document)
    tracemalloc.start()
    try:
        with open_votable(path) as source:
            assert sum(len(arrays[0]) for arrays in source.batches()) == 5_000_000
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "inside",
    ["<!-- {} -->", "<FIELD name='{}' datatype='int'/>", "<?x {} ?>"],
    ids=["comment", "attribute", "instruction"],
)
def test_tags_without_end(tmp_path, inside):
    document = votable([inside.replace("{}", "x" * 20_000_000), *NUMBER], tabledata([["1"]]))
    assert "tags or comments is too long" in refusal(tmp_path, document).message


def test_a_row_without_end(tmp_path):
    """It is read once, not again and again; a cell may be as large as the file."""
    document = votable(TEXT, tabledata([["x" * 30_000_000]]))
    path = tmp_path / "table.vot"
    path.write_bytes(document)
    with open_votable(path) as source:
        assert [len(text.as_py()) for arrays in source.batches() for text in arrays[0]] == [30_000_000]
