"""What docs/operators/proposals.md shows is read as it stands."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from archive.plugins import Ingest
from ingest.readers.p1_json import p1_proposals
from ingest.readers.slots import time_slots
from ingest.readers.voevents import too_triggers
from tests.readers.phase2_support import given

PAGE = Path(__file__).parents[2] / "docs" / "operators" / "proposals.md"
BLOCKS = re.findall(r"```\w*\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(
    ("plugin", "name", "beginning", "tables"),
    [
        (
            p1_proposals,
            "mine.p1.json",
            '{\n  "progId"',
            {
                "dfs.programme": 1,
                "dfs.abstract": 1,
                "dfs.investigator_account": 1,
                "dfs.investigator": 1,
                "dfs.run": 1,
                "dfs.run_setup": 1,
                "dfs.run_target": 1,
                "dfs.outcome": 1,
                "dfs.review": 1,
            },
        ),
        (time_slots, "P116.slots.csv", "telescope, start", {"dfs.time_slot": 7}),
        (too_triggers, "mine.trigger.json", '{"runId"', {"dfs.too_trigger": 1}),
    ],
)
def test_examples_are_read_without_problems(
    tmp_path: Path, plugin: Ingest, name: str, beginning: str, tables: dict[str, int]
) -> None:
    (block,) = (block for block in BLOCKS if block.startswith(beginning))
    input = given(tmp_path, name, block)
    assert Counter(record.table.name for record in plugin.reader(input)) == tables
    assert input.problems == []


def test_every_pattern_of_names_is_told() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for plugin in (p1_proposals, time_slots, too_triggers):
        assert all(f"`{pattern}`" in text for pattern in plugin.accepts.names)
