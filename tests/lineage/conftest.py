"""A small archive with a programme above its frames."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from archive.database import Database, write_records
from archive.declare.dataflow.execution import EXECUTION, EXECUTION_FILE
from archive.declare.dataflow.phase1 import INVESTIGATOR, PROGRAMME
from archive.declare.dataflow.phase2 import OB
from archive.declare.dataflow.runs import RUN
from archive.testing import ClusterForTests
from tests.datalink.small_archive import BIAS, SCI, fill

BEGIN = datetime.fromisoformat("2026-01-01T00:58:00")
RUN_ID = "116.20AB.001"


@pytest.fixture(scope="package")
def database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        fill(database)
        with database.writer() as connection:
            connection.execute(
                "UPDATE dbo.raw SET ob_id = 7, prog_id = '116.20AB.001' WHERE dp_id = %s", (SCI,)
            )
            connection.execute(
                "UPDATE dbo.raw SET ob_id = 8, prog_id = '60.A-9022(A)' WHERE dp_id = %s", (BIAS,)
            )
            for record in (
                PROGRAMME.row(programme_id="116.20AB", title="Spirals", pi_name="T. Brahe"),
                INVESTIGATOR.row(
                    programme_id="116.20AB",
                    investigator_number=1,
                    investigator_role="PI",
                    full_name="Tycho Brahe",
                ),
                RUN.row(programme_id="116.20AB", run_id=RUN_ID, title="Images", instrument="CAM"),
                OB.row(ob_id=7, run_id=RUN_ID, ob_name="M83", ob_status="C", item_type="OB"),
                EXECUTION.row(execution_id="7/1", ob_id=7, run_id=RUN_ID, start_time=BEGIN, grade="A"),
                EXECUTION_FILE.row(execution_id="7/1", dp_id=SCI),
            ):
                write_records(connection, record.table, [record])
        yield database
