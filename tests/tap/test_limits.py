"""MAXREC and overflow (DALI 1.1, 3.4.4 and 4.4.1), in each of the ways in which a format can tell."""

from __future__ import annotations

import io

import pytest
from astropy.io.votable import parse

# The five tables of TAP_SCHEMA itself.
FIVE = "SELECT table_name FROM tap_schema.tables WHERE schema_name = 'tap_schema'"


def ask(tap, query: str, maxrec: int | None, wanted: str = "votable"):
    parameters = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": wanted}
    answer = tap.get("/sync", params=parameters | ({} if maxrec is None else {"MAXREC": str(maxrec)}))
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize(
    ("query", "maxrec", "rows", "overflow"),
    [
        (FIVE, None, 5, False),
        (FIVE, 0, 0, True),
        (FIVE, 1, 1, True),
        (FIVE, 4, 4, True),
        (FIVE, 5, 5, False),
        (FIVE, 6, 5, False),
        (FIVE, 10**15, 5, False),
        (FIVE.replace("SELECT", "SELECT TOP 3"), None, 3, False),
        (FIVE.replace("SELECT", "SELECT TOP 3"), 3, 3, False),
        (FIVE.replace("SELECT", "SELECT TOP 3"), 2, 2, True),
        (FIVE.replace("SELECT", "SELECT TOP 0"), 10, 0, False),
    ],
)
@pytest.mark.parametrize("wanted", ["votable", "votable/td"])
def test_votable(tap, query, maxrec, rows, overflow, wanted):
    resource = parse(io.BytesIO(ask(tap, query, maxrec, wanted).content)).resources[0]
    assert len(resource.tables[0].array) == rows
    assert [field.name for field in resource.tables[0].fields] == ["table_name"]
    statuses = [info.value for info in resource.infos if info.name == "QUERY_STATUS"]
    assert statuses[0] == "OK"
    assert ("OVERFLOW" in statuses) == overflow


def test_default_limit(small_tap):
    resource = parse(io.BytesIO(ask(small_tap, FIVE, None).content)).resources[0]
    assert len(resource.tables[0].array) == 2
    resource = parse(io.BytesIO(ask(small_tap, FIVE, 100).content)).resources[0]
    assert len(resource.tables[0].array) == 4


@pytest.mark.parametrize("wanted", ["csv", "tsv"])
def test_text_has_a_header_and_no_more_rows(tap, wanted):
    assert ask(tap, FIVE, 2, wanted).text.splitlines()[0] == "table_name"
    assert len(ask(tap, FIVE, 2, wanted).text.splitlines()) == 3
    assert len(ask(tap, FIVE, 0, wanted).text.splitlines()) == 1
