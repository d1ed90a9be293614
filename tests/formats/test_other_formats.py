"""JSON, HTML, Parquet, CSV: what they say besides the rows, and how they end when something goes wrong."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lxml import etree

from archive.declare.columns import Field
from archive.declare.types import INTEGER, LONG, TEXT, UNSIGNED_BYTE, array_of
from archive.errors import QueryFailed
from archive.formats import Document, Encoding, encode
from tests.formats.readers import VOTABLE
from tests.formats.samples import FIELDS, ROWS, MemoryResult, batch_of, encoded, format_of, result_of
from tests.xsd import validate


@pytest.mark.parametrize(
    "encoding",
    [Encoding.CSV, Encoding.TSV, Encoding.JSON, Encoding.HTML, Encoding.PARQUET],
    ids=lambda e: e.name,
)
def test_a_failure_breaks_the_stream_off(encoding: Encoding) -> None:
    stream = encode(
        format_of(encoding), result_of(FIELDS, ROWS, failure=QueryFailed("division by zero")), Document()
    )
    received = []
    with pytest.raises(QueryFailed):
        received.extend(stream)
    content = b"".join(received)
    match encoding:
        case Encoding.JSON:
            with pytest.raises(json.JSONDecodeError):
                json.loads(content)
        case Encoding.PARQUET:
            with pytest.raises(pa.ArrowInvalid):
                pq.read_table(io.BytesIO(content))
        case _:
            assert b"</html>" not in content


# --- JSON -------------------------------------------------------------------------------------------------


def test_json_has_esos_shape() -> None:
    document = json.loads(encoded(Encoding.JSON, FIELDS, ROWS, Document(query='SELECT "x"')))
    assert list(document) == ["metadata", "query", "data", "query_status"]
    assert document["query"] == 'SELECT "x"'
    assert document["metadata"][0] == {
        "name": "obs_id",
        "datatype": "long",
        "arraysize": None,
        "xtype": None,
        "unit": None,
        "ucd": "meta.id;meta.main",
        "utype": None,
        "description": "Number of the <observation>",
    }
    assert document["metadata"][9]["xtype"] == "timestamp"
    assert [len(row) for row in document["data"]] == [len(FIELDS)] * len(ROWS)


def test_json_without_rows_is_json() -> None:
    document = json.loads(encoded(Encoding.JSON, FIELDS, ()))
    assert (document["data"], document["query_status"]) == ([], "OK")


def test_json_marks_overflow() -> None:
    assert json.loads(encoded(Encoding.JSON, FIELDS, ROWS, overflowed=True))["query_status"] == "OVERFLOW"


# --- HTML -------------------------------------------------------------------------------------------------


def page(content: bytes) -> etree._Element:
    return etree.HTML(content)


def test_html_shows_metadata_and_escapes_everything() -> None:
    document = Document(query="SELECT 1 <2", title="<script>alert(1)</script>", description="a & b")
    fields = (Field("<i>", TEXT, unit="<b>", ucd="meta.id", description='"quoted" & <b>'),)
    content = encoded(Encoding.HTML, fields, [("<script>x</script>",)], document)
    root = page(content)
    assert not root.findall(".//script")
    assert root.findtext(".//h1") == document.title
    assert root.findtext(".//pre") == document.query
    [heading] = root.findall(".//th")
    assert heading.text == "<i>"
    assert heading.get("title") == '"quoted" & <b>\nvarchar\nmeta.id'
    assert root.findtext(".//td") == "<script>x</script>"
    assert content.endswith(b"</html>\n")


def test_html_links_addresses_and_only_those() -> None:
    fields = (
        Field("access_url", TEXT),
        Field("preview", TEXT, ucd="meta.ref.url;meta.preview"),
        Field("note", TEXT),
    )
    url = 'http://a.example/file?x=1&y="2"'
    root = page(encoded(Encoding.HTML, fields, [(url, "javascript:alert(1)", url), (None, None, None)]))
    assert [(a.get("href"), a.text) for a in root.iter("a")] == [(url, url)]


def test_html_says_when_rows_are_missing() -> None:
    assert b"cut at the limit" in encoded(Encoding.HTML, FIELDS, ROWS, overflowed=True)
    assert b"cut at the limit" not in encoded(Encoding.HTML, FIELDS, ROWS)
    stream = encode(
        format_of(Encoding.HTML), result_of(FIELDS, ROWS, failure=QueryFailed("a < b")), Document()
    )
    received = []
    with pytest.raises(QueryFailed):
        received.extend(stream)
    assert b"breaks off here: a &lt; b" in b"".join(received)


# --- Parquet ----------------------------------------------------------------------------------------------


def test_parquet_is_fully_typed() -> None:
    fields = (*FIELDS, Field("bytes", array_of(UNSIGNED_BYTE, "*")))
    schema = pq.read_schema(io.BytesIO(encoded(Encoding.PARQUET, fields, ())))
    types = {field.name: field.type.arrow for field in FIELDS}
    types |= {"byte": pa.uint8(), "bytes": pa.list_(pa.uint8())}
    assert [(name, schema.field(name).type) for name in schema.names] == list(types.items())


def test_parquet_carries_a_votable_in_its_footer() -> None:
    content = encoded(Encoding.PARQUET, FIELDS, ROWS, Document(query="SELECT 1"), overflowed=True)
    metadata = pq.read_metadata(io.BytesIO(content)).metadata
    assert metadata[b"IVOA.VOTable-Parquet.version"] == b"1.0"
    votable = metadata[b"IVOA.VOTable-Parquet.content"]
    assert validate(votable) == []
    root = etree.fromstring(votable)
    assert not list(root.iter(f"{VOTABLE}DATA"))
    names = [field.get("name") for field in root.iter(f"{VOTABLE}FIELD")]
    assert names == pq.read_schema(io.BytesIO(content)).names
    statuses = [i.get("value") for i in root.iter(f"{VOTABLE}INFO") if i.get("name") == "QUERY_STATUS"]
    assert statuses == ["OK", "OVERFLOW"]


def test_parquet_columns_have_names_of_their_own() -> None:
    fields = (Field("ra", LONG), Field("RA", LONG))
    content = encoded(Encoding.PARQUET, fields, [(1, 2)])
    assert pq.read_table(io.BytesIO(content)).to_pydict() == {"ra": [1], "RA_2": [2]}


def test_parquet_row_groups_are_bounded_and_leave_when_full() -> None:
    field = Field("n", INTEGER)
    batch = batch_of((field,), [(i,) for i in range(50_000)])
    result = MemoryResult((field,), [batch] * 12)
    stream = encode(format_of(Encoding.PARQUET), result, Document())
    magic, first = next(stream), next(stream)
    assert magic == b"PAR1"
    assert result.taken < 12
    metadata = pq.read_metadata(io.BytesIO(magic + first + b"".join(stream)))
    assert metadata.num_rows == 600_000
    assert metadata.num_row_groups == 4


# --- CSV and TSV ------------------------------------------------------------------------------------------


def test_headers_are_quoted_like_values() -> None:
    fields = (Field("a,b", LONG), Field('say "x"', LONG), Field("tab\tbed", LONG))
    assert encoded(Encoding.CSV, fields, [(1, 2, 3)]) == b'"a,b","say ""x""",tab\tbed\r\n1,2,3\r\n'
    assert encoded(Encoding.TSV, fields, [(1, 2, 3)]) == b'a,b\tsay "x"\ttab\\tbed\n1\t2\t3\n'
