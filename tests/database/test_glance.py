"""What every request asks of the database, on connections that are kept."""

from __future__ import annotations

import psycopg
import pytest

from archive.database import Database
from archive.database.bookkeeping import Connection
from archive.errors import NotFound
from archive.testing import ClusterForTests


def backend(connection: Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


def kill(database: Database, pid: int) -> None:
    with database.writer() as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))


def test_a_connection_is_used_again(test_cluster: ClusterForTests) -> None:
    with test_cluster.database() as database:
        assert database.glance(backend) == database.glance(backend)


def test_a_kept_connection_may_have_died(test_cluster: ClusterForTests) -> None:
    with test_cluster.database() as database:
        first = database.glance(backend)
        kill(database, first)
        assert database.glance(backend) != first


def test_what_is_found_wrong_costs_no_connection(test_cluster: ClusterForTests) -> None:
    def refuse(connection: Connection) -> None:
        connection.execute("SELECT 1")
        raise NotFound("there is no such thing")

    with test_cluster.database() as database:
        first = database.glance(backend)
        for _ in range(20):
            with pytest.raises(NotFound):
                database.glance(refuse)
        with pytest.raises(psycopg.errors.UndefinedTable):
            database.glance(lambda connection: connection.execute("SELECT * FROM nowhere"))
        assert database.glance(backend) == first
