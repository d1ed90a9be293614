"""Proposals, schedules, requests and events in an archive: written by their plugins, joined in ADQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.testing import ArchiveForTests, archive_for_tests, check_plugin
from frontdesk.app import create_app
from ingest.readers.allocations import allocations
from ingest.readers.esoform import esoform
from ingest.readers.etc_json import etc_requests
from ingest.readers.p1_json import p1_proposals
from ingest.readers.slots import time_slots
from ingest.readers.voevents import too_triggers, voevents
from tests.readers.phase1_documents import ESOFORM, etc_request, proposal
from tests.readers.test_slots import CSV, OUTCOMES
from tests.readers.test_voevents import EVENT, TRIGGER

DOCUMENTED = Path(__file__).parents[2] / "docs" / "operators" / "proposals.md"
SAMPLES = {
    "mine.p1.json": (p1_proposals, json.dumps(proposal())),
    "089.D-0123.tex": (esoform, ESOFORM),
    "P116.slots.csv": (time_slots, CSV),
    "P116.allocations.csv": (allocations, OUTCOMES),
    "mine.etc.json": (etc_requests, json.dumps({"runId": "116.20AB.001", "request": etc_request()})),
    "event.xml": (voevents, EVENT),
    "mine.trigger.json": (too_triggers, json.dumps(TRIGGER)),
}


@pytest.fixture(scope="module")
def archive() -> Iterator[ArchiveForTests]:
    with archive_for_tests(
        p1_proposals, esoform, time_slots, allocations, etc_requests, voevents, too_triggers
    ) as made:
        yield made


def _given(archive: ArchiveForTests, folder: Path, name: str, content: str) -> dict[str, Any]:
    path = folder / name
    path.write_text(content)
    return archive.read(path)


def test_readers_keep_their_contract(archive: ArchiveForTests, tmp_path: Path) -> None:
    for name, (plugin, content) in SAMPLES.items():
        sample = tmp_path / name
        sample.write_text(content)
        check_plugin(plugin, sample, archive, variants=60)


def test_everything_is_joined_in_adql(archive: ArchiveForTests, tmp_path: Path) -> None:
    for name, (_, content) in SAMPLES.items():
        _given(archive, tmp_path, name, content)
    with archive.tap(create_app) as tap:
        targets = tap.search(
            "SELECT p.programme_id, p.pi_name, r.run_id, r.instrument, t.target_name, o.priority_class "
            "FROM dfs.programme AS p JOIN dfs.run AS r ON r.programme_id = p.programme_id "
            "JOIN dfs.run_target AS t ON t.run_id = r.run_id "
            "LEFT JOIN dfs.outcome AS o ON o.run_id = r.run_id "
            "WHERE 1 = CONTAINS(POINT(t.ra, t.dec), CIRCLE(148.9, 69.1, 1)) ORDER BY r.run_id"
        ).to_table()
        events = tap.search(
            "SELECT t.run_id, r.pi_name, e.event_time, s.telescope FROM dfs.too_trigger AS t "
            "JOIN dfs.voevent AS e ON e.ivorn = t.ivorn JOIN dfs.programme AS r "
            "ON r.programme_id = t.programme_id JOIN dfs.time_slot AS s ON s.run_id = t.run_id"
        ).to_table()
        page = DOCUMENTED.read_text(encoding="utf-8")
        files = tap.search(page.partition("```sql\n")[2].partition("```")[0]).to_table()
    assert len(files) == 0
    assert [tuple(map(str, row)) for row in targets] == [
        ("116.20AB", "Tycho Brahe", "116.20AB.001", "FORS2", "M81", "A"),
        ("116.20AB", "Tycho Brahe", "116.20AB.002", "UVES", "M81", ""),
    ]
    assert [str(row["telescope"]) for row in events] == ["UT2"]


def test_what_a_proposal_has_no_more_goes_and_versions_stay(archive: ArchiveForTests, tmp_path: Path) -> None:
    document = proposal() | {"progId": "117.30CD"}
    for number, run in enumerate(document["obsRuns"], 1):
        run["runCode"] = f"117.30CD.{number:03d}"
    _given(archive, tmp_path, "mine.p1.json", json.dumps(document))
    _given(archive, tmp_path, "mine.p1.json", json.dumps(document))
    assert archive.sql("SELECT count(*) FROM dfs.run_version WHERE programme_id = '117.30CD'") == [(2,)]
    del document["obsRuns"][1]
    del document["investigators"][0]
    document["status"] = "Accepted"
    _given(archive, tmp_path, "mine.p1.json", json.dumps(document))
    assert archive.sql("SELECT run_id FROM dfs.run WHERE programme_id = '117.30CD'") == [("117.30CD.001",)]
    assert archive.sql("SELECT count(*) FROM dfs.run_target WHERE programme_id = '117.30CD'") == [(2,)]
    assert archive.sql("SELECT full_name FROM dfs.investigator WHERE programme_id = '117.30CD'") == [
        ("Tycho Brahe",)
    ]
    assert archive.sql(
        "SELECT row_version, status, valid_to IS NULL FROM dfs.programme_version "
        "WHERE programme_id = '117.30CD' ORDER BY row_version"
    ) == [(1, "Submitted", False), (2, "Accepted", True)]
    assert archive.sql("SELECT valid_to IS NULL FROM dfs.run_version WHERE run_id = '117.30CD.002'") == [
        (False,)
    ]


def test_a_message_takes_nothing_from_the_trigger_that_was_told(
    archive: ArchiveForTests, tmp_path: Path
) -> None:
    """Whichever comes first, and when the message is sent once more."""
    told = "SELECT ob_id, execute_within, ivorn IS NULL FROM dfs.too_trigger"
    for number, content in enumerate((EVENT, json.dumps(TRIGGER), EVENT.replace("so bright", "brighter"))):
        name = f"again{number}.{'trigger.json' if number == 1 else 'xml'}"
        _given(archive, tmp_path, name, content)
    assert archive.sql(told) == [(4725578, "OneNight", False)]


def test_a_new_schedule_takes_the_place_of_the_former_one(archive: ArchiveForTests, tmp_path: Path) -> None:
    _given(archive, tmp_path, "P117.slots.csv", CSV)
    header, first = "telescope,start,end,mode,run\n", "UT1,2025-10-05T23:00,2025-10-06T09:00,SM,\n"
    _given(archive, tmp_path, "P117.slots.csv", header + first)
    assert archive.sql(
        "SELECT telescope, count(*) FROM dfs.time_slot WHERE period = 117 GROUP BY telescope ORDER BY 1"
    ) == [
        ("UT1", 1),
        ("UT2", 3),
        ("UT3", 2),
        ("UT4", 1),
    ]
    assert archive.sql(
        "SELECT count(*) FROM dfs.time_slot_version WHERE period = 117 AND telescope = 'UT1'"
    ) == [(3,)]
