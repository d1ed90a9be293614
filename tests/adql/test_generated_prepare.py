"""Generated queries pass the resolver, and their SQL PostgreSQL: a few here, 100,000 in tests/soak."""

from __future__ import annotations

import random

import psycopg
import pytest

from archive.database import Database
from archive.declare.catalogue import Catalogue
from archive.errors import ArchiveError
from archive.query.sql import compile as compile_query
from tap.adql.resolve import translate
from tests.adql.generate import generate

COUNT = 300


def prepare(connection: psycopg.Connection, catalogue: Catalogue, seed: int) -> None:
    """One generated query through resolver, compiler and PostgreSQL's own parser and analyser."""
    text = generate(random.Random(seed), catalogue)
    try:
        sql = compile_query(translate(text, catalogue)).sql
        connection.execute(f"PREPARE generated AS {sql}".encode(), prepare=False)
    except (ArchiveError, psycopg.Error, RecursionError) as cause:
        cause.add_note(f"seed {seed}: {text}")
        raise
    connection.execute("DEALLOCATE generated")


@pytest.mark.parametrize("start", range(0, COUNT, 50))
def test_generated_queries_are_accepted(database: Database, start: int) -> None:
    with database.writer() as connection:
        for seed in range(start, start + 50):
            prepare(connection, database.catalogue, seed)
