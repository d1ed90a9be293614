"""Values of the database read back over HTTP: equal in each format, but for the losses docs/formats.md lists.

The rows are written with plain SQL and compared with what was written, so that neither the loader nor the
driver that streams results is its own witness. How each format loses what is `tests.formats.losses`.
"""

from __future__ import annotations

import io

import httpx
import pyarrow.parquet as pq
import pytest
import pyvo

from archive.declare.columns import Field
from archive.declare.types import INTEGER, TIMESTAMP
from archive.formats import Encoding
from tests.formats.losses import carried
from tests.formats.readers import masked_rows, read
from tests.formats.samples import format_of
from tests.formats.test_round_trip import by_astropy, comparable
from tests.tap.hard_values import FAR_TIMES, FIELDS, ROWS


def ask(client: httpx.Client, query: str, encoding: Encoding) -> bytes:
    wanted = format_of(encoding).media_type
    answer = client.post("/sync", data={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": wanted})
    assert answer.status_code == 200, answer.text
    return answer.content


EVERYTHING = "SELECT * FROM hard.things ORDER BY number"


@pytest.mark.parametrize("encoding", Encoding, ids=lambda encoding: encoding.name)
def test_every_value_is_the_databases(hard, encoding):
    got = read(encoding, ask(hard, EVERYTHING, encoding), FIELDS)
    assert len(got) == len(ROWS)
    for index, field in enumerate(FIELDS):
        wanted = [comparable(carried(encoding, field.type, row[index]), field.type) for row in ROWS]
        assert [comparable(row[index], field.type) for row in got] == wanted, field.name


@pytest.mark.parametrize("encoding", Encoding, ids=lambda encoding: encoding.name)
def test_far_times_are_written_or_null(hard, encoding):
    fields = (Field("number", INTEGER), Field("moment", TIMESTAMP))
    content = ask(hard, "SELECT number, moment FROM hard.times ORDER BY number", encoding)
    if encoding is Encoding.PARQUET:
        moments = pq.read_table(io.BytesIO(content))["moment"].cast("int64").to_pylist()
        assert [moment is None for moment in moments] == [text is None for text in FAR_TIMES.values()]
        return
    got = {row[0]: row[1] or None for row in read(encoding, content, fields)}
    assert got == dict(enumerate(FAR_TIMES.values()))


def test_pyvo_gets_what_is_there(hard):
    result = pyvo.dal.TAPService(str(hard.base_url).rstrip("/")).search(EVERYTHING)
    assert [field.name for field in result.fielddescs] == [field.name for field in FIELDS]
    assert result.to_table()["size"].unit == "arcsec"
    got = masked_rows(result.votable.get_first_table().array)
    for index, field in enumerate(FIELDS):
        wanted = [by_astropy(Encoding.TABLEDATA, field.type, row[index]) for row in ROWS]
        assert [comparable(row[index], field.type) for row in got] == wanted, field.name
