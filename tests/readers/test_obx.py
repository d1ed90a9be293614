"""Exports of observation blocks (.obx): names and values in quotes become the rows that JSON makes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from archive.errors import UnreadableFile
from ingest.readers.obx import read_obx
from tests.readers.phase2_documents import EXPORT
from tests.readers.phase2_support import given, read, rows_of


def test_an_export_becomes_an_ob(tmp_path: Path) -> None:
    records = read(read_obx, tmp_path, EXPORT, "HD1461.obx")
    (ob,) = rows_of(records, "dfs.ob")
    assert (ob["ob_name"], ob["instrument"], ob["ip_version"], ob["item_type"]) == (
        "HD1461",
        "UVES",
        "254.09",
        "OB",
    )
    assert ob["instrument_comments"] == 'first line\nsecond "line"'
    assert (ob["target_name"], ob["target_class"]) == ("HD 1461", "Star")
    assert (ob["target_ra"], ob["target_dec"]) == pytest.approx((4.674446, -8.053), abs=1e-5)
    assert (ob["pm_ra"], ob["pm_dec"]) == (0.42, -0.14)
    assert (ob["airmass_max"], ob["fli_max"], ob["sky_transparency"]) == (2.0, 1.0, "Variable, thin cirrus")
    assert "ob_status" not in ob and "run_id" not in ob


def test_templates_stand_in_their_order_and_values_are_numbers_where_they_are(tmp_path: Path) -> None:
    records = read(read_obx, tmp_path, EXPORT, "HD1461.obx")
    templates = rows_of(records, "dfs.ob_template")
    assert [(row["template_name"], row.get("template_type")) for row in templates] == [
        ("UVES_red_acq_imsl", "acquisition"),
        ("UVES_red_obs_exp", None),
    ]
    values = {row["parameter"]: row for row in rows_of(records, "dfs.ob_parameter")}
    assert values["DET2.WIN1.UIT1"]["value_number"] == 120.0
    assert values["DET2.READ.SPEED"]["value_text"] == "225kHz,1x1,low"
    assert "value_text" not in values["INS.SLIT1.NAME"]  # NODEFAULT


def test_intervals_and_charts_of_an_export(tmp_path: Path) -> None:
    records = read(read_obx, tmp_path, EXPORT, "HD1461.obx")
    absolute, first, second = rows_of(records, "dfs.ob_time_interval")
    assert absolute["start_time"] == datetime.fromisoformat("2018-03-27T19:43:00")
    assert (first["start_lst"], first["end_lst"], second["end_lst"]) == (10.0, 12.0, 24.0)
    assert [row["file_name"] for row in rows_of(records, "dfs.ob_file")] == ["HD1461_1.jpg", "HD1461_2.jpg"]


def test_what_does_not_hinder_is_told(tmp_path: Path) -> None:
    input = given(tmp_path, "HD1461.obx", EXPORT)
    records = list(read_obx.reader(input))
    assert rows_of(records, "dfs.ob_parameter")[-1]["value_text"] == "not closed"
    assert input.problems == [
        "line 52: the quote is not closed",
        "line 53 has a name and no value: LONELY",
    ]


@pytest.mark.parametrize(
    ("name", "number"),
    [("1746213.obx", 1746213), ("ob_200187889.obx", 200187889), ("OB-1746213_HD1461.obx", 1746213)],
)
def test_the_number_may_stand_in_the_name_of_the_file(tmp_path: Path, name: str, number: int) -> None:
    (ob,) = rows_of(read(read_obx, tmp_path, EXPORT, name), "dfs.ob")
    assert ob["ob_id"] == number


def test_other_exports_get_a_negative_number_which_is_always_the_same(tmp_path: Path) -> None:
    (one,), (again,), (other,) = (
        rows_of(read(read_obx, tmp_path, EXPORT, name), "dfs.ob") for name in ("a.obx", "a.obx", "b.obx")
    )
    assert one["ob_id"] == again["ob_id"] < 0
    assert other["ob_id"] not in {one["ob_id"], 1746213}


def test_intervals_in_no_known_form_are_told(tmp_path: Path) -> None:
    text = EXPORT.replace('"{36000 43200 1} {21600 86400 0} "', '"10:00 12:00 {21600 86400 0}"')
    input = given(tmp_path, "HD1461.obx", text)
    intervals = rows_of(list(read_obx.reader(input)), "dfs.ob_time_interval")
    assert [row["interval_type"] for row in intervals] == ["absolute", "sidereal"]
    assert (
        input.problems[-1] == "STTimeIntervals: '10:00 12:00' is no interval as {from to 0}, and passed over"
    )


@pytest.mark.parametrize("content", ["", "\n\n", "# TEMPLATE.NAME\n", "word\n" * 10])
def test_what_is_no_export_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(UnreadableFile, match="no line with a name and a value"):
        read(read_obx, tmp_path, content, "a.obx")


def test_intervals_that_are_no_times_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no seconds of a day"):
        read(read_obx, tmp_path, EXPORT.replace("43200", "99999"), "a.obx")
