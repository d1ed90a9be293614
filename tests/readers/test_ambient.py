"""Ambient conditions: ESO's CSV and JSON forms, units, gaps, and what is wrong in them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from archive.declare.dataflow import asm
from archive.errors import UnreadableFile
from ingest.readers.ambient import ambient
from ingest.readers.ambient_series import SERIES
from tests.readers.night_support import given, rows_of, survives

# As ESO's query form answers: an empty line first, comments last.
DIMM = """

Date time,Integration time [s],DIMM Seeing ["],Flux RMS
2026-07-02T03:00:12,60,0.856,0.012
2026-07-02T03:01:31,60,0.813,
2026-07-02T03:02:50,,N/A,0.02

# A total of 3 records were found matching the provided criteria.
# Any further questions?
"""
API = {
    "dimm_paranal-fwhm": [[1722243655000, 0.856], [1722243734000, 0.813]],
    "mass_paranal-tau0": [[1722243655000, 3.4]],
    "mass_paranal-tet0": [[1722243655000, 1.9], [1722243700000, None]],
    "meteo_paranal-temp1": [[1722243655000, 11.5]],
}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_seeing_in_csv(tmp_path: Path) -> None:
    input = given(tmp_path, "dimm_paranal_2026-07.csv", DIMM)
    assert ambient.accepts.may_take(input.name)
    assert ambient.accepts.looks is not None and ambient.accepts.looks(input.content)
    rows = rows_of(asm.DIMM, ambient.reader(input))
    assert rows == [
        {
            "start_date": moment("2026-07-02T03:00:12"),
            "midpoint_date": moment("2026-07-02T03:00:42"),
            "integration": 60.0,
            "valid": 1,
            "fwhm": 0.856,
            "rfl": 0.012,
        },
        {
            "start_date": moment("2026-07-02T03:01:31"),
            "midpoint_date": moment("2026-07-02T03:02:01"),
            "integration": 60.0,
            "valid": 1,
            "fwhm": 0.813,
        },
        {
            "start_date": moment("2026-07-02T03:02:50"),
            "midpoint_date": moment("2026-07-02T03:02:50"),
            "valid": 1,
            "rfl": 0.02,
        },
    ]
    assert input.problems == []


def test_weather_in_csv_under_the_names_of_esos_tables(tmp_path: Path) -> None:
    text = (
        "Date time,Air Temperature at 2m [C],Air Temperature at 30m [C],Relative Humidity at 30m [%],"
        "Wind Speed at 10m [m/s],Wind Direction at 10m (0/360) [deg],Humidity instantanous at 2m [%]\n"
        "2026-07-02T03:00:12,10.5,11.25,8,7.5,350,9\n"
    )
    input = given(tmp_path, "METEO_PARANAL.csv", text)
    (row,) = rows_of(asm.METEO_PARANAL, ambient.reader(input))
    assert (row["temp_2m"], row["temp_30m"], row["rhum_30m"]) == (10.5, 11.25, 8.0)
    assert (row["wind_speed_10m"], row["wind_dir_10m"], row["valid"]) == (7.5, 350.0, 1)
    assert input.problems == [
        "columns that have no place in asm.meteo_paranal: Humidity instantanous at 2m [%]"
    ]


def test_turbulence_and_its_layers_in_csv(tmp_path: Path) -> None:
    text = (
        'Date time,MASS-DIMM Seeing ["],MASS-DIMM Tau0 [s],Layer 0 Cn2 [10**(-15)m**(1/3)],Layer 0 Cn2 RMS,'
        "Layer 0 height [m],Layer 6 Cn2 [10**(-15)m**(1/3)],Layer 6 Cn2 RMS,Layer 6 height [m],"
        "Number of layers\n"
        "2026-07-02T03:00:12,0.7,0.0034,210,0.1,0,12,0.3,16000,7\n"
    )
    input = given(tmp_path, "mass_paranal.csv", text)
    records = list(ambient.reader(input))
    (row,) = rows_of(asm.MASS, records)
    assert (row["turbfwhm"], row["tau0"]) == (0.7, 0.0034)
    layers = rows_of(asm.MASS_LAYER, records)
    assert [(one["layer"], one["height"], one["cn2"], one["cn2err"]) for one in layers] == [
        (0, 0.0, 210.0, 0.1),
        (6, 16000.0, 12.0, 0.3),
    ]
    assert input.problems == []


def test_profiles_and_water_vapour_in_csv(tmp_path: Path) -> None:
    text = (
        "Platform,Date time,Temperature [K] at 0[m],Temperature [K] at 10000[m]\n"
        "UT1,2026-07-02T03:00:12,284.1,221.9\n"
    )
    records = ambient.reader(given(tmp_path, "lhatpro_profiles_paranal.csv", text))
    heights = [(row["height"], row["temperature"]) for row in rows_of(asm.LHATPRO_PROFILE, records)]
    assert heights == [(0, 284.1), (10000, 221.9)]
    text = (
        "Platform\tDate time\tIR temperature [Celsius]\tPrecipitable Water Vapour [mm]\n"
        "UT1\t2026-07-02T03:00:12\t                              \t2.31\n"
    )
    (row,) = rows_of(asm.LHATPRO, ambient.reader(given(tmp_path, "lhatpro_paranal.tsv", text)))
    assert (row["platform"], row["pwv0"], "irt0" in row) == ("UT1", 2.31, False)


def test_coherence_times_are_seconds_whatever_the_form_tells(tmp_path: Path) -> None:
    old = 'Date time,DIMM Seeing ["],Tau0 [ms]\n2011-03-15T03:00:12,0.7,3.4\n'
    (row,) = rows_of(asm.HISTORICAL, ambient.reader(given(tmp_path, "historical_ambient_paranal.csv", old)))
    assert row["tau"] == pytest.approx(0.0034)
    (row,) = rows_of(asm.MASS, ambient.reader(given(tmp_path, "asm.json", API)))
    assert row["tau0"] == pytest.approx(0.0034)


def test_the_answer_of_the_interface_for_programs(tmp_path: Path) -> None:
    input = given(tmp_path, "asm.json", API)
    assert ambient.accepts.looks is not None and ambient.accepts.looks(input.content)
    records = list(ambient.reader(input))
    rows = rows_of(asm.DIMM, records)
    assert [(str(row["start_date"]), row["fwhm"]) for row in rows] == [
        ("2024-07-29 09:00:55", 0.856),
        ("2024-07-29 09:02:14", 0.813),
    ]
    assert len(rows_of(asm.MASS, records)) == 1
    assert rows_of(asm.METEO_PARANAL, records)[0]["temp_30m"] == 11.5
    assert input.problems == []


def test_every_quantity_has_its_column() -> None:
    for series in SERIES:
        for quantity in series.quantities:
            assert series.table is not None and quantity.column in series.table.by_name
        if series.layers:
            assert {series.layers.key, *series.layers.patterns} <= series.layers.table.by_name.keys()
        assert len({quantity.title for quantity in series.quantities}) == len(series.quantities)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    text = DIMM.replace("0.813", "many").replace("2026-07-02T03:02:50,,N/A,0.02", "2026-07-02T03:0")
    input = given(tmp_path, "dimm_paranal.csv", text)
    assert len(rows_of(asm.DIMM, ambient.reader(input))) == 1
    assert input.problems == ["line 5: 'many' is no number", "line 6 has no 4 cells with a time"]
    input = given(tmp_path, "asm.json", {"dimm_paranal-x": [], "seeing": []} | API)
    assert len(rows_of(asm.DIMM, ambient.reader(input))) == 2
    assert len(input.problems) == 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("dimm_paranal.csv", "\n\n", "is empty"),
        ("dimm_paranal.csv", "when,fwhm\n1,2\n", "there is no column 'Date time'"),
        ("dimm_paranal.csv", "Date time,DIMM Seeing\nx,1\n", "none of its lines can be read"),
        ("seeing.csv", DIMM, "of which monitor it is cannot be told"),
        ("asm.json", '{"dimm_paranal-fwhm": [[1, 2, 3]]}', "not a time and a value"),
        ("asm.json", '{"dimm_paranal-fwhm": [[1e18, 2]]}', "not a time in milliseconds since 1970"),
    ],
)
def test_what_is_no_series_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        list(ambient.reader(given(tmp_path, name, text)))


def test_a_query_that_found_nothing_is_no_failure(tmp_path: Path) -> None:
    assert list(ambient.reader(given(tmp_path, "dimm_paranal.csv", "\n# No data returned !\n"))) == []


def test_of_many_problems_only_some_are_told(tmp_path: Path) -> None:
    text = "Date time,DIMM Seeing\n2026-07-02T03:00:12,1\n" + "x,1\n" * 5000
    input = given(tmp_path, "dimm_paranal.csv", text)
    assert len(list(ambient.reader(input))) == 1
    assert (len(input.problems), input.problems[-1]) == (21, "and 4980 more problems of this kind")


def test_hostile_inputs_harm_nobody(tmp_path: Path) -> None:
    hostile = [
        b"Date time" + b",x" * 3000,
        b"Date time,DIMM Seeing\n" + b'"' * 200_000,
        b"Date time,DIMM Seeing\n2026-07-02T03:00:12," + b"9" * 90_000,
        b"Date time,Date time\n9999-12-31T23:59:59,0001-01-01",
        b"\0" * 10_000,
    ]
    assert survives(ambient, tmp_path, "dimm_paranal.csv", hostile) == 1
