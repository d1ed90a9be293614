"""What TAP_SCHEMA, /tables and results say of every column of every published table: one and the same."""

from __future__ import annotations

import httpx
import pytest
from lxml import etree

# What a FIELD says, and TAP_SCHEMA in the same words.
FACTS = ("name", "datatype", "arraysize", "xtype", "unit", "ucd", "utype")
Column = dict[str, str | None]


def ask(client: httpx.Client, query: str, wanted: str) -> httpx.Response:
    answer = client.post("/sync", data={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": wanted})
    assert answer.status_code == 200, answer.text
    return answer


def from_tap_schema(client: httpx.Client) -> dict[str, list[Column]]:
    query = (
        "SELECT table_name, column_name, datatype, arraysize, xtype, unit, ucd, utype, description "
        "FROM tap_schema.columns ORDER BY table_name, column_index"
    )
    tables: dict[str, list[Column]] = {}
    for table, *facts in ask(client, query, "json").json()["data"]:
        tables.setdefault(table, []).append(dict(zip((*FACTS, "description"), facts, strict=True)))
    return tables


def from_vosi(client: httpx.Client) -> dict[str, list[Column]]:
    tree = etree.fromstring(client.get("/tables").content)
    return {
        table.findtext("name"): [
            {
                **{fact: column.findtext(fact) for fact in ("name", "unit", "ucd", "utype", "description")},
                "datatype": column.findtext("dataType"),
                "arraysize": column.find("dataType").get("arraysize"),
                "xtype": column.find("dataType").get("extendedType"),
            }
            for column in table.iter("column")
        ]
        for table in tree.iter("table")
    }


def from_results(client: httpx.Client, table: str) -> list[Column]:
    tree = etree.fromstring(ask(client, f"SELECT TOP 1 * FROM {table}", "votable").content)
    return [
        {fact: field.get(fact) for fact in FACTS} | {"description": field.findtext("{*}DESCRIPTION")}
        for field in tree.iter("{*}FIELD")
    ]


def unquoted(columns: list[Column]) -> list[Column]:
    """As a FIELD has names, which a query has to write between quotes: "size"."""
    return [
        column | {"name": name[1:-1].replace('""', '"')}
        if (name := column["name"] or "")[0] == '"'
        else column
        for column in columns
    ]


@pytest.mark.parametrize("service", ["tap", "hard"])
def test_all_three_agree(service, request):
    client = request.getfixturevalue(service)
    declared = from_tap_schema(client)
    assert len(declared) >= 7
    assert from_vosi(client) == declared
    for table, columns in declared.items():
        assert from_results(client, table) == unquoted(columns), table


def test_every_column_can_be_asked_for_by_its_name(hard):
    for table, columns in from_tap_schema(hard).items():
        names = [column["name"] or "" for column in columns]
        answer = ask(hard, f"SELECT TOP 1 {', '.join(names)} FROM {table}", "json")
        found = [column["name"] for column in answer.json()["metadata"]]
        assert found == [column["name"] for column in unquoted(columns)]
