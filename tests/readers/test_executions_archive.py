"""A night's records in an archive: executions, logs, rankings and ambient conditions, joined to raw files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.database.copying import write_records
from archive.declare.builtin import builtin_schemas
from archive.declare.dataflow.asm import DIMM as SEEING
from archive.declare.raw import RAW
from archive.declare.tables import Record
from archive.testing import ArchiveForTests, ClusterForTests, archive_for_tests, check_plugin
from ingest.readers.ambient import ambient
from ingest.readers.executions import executions
from ingest.readers.night_log import night_log
from ingest.readers.rankings import rankings
from ingest.times import as_mjd
from tests.readers.night_desk import NightDesk
from tests.readers.phase2_documents import bundle
from tests.readers.test_ambient import API, DIMM
from tests.readers.test_executions import ANSWER, BUNDLE
from tests.readers.test_night_log import LOG, NAME
from tests.readers.test_rankings import SNAPSHOT

SAMPLES = {
    "executions_UVES_2026-07-01.json": (executions, json.dumps(ANSWER)),
    "night.json": (executions, json.dumps(BUNDLE)),
    NAME: (night_log, LOG),
    "ranking.json": (rankings, json.dumps(SNAPSHOT)),
    "dimm_paranal.csv": (ambient, DIMM),
    "asm.json": (ambient, json.dumps(API)),
}
EXAMPLES = {
    example.id: example.query
    for schema in builtin_schemas()
    for table in schema.tables
    if table.name.startswith(("asm.", "dfs.execution", "dfs.night_log", "dfs.rank"))
    for example in table.examples
}
FILE = "UVES.2026-07-02T05:06:01.123"
EXPOSED = datetime.fromisoformat("2026-07-02T05:06:01.123")
NIGHT = re.compile(r"night = '[0-9-]+'")
AT_EXPOSURE = """SELECT TOP 100 r.dp_id, r.exp_start, d.start_date, d.fwhm
FROM dbo.raw AS r
JOIN asm.dimm_paranal AS d ON d.start_date =
  (SELECT MAX(m.start_date) FROM asm.dimm_paranal AS m WHERE m.start_date <= r.exp_start)
WHERE ivo_to_mjd(d.start_date) > r.mjd_obs - 0.007
ORDER BY exp_start"""


def _raw(dp_id: str, ob_id: int, run: str | None, start: datetime) -> Record:
    mjd = as_mjd(start.replace(tzinfo=UTC))
    return RAW.row(dp_id=dp_id, ob_id=ob_id, prog_id=run, exp_start=start, mjd_obs=mjd)


def _seeing(condition: str) -> str:
    """The documented way to the last measurement before each, for some files only."""
    return AT_EXPOSURE.replace("ORDER BY", f"  AND {condition}\nORDER BY")


@pytest.fixture(scope="module")
def archive() -> Iterator[ArchiveForTests]:
    with archive_for_tests(executions, night_log, rankings, ambient) as made:
        yield made


@pytest.mark.parametrize("name", SAMPLES)
def test_readers_keep_their_contract(archive: ArchiveForTests, tmp_path: Path, name: str) -> None:
    plugin, content = SAMPLES[name]
    sample = tmp_path / name
    sample.write_text(content)
    check_plugin(plugin, sample, archive, variants=300)


@pytest.fixture(scope="module")
def desk(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NightDesk]:
    """An archive with a night's records, a raw file of it and many days of seeing."""
    with test_cluster.database() as database:
        made = NightDesk(database, tmp_path_factory.mktemp("night"))
        made.read("ob.json", bundle())
        for name, (_, content) in SAMPLES.items():
            assert made.read(name, content) == ()
        start = datetime.fromisoformat("2026-06-20T00:00:00")
        with database.writer() as connection:
            moments = (start + timedelta(seconds=80 * n) for n in range(20_000))
            rows = [
                SEEING.row(start_date=one, midpoint_date=one, valid=1, fwhm=0.5 + one.minute / 100)
                for one in moments
            ]
            write_records(connection, SEEING, rows)
            others = (_raw(f"UVES.{n}", n, None, start + timedelta(minutes=n)) for n in range(20_000))
            raw = [_raw(FILE, 4725578, "116.20AB.001", EXPOSED), *others]
            write_records(connection, RAW, raw)
            connection.execute("ANALYZE dbo.raw, asm.dimm_paranal")
        yield made


