"""The simulated observatory in an archive: every stage came by its plugin, and joins with the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import pyvo
from pyvo.utils.http import create_session

from ingest.simulator.demonstration.blocks import WISHES
from ingest.simulator.demonstration.plan import plan_night
from ingest.simulator.demonstration.weather import weather
from ingest.simulator.times import dp_id
from tests.demonstrations import Demonstration
from tests.documentation import Page

Row = dict[str, Any]
FRAMES = {dp_id(exposure): exposure for exposure in plan_night() if exposure.block}
BLOCKS = {dp_id(exposure): exposure.block.id for exposure in plan_night() if exposure.block}


class Site:
    """The demonstration archive without anything that is not in the project, asked by way of pyvo."""

    def __init__(self, service: pyvo.dal.TAPService) -> None:
        self._service = service

    def rows(self, adql: str) -> list[Row]:
        """As Python's own values; NULL is None."""
        found = self._service.search(adql, maxrec=10_000).to_table()
        return [
            dict(zip(found.colnames, values, strict=True))
            for values in zip(*(found[name].tolist() for name in found.colnames), strict=True)
        ]

    def counts(self, adql: str) -> Counter[tuple[object, ...]]:
        return Counter(tuple(row.values()) for row in self.rows(adql))


@pytest.fixture(scope="module")
def site(demonstration: Demonstration) -> Iterator[Site]:
    with create_session() as session:
        yield Site(pyvo.dal.TAPService(f"{demonstration.address}/tap", session=session))


def query_of(page: str) -> str:
    """The first one."""
    return Page.read(page).blocks("sql")[0]


def test_files_of_the_best_programmes_in_good_seeing(site: Site) -> None:
    rows = site.rows(query_of("operators/simulator.md"))
    assert {(row["ob_name"], row["pi_name"], row["grade"]) for row in rows} == {
        ("NGC3201_J_K", "Tycho Brahe", "A")
    }
    assert all(row["seeing"] == weather().seeing_at(FRAMES[row["raw_file"]].start) < 0.6 for row in rows)
    # An acquisition, and two exposures in each of two filters, of which stacks were made.
    assert len({row["raw_file"] for row in rows}) == 5
    assert len({row["product_file"] for row in rows if row["product_file"]}) >= 2


def test_other_programmes_and_other_seeing_are_there_to_be_left_out(site: Site) -> None:
    found = site.rows(
        "SELECT o.priority_class, d.fwhm FROM dfs.execution AS e JOIN dfs.outcome AS o ON o.run_id = e.run_id"
        " JOIN asm.dimm_paranal AS d ON d.start_date = (SELECT MAX(m.start_date) FROM asm.dimm_paranal AS m"
        " WHERE m.start_date <= e.start_time)"
    )
    conditions = {(row["priority_class"], bool(row["fwhm"] < 0.6)) for row in found}
    assert {("A", True), ("A", False), ("B", False), ("C", True), ("C", False)} == conditions


def test_products_lead_back_to_their_programmes(site: Site) -> None:
    rows = site.rows(query_of("users/lineage.md"))
    assert {row["frame"] for row in rows} == {name for name, e in FRAMES.items() if e.category == "SCIENCE"}
    titles = {"Old clusters and young spirals in the infrared", "White dwarfs as flux standards"}
    assert {row["title"] for row in rows} == titles


@pytest.mark.parametrize("adql", Page.read("users/lineage.md").blocks("sql"))
def test_documented_queries_find_something(site: Site, adql: str) -> None:
    assert site.rows(adql)


def test_every_input_was_read_without_a_problem(site: Site) -> None:
    assert site.rows("SELECT * FROM dfs.input_file WHERE outcome <> 'read' OR problem_count <> 0") == []
    assert len(site.rows("SELECT input_id FROM dfs.input_file")) == 40


def test_frames_join_with_executions_blocks_and_night_logs(site: Site) -> None:
    rows = site.rows(
        "SELECT r.dp_id, r.prog_id, b.run_id, e.grade, n.grade AS logged, n.ob_id, x.template_number"
        " FROM dbo.raw AS r JOIN dfs.ob AS b ON b.ob_id = r.ob_id"
        " JOIN dfs.execution_file AS x ON x.dp_id = r.dp_id JOIN dfs.night_log AS n ON n.dp_id = r.dp_id"
        " JOIN dfs.execution AS e ON e.execution_id = x.execution_id"
        " AND r.exp_start BETWEEN e.start_time AND e.end_time"
    )
    assert {row["dp_id"] for row in rows} == FRAMES.keys()
    assert all(row["prog_id"] == row["run_id"] and row["grade"] == row["logged"] for row in rows)
    assert {row["dp_id"]: row["ob_id"] for row in rows} == BLOCKS


def test_a_transient_led_to_its_block(site: Site) -> None:
    [row] = site.rows(
        "SELECT v.description, v.ra, b.target_ra, p.pi_name, r.is_too FROM dfs.too_trigger AS t"
        " JOIN dfs.voevent AS v ON v.ivorn = t.ivorn JOIN dfs.run AS r ON r.run_id = t.run_id"
        " JOIN dfs.programme AS p ON p.programme_id = r.programme_id JOIN dfs.ob AS b ON b.ob_id = t.ob_id"
    )
    assert (row["description"], row["pi_name"]) == ("It is a nova: broad H-alpha", "郭守敬")
    assert row["ra"] == pytest.approx(row["target_ra"], abs=1e-4)


def test_every_block_lies_in_a_container_and_ends_where_its_history_does(site: Site) -> None:
    blocks = site.rows("SELECT b.ob_id FROM dfs.ob AS b JOIN dfs.container_item AS i ON i.ob_id = b.ob_id")
    assert sorted(row["ob_id"] for row in blocks) == sorted(wish.block.id for wish in WISHES)
    kinds = site.counts("SELECT item_type FROM dfs.container")
    assert kinds == {("Folder",): 6, ("Group",): 1, ("TimeLink",): 1, ("Concatenation",): 1}
    last = site.rows(
        "SELECT b.ob_id FROM dfs.ob AS b JOIN dfs.ob_status AS s ON s.ob_id = b.ob_id AND s.to_status ="
        " b.ob_status AND s.changed = (SELECT MAX(h.changed) FROM dfs.ob_status AS h WHERE h.ob_id = b.ob_id)"
    )
    assert len(last) == len(WISHES)
    assert site.counts("SELECT is_stated FROM dfs.ob_status").keys() == {(True,)}


def test_the_plan_follows_from_blocks_and_executions(site: Site) -> None:
    states = site.counts("SELECT execution_status FROM ivoa.obsplan")
    # Two executions were aborted; the block of one of them was performed afterwards.
    assert states == {("Performed",): 5, ("Planned",): 6, ("Aborted",): 2}


def test_the_only_finding_is_the_block_that_asks_for_too_much(site: Site) -> None:
    assert site.counts("SELECT ob_id, rule FROM dfs.ob_finding") == {(4300204, "out of range"): 1}


def test_what_was_executed_was_the_first_of_its_ranking(site: Site) -> None:
    rows = site.rows(
        "SELECT k.ranking_id, e.ob_id, b.rank, b.is_observable FROM dfs.execution AS e"
        " JOIN dfs.ranking AS k ON k.start_time = e.start_time AND k.instrument = e.instrument"
        " JOIN dfs.ranked_ob AS b ON b.ranking_id = k.ranking_id AND b.ob_id = e.ob_id"
    )
    assert len(rows) == 7
    assert {(row["rank"], row["is_observable"]) for row in rows} == {(1, True)}
