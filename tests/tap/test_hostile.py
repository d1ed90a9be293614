"""Text that wants to be SQL, XML, HTML, JSON or a path, in every place where a client can put text."""

from __future__ import annotations

import io
import json
import re

import httpx
import pytest
from astropy.io.votable import parse
from lxml import etree, html

FROM = "FROM tap_schema.schemas"


def ask(tap: httpx.Client, query: str, wanted: str = "json") -> httpx.Response:
    return tap.post("/sync", data={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": wanted, "MAXREC": "1"})


@pytest.mark.parametrize(
    "table",
    [
        "archive.file", '"archive"."file"', "archive.declaration", "pg_catalog.pg_class", "pg_class",
        '"pg_class"',
        "pg_catalog.pg_authid", "information_schema.tables", "adql.ivo_hasword", "pg_stat_activity",
        'U&"pg\\005Fclass"', "generate_series(1, 10)", "archive.ivoa.obscore", '"ivoa.obscore"',
        '"ivoa"."obscore; DROP TABLE x"', "test.pg_catalog.pg_class", "tap_schema", "(VALUES (1)) AS x",
    ],
)  # fmt: skip
def test_only_published_tables_can_be_read(tap, table):
    assert ask(tap, f"SELECT * FROM {table}").status_code == 400


@pytest.mark.parametrize(
    "column",
    [
        "ctid", '"ctid"', "tableoid", "xmin", "cmax", "schemas", "s.s", "s_region__bounds",
        '"S_REGION__BOUNDS"',
        "current_user", "session_user", "pg_sleep(9)", "version()", "pg_read_file('/etc/passwd')",
        "s.*::text",
        "query_to_xml('SELECT 1', true, true, '')", "lo_import('/etc/passwd')", "$1", ":name",
        "%(name)s", "?",
    ],
)  # fmt: skip
def test_only_published_columns_and_functions_can_be_named(tap, column):
    answer = ask(tap, f"SELECT {column} FROM ivoa.ObsCore AS s")
    assert answer.status_code == 400


TEXTS = [
    "'", "''; DROP TABLE tap_schema.schemas; --", "\\", "\\'", "\\\\'", "%s %(x)s %%", ":name $1 ?", "$$x$$",
    "E'\\x27'", "/* */ --", "]]>", "<script>alert(1)</script>", "&amp;&#39;", '"', "\u2028\u2029\ufeff",
    "\r\n\t",
    "á\u0301é 星 🔭", "{}", "\x7f\x85", "x" * 5000, "=1+1", "\x01",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_literals_and_names_come_back_as_they_were(tap, text):
    literal, name = text.replace("'", "''"), text.replace('"', '""')
    query = (
        f"SELECT '{literal}' AS \"{name}\" {FROM} WHERE '{literal}' = '{literal}' AND 'x{literal}' LIKE 'x%'"
    )
    answer = ask(tap, query)
    assert answer.status_code == 200, answer.text
    result = json.loads(answer.content)
    assert result["metadata"][0]["name"] == text
    assert result["data"] == [[text]]
    assert result["query"] == query
    inner = f"SELECT '{literal}' AS \"{name}\" {FROM}"
    outer = f'SELECT "{name}" FROM ({inner}) AS "{name}" GROUP BY "{name}" ORDER BY "{name}"'
    assert json.loads(ask(tap, outer).content)["data"] == [[text]]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_documents_stay_documents(tap, text):
    """In results, where the query is repeated, and in refusals, which repeat what was wrong."""
    literal, name = text.replace("'", "''"), text.replace('"', '""')
    query = f"SELECT '{literal}' AS \"{name}\", '{literal}' AS access_url {FROM}"
    seen = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "\N{REPLACEMENT CHARACTER}", text)
    for wanted in ("votable", "votable/b2"):
        tree = etree.fromstring(ask(tap, query, wanted).content)
        assert tree.find(".//{*}FIELD").get("name") == seen
        assert seen in tree.find(".//{*}INFO[@name='QUERY']").get("value").replace("''", "'")
    page = ask(tap, query, "html")
    assert not html.fromstring(page.content).xpath(
        "//script|//*[@onmouseover]|//a[not(starts-with(@href,'http'))]"
    )
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for wrong in (
        {"QUERY": f'SELECT "{name}" {FROM}'},
        {"LANG": text},
        {"MAXREC": text},
        {"RESPONSEFORMAT": text},
    ):
        answer = tap.post("/sync", data={"LANG": "ADQL", "QUERY": query} | wrong)
        if answer.status_code == 400:
            assert parse(io.BytesIO(answer.content)).resources[0].infos[0].value == "ERROR"
        else:
            assert not text.strip()


@pytest.mark.parametrize(
    "value",
    [
        "1/(schema_index - schema_index)", "SQRT(-schema_index)", "LOG(-schema_index)",
        "EXP(schema_index * 10000)",
        "ASIN(schema_index + 1)", "9223372036854775807 + schema_index", "CAST(schema_name AS INTEGER)",
        "CAST(schema_name AS TIMESTAMP)", "POINT(0, 90 + schema_index)", "CIRCLE(0, 0, -schema_index)",
        f"(SELECT schema_name {FROM})", "POWER(0, -schema_index)", "CAST(schema_index * 100000 AS SMALLINT)",
    ],
)  # fmt: skip
def test_failures_of_the_database_show_no_sql(tap, value):
    answer = ask(tap, f"SELECT {value} AS x {FROM} WHERE schema_index > 0", "votable")
    assert answer.status_code in {200, 400}  # NULL is an answer too
    told = " ".join(info.content or "" for info in parse(io.BytesIO(answer.content)).resources[0].infos)
    for secret in (
        "::",
        "SELECT *",
        "PL/pgSQL",
        "CONTEXT",
        "STATEMENT",
        "LINE 1",
        "libpq",
        "pg_",
        "spoint(",
        "/",
    ):
        assert secret not in told


@pytest.mark.parametrize(
    "path",
    [
        "/file/..%2f..%2fetc%2fpasswd", "/file/%2e%2e/%2e%2e/etc/passwd", "/file/%2fetc%2fpasswd",
        "/file/a%00b",
        "/file/%ff", "/file/", "/file/" + "a" * 20_000, "/static/..%2fapp.py", "/static/%2e%2e/app.py",
        "/static/%2fetc%2fpasswd", "/static/desk.css%00", "/static/", "/tables/..%2f..", "/tables/%00",
        "/tables/<script>", "/tap/tables/%00", "/tap/tables/..%2f..%2fx", "/tap/%2e%2e/%2e%2e/etc/passwd",
    ],
)  # fmt: skip
def test_paths_lead_nowhere_else(tap, path):
    answer = httpx.get(str(tap.base_url).removesuffix("/tap/") + path)
    assert answer.status_code == 404
    assert not answer.headers["content-type"].startswith("text/html")
    assert "root:" not in answer.text
