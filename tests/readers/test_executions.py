"""Executions: what the Phase 2 API answers, fuller bundles, and what is wrong in them."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from archive.declare.dataflow.execution import EXECUTION, EXECUTION_FILE, EXECUTION_TEMPLATE
from archive.declare.dataflow.phase2 import OB_STATUS
from archive.errors import UnreadableFile
from ingest.builtin import BUILTIN
from ingest.readers.executions import executions
from tests.readers.night_support import given, rows_of, survives

ANSWER: list[dict[str, Any]] = [
    {
        "from": "2026-07-02T03:01:41Z",
        "to": "2026-07-02T03:31:02Z",
        "obId": 200187889,
        "obStatus": "C",
        "grade": "A",
    },
    {"from": "2026-07-02T04:00:00Z", "to": None, "obId": 200187890, "obStatus": "S", "grade": "?"},
]
BUNDLE: dict[str, Any] = {
    "instrument": "UVES",
    "telescope": "UT2",
    "executions": [
        {
            "executionId": "UT2-2026-07-02-0007",
            "obId": 4725578,
            "runId": 116232900,
            "progId": "116.20AB.001",
            "from": "2026-07-02T05:00:00Z",
            "to": "2026-07-02T05:40:00Z",
            "obStatus": "M",
            "grade": "C",
            "operator": "M. Ürtega",
            "operatorComments": "Wind from the north,\nseeing rose to 1.4 arcsec.",
            "templates": [
                {
                    "templateName": "UVES_blue_acq_slit",
                    "from": "2026-07-02T05:00:00Z",
                    "to": "2026-07-02T05:05:00Z",
                    "status": "done",
                },
                {
                    "templateName": "UVES_blue_obs_exp",
                    "exposureCount": 2,
                    "files": [
                        {"dpId": "UVES.2026-07-02T05:06:01.123", "category": "SCIENCE", "exposureNumber": 1},
                        "UVES.2026-07-02T05:23:07.456.fits.Z",
                    ],
                },
            ],
            "files": ["UVES.2026-07-02T05:06:01.123"],
        }
    ],
}


def test_the_answer_of_the_api(tmp_path: Path) -> None:
    input = given(tmp_path, "executions_uves_2026-07-01.json", ANSWER)
    assert executions.accepts.may_take(input.name) and executions.accepts.looks is not None
    assert executions.accepts.looks(input.content)
    records = list(executions.reader(input))
    assert rows_of(EXECUTION, records) == [
        {
            "execution_id": "200187889.2026-07-02T03:01:41",
            "ob_id": 200187889,
            "instrument": "UVES",
            "start_time": datetime.fromisoformat("2026-07-02T03:01:41"),
            "end_time": datetime.fromisoformat("2026-07-02T03:31:02"),
            "night": "2026-07-01",
            "ob_status": "C",
            "grade": "A",
        },
        {
            "execution_id": "200187890.2026-07-02T04:00:00",
            "ob_id": 200187890,
            "instrument": "UVES",
            "start_time": datetime.fromisoformat("2026-07-02T04:00:00"),
            "night": "2026-07-01",
            "ob_status": "S",
            "grade": "?",
        },
    ]
    assert input.problems == []


def test_an_execution_tells_how_the_status_of_its_block_changed(tmp_path: Path) -> None:
    records = list(executions.reader(given(tmp_path, "x.json", ANSWER)))
    changes = [
        (row["ob_id"], str(row["changed"]), row.get("from_status"), row["to_status"])
        for row in rows_of(OB_STATUS, records)
    ]
    assert changes == [
        (200187889, "2026-07-02 03:01:41", None, "S"),
        (200187889, "2026-07-02 03:31:02", "S", "C"),
        (200187890, "2026-07-02 04:00:00", None, "S"),
    ]


def test_a_bundle_has_templates_and_files(tmp_path: Path) -> None:
    records = list(executions.reader(given(tmp_path, "night.json", BUNDLE)))
    (execution,) = rows_of(EXECUTION, records)
    assert execution["execution_id"] == "UT2-2026-07-02-0007"
    assert (execution["run_id"], execution["p2_run_id"]) == ("116.20AB.001", 116232900)
    assert (execution["telescope"], execution["operator"]) == ("UT2", "M. Ürtega")
    assert str(execution["operator_comments"]).endswith("seeing rose to 1.4 arcsec.")
    templates = rows_of(EXECUTION_TEMPLATE, records)
    assert [(row["template_number"], row["template_name"]) for row in templates] == [
        (1, "UVES_blue_acq_slit"),
        (2, "UVES_blue_obs_exp"),
    ]
    files = {str(row["dp_id"]): row for row in rows_of(EXECUTION_FILE, records)}
    assert files["UVES.2026-07-02T05:06:01.123"]["template_number"] == 2
    assert files["UVES.2026-07-02T05:06:01.123"]["dp_cat"] == "SCIENCE"
    assert set(files) == {"UVES.2026-07-02T05:06:01.123", "UVES.2026-07-02T05:23:07.456"}


@pytest.mark.parametrize(
    ("change", "problem", "column", "value"),
    [
        ({"obStatus": "Q"}, "$[0].obStatus: 'Q' is no status of an observation block", "ob_status", None),
        ({"grade": "E"}, "$[0].grade: 'E' is no grade, which are A B C D X ?", "grade", None),
        ({"grade": "-"}, None, "grade", "?"),
        ({"grade": "b"}, None, "grade", "B"),
        ({"to": "2026-07-02T03:00:00Z"}, "$[0] ends before it starts: 2026-07-02T03:00:00", "end_time", None),
        ({"night": "yesterday"}, "$[0]: 'yesterday' is no night as 2026-07-01", "night", "2026-07-01"),
        ({"from": "2026-07-01T16:00:00Z"}, None, "night", "2026-06-30"),
        ({"from": "2026-07-01T17:00:00Z"}, None, "night", "2026-07-01"),
    ],
)
def test_what_cannot_be_is_a_problem_and_the_execution_is_kept(
    tmp_path: Path, change: dict[str, object], problem: str | None, column: str, value: object
) -> None:
    input = given(tmp_path, "x.json", [ANSWER[0] | change])
    (row,) = rows_of(EXECUTION, executions.reader(input))
    assert row.get(column) == value
    assert [text.startswith(problem or "") for text in input.problems] == ([True] if problem else [])


def test_a_status_that_does_not_exist_is_told_on_for_the_findings(tmp_path: Path) -> None:
    records = list(executions.reader(given(tmp_path, "x.json", [ANSWER[0] | {"obStatus": "Q"}])))
    assert [row["to_status"] for row in rows_of(OB_STATUS, records)] == ["S", "Q"]


def test_records_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    input = given(tmp_path, "x.json", [{"obId": "none", "from": "x", "obStatus": "C"}, ANSWER[0]])
    assert len(rows_of(EXECUTION, executions.reader(input))) == 1
    assert input.problems == ["$[0].obId is 'none', not a number"]
    with pytest.raises(UnreadableFile, match=r"x\.json: none of its 1 records can be read; \$\[0\]\.from is"):
        list(executions.reader(given(tmp_path, "x.json", [{"obId": 1, "from": "soon"}])))


def test_the_forms_in_the_manual_are_read_by_one_plugin_each(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/operators/night.md").read_text("utf-8")
    forms = re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(forms) == 4
    for form in forms:
        by_name = [plugin for plugin in BUILTIN if plugin.accepts.may_take("x.json")]
        looking = [
            plugin for plugin in by_name if plugin.accepts.looks and plugin.accepts.looks(form.encode())
        ]
        assert len(looking) == 1, (form, [plugin.name for plugin in looking])
        input = given(tmp_path, "x.json", form)
        assert list(looking[0].reader(input)) != []
        assert input.problems == []


def test_observation_blocks_are_no_executions() -> None:
    looks = executions.accepts.looks
    assert looks is not None
    assert not looks(b'{"obId": 1, "itemType": "OB", "obStatus": "P", "x": [{"from": "2026-01-01T00:00"}]}')
    assert looks(b'{"night": "2026-07-01", "executions": [')
    assert not looks(b'{"obId": 1}')


def test_hostile_documents_harm_nobody(tmp_path: Path) -> None:
    deep = b"[" * 100_000
    wide = json.dumps([{"obId": n, "from": "2026-07-02T03:01:41Z"} for n in range(3_000)]).encode()
    assert survives(executions, tmp_path, "x.json", [deep, wide, b"", b"[]", b"{}", b"\xff\xfe\0"]) == 2
