"""Snapshots of the short-term schedule: conditions, ranks, scores and reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.declare.dataflow.ranking import RANKED_OB, RANKING
from archive.errors import UnreadableFile
from ingest.readers.rankings import rankings
from tests.readers.night_support import given, rows_of, survives

SNAPSHOT = {
    "time": "2026-07-02T03:00:00Z",
    "startTime": "2026-07-02T03:05:00Z",
    "telescope": "UT2",
    "engine": "ranker 2.1",
    "conditions": {
        "seeing": 0.7,
        "windDirection": 340,
        "skyTransparency": "Clear",
        "airmassTolerance": 0.1,
        "fli": 0.95,
        "moonDistanceTolerance": 5,
        "zenithAvoidance": 2,
    },
    "ranking": [
        {
            "rank": 1,
            "obId": 200187889,
            "progId": "116.20AB.001",
            "score": 93.4,
            "observable": True,
            "obStatus": "+",
            "containerType": "Group",
            "containerId": 2001,
            "groupContribution": 40,
            "reasons": ["run of class A", "the group has been started"],
        },
        {"obId": 200187890, "observable": False, "reasons": "airmass 2.3 exceeds 1.8"},
    ],
}


def test_a_snapshot(tmp_path: Path) -> None:
    input = given(tmp_path, "ranking.json", SNAPSHOT)
    assert rankings.accepts.looks is not None and rankings.accepts.looks(input.content)
    records = list(rankings.reader(input))
    (ranking,) = rows_of(RANKING, records)
    assert ranking["ranking_id"] == "UT2.2026-07-02T03:00:00"
    assert (ranking["seeing"], ranking["wind_direction"], ranking["fli"]) == (0.7, 340.0, 0.95)
    assert (ranking["night"], ranking["ob_count"]) == ("2026-07-01", 2)
    first, second = rows_of(RANKED_OB, records)
    assert (first["rank"], first["score"], first["container_type"]) == (1, 93.4, "G")
    assert first["reasons"] == "run of class A\nthe group has been started"
    assert second == {
        "ranking_id": "UT2.2026-07-02T03:00:00",
        "ob_id": 200187890,
        "is_observable": False,
        "reasons": "airmass 2.3 exceeds 1.8",
    }
    assert input.problems == []


def test_a_block_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    blocks = [{"obId": 1, "containerType": "Q"}, {"obId": 2, "rank": 1}]
    input = given(tmp_path, "ranking.json", SNAPSHOT | {"ranking": blocks})
    assert [row["ob_id"] for row in rows_of(RANKED_OB, rankings.reader(input))] == [2]
    assert input.problems == ["$.ranking[0].containerType is 'Q', not G, T or C"]


def test_nothing_may_have_been_observable(tmp_path: Path) -> None:
    records = list(rankings.reader(given(tmp_path, "ranking.json", SNAPSHOT | {"ranking": []})))
    assert [row["ob_count"] for row in rows_of(RANKING, records)] == [0]


def test_several_snapshots_in_one_document(tmp_path: Path) -> None:
    later = SNAPSHOT | {"time": "2026-07-02T04:00:00Z", "rankingId": "R7"}
    records = list(rankings.reader(given(tmp_path, "r.json", {"rankings": [SNAPSHOT, later]})))
    assert [row["ranking_id"] for row in rows_of(RANKING, records)] == ["UT2.2026-07-02T03:00:00", "R7"]
    with pytest.raises(UnreadableFile, match=r"\$\.telescope is missing"):
        list(rankings.reader(given(tmp_path, "r.json", {"time": "2026-07-02T04:00:00Z", "ranking": []})))


def test_hostile_documents_harm_nobody(tmp_path: Path) -> None:
    assert survives(rankings, tmp_path, "r.json", [b"[" * 100_000, b"", b"7", b'{"ranking": [']) == 0
