"""Under row security each kind of plan still uses its index: the sky of the query tests, with hidden rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from archive.database.releases import reveals
from archive.query import Statement, build, compile
from archive.query.viewer import PUBLIC
from archive.testing import ClusterForTests
from tap.adql.resolve import translate
from tests.access.hidden_rows import FRAMES, KIRSTEN, HiddenRows, hidden_rows
from tests.query import test_index_use as unhidden
from tests.query.sky import FIELDS, STARS, TARGETS, Sky, fill

HIDING = {STARS: "id", TARGETS: "name", FIELDS: "name"}


class GuardedSky(Sky):
    """Plans are those of the role that runs users' queries, from which PostgreSQL withholds rows."""

    def plan(self, text: str) -> str:
        statement = compile(translate(text, self.database.catalogue))
        assert statement.hiding
        with psycopg.connect(self.database.server.reader) as connection:
            rows = connection.execute(f"EXPLAIN {statement.sql}".encode(), prepare=False).fetchall()
        plan = "\n".join(str(row[0]) for row in rows)
        assert "is_shown" in plan
        return plan


@pytest.fixture(scope="module")
def sky(test_cluster: ClusterForTests) -> Iterator[Sky]:
    with test_cluster.database() as database:
        fill(database)
        database.publish([replace(table, hides=column) for table, column in HIDING.items()])
        with database.writer() as connection:
            connection.execute(
                "UPDATE sky.stars SET hidden_until = 'infinity', hidden_for = 'P' WHERE id % 9 = 0"
            )
            connection.execute("ANALYZE sky.stars")
        yield GuardedSky(database)


@pytest.mark.parametrize("condition", unhidden.CONES)
def test_cones(sky: Sky, condition: str) -> None:
    unhidden.test_cones_use_the_index(sky, condition)


@pytest.mark.parametrize("condition", unhidden.JOINS)
def test_joins(sky: Sky, condition: str) -> None:
    for tables in ("sky.stars AS s JOIN sky.targets AS t", "sky.targets AS t JOIN sky.stars AS s"):
        unhidden.test_joins_search_the_larger_table(sky, tables, condition)


@pytest.mark.parametrize("condition", unhidden.REGIONS)
def test_regions(sky: Sky, condition: str) -> None:
    unhidden.test_regions_use_the_index(sky, condition)


@pytest.mark.parametrize(
    "test",
    [
        unhidden.test_every_published_pair_has_its_index,
        unhidden.test_positions_are_followed_through_subqueries,
        unhidden.test_left_joins_search_the_right_table,
        unhidden.test_correlated_subqueries_use_the_index,
        unhidden.test_joins_of_regions,
    ],
)
def test_others(sky: Sky, test) -> None:
    test(sky)


# --- what is no place on the sky --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def frames(test_cluster: ClusterForTests) -> Iterator[HiddenRows]:
    with test_cluster.database() as database, hidden_rows(database) as archive:
        with database.writer() as connection:
            connection.execute("ANALYZE site.frames, site.plain, dbo.raw")
        yield archive


