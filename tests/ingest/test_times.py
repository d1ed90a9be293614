"""Dates and exposure times as headers write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.times import as_timestamp, exposure_time, observed, parse_date
from tests.ingest.support import keywords

DATES = [
    ("2006-04-13T06:32:38.9441", datetime(2006, 4, 13, 6, 32, 38, 944100, UTC), True),
    ("2006-04-13T06:32:38Z", datetime(2006, 4, 13, 6, 32, 38, 0, UTC), True),
    ("2006-04-13 06:32", datetime(2006, 4, 13, 6, 32, 0, 0, UTC), True),
    ("2016-12-31T23:59:60.5", datetime(2017, 1, 1, 0, 0, 0, 500000, UTC), True),
    ("2004-02-04", datetime(2004, 2, 4, tzinfo=UTC), False),
    ("13/05/93", datetime(1993, 5, 13, tzinfo=UTC), False),
    ("15/04/00", datetime(1900, 4, 15, tzinfo=UTC), False),
]


@pytest.mark.parametrize(("text", "moment", "exact"), DATES)
def test_dates(text: str, moment: datetime, exact: bool) -> None:
    assert parse_date(text) == (moment, exact)


@pytest.mark.parametrize(
    "text", ["", None, "yesterday", "2006-13-45", "99/99/99", "Thu Feb 21 22:00:26 2008"]
)
def test_what_is_no_date(text: str | None) -> None:
    assert parse_date(text) is None


SPANS: list[tuple[dict[str, object], float, float]] = [
    ({"MJD-OBS": 53838.25, "EXPTIME": 86.4}, 53838.25, 53838.251),
    ({"MJD-OBS": 53838.25, "MJD-END": 53838.5, "EXPTIME": 1.0}, 53838.25, 53838.5),
    ({"MJD-OBS": 0.0, "DATE-OBS": "2006-04-13T06:00:00", "EXPTIME": 0.0}, 53838.25, 53838.25),
    ({"DATE-OBS": "2006-04-13"}, 53838.0, 53839.0),
    ({"DATE-OBS": "2006-04-13", "TIME-OBS": "06:00:00", "EXPTIME": 86.4}, 53838.25, 53838.251),
    ({"DATE-OBS": "13/05/93", "TM-START": 43200.0, "TM-END": 64800.0}, 49120.5, 49120.75),
    ({"DATE-OBS": "13/05/93", "TM-START": 64800.0, "TM-END": 21600.0}, 49120.75, 49121.25),
    ({"DATE-OBS": "2006-04-13T00:00:00", "DATE-END": "2006-04-13T12:00:00"}, 53838.0, 53838.5),
    # 33 s between atomic time and UTC in 2010.
    ({"TAI-BEG": 55500.0 * 86400 + 34, "TAI-END": 55500.5 * 86400 + 34}, 55500.0, 55500.5),
    ({"MJD-OBS": 53838.25, "MJD-END": 53838.0}, 53838.25, 53838.25),
    ({"MJD-OBS": 12000.0, "EXPTIME": -1.0}, 12000.0, 12000.0),
]


@pytest.mark.parametrize(("values", "start", "end"), SPANS)
def test_spans(values: dict[str, object], start: float, end: float) -> None:
    span = observed(keywords(values))
    assert span is not None
    assert (span.start, span.end) == pytest.approx((start, end), abs=1e-9)


NOTHING: list[dict[str, object]] = [
    {},
    {"MJD-OBS": 1e30},
    {"MJD-OBS": "x"},
    {"MJD-OBS": 0.0},
    {"DATE-OBS": "0001-01-01"},
    {"DATE-OBS": "01/01/00", "TM-START": 0.0},  # MIDAS, when it was told nothing
    {"DATE-OBS": "1970-01-01T00:00:00"},
]


@pytest.mark.parametrize("values", NOTHING)
def test_nothing_certain_is_nothing(values: dict[str, object]) -> None:
    assert observed(keywords(values)) is None


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ({"EXPTIME": 4.0}, 4.0),
        ({"EXPTIME": 4.0, "ESO DET DIT": 4.0, "ESO DET NDIT": 25}, 100.0),
        ({"EXPTIME": 100.0, "ESO DET DIT": 4.0, "ESO DET NDIT": 25}, 100.0),
        ({"EXPTIME": 60.0, "TEXPTIME": 240.0}, 240.0),
        ({"EXPTIME": -1.0}, None),
        ({"EXPTIME": float("nan")}, None),
        ({}, None),
    ],
)
def test_exposure_times(values: dict[str, object], seconds: float | None) -> None:
    assert exposure_time(keywords(values)) == seconds


def test_timestamps_have_microseconds_and_no_zone() -> None:
    assert as_timestamp(53838.25) == datetime.fromisoformat("2006-04-13T06:00")
