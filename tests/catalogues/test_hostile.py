"""Catalogues made to exhaust memory, to read other files, or to be read for ever: a reason, and soon."""

from __future__ import annotations

import gzip
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.database import Database
from archive.errors import ConfigurationError, UnreadableFile
from archive.tablefiles.opening import open_catalogue
from ingest import load_catalogue
from tests.ingest.support import card, header_bytes, image
from tests.ingest.test_hostile import binary_table


def votable(field: str, rows: str = "", nrows: str = "", serialisation: str = "TABLEDATA") -> bytes:
    data = f"<DATA><{serialisation}>{rows}</{serialisation}></DATA>"
    return (
        f"<?xml version='1.0'?><VOTABLE version='1.3'><RESOURCE><TABLE {nrows}>"
        f"<FIELD name='a' {field}/>{data}</TABLE></RESOURCE></VOTABLE>"
    ).encode()


ENTITIES = b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
LAUGHS = b"<!DOCTYPE VOTABLE [<!ENTITY a 'aaaaaaaaaa'>" + ENTITIES + b"]><VOTABLE><RESOURCE>"
ROW = "<TR><TD>1</TD></TR>"
ELSEWHERE = "<STREAM href='http://127.0.0.1:9/rows'/>"
ECSV = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: a, datatype: string, subtype: 'int64[null]'}\n"
AXES = header_bytes([card("XTENSION", "IMAGE"), card("BITPIX", 8), card("NAXIS", 999_999_999)])

# One such table is within the bounds.
WIDE = votable("datatype='double' arraysize='100000x800'", ROW).removesuffix(b"</VOTABLE>")

REFUSED = [
    ("laughs", LAUGHS + b"<DESCRIPTION>&j;</DESCRIPTION></RESOURCE></VOTABLE>", "amplification"),
    ("elsewhere", votable("datatype='unsignedByte'", ELSEWHERE, serialisation="BINARY"), "with href"),
    ("announced", votable("datatype='double'", ROW, "nrows='1000000000000'"), "1000000000000 rows"),
    ("wide", votable("datatype='double' arraysize='200000000x4'", ROW), "more memory"),
    ("wide together", WIDE + WIDE[WIDE.index(b"<RESOURCE>") :] + b"</VOTABLE>", "more memory"),
    ("wide text", votable("datatype='char' arraysize='2000000000'", ROW), "more memory"),
    ("deep", b"<VOTABLE>" + b"<RESOURCE>" * 100_000, "nested without end"),
    ("long row", b"a,b\n1," + b"x" * (3 << 20) + b"\n2,y\n", "longer than 1 MiB"),
    ("long name", b"a" * (5 << 20) + b",b\n1,2\n", "line of column names"),
    ("open quote", b'"a,b\n' + b"1,2\n" * 100_000, "line of column names"),
    ("deep list", ECSV.encode() + b"a\n" + b"[" * 100_000 + b"\n", r"row 1, column a: '\[{80}' is no"),
    ("long header", b"# %ECSV 1.0\n# ---\n# " + b"x" * (5 << 20), "longer than 1 MiB"),
    ("no name", b"# %ECSV 1.0\n# ---\n# datatype:\n# - {name: [1], datatype: int64}\na\n1\n", "no name"),
    ("delimiter", ECSV.replace("# d", "# delimiter: abc\n# d").encode() + b"a\n", "delimiter"),
    ("axes", image({}, ()) + AXES + binary_table(8, 1, TFIELDS=1, TFORM1="1D"), "malformed"),
]


@pytest.mark.parametrize(("name", "content", "reason"), REFUSED, ids=[name for name, *_ in REFUSED])
def test_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / "catalogue"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=reason), open_catalogue(path) as source:
        list(source.batches())


def test_an_entity_never_stands_for_another_file(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    start = b"<!DOCTYPE VOTABLE [<!ENTITY x SYSTEM 'secret.txt'>]>"
    content = votable("datatype='char' arraysize='*'", "<TR><TD>[&x;]</TD></TR>")
    (tmp_path / "a.vot").write_bytes(content.replace(b"<VOTABLE", start + b"<VOTABLE"))
    with open_catalogue(tmp_path / "a.vot") as source:
        assert [array.to_pylist() for (array,) in source.batches()] == [["[]"]]


def test_rows_that_share_an_array_come_in_small_batches(tmp_path: Path) -> None:
    rows, length = 500, 100_000
    descriptors = np.tile(np.array([length, 0], ">i4"), rows).tobytes()
    content = descriptors + bytes(8 * length)
    head = binary_table(8, rows, 8 * length, TFIELDS=1, TFORM1=f"1PD({length})", TTYPE1="WAVE")
    (tmp_path / "a.fits").write_bytes(image({}, ()) + head + content + bytes(-len(content) % 2880))
    with open_catalogue(tmp_path / "a.fits") as source:
        sizes = [(len(array), array.nbytes) for (array,) in source.batches()]
    assert sum(count for count, _ in sizes) == rows
    assert max(size for _, size in sizes) < 100 << 20


def test_one_long_text_is_not_written_out_for_every_row(tmp_path: Path) -> None:
    texts = pa.DictionaryArray.from_arrays(np.zeros(20_000, "i4"), ["x" * 1_000_000])
    pq.write_table(pa.table({"a": texts}), tmp_path / "a.parquet")
    with open_catalogue(tmp_path / "a.parquet") as source, pytest.raises(UnreadableFile, match="1 GiB"):
        list(source.batches())


@pytest.fixture
def little_room() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_room_to_unpack(tmp_path: Path, little_room: None) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 1_000_000))
    with pytest.raises(ConfigurationError, match=r"a.csv.gz cannot be unpacked .* set TMPDIR"):
        open_catalogue(path).__enter__()


@pytest.mark.parametrize("columns", [1400, 2000])
def test_rows_too_wide_for_the_database(fresh_database: Database, tmp_path: Path, columns: int) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({f"c{number}": pa.array([0.5]) for number in range(columns)}), path)
    with pytest.raises(UnreadableFile, match=r"table cat\.wide: "):
        load_catalogue(fresh_database, "cat.wide", [path])
    assert "cat.wide" not in {table.name for table in fresh_database.catalogue}
