"""One result in every format, read back by the programs that users have."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import pyarrow.parquet
import pytest
from astropy.io.votable import parse
from astropy.table import Table

QUERY = (
    "SELECT table_name, column_name, column_index, column_index / 2.0 AS half "
    "FROM tap_schema.columns WHERE table_name LIKE 'tap_schema.%' ORDER BY table_name, column_index"
)


def rows(table: Table) -> list[tuple[str, str, int, float]]:
    return [(str(a), str(b), int(c), float(d)) for a, b, c, d in table.iterrows()]


def read_votable(content: bytes) -> list[tuple[str, str, int, float]]:
    return rows(parse(io.BytesIO(content)).get_first_table().to_table())


def read_text(lines: Iterable[list[str]]) -> list[tuple[str, str, int, float]]:
    _header, *cells = lines
    return [(a, b, int(c), float(d)) for a, b, c, d in cells]


READERS = {
    "votable": read_votable,
    "votable/td": read_votable,
    "votable/b": read_votable,
    "votable/b2": read_votable,
    "csv": lambda content: read_text(csv.reader(io.StringIO(content.decode()))),
    "tsv": lambda content: read_text(line.split("\t") for line in content.decode().splitlines()),
    "fits": lambda content: rows(Table.read(io.BytesIO(content), format="fits")),
    "parquet": lambda content: [
        tuple(row.values()) for row in pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
    ],
}


@pytest.fixture(scope="module")
def expected(tap):
    answer = tap.post("/sync", data={"LANG": "ADQL", "QUERY": QUERY, "RESPONSEFORMAT": "json"}).json()
    assert [column["name"] for column in answer["metadata"]] == [
        "table_name",
        "column_name",
        "column_index",
        "half",
    ]
    assert len(answer["data"]) > 30
    return [tuple(row) for row in answer["data"]]


@pytest.mark.parametrize("wanted", READERS)
def test_same_rows_in_every_format(tap, expected, wanted):
    answer = tap.post("/sync", data={"LANG": "ADQL", "QUERY": QUERY, "RESPONSEFORMAT": wanted})
    assert READERS[wanted](answer.content) == expected
    if wanted == "fits":
        assert int(answer.headers["content-length"]) == len(answer.content)
