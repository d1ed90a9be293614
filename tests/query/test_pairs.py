"""The database takes the SQL of all pairs in tests/adql/pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adql.test_sql_pairs import FILES, answer, paragraphs, query_of
from tests.query.sky import Sky


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_database_accepts_the_sql(sky: Sky, file: Path) -> None:
    answers = [answer(query) for query in map(query_of, paragraphs(file)) if query is not None]
    with sky.database.writer() as connection:
        for text in answers:
            if text.startswith("=> "):
                connection.execute(f"PREPARE pair AS {text[3:]}".encode(), prepare=False)
                connection.execute(b"DEALLOCATE pair")
    assert answers
