"""The observing plan in an archive: it follows what the plugins write, and taplint finds it right."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from archive.config import Config
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from ingest.obsplan import derive_obsplan
from tests.readers.night_desk import NightDesk
from tests.readers.phase2_documents import bundle
from tests.serving import listening, serving

OB = 4725578
MOMENT = datetime.fromisoformat("2026-07-03T00:00:00")
EXECUTION = {
    "obId": OB,
    "from": "2026-07-02T03:00:00Z",
    "to": "2026-07-02T03:30:00Z",
    "obStatus": "M",
    "grade": "C",
}
SCHEDULE = """period,telescope,start,end,mode,run,instrument
116,UT1,2126-07-05T00:00:00Z,2126-07-06T10:00:00Z,VM,116.20AB.001,FORS2
"""


@pytest.fixture
def desk(test_cluster: ClusterForTests, tmp_path: Path) -> Iterator[NightDesk]:
    with test_cluster.database() as database:
        yield NightDesk(database, tmp_path)


def _block(desk: NightDesk, **changes: object) -> None:
    document = bundle()
    document["ob"] |= changes
    desk.read("ob.json", document)


def _plan(desk: NightDesk) -> dict[str, str]:
    return dict(desk.sql("SELECT obs_id, execution_status FROM ivoa.obsplan"))


def test_the_plan_follows_what_is_written(desk: NightDesk) -> None:
    _block(desk, obStatus="+")
    assert _plan(desk) == {str(OB): "Planned"}
    desk.read("executions_FORS2_2026-07-01.json", [EXECUTION])
    # The block is as it was: it has to be executed again, and the execution has a row of its own.
    aborted = f"{OB}.2026-07-02T03:00:00"
    assert _plan(desk) == {str(OB): "Planned", aborted: "Aborted"}
    desk.read("P116.slots.csv", SCHEDULE)
    assert _plan(desk) == {str(OB): "Scheduled", aborted: "Aborted"}
    ((category, priority, region),) = desk.adql(
        f"SELECT category, priority, s_region FROM ivoa.obsplan WHERE obs_id = '{OB}'"
    )
    assert (category, priority) == ("Fixed", 2)
    assert str(region).startswith("POSITION ICRS 130.38")
    desk.read("P116.allocations.csv", "run_id;decision;priority_class\n116.20AB.001;Scheduled;B\n")
    done = EXECUTION | {"from": "2126-07-05T03:00:00Z", "to": "2126-07-05T03:30:00Z", "obStatus": "C"}
    desk.read("executions_FORS2_2126-07-04.json", [done])
    assert _plan(desk) == {str(OB): "Performed", aborted: "Aborted"}


def test_only_what_changes_moves(desk: NightDesk) -> None:
    _block(desk, obStatus="+")
    planned = "SELECT t_planning FROM ivoa.obsplan"
    before = desk.sql(planned)
    with desk.database.writer() as connection:
        assert derive_obsplan(connection, MOMENT) == 0
    assert desk.sql(planned) == before
    with desk.database.writer() as connection:
        connection.execute("UPDATE dfs.ob SET ob_status = 'K'")
        connection.execute(
            "INSERT INTO ivoa.obsplan (t_planning, obs_id, facility_name, category, priority,"
            " execution_status, tracking_type) VALUES (1, 'other', 'x', 'Other', 0, 'Planned', 'Sidereal')"
        )
        assert derive_obsplan(connection, MOMENT) == 1
    assert desk.sql(f"{planned} WHERE obs_id = '{OB}'") == [(61224.0,)]
    assert _plan(desk) == {str(OB): "Unscheduled", "other": "Planned"}
    with desk.database.writer() as connection:
        connection.execute("UPDATE dfs.ob SET ob_status = 'C'")
        # Nobody told when it was executed.
        assert derive_obsplan(connection, MOMENT, blocks=[OB]) == 1
    assert _plan(desk) == {"other": "Planned"}


def test_a_status_that_an_execution_cannot_have_is_found(desk: NightDesk) -> None:
    _block(desk, obStatus="S")
    problems = desk.read("executions_FORS2_2026-07-01.json", [EXECUTION | {"obStatus": "D"}])
    assert problems == ()
    changes = desk.sql(
        "SELECT from_status, to_status FROM dfs.ob_status WHERE is_stated ORDER BY changed, to_status"
    )
    assert (None, "S") in changes and ("S", "D") in changes
    rules = desk.sql("SELECT rule FROM dfs.ob_finding WHERE rule LIKE '%transition'")
    assert rules == [("impossible transition",)]


def test_taplint_finds_nothing_in_the_derived_plan(desk: NightDesk, tmp_path: Path) -> None:
    _block(desk, obStatus="+")
    desk.read("P116.slots.csv", SCHEDULE)
    others = [EXECUTION | {"obId": OB + n, "obStatus": status} for n, status in enumerate("CXAMS", 1)]
    desk.read("executions_FORS2_2026-07-01.json", others)
    assert sorted(_plan(desk).values()) == [
        "Aborted",
        "Aborted",
        "Performed",
        "Performed",
        "Performed",
        "Scheduled",
    ]
    listener = listening()
    config = Config(data_folder=tmp_path, port=listener.getsockname()[1])
    with serving(create_app(config, desk.database, desk.store), listener) as address:
        command = ["stilts", "taplint", f"tapurl={address}/tap", "stages=TME TMS LOC", "report=EWF"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert "Totals:" in done.stdout
    assert [line for line in done.stdout.splitlines() if line[:2] in {"E-", "W-", "F-"}] == []
