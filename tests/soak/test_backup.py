"""Back-up and restore as an operator does them, of an archive in use, into the hands of another one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from archive.database import Cluster
from tests.ingest.support import RAW, TAN, image, write
from tests.store.support import flip

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]
_COMMAND = "import sys; from frontdesk.cli import main; sys.exit(main(sys.argv[1:]))"
FILES = 300


class Operator:
    """Somebody at a shell, with archives below a folder; each has a configuration of its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def configure(self, name: str, **settings: object) -> None:
        lines = [f'data_folder = "{self.folder / name}"']
        lines += [f"{key} = {str(value) if not isinstance(value, str) else repr(value)}"
                  for key, value in settings.items()]  # fmt: skip
        (self.folder / f"{name}.toml").write_text("\n".join(lines) + "\n")

    def run(self, archive: str, *words: object) -> tuple[int, str]:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                _COMMAND,
                "--config",
                str(self.folder / f"{archive}.toml"),
                *map(str, words),
            ],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=600,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def must(self, archive: str, *words: object) -> str:
        status, said = self.run(archive, *words)
        assert status == 0, said
        return said

    def frames(self, first: int, count: int) -> Path:
        folder = self.folder / f"night-{first}"
        folder.mkdir()
        for number in range(first, first + count):
            name = f"ISAAC.2006-04-13T06:{number // 60:02}:{number % 60:02}.000.fits"
            write(folder, f"frame{number}.fits", image(RAW | TAN | {"ARCFILE": name}))
        return folder

    def open_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        folder.chmod(0o777)
        return folder

    def count(self, archive: str) -> tuple[int, int, int]:
        """Files, rows of raw frames, copies."""
        cluster = Cluster(self.folder / archive / "database")
        cluster.ensure()
        try:
            with psycopg.connect(cluster.server("archive").owner) as connection:
                row = connection.execute(
                    "SELECT (SELECT count(*) FROM archive.file), (SELECT count(*) FROM dbo.raw),"
                    " (SELECT count(*) FROM archive.copy)"
                ).fetchone()
        finally:
            cluster.release()
        assert row is not None
        return row


@pytest.fixture
def operator() -> Iterator[Operator]:
    folder = Path(tempfile.mkdtemp(prefix="uraniborg-soak-backup-"))
    folder.chmod(0o755)
    yield Operator(folder)
    for data in folder.glob("*/database/cluster"):
        Cluster(data.parent).stop()
    shutil.rmtree(folder)


def test_an_archive_moves_through_a_back_up(operator: Operator) -> None:
    """Back-ups while frames come in are consistent: each row that was restored has its file."""
    disk = operator.open_folder("disk")
    backup = operator.open_folder("backup")
    operator.configure("old", volumes=[f"disk = {disk}"])
    operator.must("old", "ingest", operator.frames(0, FILES))
    arriving = threading.Thread(target=operator.run, args=("old", "ingest", operator.frames(1000, FILES)))
    arriving.start()
    try:
        for _ in range(2):
            operator.must("old", "backup", "--verify", backup)
    finally:
        arriving.join()
    operator.configure("new")
    operator.must("new", "restore", backup)
    files, raw, copies = operator.count("new")
    assert FILES <= files <= 2 * FILES and raw == files == copies
    assert f"{files:,} copies checked" in operator.must("new", "store", "scrub", "--once")
    status, said = operator.run("new", "restore", backup)
    assert status == 2 and "a restore replaces none" in said
    # The rest of the night comes in where it was left.
    operator.must("new", "ingest", operator.folder / "night-1000")
    assert operator.count("new")[0] == 2 * FILES


def test_a_restore_that_is_killed_is_done_again(operator: Operator) -> None:
    backup = operator.open_folder("backup")
    operator.configure("old")
    operator.must("old", "ingest", operator.frames(0, FILES))
    operator.must("old", "backup", backup)
    operator.configure("new")
    for seconds in (1.0, 3.0, 6.0, 9.0):
        command = [sys.executable, "-c", _COMMAND, "--config", str(operator.folder / "new.toml"), "restore"]
        process = subprocess.Popen([*command, str(backup)], cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    status, said = operator.run("new", "restore", backup)
    assert status == 0 or "a restore replaces none" in said
    assert operator.count("new") == (FILES, FILES, FILES)
    operator.must("new", "store", "scrub", "--once")


def test_damage_to_a_back_up_costs_only_what_it_hit(operator: Operator) -> None:
    backup = operator.open_folder("backup")
    operator.configure("old")
    operator.must("old", "ingest", operator.frames(0, 20))
    operator.must("old", "backup", backup)
    victim = sorted(path for path in (backup / "files").rglob("*") if path.is_file())[7]
    flip(victim, 100)
    operator.configure("new")
    status, said = operator.run("new", "restore", backup)
    assert status == 1 and victim.name in said
    assert operator.count("new") == (20, 20, 20)
    status, said = operator.run("new", "store", "scrub", "--once")
    assert status == 1 and "1 files have no good copy left" in said


def test_the_database_alone_comes_back_to_its_volumes(operator: Operator) -> None:
    disk, backup = operator.open_folder("disk"), operator.open_folder("backup")
    operator.configure("old", volumes=[f"disk = {disk}"])
    operator.must("old", "ingest", operator.frames(0, 50))
    operator.must("old", "backup", "--database-only", backup)
    shutil.rmtree(operator.folder / "old" / "database")
    operator.must("old", "restore", "--database-only", backup)
    assert operator.count("old") == (50, 50, 100)
    assert "100 copies checked" in operator.must("old", "store", "scrub", "--once")


def test_the_database_goes_back_to_a_moment(operator: Operator) -> None:
    """The log that was archived since a back-up leads to any moment after it."""
    backup, log = operator.open_folder("backup"), operator.open_folder("log")
    operator.configure("old", wal_archive=str(log))
    operator.must("old", "ingest", operator.frames(0, 20))
    operator.must("old", "backup", "--database-only", backup)
    operator.must("old", "ingest", operator.frames(100, 10))
    time.sleep(2)
    moment = datetime.now(UTC)
    time.sleep(2)
    operator.must("old", "ingest", operator.frames(200, 5))
    # A clean end archives what was written last.
    shutil.move(operator.folder / "old" / "database", operator.folder / "lost")
    said = operator.must("old", "restore", backup, "--until", moment.isoformat())
    assert "store scrub" in said
    assert operator.count("old") == (30, 30, 30)
    assert "30 copies checked" in operator.must("old", "store", "scrub", "--once")
    status, said = operator.run("old", "restore", backup, "--until", "latest")
    assert status == 2 and "a restore replaces none" in said
