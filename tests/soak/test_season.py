"""A simulated season with frames in an archive: nothing is refused, and everything belongs to something."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import store as storage
from archive.config import Config
from archive.database import Database
from archive.plugins import load_plugins
from archive.store import Store
from archive.testing import ClusterForTests
from ingest import BUILTIN, Inputs, ingest_paths
from ingest.simulator import seasons, write_season

_NIGHTS, _SEED = 2, 1607
# Frames with all that stands before them, from the proposal to the seeing of their minute.
_JOINED = """
SELECT COUNT(DISTINCT r.dp_id) FROM dbo.raw AS r
JOIN dfs.execution_file AS x ON x.dp_id = r.dp_id
JOIN dfs.execution AS e ON e.execution_id = x.execution_id AND e.ob_id = r.ob_id
JOIN dfs.ob AS b ON b.ob_id = e.ob_id
JOIN dfs.run AS u ON u.run_id = r.prog_id
JOIN dfs.outcome AS o ON o.run_id = u.run_id
JOIN dfs.night_log AS n ON n.dp_id = r.dp_id
JOIN asm.dimm_paranal AS d
  ON d.start_date BETWEEN r.exp_start - INTERVAL '1 minute' AND r.exp_start
"""


def count(database: Database, query: str) -> int:
    with database.writer() as connection:
        [(number,)] = connection.execute(query).fetchall()
    assert isinstance(number, int)
    return number


@pytest.mark.soak
def test_a_season_is_taken_in_as_a_whole(test_cluster: ClusterForTests, tmp_path: Path) -> None:
    config, store = Config(data_folder=tmp_path), Store(tmp_path / "files")
    [season] = seasons(_SEED, _NIGHTS)
    written = write_season(tmp_path / "season", season)
    with test_cluster.database(config=config) as database:
        with database.writer() as connection:
            storage.initialise(connection)
        inputs = Inputs(database, store, config, load_plugins(config, BUILTIN))
        paths = [*written.frames, *written.documents]
        summary = ingest_paths(database, store, config, paths, collection="SIMULATED", inputs=inputs)
        assert not summary.failures
        assert count(database, "SELECT COUNT(*) FROM dfs.input_file WHERE problem_count > 0") == 0
        assert count(database, "SELECT COUNT(*) FROM dfs.ob_finding") == 0
        assert count(database, "SELECT COUNT(*) FROM dbo.raw") == len(written.frames)
        joined = count(database, _JOINED)
        told = sum(
            len(part.exposures) for night in season.nights for e in night.executions for part in e.taken
        )
        assert joined == count(database, "SELECT COUNT(*) FROM dfs.execution_file") == told
