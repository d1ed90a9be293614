"""Instrument packages: what templates and constraints allow, and what observation blocks break of it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from archive.declare.dataflow.packages import CONSTRAINTS
from archive.declare.dataflow.statuses import ObStatus, is_possible_change, is_possible_step
from archive.errors import UnreadableFile
from ingest.phase2_checks import (
    Finding,
    Parameter,
    Rule,
    Setting,
    StatusChange,
    check_changes,
    check_settings,
)
from ingest.readers.packages import instrument_package
from tests.readers.phase2_documents import package
from tests.readers.phase2_support import read, rows_of


def test_a_package_has_templates_with_parameters_and_constraints(tmp_path: Path) -> None:
    records = read(instrument_package, tmp_path, package())
    (told,) = rows_of(records, "dfs.instrument_package")
    assert told == {"instrument": "FORS2", "ip_version": "116.10", "template_count": 3}
    templates = {row["template_name"]: row for row in rows_of(records, "dfs.template_signature")}
    assert templates.keys() == {"FORS2_img_acq", "FORS2_img_obs", "FORS2_cal_dark", CONSTRAINTS}
    assert [templates[name]["has_parameters"] for name in ("FORS2_img_obs", "FORS2_cal_dark")] == [
        True,
        False,
    ]
    parameters = {row["parameter"]: row for row in rows_of(records, "dfs.signature_parameter")}
    assert json.loads(parameters["INS.FILT1.NAME"]["allowed_values"]) == ["R_SPECIAL", "V_HIGH"]
    assert (parameters["DET.WIN1.UIT1"]["minimum"], parameters["DET.WIN1.UIT1"]["maximum"]) == (0.25, 3600.0)
    assert (parameters["SEQ.NEXPO"]["minimum"], parameters["SEQ.NEXPO"]["maximum"]) == (1.0, 100.0)
    assert (parameters["airmass"]["template_name"], parameters["airmass"]["default_value"]) == (
        CONSTRAINTS,
        "1.6",
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"instrument": None}, "$.instrument is missing"),
        ({"ipVersion": ""}, "$.ipVersion is missing"),
        ({"templateSignatures": [{"type": "science"}]}, "$.templateSignatures[0].templateName is missing"),
        (
            {"templateSignatures": [{"templateName": "a", "parameters": [{"name": "b", "range": "wide"}]}]},
            "not a range with min and max",
        ),
    ],
)
def test_what_is_wrong_in_a_package_is_told(tmp_path: Path, change: dict[str, object], told: str) -> None:
    with pytest.raises(UnreadableFile) as failure:
        read(instrument_package, tmp_path, package() | change)
    assert told in str(failure.value)


@pytest.mark.parametrize(
    ("parameter", "value", "rule"),
    [
        (Parameter("integer", minimum=1, maximum=10), "3", None),
        (Parameter("integer", minimum=1, maximum=10), "3.0", None),
        (Parameter("integer"), "3.5", Rule.WRONG_TYPE),
        (Parameter("integer", minimum=1, maximum=10), "11", Rule.OUT_OF_RANGE),
        (Parameter("number", minimum=0.25), "0.2", Rule.OUT_OF_RANGE),
        (Parameter("number", maximum=1), "1e0", None),
        (Parameter("number"), "one", Rule.WRONG_TYPE),
        (Parameter("number"), "1e999", Rule.WRONG_TYPE),
        (Parameter("numlist", minimum=-5), "1 2 -3", None),
        (Parameter("numlist", minimum=-5), "1 2 -9", Rule.OUT_OF_RANGE),
        (Parameter("intlist"), "1 2 x", Rule.WRONG_TYPE),
        (Parameter("boolean"), "T", None),
        (Parameter("boolean"), "false", None),
        (Parameter("boolean"), "1", Rule.WRONG_TYPE),
        (Parameter("keyword", allowed='["R", "V"]'), "V", None),
        (Parameter("keyword", allowed='["R", "V"]'), "B", Rule.OUT_OF_RANGE),
        (Parameter("keywordlist", allowed='["R", "V"]'), "R V R", None),
        (Parameter("number", allowed='["0.5", "1"]'), "1.0", None),
        (Parameter("string"), "anything at all", None),
        (Parameter(None), "anything at all", None),
    ],
)
def test_values_are_checked_by_type_range_and_list(
    parameter: Parameter, value: str, rule: Rule | None
) -> None:
    setting = Setting("template 1", "T", {"A": value})
    found = list(check_settings([setting], {"T": {"A": parameter}}))
    assert [one.rule for one in found] == ([] if rule is None else [rule])
    assert all(one.place == "template 1: A" for one in found)


def test_what_is_unknown_or_missing_is_found() -> None:
    settings = [
        Setting("template 1", "T", {"A": "1", "C": "2", "D": None}),
        Setting("template 2", "U", {}),
        Setting("template 3", "V", {"X": "1"}),
    ]
    signatures = {
        "T": {"A": Parameter(), "B": Parameter(), "D": Parameter(), "E": Parameter(default="1")},
        "V": None,
    }
    assert list(check_settings(settings, signatures)) == [
        Finding(Rule.UNKNOWN_PARAMETER, "template 1: C", "T has no C in the instrument package"),
        Finding(Rule.MISSING_VALUE, "template 1: B", "B has no value, and no default in the package"),
        Finding(Rule.MISSING_VALUE, "template 1: D", "D has no value, and no default in the package"),
        Finding(Rule.UNKNOWN_TEMPLATE, "template 2", "the instrument package has no template U"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "mode", "step", "change"),
    [
        ("P", "D", "SM", True, True),
        ("D", "P", "SM", True, True),
        ("P", "+", "SM", False, True),
        ("P", "+", "VM", True, True),
        ("+", "P", "SM", False, True),
        ("+", "P", "VM", True, True),
        ("+", "S", "SM", True, True),
        ("S", "C", "SM", True, True),
        ("C", "P", "SM", False, True),
        ("C", "M", "SM", True, True),
        ("K", "+", "SM", False, False),
        ("T", "S", "SM", False, False),
        ("F", "C", "SM", False, False),
        ("F", "P", "VM", True, True),
        ("F", "P", None, True, True),
        ("K", "K", "SM", False, True),
    ],
)
def test_statuses_follow_the_rules(
    before: str, after: str, mode: str | None, step: bool, change: bool
) -> None:
    assert is_possible_step(ObStatus(before), ObStatus(after), mode) is step
    assert is_possible_change(ObStatus(before), ObStatus(after), mode) is change


def test_impossible_transitions_and_unknown_letters_are_found() -> None:
    moment = datetime.fromisoformat("2026-01-02T03:04:05")
    changes = [
        StatusChange(moment, None, "P", True),
        StatusChange(moment, "P", "+", True),
        StatusChange(moment, "P", "+", False),
        StatusChange(moment, "K", "S", False),
        StatusChange(moment, "S", "Q", True),
    ]
    assert list(check_changes(changes, "SM")) == [
        Finding(
            Rule.IMPOSSIBLE_TRANSITION,
            "2026-01-02T03:04:05.000: P to +",
            "an observation block that is partially defined cannot become accepted",
        ),
        Finding(
            Rule.IMPOSSIBLE_TRANSITION,
            "2026-01-02T03:04:05.000: K to S",
            "an observation block that is cancelled cannot become started",
        ),
        Finding(Rule.UNKNOWN_STATUS, "2026-01-02T03:04:05.000: S to Q", "'Q' is no status"),
    ]
