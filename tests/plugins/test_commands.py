"""`uraniborg plugins` and `uraniborg ingest` with a plugin of the folder, as an operator types them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.database import Database
from archive.testing import ClusterForTests
from frontdesk.cli import main

from .forked import forked

PLUGIN = '''
from archive import LONG, Column, Table
from ingest import Accepts, plugin

STEP = Table("site.step", (Column("number", LONG, description="N"),), "Steps", primary_key=("number",))

@plugin("steps", accepts=Accepts(names=("*.steps",)), tables=STEP)
def read_steps(given):
    """Steps."""
    yield STEP.row(number=int(given.text))
'''


@pytest.fixture
def site(test_cluster: ClusterForTests) -> Iterator[tuple[Path, Database]]:
    """A folder that root's commands can still enter as the database's account, and its database."""
    with (
        tempfile.TemporaryDirectory(prefix="uraniborg-plugins-") as name,
        test_cluster.database() as database,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "steps.py").write_text(PLUGIN)
        [(own,)] = rows(database, "SELECT current_database()")
        dsn = test_cluster.cluster.server(str(own), {}).owner
        (folder / "archive.toml").write_text(
            f'data_folder = "data"\ndsn = "{dsn}"\nplugins_folder = "plugins"\n'
        )
        yield folder, database


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.writer() as connection:
        return connection.execute(query.encode()).fetchall()


def run(folder: Path, *words: object) -> tuple[int, str, str]:
    return forked(lambda: main(["--config", str(folder / "archive.toml"), *map(str, words)]))


def test_found_published_used_and_taken_away(site: tuple[Path, Database]) -> None:
    folder, database = site
    (folder / "a.steps").write_text("17")
    status, said, _ = run(folder, "ingest", folder / "a.steps")
    assert (status, said) == (0, "1 file\n       1 ingested\n           1 by plugin steps\n")
    published = "SELECT count(*) FROM tap_schema.tables WHERE table_name = 'site.step'"
    assert rows(database, published) == [(1,)]

    (folder / "plugins" / "steps.py").rename(folder / "steps.py")
    status, _, complaint = run(folder, "ingest", "--retry")
    assert status == 0, complaint
    assert rows(database, "SELECT number FROM site.step") == [(17,)]
    assert rows(database, published) == [(0,)]

    (folder / "steps.py").rename(folder / "plugins" / "steps.py")
    (folder / "plugins" / "broken.py").write_text("1 +\n")
    status, said, complaint = run(folder, "plugins")
    place = f"{folder}/plugins"
    assert (status, complaint) == (2, f"uraniborg: {place}/broken.py:1: not Python: invalid syntax\n")
    assert said.endswith(
        f"steps: Steps.\n    from      {place}/steps.py:7\n    accepts   *.steps\n    tables    site.step\n"
    )


def test_nothing_to_ingest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest"]) == 2
    assert "name a file or a folder, or say --retry or --poll" in capsys.readouterr().err
