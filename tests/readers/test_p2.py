"""Phase 2 in JSON: bundles and plain answers become rows, and what is wrong in them is told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from archive.errors import UnreadableFile
from ingest.readers.documents import Node
from ingest.readers.p2_json import p2_answer, p2_bundle, p2_file
from ingest.readers.phase2_values import ip_version, value_of
from tests.readers.phase2_documents import bundle, container
from tests.readers.phase2_support import given, read, rows_of


def test_a_bundle_becomes_an_ob_with_its_run(tmp_path: Path) -> None:
    records = read(p2_bundle, tmp_path, bundle())
    (ob,) = rows_of(records, "dfs.ob")
    (run,) = rows_of(records, "dfs.p2_run")
    assert (ob["ob_id"], ob["run_id"], ob["p2_run_id"], ob["container_id"]) == (
        4725578,
        "116.20AB.001",
        116232900,
        3131,
    )
    assert (ob["ob_status"], ob["grade"], ob["ip_version"], ob["execution_time"]) == (
        "P",
        "?",
        "116.10",
        1800.5,
    )
    assert ob["user_comments"] == "Ångström"
    assert (run["run_id"], run["observing_mode"], run["pi_name"]) == ("116.20AB.001", "SM", "Tycho Brahe")
    assert run["readme"] == '"Please centre on the fainter one."'


def test_the_target_is_in_icrs_degrees_and_as_it_was_written(tmp_path: Path) -> None:
    (ob,) = rows_of(read(p2_bundle, tmp_path, bundle()), "dfs.ob")
    assert ob["target_ra"] == pytest.approx(130.385121, abs=1e-5)
    assert ob["target_dec"] == pytest.approx(-12.5, abs=1e-5)
    assert (ob["written_ra"], ob["written_dec"]) == ("08:41:32.429", "-12:30:00.000")
    assert (ob["pm_ra"], ob["pm_dec"], ob["equinox"]) == (0.01, -0.02, "J2000")


@pytest.mark.parametrize(
    ("ra", "dec", "equinox", "expected"),
    [
        ("00:00:00.000", "00:00:00.000", "J2000", None),
        ("12:00:00", "-00:30:00", "2000", (180.0, -0.5)),
        ("12:00:00", "- 00:30:00", None, (180.0, -0.5)),
        ("12:00:00", "+10:00:00", "B1950", (180.6406, 9.7217)),
        ("12:00:00", "+95:00:00", "J2000", None),
        ("twelve", "+10:00:00", "J2000", None),
        ("12:00:00", "+10:00:00", "GALACTIC", None),
        ("12:00:00", "+10:00:00", "J9999", None),
        (None, None, "J2000", None),
    ],
)
def test_positions_are_what_can_be_one(
    tmp_path: Path, ra: str | None, dec: str | None, equinox: str | None, expected: tuple[float, float] | None
) -> None:
    document = bundle()
    document["ob"]["target"] = {"name": "x", "ra": ra, "dec": dec, "equinox": equinox}
    (ob,) = rows_of(read(p2_bundle, tmp_path, document), "dfs.ob")
    if expected is None:
        assert "target_ra" not in ob and "target_dec" not in ob
    else:
        assert (ob["target_ra"], ob["target_dec"]) == pytest.approx(expected, abs=1e-3)


def test_common_constraints_are_columns_and_all_are_rows(tmp_path: Path) -> None:
    document = bundle()
    document["ob"]["constraints"] |= {"atm": "30% (Seeing < 0.8 arcsec)", "baseline": "small", "odd": None}
    records = read(p2_bundle, tmp_path, document)
    (ob,) = rows_of(records, "dfs.ob")
    assert (ob["airmass_max"], ob["seeing_max"], ob["moon_distance_min"]) == (2.8, 0.8, 30.0)
    assert (ob["sky_transparency"], ob["turbulence_category"], ob["baseline"]) == (
        "Clear",
        "30% (Seeing < 0.8 arcsec)",
        "small",
    )
    constraints = {row["constraint_name"]: row for row in rows_of(records, "dfs.ob_constraint")}
    assert constraints["fli"] == {
        "ob_id": 4725578,
        "constraint_name": "fli",
        "value_text": "0.4",
        "value_number": 0.4,
    }
    assert "value_text" not in constraints["odd"]
    assert "name" not in constraints


def test_templates_and_parameters_keep_order_types_and_values(tmp_path: Path) -> None:
    records = read(p2_bundle, tmp_path, bundle())
    assert [
        (row["template_number"], row["template_name"]) for row in rows_of(records, "dfs.ob_template")
    ] == [
        (1, "FORS2_img_acq"),
        (2, "FORS2_img_obs"),
    ]
    values = {row["parameter"]: row for row in rows_of(records, "dfs.ob_parameter")}
    assert (values["DET.WIN1.UIT1"]["value_text"], values["DET.WIN1.UIT1"]["value_number"]) == (
        "300.0",
        300.0,
    )
    assert values["SEQ.OFFSETS"]["value_text"] == "0 10.5 -3"
    assert values["SEQ.RETURN"]["value_text"] == "T"
    assert values["SEQ.NEXPO"]["value_type"] == "integer"
    assert "value_number" not in values["INS.FILT1.NAME"]


def test_intervals_files_and_transitions_come_along(tmp_path: Path) -> None:
    records = read(p2_bundle, tmp_path, bundle())
    first, second, sidereal = rows_of(records, "dfs.ob_time_interval")
    assert first["start_time"] == datetime.fromisoformat("2026-01-01T00:00:00")
    assert second["end_time"] == datetime.fromisoformat("2026-03-31T23:59:00")
    assert (sidereal["start_lst"], sidereal["end_lst"]) == (3.0, 24.0)
    files = {(row["file_type"], row["file_number"]): row for row in rows_of(records, "dfs.ob_file")}
    assert files["finding chart", 1]["file_name"] == "chart.jpg"
    assert files["finding chart", 2]["dp_id"] == "p2-file.ob_4725578.fc2.jpg"
    assert files["ephemeris", 1]["content"].startswith("$$SOE")
    assert files["parameter", 1]["file_name"] == "mask.fims"
    (change,) = rows_of(records, "dfs.ob_status")
    assert (change["changed"], change["to_status"], change["actor"], change["is_stated"]) == (
        datetime.fromisoformat("2025-11-01T10:00:00"),
        "P",
        "brahe",
        True,
    )


def test_containers_hold_items_in_order_with_contributions_and_delays(tmp_path: Path) -> None:
    records = read(p2_bundle, tmp_path, {"run": bundle()["run"], "containers": [container()]})
    outer, inner = rows_of(records, "dfs.container")
    assert (outer["container_id"], outer["item_type"], outer["run_id"]) == (3131, "TimeLink", "116.20AB.001")
    assert (inner["container_id"], inner["parent_container_id"]) == (3132, 3131)
    items = {(row["container_id"], row["item_number"]): row for row in rows_of(records, "dfs.container_item")}
    assert items[3131, 1]["group_contribution"] == 50
    assert (items[3131, 2]["earliest_after_previous"], items[3131, 2]["latest_after_previous"]) == (2.0, 10.5)
    assert (items[3131, 2]["item_container_id"], items[3132, 2]["ob_id"]) == (3132, 4725580)


def test_plain_answers_are_read_by_a_plugin_that_removes_no_parts(tmp_path: Path) -> None:
    answers = [bundle()["ob"], container()["container"], bundle()["run"]]
    records = read(p2_answer, tmp_path, answers)
    assert [one.table.name for one in records if one.table.name != "dfs.ob_constraint"] == [
        "dfs.ob",
        "dfs.container",
        "dfs.p2_run",
    ]
    assert not {table.name for table in p2_answer.tables} & {"dfs.ob_template", "dfs.container_item"}


@pytest.mark.parametrize(
    ("document", "plugin"),
    [
        (b'{"ob": {"obId": 1, "itemType": "OB"}}', "p2-bundle"),
        (b'[ {"container": {"containerId": 1, "itemType": "Group"}, "items": []}]', "p2-bundle"),
        (b'{"run": {"runId": 1, "progId": "x", "containerId": 2}}', "p2-bundle"),
        (b'{"obId": 1, "itemType": "OB", "obStatus": "P"}', "p2-answer"),
        (b'[{"runId": 1, "progId": "x", "containerId": 2}]', "p2-answer"),
        (b'[{"from": "2026-07-01T16:01:41Z", "to": "", "obId": 1, "obStatus": "M", "grade": "X"}]', ""),
        (b'{"ranking": [{"obId": 1, "progId": "x", "containerId": 2, "score": 1}]}', ""),
        (b'{"instrument": "UVES", "ipVersion": "1", "templateSignatures": []}', ""),
        (b"{}", ""),
    ],
)
def test_each_document_has_one_plugin(document: bytes, plugin: str) -> None:
    looks = {one.name: one.accepts.looks for one in (p2_bundle, p2_answer)}
    assert [name for name, look in looks.items() if look is not None and look(document)] == [plugin] * bool(
        plugin
    )


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("ob", "obId"), None, "$.ob.obId is missing"),
        (("ob", "obId"), 2**63, "a whole number"),
        (("ob", "userPriority"), 2**31, "a whole number"),
        (("ob", "target"), "M31", "$.ob.target is 'M31', not an object"),
        (("ob", "migrate"), "no", "true or false"),
        (("templates",), {"templateName": "x"}, "not an array"),
        (("templates", 0, "templateName"), "", "$.templates[0].templateName is missing"),
        (("templates", 1, "parameters", 0, "name"), None, "$.templates[1].parameters[0].name is missing"),
        (("templates", 1, "parameters", 0, "value"), 1e999, "Infinity"),
        (("absoluteTimeConstraints", 0, "from"), "soon", "$.absoluteTimeConstraints[0].from is 'soon'"),
        (("siderealTimeConstraints", 0, "to"), "25:00", "a sidereal time"),
        (("transitions", 0, "time"), None, "$.transitions[0].time is missing"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, path: tuple[str | int, ...], value: object, told: str
) -> None:
    document: Any = bundle()
    inside = document
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    with pytest.raises(UnreadableFile) as failure:
        read(p2_bundle, tmp_path, document)
    assert told in str(failure.value)


def test_a_finding_chart_is_a_jpeg(tmp_path: Path) -> None:
    assert read(p2_file, tmp_path, b"\xff\xd8\xff\xe0", "ob_1.fc1.jpg") == []
    with pytest.raises(UnreadableFile, match="no JPEG"):
        p2_file.reader(given(tmp_path, "ob_1.fc2.jpg", b"GIF89a"))


@pytest.mark.parametrize(
    ("value", "value_type", "text", "number"),
    [
        (None, None, None, None),
        (True, "boolean", "T", None),
        (0, "integer", "0", 0.0),
        ("2", "keyword", "2", None),
        ("2", None, "2", 2.0),
        (" 2.5e3 ", "number", "2.5e3", 2500.0),
        ("1e999", "number", "1e999", None),
        ("", "string", None, None),
        ([], "numlist", None, None),
        ([1, [2, 3]], "numlist", "1 2 3", None),
        ({"b": 1, "a": 2}, None, '{"a": 2, "b": 1}', None),
        ("a\0b\ud800", "string", "ab\N{REPLACEMENT CHARACTER}", None),
    ],
)
def test_values_of_any_type(
    value: object, value_type: str | None, text: str | None, number: float | None
) -> None:
    found = value_of(Node(value), value_type)
    assert (found.text, found.number) == (text, number)


@pytest.mark.parametrize(
    ("value", "version"), [(116.1, "116.10"), ("116.10", "116.10"), (98, "98"), (None, None)]
)
def test_versions_of_packages_keep_their_zeros(value: object, version: str | None) -> None:
    assert ip_version(Node({"ipVersion": value})) == version