OTHERS = {
    "SELECT * FROM site.frames WHERE number = 3": "frames_pkey",
    "SELECT * FROM site.frames WHERE number IN (3, 4)": "frames_pkey",
    "SELECT * FROM site.frames WHERE object = 'NGC 3'": "frames_object_idx",
    "SELECT * FROM site.frames WHERE LOWER(object) = 'ngc 3'": "frames_object_folded_idx",
    "SELECT * FROM site.frames WHERE LOWER(object) LIKE 'ngc 3%'": "frames_object_folded_idx",
    "SELECT run, number, object FROM site.frames WHERE run = '116.25AB.001'": "Index Only Scan",
    "SELECT TOP 5 * FROM site.frames WHERE run = '116.25AB.001' ORDER BY run, number": "frames_run_number",
    "SELECT p.number FROM site.plain AS p JOIN site.frames AS f ON f.number = p.number": "frames_pkey",
    "SELECT f.* FROM tap_upload.mine AS u JOIN site.frames AS f ON f.number = u.number": "frames_pkey",
    "SELECT * FROM dbo.raw WHERE dp_id = 'F.3'": "raw_pkey",
    "SELECT * FROM dbo.raw WHERE exp_start > '2026-01-01' AND exp_start < '2026-01-02'": "raw_exp_start_idx",
    "SELECT * FROM prov.entity WHERE id = 'F.3'": "raw_pkey",
    "SELECT * FROM phase3v2.provenance WHERE source_file = 'F.3'": "provenance_source_file_covering_idx",
    "SELECT f.archive_id FROM dbo.raw AS r JOIN phase3v2.provenance AS p ON p.source_file = r.dp_id"
    " JOIN phase3v2.files AS f ON f.file_id = p.product_file WHERE r.dp_id = 'F.3'": "Index Only Scan",
    "SELECT * FROM dfs.ob_parameter WHERE ob_id = 3": "ob_parameter_pkey",
    "SELECT p.* FROM dfs.ob AS o JOIN dfs.ob_parameter AS p ON p.ob_id = o.ob_id WHERE o.ob_id = 3": (
        "ob_parameter_pkey"
    ),
    "SELECT * FROM dfs.transfer WHERE dp_id = 'F.3'": "transfer_dp_id_idx",
    "SELECT * FROM dfs.run_target WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 1))": (
        "run_target_ra_dec_position_idx"
    ),
    "SELECT * FROM dfs.run_target WHERE LOWER(target_name) LIKE 'ngc 3%'": "target_name_folded_idx",
    "SELECT * FROM ivoa.obsplan WHERE 1 = INTERSECTS(s_region, CIRCLE(10, 20, 1))": "s_region_region_idx",
}


@pytest.mark.parametrize("query", OTHERS)
def test_other_indexes(frames: HiddenRows, query: str) -> None:
    """Small tables are searched by indexes when they may not be read whole, if there is a way to."""
    for viewer in (PUBLIC, KIRSTEN):
        statement = frames.statement(query, viewer)
        with psycopg.connect(frames.database.server.reader) as reader:
            reader.execute("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off")
            reader.execute("SET enable_material = off; SET cpu_index_tuple_cost = 1")
            plan = "\n".join(str(line) for (line,) in reader.execute(f"EXPLAIN {statement.sql}".encode()))
        assert OTHERS[query] in plan and "Cond:" in plan and "is_shown" in plan
        assert "Seq Scan on frames" not in plan and "Seq Scan on raw" not in plan


def test_a_span(frames: HiddenRows) -> None:
    """As the services ask for what overlaps an interval."""
    condition = build.overlaps(FRAMES, ("first", "last"), 1.0, 2.0)
    statement = compile(build.scan(FRAMES, ("number",), condition))
    with psycopg.connect(frames.database.server.reader) as reader:
        reader.execute("SET enable_seqscan = off")
        plan = "\n".join(str(line) for (line,) in reader.execute(f"EXPLAIN {statement.sql}".encode()))
    assert "frames_first_last_span_idx" in plan and "Seq Scan" not in plan


def test_keywords_of_headers(frames: HiddenRows) -> None:
    with psycopg.connect(frames.database.server.reader) as reader:
        reader.execute("SET enable_seqscan = off; SET enable_indexscan = off")
        found = reader.execute("EXPLAIN SELECT * FROM adql.files_with('OBJECT', 'treasure')").fetchall()
    plan = "\n".join(str(line) for (line,) in found)
    assert "Bitmap Index Scan on header_keywords_words" in plan and "Seq Scan" not in plan


@pytest.mark.parametrize("table", ["site.frames", "adql.header_keywords"])
def test_what_is_to_be_recorded(frames: HiddenRows, table: str) -> None:
    """However many rows of a run are hidden, or were: one of each key that somebody has is looked up."""
    (query,) = reveals(frames.catalogue, Statement("", (), hiding=(table,), viewer=KIRSTEN))
    with psycopg.connect(frames.database.server.reader) as reader:
        reader.execute("SET enable_seqscan = off")
        plan = "\n".join(str(line) for (line,) in reader.execute(f"EXPLAIN {query}".encode()))
    assert re.search(r"hidden\w* .*\n.*Index Cond: .*hidden_for = .*hidden_until > now", plan), plan
