"""100,000 queries generated from the grammar against the catalogue: all are accepted and pass PREPARE."""

from __future__ import annotations

import pytest

from archive.database import Database
from tests.adql.test_generated_prepare import prepare

COUNT = 100_000


@pytest.mark.soak
def test_all_generated_queries_are_accepted(database: Database) -> None:
    with database.writer() as connection:
        for seed in range(COUNT):
            prepare(connection, database.catalogue, 1_000_000 + seed)
