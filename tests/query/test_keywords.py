"""Searching any keyword: what is kept of headers, what the functions give, and that the index answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from archive.database import Database
from archive.query import compile
from archive.store import parse_header
from archive.store.keyword_index import record_keywords, searchable
from archive.testing import ClusterForTests
from tap.adql.resolve import translate
from tests.documentation import Page

PAGE = Page.read("users/keywords.md")
QUERIES = PAGE.blocks("sql")
EXTENSION = "XTENSION= 'IMAGE'\nESO DET CHIP ID = 'chip 1'\nESO INS MODE = 'OTHER'"
HEADER = """SIMPLE  = T
NAXIS   = 2
OBJECT  = 'Barnard''s star'
EXPTIME = 30.0
RA      = 269.452
EQUINOX = 2000
GUIDED  = T
WEIGHT  = 1.25D-3
BIG     = 123456789012345678901234567890
BAD     = NaN
EMPTY   = ''
CHECKSUM= 'abcdefgh'
HISTORY nothing of interest
HIERARCH ESO INS MODE = 'SPECTRO'
HIERARCH ESO INS FILT1 NAME = 'Ks'
HIERARCH ESO DET WIN1 BINX = 2
HIERARCH ESO TPL NEXP = '3'"""


def header(text: str) -> bytes:
    lines = [
        line if " = " not in line or line.startswith("HIERARCH") or line[8:9] == "=" else f"HIERARCH {line}"
        for line in text.splitlines()
    ]
    return "".join(line.ljust(80) for line in [*lines, "END"]).encode()


@pytest.fixture(scope="module")
def known(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        headers = [parse_header(header(HEADER)), parse_header(header(EXTENSION))]
        many = [parse_header(header(f"NUMBER  = {n}\nGROUP   = 'g{n % 7}'")) for n in range(2000)]
        with database.writer() as connection:
            record_keywords(connection, {"star": searchable(headers)})
            record_keywords(connection, {f"f{n}": searchable([one]) for n, one in enumerate(many)})
            connection.execute(
                "INSERT INTO dbo.raw (dp_id, instrument) VALUES ('star', 'HARPS'), ('unknown', 'HARPS')"
            )
            connection.execute(
                "INSERT INTO dbo.raw (dp_id) SELECT 'f' || n FROM generate_series(0, 1999) AS n"
            )
            connection.execute("ANALYZE adql.header_keywords, dbo.raw")
        yield database


def ask(database: Database, query: str) -> list[tuple[object, ...]]:
    statement = compile(translate(query, database.catalogue))
    with database.run(statement, maxrec=None, first_seconds=60.0, total_seconds=60.0) as result:
        return [
            row
            for batch in result
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        ]


@pytest.mark.parametrize(
    ("keyword", "text", "number"),
    [
        ("OBJECT", "Barnard's star", None),
        ("exptime", "30", 30.0),
        ("RA", "269.452", 269.452),
        ("GUIDED", "T", None),
        ("WEIGHT", "0.00125", 0.00125),
        ("BIG", "123456789012345678901234567890", 123456789012345678901234567890.0),
        ("BAD", "nan", None),
        ("EMPTY", None, None),
        ("CHECKSUM", None, None),
        ("NAXIS", None, None),
        ("ESO INS MODE", "SPECTRO", None),
        ("HIERARCH ESO INS MODE", "SPECTRO", None),
        (" eso  ins   mode ", "SPECTRO", None),
        ("ESO DET CHIP ID", "chip 1", None),
        ("ESO DET WIN1 BINX", "2", 2.0),
        ("ESO TPL NEXP", "3", 3.0),
        ("NOTHING", None, None),
    ],
)
def test_a_keyword_has_its_value(
    known: Database, keyword: str, text: str | None, number: float | None
) -> None:
    rows = ask(
        known,
        f"SELECT uraniborg_keyword(dp_id, '{keyword}'), uraniborg_keyword_number(dp_id, '{keyword}')"
        " FROM dbo.raw WHERE instrument = 'HARPS' ORDER BY dp_id",
    )
    assert rows == [(text, number), (None, None)]


@pytest.mark.parametrize(
    ("keyword", "value", "found"),
    [
        ("OBJECT", "Barnard''s star", 1),
        ("OBJECT", "barnard''s star", 0),
        ("ESO INS FILT1 NAME", " Ks ", 1),
        ("HIERARCH eso ins filt1 name", "Ks", 1),
        ("ESO DET WIN1 BINX", "2", 1),
        ("ESO DET WIN1 BINX", "2.0", 1),
        ("EXPTIME", "30", 1),
        ("ESO TPL NEXP", "3", 1),
        ("GUIDED", "T", 1),
        ("GUIDED", "F", 0),
        ("ESO INS MODE", "OTHER", 0),
        ("RA", "269.452", 0),
        ("NOTHING", "", 0),
    ],
)
def test_files_are_found_by_a_value(known: Database, keyword: str, value: str, found: int) -> None:
    condition = f"uraniborg_has_keyword(dp_id, '{keyword}', '{value}')"
    assert ask(known, f"SELECT dp_id FROM dbo.raw WHERE {condition} = 1") == [("star",)] * found
    assert ask(known, f"SELECT {condition} FROM dbo.raw WHERE dp_id = 'star'") == [(found,)]
    left = ask(known, f"SELECT COUNT(*) FROM dbo.raw WHERE {condition} = 0")
    assert left == [(2002 - found,)]


def test_the_index_answers_over_all_files(known: Database) -> None:
    query = "SELECT dp_id FROM dbo.raw WHERE uraniborg_has_keyword(dp_id, 'NUMBER', '1234') = 1"
    statement = compile(translate(query, known.catalogue))
    with known.writer() as connection:
        # So few rows are read faster than any index.
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(str(line) for (line,) in connection.execute(f"EXPLAIN {statement.sql}".encode()))
    assert "header_keywords_words" in plan
    assert "Seq Scan on raw" not in plan
    assert ask(known, query) == [("f1234",)]


def test_writing_keywords_again_replaces_them(known: Database) -> None:
    with known.writer() as connection:
        record_keywords(connection, {"again": searchable([parse_header(header("OBJECT  = 'one'"))])})
        record_keywords(connection, {"again": searchable([parse_header(header("TARGET  = 'two'"))])})
        rows = connection.execute("SELECT words FROM adql.header_keywords WHERE dp_id = 'again'").fetchall()
    assert rows == [({"TARGET": "two"},)]


def test_readers_look_and_do_not_touch(known: Database) -> None:
    with known.writer() as connection:
        rights = connection.execute(
            "SELECT has_table_privilege('archive_reader', 'adql.header_keywords', right_)"
            " FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS right_"
        ).fetchall()
    assert [right for (right,) in rights] == [True, False, False, False, False]


@pytest.mark.parametrize("query", QUERIES)
def test_the_documented_queries_are_answered(known: Database, query: str) -> None:
    assert isinstance(ask(known, query), list)
