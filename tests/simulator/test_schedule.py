"""The plan of the simulated observatory: what ObsLocTAP 1.0 demands, and what the night made of it."""

from __future__ import annotations

from collections import Counter

import pytest
from astropy.io import fits

from archive.declare.obsplan import OBSPLAN
from archive.declare.regions import parse_region
from ingest.simulator import planned_observations, write_night
from ingest.simulator.plan import Target, airmass

ROWS = planned_observations()


def test_the_states_of_the_plan() -> None:
    states = Counter(row["execution_status"] for row in ROWS)
    assert states == {"Performed": 5, "Scheduled": 2, "Unscheduled": 1, "Planned": 1}
    assert len({row["obs_id"] for row in ROWS}) == len(ROWS)
    assert planned_observations() == ROWS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["obs_id"])
def test_a_row_is_what_the_standard_wants(row) -> None:
    OBSPLAN.row(**row)
    assert row["category"] in {"Fixed", "Coordinated", "Window", "Other"}
    assert row["priority"] in {0, 1, 2}
    assert row["tracking_type"] == "Sidereal"
    assert 0 < row["em_min"] < row["em_max"] < 3e-6
    circle = parse_region(row["s_region"]).circles[0]
    assert circle == pytest.approx((row["s_ra"], row["s_dec"], row["s_fov"] / 2), abs=1e-6)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["obs_id"])
def test_times_are_those_of_the_state(row) -> None:
    times = row["t_min"], row["t_max"], row["t_exptime"]
    if row["execution_status"] not in {"Performed", "Scheduled"}:
        assert times == (None, None, None)
        return
    start, end, seconds = times
    assert seconds == row["t_plan_exptime"]
    assert seconds <= (end - start) * 86400
    if row["execution_status"] == "Performed":
        assert row["t_planning"] > end
    else:
        assert row["t_planning"] < start
        assert airmass(Target(row["target_name"], row["s_ra"], row["s_dec"]), start) < 2


def test_performed_observations_are_those_that_have_raw_frames(tmp_path) -> None:
    headers = [fits.getheader(path) for path in write_night(tmp_path).frames]
    frames = Counter()
    for header in headers:
        if header.get("ESO DPR CATG") == "SCIENCE":
            frames[str(header["ESO OBS ID"]), header["INSTRUME"], header["TELESCOP"]] += header["EXPTIME"]
    performed = [row for row in ROWS if row["execution_status"] == "Performed"]
    assert frames == {
        (row["obs_id"], row["instrument_name"], row["facility_name"]): row["t_exptime"] for row in performed
    }
