"""`uraniborg migrate` as an operator types it: what it prints, and its exit status."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from archive.errors import ConfigurationError, UsageError
from archive.testing import ClusterForTests
from frontdesk.cli import parser
from frontdesk.migrate_command import act
from tests.migrate.support import THINGS, Site, adding, column, without
from tests.migrate.test_steps import ONCE, PLX

ROOT = Path(__file__).parents[2]
CHANGED = adding(PLX)


def say(site: Site, table: object, *options: str) -> int:
    arguments = parser().parse_args(["migrate", "--wait", "5", *options])
    assert isinstance(table, type(THINGS))
    return len(act(site.server, site.wanted(table), arguments))


def test_what_it_prints_is_sql_that_does_it(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(site, THINGS) == 0
    assert capsys.readouterr().err == "the database is as declared\n"
    assert say(site, CHANGED) == 4
    shown = capsys.readouterr()
    assert shown.err == "4 steps; nothing was changed, `uraniborg migrate --apply` does it\n"
    assert "-- table cat.things: column plx is added\n" in shown.out
    with psycopg.connect(site.server.writer) as connection:
        connection.execute(shown.out.encode())
    assert say(site, CHANGED) == 1  # TAP_SCHEMA does not know of it yet
    assert "what TAP_SCHEMA tells of it is renewed" in capsys.readouterr().out
    assert say(site, CHANGED, "--apply") == 0
    assert say(site, CHANGED) == 0


def test_destructive_steps_have_to_be_told(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    changed = without("name")
    assert say(site, changed) > 0
    shown = capsys.readouterr()
    assert "-- DESTRUCTIVE: table cat.things: column name is not declared any more" in shown.out
    assert "1 of them destructive; nothing was changed, `uraniborg migrate --apply --destr" in shown.err
    assert say(site, changed, "--apply") == 1
    shown = capsys.readouterr()
    assert "1 step not taken" in shown.err and "DESTRUCTIVE" in shown.err and "DESTRUCTIVE" not in shown.out
    assert site.run("SELECT name FROM cat.things ORDER BY id") == [("one",), ("2",)]
    assert say(site, changed, "--apply", "--destructive") == 0
    with pytest.raises(ConfigurationError, match="nothing was changed"):
        say(site, adding(ONCE), "--apply")
    with pytest.raises(UsageError, match="less than no time"):
        say(site, column("name"), "--wait", "-1")


def test_as_a_command(site: Site, test_cluster: ClusterForTests) -> None:
    """On the whole archive, which this database is not yet."""
    folder = Path(tempfile.mkdtemp(dir=test_cluster.config.data_folder))
    folder.chmod(0o711)
    environment = {**os.environ, "URANIBORG_DSN": site.server.owner, "PYTHONPATH": str(ROOT)}
    (folder / "archive.toml").write_text(f'data_folder = "{folder}/data"\n')
    command = [
        sys.executable, "-c", "import sys; from frontdesk.cli import main; sys.exit(main())",
        "--config", str(folder / "archive.toml"), "migrate",
    ]  # fmt: skip

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *options], env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    shown = run()
    assert (shown.returncode, shown.stderr.count("nothing was changed")) == (1, 1), shown.stderr
    assert "CREATE TABLE" in shown.stdout
    done = run("--apply", "--destructive")
    # The things of the tests are not declared by the archive.
    assert 'DROP TABLE "cat"."things"' in done.stdout
    assert (done.returncode, done.stderr) == (0, "the database is as declared\n")
