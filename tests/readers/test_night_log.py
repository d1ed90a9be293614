"""Night logs: what is read in a text that has no specification, and that the text is kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archive.declare.dataflow.night_log import NIGHT_LOG, NIGHT_LOG_ENTRY
from archive.errors import UnreadableFile
from ingest.readers.night_log import night_log
from tests.readers.night_support import given, rows_of, survives

NAME = "PIONI.2026-07-02T08:36:53.372.NL.txt"
# In the form that the programs of its users read.
LOG = """\
----------------------------------------------------------------
Run: 0116.C-1234(A)
Container: CAL-SCI-CAL bet Hyi (2001234)
OB: SCI_bet_Hyi 200187889
Target: bet Hyi
Grade: A
STATION1: A0
STATION2: G1
STATION3: J2
STATION4: J3
----------------------------------------------------------------
PIONIER_OBS_FRINGE\tPIONI.2026-07-02T08:36:53.372\t1.5/100\tGRISM\tH\t-\tFOWLER
PIONIER_GEN_DARK\tPIONI.2026-07-02T08:45:10.001.fits.Z\t1.5/100\tGRISM\tH\t-\tFOWLER

Comments: seeing 0.6, good start
thin clouds after the second file: the flux drops
"""


def test_a_log_of_an_interferometer(tmp_path: Path) -> None:
    input = given(tmp_path, NAME, LOG)
    assert night_log.accepts.may_take(NAME)
    records = list(night_log.reader(input))
    (log,) = rows_of(NIGHT_LOG, records)
    assert log == {
        "dp_id": "PIONI.2026-07-02T08:36:53.372",
        "night": "2026-07-01",
        "ob_id": 200187889,
        "ob_name": "SCI_bet_Hyi",
        "container_id": 2001234,
        "container_name": "CAL-SCI-CAL bet Hyi",
        "run_id": "0116.C-1234(A)",
        "target_name": "bet Hyi",
        "grade": "A",
        "stations": "A0-G1-J2-J3",
        "comments": "seeing 0.6, good start\nthin clouds after the second file: the flux drops",
        "log_text": LOG.strip(),
    }
    entries = rows_of(NIGHT_LOG_ENTRY, records)
    assert [(row["template_name"], row["entry_dp_id"]) for row in entries] == [
        ("PIONIER_OBS_FRINGE", "PIONI.2026-07-02T08:36:53.372"),
        ("PIONIER_GEN_DARK", "PIONI.2026-07-02T08:45:10.001"),
    ]
    assert str(entries[0]["cells"]).split("\t")[2] == "1.5/100"
    assert input.problems == []


@pytest.mark.parametrize(
    ("line", "column", "value", "problem"),
    [
        ("Grade: within constraints B", "grade", "B", None),
        ("Grade: A (seeing 0.7 arcsec)", "grade", "A", None),
        ("Container: -", "container_name", None, None),
        ("Grade: ?", "grade", "?", None),
        ("Grade: Z", "grade", None, "Grade: 'Z' is no grade, which are A B C D X ?"),
        ("  grade : x", "grade", "X", None),
        ("OB: no number here", "ob_name", "no number here", "OB: 'no number here' has no number at its end"),
        ("OB: 4725578", "ob_id", 4725578, None),
        ("OB: NGC 1234 [4725578]", "ob_name", "NGC 1234", None),
        ("Run: run number 116.20AB.001", "run_id", "116.20AB.001", None),
        ("Target:", "target_name", None, None),
        ("Seeing: 0.9", "comments", "Seeing: 0.9", None),
    ],
)
def test_lines(tmp_path: Path, line: str, column: str, value: object, problem: str | None) -> None:
    input = given(tmp_path, NAME, line)
    (log,) = rows_of(NIGHT_LOG, night_log.reader(input))
    assert (log.get(column), input.problems) == (value, [problem] if problem else [])


def test_of_a_key_that_stands_twice_the_last_value_counts(tmp_path: Path) -> None:
    (log,) = rows_of(NIGHT_LOG, night_log.reader(given(tmp_path, NAME, "OB: a 1\nOB: b 2\n")))
    assert (log["ob_name"], log["ob_id"]) == ("b", 2)


def test_names_without_colons_and_texts_in_other_codes(tmp_path: Path) -> None:
    input = given(
        tmp_path, "UVES.2026-07-02T01_02_03.456.NL.txt", "Peña noted:\r\nrain\r\n".encode("latin-1")
    )
    (log,) = rows_of(NIGHT_LOG, night_log.reader(input))
    assert (log["dp_id"], log["comments"]) == ("UVES.2026-07-02T01:02:03.456", "Peña noted:\nrain")


def test_logs_of_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="is empty"):
        list(night_log.reader(given(tmp_path, NAME, " \n\n")))
    with pytest.raises(UnreadableFile, match="begins with that of its file"):
        list(night_log.reader(given(tmp_path, ".NL.txt", LOG)))


def test_huge_logs_harm_nobody(tmp_path: Path) -> None:
    hostile = [
        b"OB: " + b"a " * 200_000,
        b"Grade:" + b" " * 200_000 + b"A",
        b"x" + b"\t" * 200_000 + b"x",
        b"a\tb\n" * 30_000,
        b"=" * 1_000_000,
        b"STATION " * 20_000,
    ]
    assert survives(night_log, tmp_path, NAME, hostile) == len(hostile)
    input = given(tmp_path, NAME, "a\tb\n" * 30_000)
    assert len(rows_of(NIGHT_LOG_ENTRY, night_log.reader(input))) <= 20_001
    assert len(input.problems) == 1


@pytest.mark.real
def test_a_real_log_of_another_observatory_is_kept_whole(tmp_path: Path) -> None:
    text = (Path(os.environ["URANIBORG_DATA"]) / "ops/night/observing_dfosc.md").read_text("utf-8")
    (log,) = rows_of(
        NIGHT_LOG, night_log.reader(given(tmp_path, "DFOSC.2020-02-11T05:14:07.000.NL.txt", text))
    )
    assert log["log_text"] == text.strip()
    assert "UGC 04416" in str(log["comments"])
