"""The long-term schedule and allocated time, from CSV and JSON."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from archive.errors import UnreadableFile
from archive.plugins import Ingest
from ingest.readers.allocations import allocations
from ingest.readers.slots import time_slots
from tests.readers.mangling import survives, truncated, wrong_places
from tests.readers.phase2_support import given, read, rows_of

CSV = """# Long-term schedule
Telescope, Start, End, Mode, Run ID, Instrument, Remarks
UT1, 2025-10-01T23:00:00Z, 2025-10-02T09:00:00Z, SM, , ,
UT2, 2025-10-01T23:00:00Z, 2025-10-02T04:00:00Z, VM, 116.20AB.002, UVES, "first half, please"
UT2, 2025-10-02T04:00:00Z, 2025-10-02T09:00:00Z, Designated Visitor, 116.20AC.001, UVES,
UT1+UT2+UT3+UT4, 2025-10-02T23:00:00Z, 2025-10-03T09:00:00Z, Visitor, 116.20AD.001, GRAVITY,
UT3, 2025-10-01T12:00:00-03:00, 2025-10-02T09:00:00Z, Technical, , , mirror coating
"""
JSON: dict[str, Any] = {
    "period": 116,
    "slots": [
        {"slotId": "S1", "telescope": ["UT1", "UT2"], "start": "2025-10-01T23:00", "end": "2025-10-02T09:00",
         "mode": "visitor", "runId": "116.20AB.002", "instrument": "GRAVITY", "remarks": "both"},
        {"slotId": "S2", "telescope": "UT1", "start": "2025-10-02", "end": "2025-10-03", "mode": "s"},
    ],
}  # fmt: skip
OUTCOMES = """run_id;decision;priority_class;allocated_hours;panel;opc_grade;opc_rank;decided
116.20AB.001;Scheduled;a;12.5;B;1.25;3;2025-06-30
116.20AB.002;Not scheduled;;;B;3.5;99;
"""


def _rows(folder: Path, content: object, name: str, plugin: Ingest = time_slots) -> list[dict[str, Any]]:
    return rows_of(read(plugin, folder, content, name), plugin.tables[0].name)


def test_slots_from_csv(tmp_path: Path) -> None:
    rows = _rows(tmp_path, CSV, "P116.slots.csv")
    assert [(row["telescope"], row["slot_mode"]) for row in rows] == [
        ("UT1", "Service"),
        ("UT2", "Visitor"),
        ("UT2", "Designated Visitor"),
        *((telescope, "Visitor") for telescope in ("UT1", "UT2", "UT3", "UT4")),
        ("UT3", "Technical"),
    ]
    assert rows[1] == {
        "period": 116,
        "telescope": "UT2",
        "slot_id": "2025-10-01T23:00:00 116.20AB.002",
        "start_time": datetime.fromisoformat("2025-10-01T23:00:00"),
        "end_time": datetime.fromisoformat("2025-10-02T04:00:00"),
        "slot_mode": "Visitor",
        "run_id": "116.20AB.002",
        "programme_id": "116.20AB",
        "instrument": "UVES",
        "telescopes": "UT2",
        "remarks": "first half, please",
    }
    assert {row["telescopes"] for row in rows[3:7]} == {"UT1 UT2 UT3 UT4"}
    assert len({row["slot_id"] for row in rows[3:7]}) == 1
    assert rows[7]["start_time"] == datetime.fromisoformat("2025-10-01T15:00:00")


def test_slots_from_json(tmp_path: Path) -> None:
    rows = _rows(tmp_path, JSON, "any.slots.json")
    assert [(row["slot_id"], row["telescope"], row["period"]) for row in rows] == [
        ("S1", "UT1", 116),
        ("S1", "UT2", 116),
        ("S2", "UT1", 116),
    ]
    assert _rows(tmp_path, JSON["slots"], "P116.slots.json") == rows


def test_overlaps_on_one_telescope_are_told(tmp_path: Path) -> None:
    overlapping = CSV + "UT2, 2025-10-02T01:00:00, 2025-10-02T05:00:00, SM, , ,\n"
    input = given(tmp_path, "P116.slots.csv", overlapping)
    assert len(list(time_slots.reader(input))) == 9
    assert input.problems == [
        "UT2: '2025-10-01T23:00:00 116.20AB.002' (line 4) and '2025-10-02T01:00:00 Service' (line 8) overlap "
        "from 2025-10-02 01:00:00 to 2025-10-02 04:00:00",
        "UT2: '2025-10-02T01:00:00 Service' (line 8) and '2025-10-02T04:00:00 116.20AC.001' (line 5) overlap "
        "from 2025-10-02 04:00:00 to 2025-10-02 05:00:00",
    ]


def test_many_overlaps_are_counted(tmp_path: Path) -> None:
    lines = [f"UT1,2025-10-01T23:00,2025-10-{day:02d},SM,116.20AB.{day:03d}" for day in range(2, 31)] * 1
    lines += [f"UT2,2025-10-01T23:00,2025-10-{day:02d},SM,116.20AB.{day:03d}" for day in range(2, 31)]
    input = given(tmp_path, "x.slots.csv", "telescope,start,end,mode,run\n" + "\n".join(lines))
    assert len(list(time_slots.reader(input))) == 58
    assert (len(input.problems), input.problems[-1]) == (51, "6 further overlaps")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "UT1, 2025-10-01, 2025-10-01, SM",
            "line 2: the slot ends at 2025-10-01 00:00:00, before it has begun",
        ),
        ("UT1, 2025-10-01, tomorrow, SM", "line 2: 'tomorrow' is not a time as 2026-07-01T22:30:00Z"),
        ("UT1, 2025-10-01, , SM", "line 2.end is missing"),
        (", 2025-10-01, 2025-10-02, SM", "line 2.telescope is missing"),
        ("UT1, 2025-10-01, 2025-10-02, holiday", "line 2: the mode is 'holiday'; Visitor, Designated"),
        ("UT1, 2025-10-01, 2025-10-02, SM, x", "line 2: 5 values for 4 columns"),
        ("UT1, 2025-10-01, 2025-10-02, SM\n" * 2, "line 3: slot '2025-10-01T00:00:00 Service' of UT1 stands"),
        ("", "P116.slots.csv has no slots"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        _rows(tmp_path, f"telescope,start,end,mode\n{line}", "P116.slots.csv")
    assert message in str(caught.value)


def test_a_schedule_has_a_period(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="does not say its observing period"):
        _rows(tmp_path, "telescope,start,end,mode\nUT1,2025-10-01,2025-10-02,SM", "schedule.slots.csv")


def test_columns_are_named_once(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="has to name the columns, each of them once"):
        _rows(tmp_path, "start,Start\n", "P116.slots.csv")


def test_outcomes_and_reviews_of_runs(tmp_path: Path) -> None:
    records = read(allocations, tmp_path, OUTCOMES, "P116.allocations.csv")
    assert rows_of(records, "dfs.outcome") == [
        {
            "run_id": "116.20AB.001",
            "programme_id": "116.20AB",
            "decision": "Scheduled",
            "priority_class": "A",
            "time_allocated": 12.5,
            "decided": datetime.fromisoformat("2025-06-30"),
        },
        {"run_id": "116.20AB.002", "programme_id": "116.20AB", "decision": "Not scheduled"},
    ]
    assert [(row["opc_grade"], row["opc_rank"]) for row in rows_of(records, "dfs.review")] == [
        (1.25, 3),
        (3.5, 99),
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("116.20AB.001,D,1", "line 2.priorityclass is 'D', not A, B or C"),
        ("116.20AB.001,A,-1", "line 2.allocatedhours is '-1', not zero or more"),
        (",A,1", "line 2.runid is missing"),
        ("116.20AB.001,A,1\n116.20AB.001,B,1", "line 3: run 116.20AB.001 stands twice"),
    ],
)
def test_wrong_outcomes_are_told(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        _rows(tmp_path, f"runId,priorityClass,allocatedHours\n{row}", "x.allocations.csv", allocations)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("plugin", "content", "name"),
    [(time_slots, CSV, "P116.slots.csv"), (allocations, OUTCOMES, "x.allocations.csv")],
)
def test_truncated_and_damaged_csv_is_refused_or_read(
    tmp_path: Path, plugin: Ingest, content: str, name: str
) -> None:
    for part in truncated(content.encode(), 3):
        survives(plugin, tmp_path, part, name)
    for place in range(0, len(content), 23):
        for inserted in ('"', ",", "\n", "\0", "\udcff", "[", "9" * 50):
            damaged = (content[:place] + inserted + content[place:]).encode("utf-8", "surrogateescape")
            survives(plugin, tmp_path, damaged, name)


def test_wrong_types_in_every_place_are_refused_or_read(tmp_path: Path) -> None:
    outcomes = [survives(time_slots, tmp_path, document, "x.slots.json") for document in wrong_places(JSON)]
    assert {True, False} == set(outcomes)
    rows = {"runs": [{"runId": "116.20AB.001", "priorityClass": "B", "opcRank": 3, "decided": "2025-06-30"}]}
    for document in wrong_places(rows):
        survives(allocations, tmp_path, document, "x.allocations.json")


@pytest.mark.parametrize(
    "content",
    [
        "," * 1_000_000,
        '"' + "x" * 1_000_000,
        "telescope,start,end,mode\n" + '"' * 500_001,
        "telescope,start,end,mode\n" + "UT1 " * 100_000 + ",2025-10-01,2025-10-02,SM",
        "[" * 100_000,
        "",
    ],
    ids=range(6),
)
def test_hostile_tables_are_refused(tmp_path: Path, content: str) -> None:
    assert not survives(time_slots, tmp_path, content, "P116.slots.csv")