def test_every_example_can_be_asked(desk: NightDesk) -> None:
    asked = {name: NIGHT.sub("night = '2026-07-01'", query) for name, query in EXAMPLES.items()}
    answers = {name: desk.adql(query) for name, query in asked.items()}
    assert len(answers) >= 6
    assert answers["execution-raw"][0][0] == FILE
    assert answers["ranking-choice"][0][3] == 200187889
    assert answers["night-log-words"][0][2] == "bet Hyi"
    assert len(desk.adql(AT_EXPOSURE)) == 100


def test_raw_file_to_execution_to_block_to_run(desk: NightDesk) -> None:
    rows = desk.adql(
        "SELECT r.dp_id, e.execution_id, e.grade, o.ob_name, u.run_id, u.pi_name FROM dbo.raw AS r"
        " JOIN dfs.execution_file AS f ON f.dp_id = r.dp_id"
        " JOIN dfs.execution AS e ON e.execution_id = f.execution_id"
        " JOIN dfs.ob AS o ON o.ob_id = e.ob_id JOIN dfs.p2_run AS u ON u.p2_run_id = o.p2_run_id"
    )
    assert rows == [(FILE, "UT2-2026-07-02-0007", "C", "Quasar, first half", "116.20AB.001", "Tycho Brahe")]


def test_seeing_at_exposure_is_the_last_before_the_start_and_found_by_indexes(desk: NightDesk) -> None:
    query = _seeing(f"r.dp_id = '{FILE}'")
    ((dp_id, start, measured, seeing),) = desk.adql(query)
    assert dp_id == FILE and 0 <= (start - measured).total_seconds() < 80
    assert seeing == pytest.approx(0.5 + measured.minute / 100)
    for text in (query, AT_EXPOSURE):
        plan = desk.plan(text)
        assert "Seq Scan" not in plan, plan
        assert plan.count("Index") >= 3, plan


def test_good_seeing_finds_the_files_by_indexes(desk: NightDesk) -> None:
    query = _seeing("r.prog_id = '116.20AB.001' AND d.fwhm < 0.6")
    assert "Seq Scan" not in desk.plan(query), desk.plan(query)
    assert [row[0] for row in desk.adql(query)] == [FILE]


def test_grades_that_come_later_leave_the_former_version(desk: NightDesk) -> None:
    graded = [ANSWER[1] | {"to": "2026-07-02T04:20:00Z", "obStatus": "C", "grade": "B"}]
    desk.read("executions_UVES_2026-07-01b.json", graded)
    versions = desk.sql(
        "SELECT row_version, grade, valid_to IS NULL FROM dfs.execution_version"
        " WHERE ob_id = 200187890 ORDER BY row_version"
    )
    assert versions == [(1, "?", False), (2, "B", True)]
    # A document that tells no templates takes none away.
    told = [
        {name: value for name, value in BUNDLE["executions"][0].items() if name not in {"templates", "files"}}
    ]
    desk.read("night2.json", told)
    assert desk.sql("SELECT count(*) FROM dfs.execution_template") == [(2,)]


def test_rows_that_a_log_has_no_more_are_gone(desk: NightDesk) -> None:
    desk.read(NAME.replace("08:36", "09:00"), LOG)
    shorter = "\n".join(line for line in LOG.split("\n") if "DARK" not in line)
    desk.read(NAME.replace("08:36", "09:00"), shorter)
    assert desk.sql("SELECT dp_id, count(*) FROM dfs.night_log_entry GROUP BY 1 ORDER BY 1") == [
        ("PIONI.2026-07-02T08:36:53.372", 2),
        ("PIONI.2026-07-02T09:00:53.372", 1),
    ]
