"""Proposals in JSON: all their parts become rows, and what is wrong in them is told."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from archive.errors import UnreadableFile
from ingest.readers.p1_json import p1_proposals
from tests.readers.mangling import survives, truncated, wrong_places
from tests.readers.phase1_documents import proposal
from tests.readers.phase2_support import given, read, rows_of

NAME = "mine.p1.json"


def _rows(folder: Path, table: str, document: object | None = None) -> list[dict[str, Any]]:
    return rows_of(read(p1_proposals, folder, proposal() if document is None else document, NAME), table)


def test_a_proposal_becomes_a_programme(tmp_path: Path) -> None:
    assert _rows(tmp_path, "dfs.programme") == [
        {
            "programme_id": "116.20AB",
            "period": 116,
            "cycle": "2696",
            "title": "Ästhetik der 銀河",
            "programme_type": "Normal",
            "category": "B2",
            "pi_name": "Tycho Brahe",
            "status": "Submitted",
            "submitted": datetime.fromisoformat("2025-03-20T11:59:30"),
            "p1_proposal_id": 4711,
        }
    ]


def test_the_abstract_is_a_row_of_its_own(tmp_path: Path) -> None:
    assert _rows(tmp_path, "dfs.abstract") == [{"programme_id": "116.20AB", "abstract": "We ask for time."}]


def test_addresses_and_orcids_are_kept_as_they_are_compared(tmp_path: Path) -> None:
    document = proposal()
    ada, tycho = document["investigators"]
    ada |= {"userName": "aoe"}
    tycho |= {"orcid": "https://orcid.org/0000-0002-1694-233x", "email": " Tycho@Hven.Example "}
    first, second = _rows(tmp_path, "dfs.investigator_account", document)
    assert (first["investigator_number"], first["email"]) == (1, "tycho@hven.example")
    assert (second["investigator_number"], second["account_name"]) == (2, "aoe")
    assert _rows(tmp_path, "dfs.investigator", document)[0]["orcid"] == "0000-0002-1694-233X"


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ({"proprietaryDays": 0}, 0),
        ({"proprietaryMonths": 18}, 548),
        ({}, None),
        ({"proprietaryDays": "3"}, 3),
    ],
)
def test_runs_say_for_how_long_they_are_proprietary(
    tmp_path: Path, said: dict[str, object], days: int | None
) -> None:
    document = proposal()
    document["obsRuns"][0] |= said
    assert _rows(tmp_path, "dfs.run", document)[0].get("proprietary_days") == days


@pytest.mark.parametrize(
    "said", [{"proprietaryDays": -1}, {"proprietaryDays": 1e9}, {"proprietaryMonths": "?"}]
)
def test_a_proprietary_time_that_is_none_is_refused(tmp_path: Path, said: dict[str, object]) -> None:
    document = proposal()
    document["obsRuns"][0] |= said
    with pytest.raises(UnreadableFile):
        _rows(tmp_path, "dfs.run", document)


def test_the_principal_investigator_is_first(tmp_path: Path) -> None:
    first, second = _rows(tmp_path, "dfs.investigator")
    assert first == {
        "programme_id": "116.20AB",
        "investigator_number": 1,
        "investigator_role": "PI",
        "full_name": "Tycho Brahe",
        "first_name": "Tycho",
        "last_name": "Brahe",
        "institute": "Uraniborg",
        "institute_code": "1597",
        "country": "DK",
        "orcid": "0000-0001-2345-6789",
    }
    assert (second["full_name"], second["institute"], second["country"]) == ("Ada Ōe", "東京大学", "JP")


def test_runs_have_times_in_hours_and_the_conditions_asked_for(tmp_path: Path) -> None:
    first, second = _rows(tmp_path, "dfs.run")
    assert (first["run_id"], first["telescope"], first["observing_mode"]) == ("116.20AB.001", "UT1", "SM")
    assert (first["time_requested"], first["is_too"], first["p1_run_id"]) == (2.5, False, 8001)
    assert (first["seeing"], first["sky_transparency"], first["fli"], first["airmass"]) == (
        0.8,
        "Clear",
        0.5,
        1.6,
    )
    assert (second["nights_requested"], second["is_too"]) == (1.5, True)
    assert "time_requested" not in second


def test_without_telescope_times_the_observations_are_added_up(tmp_path: Path) -> None:
    document = proposal()
    del document["obsRuns"][0]["telescopeTimes"]
    assert _rows(tmp_path, "dfs.run", document)[0]["time_requested"] == 2.5


def test_setups_have_templates_and_conditions_of_their_own(tmp_path: Path) -> None:
    (setup,) = _rows(tmp_path, "dfs.run_setup")
    assert setup["templates"] == "FORS2_img_acq FORS2_img_obs_crsplit"
    assert (setup["setup_name"], setup["turbulence"], setup["instrument"]) == ("V deep", 70.0, "FORS2")


def test_targets_have_positions_motions_and_magnitudes(tmp_path: Path) -> None:
    galaxy, asteroid, again = _rows(tmp_path, "dfs.run_target")
    assert galaxy["ra"] == pytest.approx(148.888221, abs=1e-6)
    assert galaxy["dec"] == pytest.approx(69.065294, abs=1e-6)
    assert (galaxy["pm_ra"], galaxy["pm_dec"], galaxy["position_epoch"]) == (0.1, -0.2, 2000.0)
    assert (galaxy["magnitude"], galaxy["magnitude_band"]) == (8.0, "VVEGA")
    assert (galaxy["magnitudes"], galaxy["time_requested"]) == ("VVEGA 8, KVEGA 4.5", 2.0)
    assert asteroid["in_solar_system"] is True
    assert "ra" not in asteroid and "dec" not in asteroid
    assert (again["run_id"], again["target_number"], again["target_name"]) == ("116.20AB.002", 1, "M81")


def test_targets_of_no_run_are_told(tmp_path: Path) -> None:
    input = given(tmp_path, NAME, proposal())
    assert len(list(p1_proposals.reader(input))) > 0
    assert input.problems == ["116.20AB: 1 targets belong to no run and are passed over: forgotten"]


def test_outcome_review_and_exposure_times_stand_in_tables_of_their_own(tmp_path: Path) -> None:
    (outcome,) = _rows(tmp_path, "dfs.outcome")
    assert (outcome["run_id"], outcome["priority_class"], outcome["time_allocated"]) == (
        "116.20AB.001",
        "A",
        2.5,
    )
    (review,) = _rows(tmp_path, "dfs.review")
    assert (review["panel"], review["opc_grade"], review["opc_rank"]) == ("B", 1.7, 12)
    (request,) = _rows(tmp_path, "dfs.etc_request")
    assert (request["run_id"], request["ob_id"], request["magnitude"]) == ("116.20AB.001", 4725578, 21.5)


def test_several_proposals_come_in_an_array_or_wrapped(tmp_path: Path) -> None:
    other = proposal() | {"progId": "116.20AC", "obsRuns": []}
    for document in ([proposal(), other], {"proposals": [proposal(), other]}):
        ids = [row["programme_id"] for row in _rows(tmp_path, "dfs.programme", document)]
        assert ids == ["116.20AB", "116.20AC"]


def test_the_programme_may_stand_in_the_runs_or_in_the_name(tmp_path: Path) -> None:
    document = proposal()
    del document["progId"]
    assert _rows(tmp_path, "dfs.programme", document)[0]["programme_id"] == "116.20AB"
    for run in document["obsRuns"]:
        del run["runCode"]
    with pytest.raises(UnreadableFile, match=r"\$ does not say which programme it is; give it as"):
        _rows(tmp_path, "dfs.programme", document)
    named = rows_of(read(p1_proposals, tmp_path, document, "0102.C-0773.p1.json"), "dfs.run")
    assert [row["run_id"] for row in named] == ["0102.C-0773(A)", "0102.C-0773(B)"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("obsRuns",), None, "$.obsRuns is missing"),
        (("title",), ["x"], "$.title is an array, not a text"),
        (
            ("obsRuns", 1, "runCode"),
            "116.20AB.001",
            "$.obsRuns[0] and $.obsRuns[1] are both run 116.20AB.001",
        ),
        (("obsRuns", 0, "targets", 1), 99, "$.obsRuns[0].targets[1]: the proposal has no target '99'"),
        (("targets", 0, "dec"), None, "$.targets[0] has one of ra and dec, not both"),
        (("targets", 0, "dec"), "91:00:00", "$.targets[0]: 148.888 91 is no position on the sky"),
        (("targets", 1, "targetId"), 1, "$.targets[1] has no targetId of its own"),
        (("investigators", 1), {"role": "PI"}, "$.investigators[1] has no name"),
        (
            ("obsRuns", 0, "outcome", "priorityClass"),
            "D",
            "$.obsRuns[0].outcome.priorityclass is 'D', not A, B or C",
        ),
        (
            ("obsRuns", 0, "constraints", "seeing"),
            "good",
            "$.obsRuns[0].constraints.seeing is 'good', not a number",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, path: tuple[Any, ...], value: object, message: str
) -> None:
    document: Any = proposal()
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    with pytest.raises(UnreadableFile) as caught:
        read(p1_proposals, tmp_path, document, NAME)
    assert str(caught.value) == message


def test_wrong_types_in_every_place_are_refused_or_read(tmp_path: Path) -> None:
    outcomes = [survives(p1_proposals, tmp_path, document, NAME) for document in wrong_places(proposal(), 11)]
    assert len(outcomes) > 150
    assert {True, False} == set(outcomes)


def test_truncated_documents_are_refused(tmp_path: Path) -> None:
    content = json.dumps(proposal(), ensure_ascii=False).encode()
    assert not any(survives(p1_proposals, tmp_path, part, NAME) for part in truncated(content, 11))


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"proposals":' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"title": "' + b"x" * 1_000_000,
        b'{"proposalId": ' + b"9" * 100_000 + b"}",
        b"\xff\xfe\x00{}",
        b"null",
        b"7",
    ],
)
def test_hostile_documents_are_refused(tmp_path: Path, content: bytes) -> None:
    assert not survives(p1_proposals, tmp_path, content, NAME)


def test_many_targets_take_no_more_than_linear_time(tmp_path: Path) -> None:
    document = proposal()
    document["targets"] = [{"targetId": number, "name": f"t{number}"} for number in range(5000)]
    document["obsRuns"][0]["targets"] = list(range(5000))
    document["obsRuns"][1]["targets"] = list(range(5000))
    assert len(_rows(tmp_path, "dfs.run_target", document)) == 10_000
