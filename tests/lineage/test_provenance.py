"""Schema prov: the same facts in the terms of the Provenance Data Model."""

from __future__ import annotations

import psycopg
import pytest

from archive.database import Database
from archive.declare.prov import PROV
from archive.query import compile
from archive.testing import ClusterForTests
from tap.adql.resolve import translate
from tests.database.support import rows, statement
from tests.datalink.small_archive import BIAS, FLAT, IMAGE, MFLAT, SCI

AGENT = "116.20AB#1"


def ask(database: Database, query: str) -> list[tuple[object, ...]]:
    return sorted(rows(database, compile(translate(query, database.catalogue))))


def test_a_product_of_a_reduction(database: Database) -> None:
    found = ask(
        database,
        "SELECT u.entity_id, u.role FROM prov.was_generated_by AS g JOIN prov.used AS u"
        f" ON u.activity_id = g.activity_id WHERE g.entity_id = '{IMAGE}'",
    )
    assert found == sorted([(BIAS, "BIAS"), (MFLAT, "MASTER_FLAT"), (SCI, "OBJECT")])
    derived = ask(database, f"SELECT used_id FROM prov.was_derived_from WHERE generated_id = '{MFLAT}'")
    assert derived == sorted([(BIAS,), (FLAT,)])


def test_a_frame_of_an_execution_for_somebody(database: Database) -> None:
    found = ask(
        database,
        "SELECT a.id, a.name, n.agent_id, p.name FROM prov.was_generated_by AS g"
        " JOIN prov.activity AS a ON a.id = g.activity_id"
        " JOIN prov.was_associated_with AS n ON n.activity_id = a.id"
        " JOIN prov.agent AS p ON p.id = n.agent_id"
        f" WHERE g.entity_id = '{SCI}'",
    )
    assert found == [("7/1", "observation", AGENT, "Tycho Brahe")]
    assert ask(database, f"SELECT agent_id, role FROM prov.was_attributed_to WHERE entity_id = '{SCI}'") == [
        (AGENT, "PI")
    ]


def test_every_entity_once(database: Database) -> None:
    [(count, different)] = ask(database, "SELECT COUNT(*), COUNT(DISTINCT id) FROM prov.entity")
    assert count == different
    kinds = dict(ask(database, "SELECT id, type FROM prov.entity"))
    assert kinds[SCI] == "OBJECT" and kinds[IMAGE] == "SCIENCE.IMAGE"


@pytest.mark.parametrize("table", PROV.tables, ids=lambda table: table.base_name)
def test_views_have_the_declared_columns(database: Database, table) -> None:
    names = ", ".join(column.name for column in table.columns)
    query = statement(f"SELECT {names} FROM {table.name}", *(column.type for column in table.columns))
    assert rows(database, query)


def test_a_view_shows_no_more_than_its_tables(test_cluster: ClusterForTests) -> None:
    """Whoever may not read a table does not read it through a view either."""
    with test_cluster.database() as database:
        with database.writer() as connection:
            connection.execute("REVOKE SELECT ON dfs.investigator FROM PUBLIC")
            connection.execute("REVOKE SELECT ON dfs.investigator FROM archive_reader")
        with psycopg.connect(database.server.reader) as reader:
            assert reader.execute("SELECT count(*) FROM prov.entity").fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("SELECT count(*) FROM prov.agent")
