"""Rows of the observing plan: which status, category, priority, times and place follow from what is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from archive.declare.obsplan import OBSPLAN
from ingest.obsplan_rows import Block, Execution, aborted_row, planned_row

NOW = datetime.fromisoformat("2026-07-03T00:00:00")
START = datetime.fromisoformat("2026-07-02T03:00:00")
END = datetime.fromisoformat("2026-07-02T03:30:00")
SLOT = (datetime.fromisoformat("2026-07-05T00:00:00"), datetime.fromisoformat("2026-07-06T10:00:00"))
BLOCK = Block(
    200187889, target="NGC 6397", ra=265.175, dec=-53.674, telescope="UT2", instrument="UVES", exposure=600.0
)


def execution(status: str, number: int = 1) -> Execution:
    return Execution(f"200187889.{number}", START, END, status)


def values(block: Block) -> dict[str, Any]:
    record = planned_row(block, NOW)
    assert record is not None
    return dict(zip(OBSPLAN.by_name, record.values, strict=True))


@pytest.mark.parametrize(
    ("status", "executed", "has_slot", "expected"),
    [
        ("P", "", False, "Planned"),
        ("D", "", True, "Planned"),
        ("+", "", False, "Planned"),
        ("+", "", True, "Scheduled"),
        ("-", "", True, "Unscheduled"),
        ("F", "", False, "Unscheduled"),
        ("K", "", False, "Unscheduled"),
        ("T", "M", False, "Unscheduled"),
        ("S", "S", False, "Performed"),
        ("C", "C", True, "Performed"),
        ("X", "X", False, "Performed"),
        ("A", "A", False, "Aborted"),
        ("M", "M", False, "Aborted"),
        # What the archive knows of the block is older than its execution.
        ("+", "C", True, "Performed"),
        (None, "C", False, "Performed"),
        (None, "M", False, "Aborted"),
        # It is planned again.
        ("+", "M", False, "Planned"),
        ("+", "A", True, "Scheduled"),
        # Somebody looked at the data later.
        ("M", "C", False, "Aborted"),
        ("C", "M", False, "Performed"),
        ("?", "", False, "Planned"),
    ],
)
def test_status(status: str | None, executed: str, has_slot: bool, expected: str) -> None:
    done = (execution(executed),) if executed else ()
    row = values(replace(BLOCK, status=status, executions=done, slot=SLOT if has_slot else None))
    assert row["execution_status"] == expected
    # ObsLocTAP 1.0, table 1: not NULL for what is scheduled or was performed.
    if expected in {"Scheduled", "Performed"}:
        assert None not in (row["t_min"], row["t_max"], row["t_exptime"])
        assert row["t_min"] <= row["t_max"]
    if expected in {"Planned", "Unscheduled"}:
        assert (row["t_min"], row["t_max"], row["t_exptime"]) == (None, None, None)


def test_times_are_mjd() -> None:
    row = values(replace(BLOCK, status="C", executions=(execution("C"),), seconds_taken=590.0))
    assert (row["t_min"], row["t_max"]) == (pytest.approx(61223.125), pytest.approx(61223.125 + 1 / 48))
    assert (row["t_exptime"], row["t_plan_exptime"], row["t_planning"]) == (590.0, 600.0, 61224.0)
    row = values(replace(BLOCK, status="C", taken=(START, END)))
    assert (row["t_min"], row["t_exptime"]) == (pytest.approx(61223.125), 600.0)
    row = values(replace(BLOCK, status="S", duration=864.0, executions=(Execution("x", START, None, "S"),)))
    assert row["t_max"] - row["t_min"] == pytest.approx(0.01)


def test_what_was_done_at_an_unknown_time_has_no_row() -> None:
    assert planned_row(replace(BLOCK, status="C"), NOW) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("Other", 0, "Sidereal")),
        ({"is_visitor": True, "is_bound": True}, ("Fixed", 2, "Sidereal")),
        ({"is_joint": True, "is_bound": True}, ("Coordinated", 1, "Sidereal")),
        ({"is_bound": True}, ("Window", 1, "Sidereal")),
        ({"priority_class": "A"}, ("Other", 2, "Sidereal")),
        ({"is_bound": True, "priority_class": "c"}, ("Window", 0, "Sidereal")),
        ({"is_moving": True}, ("Other", 0, "Solar-system-object-tracking")),
        ({"target": None, "ra": None}, ("Other", 0, "Fixed-az-el-transit")),
    ],
)
def test_category_priority_and_tracking(change: dict[str, Any], expected: tuple[str, int, str]) -> None:
    row = values(replace(BLOCK, status="+", **change))
    assert (row["category"], row["priority"], row["tracking_type"]) == expected


def test_place() -> None:
    row = values(replace(BLOCK, status="+", diameter=0.25))
    assert (row["s_fov"], row["s_region"]) == (0.25, "CIRCLE ICRS 265.175 -53.674 0.125000")
    assert values(replace(BLOCK, status="+"))["s_region"] == "POSITION ICRS 265.175 -53.674"
    row = values(replace(BLOCK, status="+", ra=400.0))
    assert (row["s_ra"], row["s_region"]) == (None, None)
    assert values(replace(BLOCK, telescope=None))["facility_name"] == "unknown"


def test_executions_that_came_to_nothing_have_rows_of_their_own_once_the_block_goes_on() -> None:
    first, second = execution("A", 1), execution("M", 2)
    waiting = replace(BLOCK, status="M", executions=(first, second))
    again = replace(waiting, status="+")
    done = replace(waiting, status="C", executions=(first, second, execution("C", 3)))

    def aborted(block: Block) -> list[object]:
        rows = [aborted_row(block, one, NOW) for one in block.executions]
        return [row.values[list(OBSPLAN.by_name).index("obs_id")] for row in rows if row is not None]

    assert aborted(waiting) == ["200187889.1"]
    assert aborted(again) == aborted(done) == ["200187889.1", "200187889.2"]
