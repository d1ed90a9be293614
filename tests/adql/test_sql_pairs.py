"""ADQL and the SQL it becomes, side by side in `pairs/*.txt`: one paragraph a case.

A paragraph is the query, then `=> ` and the SQL, or `!! ` and the error. After a change that is meant,
REWRITE=1 pytest tests/adql/test_sql_pairs.py writes the right-hand sides anew, to be read in review.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from archive.declare.catalogue import Catalogue
from archive.errors import ArchiveError
from archive.query import compile
from tap.adql.resolve import translate
from tests.query.sky import SKY

CATALOGUE = Catalogue((SKY,))
FILES = sorted((Path(__file__).parent / "pairs").glob("*.txt"))


def answer(query: str) -> str:
    try:
        return f"=> {compile(translate(query, CATALOGUE), 1001).sql}"
    except ArchiveError as error:
        return f"!! {type(error).__name__}: {error}"


def paragraphs(file: Path) -> list[str]:
    return [text.strip("\n") for text in file.read_text(encoding="utf-8").split("\n\n") if text.strip()]


def query_of(paragraph: str) -> str | None:
    """None for a comment."""
    lines = paragraph.splitlines()
    if all(line.startswith("#") for line in lines):
        return None
    return "\n".join(line for line in lines if not line.startswith(("=> ", "!! ")))


def rounded(paragraph: str) -> str:
    """Sines and cosines differ in their last bits from one C library to the next."""
    return re.sub(r"\d+\.\d{12,}", lambda number: f"{float(number[0]):.12g}", paragraph)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_pairs(file: Path) -> None:
    expected, actual = paragraphs(file), []
    for paragraph in expected:
        query = query_of(paragraph)
        actual.append(paragraph if query is None else f"{query}\n{answer(query)}")
    if os.environ.get("REWRITE"):
        file.write_text("\n\n".join(actual) + "\n", encoding="utf-8")
        return
    assert [rounded(text) for text in actual] == [rounded(text) for text in expected]
