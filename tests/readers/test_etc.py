"""Requests to exposure-time calculators: kept whole, with their chief values."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from archive.errors import UnreadableFile
from ingest.readers.etc_json import etc_requests
from tests.readers.mangling import survives, truncated, wrong_places
from tests.readers.phase1_documents import etc_request
from tests.readers.phase2_support import given, read, rows_of

NAME = "mine.etc.json"
ANSWER: dict[str, Any] = {
    "data": {
        "orders": [
            {"detectors": [{"data": {"snr": {"snr": [1.0, 5.0, None, 3.0]}, "wavelength": [500, 600]}}]},
            {"detectors": [{"data": {"snr": {"snr": {"data": [[2.0], [4.0]], "unit": [9]}}}}]},
        ]
    },
    "plots": {"snr": [1e9]},
}


def _document() -> dict[str, Any]:
    return {
        "runId": "116.20AB.001",
        "obId": 4725578,
        "setup": "V deep",
        "targetName": "M81",
        "calculated": "2025-03-01T10:00:00Z",
        "etcVersion": "2.1.4",
        "request": etc_request(),
        "response": ANSWER,
    }


def _row(folder: Path, document: object) -> dict[str, Any]:
    (row,) = rows_of(read(etc_requests, folder, document, NAME), "dfs.etc_request")
    return row


def test_chief_values_are_columns_and_the_whole_is_kept(tmp_path: Path) -> None:
    row = _row(tmp_path, _document())
    assert json.loads(row.pop("request")) == etc_request()
    assert json.loads(row.pop("response")) == ANSWER
    assert row.pop("etc_id").startswith("etc-")
    assert row == {
        "run_id": "116.20AB.001",
        "programme_id": "116.20AB",
        "ob_id": 4725578,
        "setup_name": "V deep",
        "instrument": "Fors2",
        "instrument_mode": "IMG",
        "calculated": datetime.fromisoformat("2025-03-01T10:00:00"),
        "etc_version": "2.1.4",
        "target_name": "M81",
        "morphology": "point",
        "sed_type": "spectrum",
        "magnitude": 21.5,
        "magnitude_band": "V",
        "magnitude_system": "vega",
        "airmass": 1.3,
        "fli": 0.5,
        "pwv": 10.0,
        "turbulence": 50.0,
        "exposure_time": 300.0,
        "exposures": 4,
        "snr_median": 3.0,
        "snr_max": 5.0,
    }


def test_the_same_request_is_the_same_row_whatever_was_answered(tmp_path: Path) -> None:
    first = _row(tmp_path, _document())
    again = _row(tmp_path, dict(reversed(list(_document().items()))) | {"response": {"data": {}}})
    other = _row(tmp_path, _document() | {"obId": 1})
    assert first["etc_id"] == again["etc_id"] != other["etc_id"]
    assert _row(tmp_path, _document() | {"etcId": "mine"})["etc_id"] == "mine"


def test_bare_requests_and_answers_of_the_calculator(tmp_path: Path) -> None:
    bare = _row(tmp_path, etc_request() | ANSWER)
    assert json.loads(bare["request"]) == etc_request()
    assert json.loads(bare["response"]) == ANSWER
    assert "response" not in _row(tmp_path, etc_request())


def test_requests_come_in_arrays_each_once(tmp_path: Path) -> None:
    input = given(tmp_path, NAME, [_document(), _document(), etc_request()])
    assert len(list(etc_requests.reader(input))) == 2
    assert input.problems == ["$[1] is the same request as one before it, and passed over"]


def test_chief_values_of_another_kind_are_told_and_do_not_hinder(tmp_path: Path) -> None:
    document = _document()
    document["request"]["target"]["brightness"] = "faint"
    document["request"]["sky"]["airmass"] = [1, 2]
    input = given(tmp_path, NAME, document)
    (row,) = rows_of(list(etc_requests.reader(input)), "dfs.etc_request")
    assert "magnitude" not in row and row["exposure_time"] == 300.0
    assert input.problems == [
        "$.request.target.brightness is 'faint', not an object",
        "$.request.sky.airmass is an array, not a number",
    ]


def test_what_is_no_request_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"\$ has no request; a request has target, sky"):
        _row(tmp_path, {"hello": 1})


def test_wrong_types_in_every_place_are_refused_or_read(tmp_path: Path) -> None:
    outcomes = [survives(etc_requests, tmp_path, document, NAME) for document in wrong_places(_document(), 5)]
    assert {True, False} == set(outcomes)


def test_truncated_and_hostile_documents_are_refused(tmp_path: Path) -> None:
    content = json.dumps(_document()).encode()
    assert not any(survives(etc_requests, tmp_path, part, NAME) for part in truncated(content, 7))
    for hostile in (b'{"request":' + b"[" * 50_000, b'{"request": {"snr": "' + b"x" * 34_000_000 + b'"}}'):
        assert not survives(etc_requests, tmp_path, hostile, NAME)


def test_answers_with_many_pixels_are_read(tmp_path: Path) -> None:
    document = _document() | {"response": {"data": {"snr": [float(one) for one in range(200_001)]}}}
    row = _row(tmp_path, document)
    assert (row["snr_median"], row["snr_max"]) == (100_000.0, 200_000.0)
