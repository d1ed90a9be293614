"""What a user may expect: queries that are answered, and others that are refused with a true reason.

In `acceptance/*.txt` a paragraph is a query; in refused.txt `!! ` and the error stand below it. After a
change that is meant, REWRITE=1 pytest tests/adql/test_acceptance.py writes the errors anew, for review.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.database import Database
from archive.errors import ArchiveError, UsageError
from archive.query import compile
from archive.testing import ClusterForTests
from tap.adql.resolve import translate
from tests.query.sky import SKY

FOLDER = Path(__file__).parent / "acceptance"


def paragraphs(name: str) -> list[str]:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return [paragraph.strip("\n") for paragraph in text.split("\n\n") if paragraph.strip()]


def is_comment(paragraph: str) -> bool:
    return all(line.startswith("# ") for line in paragraph.splitlines())


@pytest.fixture(scope="module")
def sky(test_cluster: ClusterForTests) -> Iterator[Database]:
    """The built-in tables and those of the tests, all empty."""
    with test_cluster.database() as database:
        database.publish(SKY.tables, [SKY])
        yield database


ACCEPTED = [paragraph for paragraph in paragraphs("accepted") if not is_comment(paragraph)]


@pytest.mark.parametrize("query", ACCEPTED)
def test_accepted(sky: Database, query: str) -> None:
    statement = compile(translate(query, sky.catalogue), 1001)
    with sky.writer() as connection:
        connection.execute(f"PREPARE accepted AS {statement.sql}".encode(), prepare=False)
        connection.execute("DEALLOCATE accepted")
    with sky.run(statement, maxrec=0, first_seconds=20.0, total_seconds=20.0) as result:
        assert [field.name for field in result.fields] == [field.name for field in statement.fields]


def test_refused(sky: Database) -> None:
    expected, actual = paragraphs("refused"), []
    for paragraph in expected:
        query = paragraph.partition("\n!! ")[0]
        actual.append(paragraph if is_comment(paragraph) else f"{query}\n!! {refusal(sky, query)}")
    if os.environ.get("REWRITE"):
        (FOLDER / "refused.txt").write_text("\n\n".join(actual) + "\n", encoding="utf-8")
        return
    assert actual == expected


def refusal(database: Database, query: str) -> str:
    try:
        translate(query, database.catalogue)
    except ArchiveError as error:
        assert isinstance(error, UsageError)
        return str(error)
    return "accepted"
