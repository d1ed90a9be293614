"""The private cluster: made once, shared, stopped by its last user, and clear about what is missing."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from archive.database.account import find_account
from archive.database.cluster import Cluster
from archive.database.leftovers import clear_leftovers
from archive.database.programs import find_programs
from archive.database.tuning import Machine, settings, settings_text
from archive.errors import ConfigurationError
from tests.database.tables import SMALL

GB = 1024**3


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder that the database's account can enter, which pytest's own are not."""
    made = Path(tempfile.mkdtemp(prefix="uraniborg-cluster-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    Cluster(made / "database").stop()
    shutil.rmtree(made)


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as made:
        yield made


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    """One cluster for all tests that leave it running. Another initdb was killed before it was made."""
    with own_folder() as made:
        unfinished = made / "database" / "cluster.unfinished"
        unfinished.mkdir(parents=True)
        (unfinished / "PG_VERSION").write_text("15\n")
        for path in (made / "database", unfinished, unfinished / "PG_VERSION"):
            find_account("postgres").own(path)
        cluster = Cluster(made / "database", overrides=SMALL)
        cluster.ensure()
        yield cluster
        cluster.release()


def ask(cluster: Cluster, question: str) -> object:
    with psycopg.connect(cluster.server("postgres").owner) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


# --- life --------------------------------------------------------------------------------------------


def test_it_is_made_started_shared_and_stopped(folder: Path) -> None:
    """Below a path that is too long for a socket, which then lies in /tmp."""
    place = folder / ("long" * 20) / "database"
    first, second = (Cluster(place, overrides=SMALL) for _ in range(2))
    assert first.socket_folder.parent == Path("/tmp")
    assert not first.alive()
    first.ensure()
    second.ensure()
    assert ask(first, "SELECT 1") == 1
    first.release()
    assert second.alive()
    second.release()
    assert not second.alive()
    second.ensure()
    assert second.alive()
    second.stop()
    assert not second.alive()
    second.release()
    shutil.rmtree(first.socket_folder)


def test_nobody_else_gets_in(running: Cluster) -> None:
    owner = find_account("postgres").uid
    for path in (running.folder, running.data, running.socket_folder):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert path.stat().st_uid == owner
    assert owner != 0
    assert ask(running, "SHOW listen_addresses") == ""
    assert ask(running, "SHOW fsync") == "on"
    assert ask(running, "SHOW full_page_writes") == "on"
    rules = (running.data / "pg_hba.conf").read_text().split("\n")
    assert rules == ["local all,replication all peer map=uraniborg", ""]
    assert list(running.data.glob("postmaster.pid"))


STARTER = """
import sys
from pathlib import Path
from archive.database.cluster import Cluster
from tests.database.tables import SMALL
cluster = Cluster(Path(sys.argv[1]), overrides=SMALL)
cluster.ensure()
print("ready", flush=True)
sys.stdin.read()
cluster.release()
"""


def test_starters_at_the_same_time(folder: Path) -> None:
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, folder / "database"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for starter in starters:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"ready\n"
    cluster = Cluster(folder / "database")
    # The one that was killed no longer counts as a user; the other stops the server.
    starters[0].kill()
    starters[0].communicate()
    assert cluster.alive()
    starters[1].communicate()
    assert not cluster.alive()


def master(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split("\n")[0])


def test_a_killed_server_starts_again(running: Cluster) -> None:
    with psycopg.connect(running.server("postgres").owner, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (x integer)")
        connection.execute("INSERT INTO kept VALUES (42)")
    os.kill(master(running), signal.SIGKILL)
    running.ensure()
    assert ask(running, "SELECT x FROM kept") == 42


def test_orphans_of_a_killed_server_are_ended(running: Cluster) -> None:
    """A busy query does not notice that its master is gone, and PostgreSQL does not start beside it."""
    connection = psycopg.connect(running.server("postgres").owner)
    busy = connection.info.backend_pid
    connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000::bigint)")
    time.sleep(0.2)
    os.kill(master(running), signal.SIGKILL)
    begun = time.monotonic()
    running.ensure()
    assert time.monotonic() - begun < 20.0
    assert not Path(f"/proc/{busy}/exe").exists()
    connection.close()
    assert ask(running, "SELECT 1") == 1


def test_a_pid_file_whose_number_was_given_away(running: Cluster) -> None:
    text = (running.data / "postmaster.pid").read_text()
    running.stop()
    account = find_account("postgres")
    hand_over = {"user": account.uid, "group": account.gid, "extra_groups": []} if account.is_other else {}
    stranger = subprocess.Popen(["sleep", "60"], **hand_over)
    try:
        (running.data / "postmaster.pid").write_text(text.replace(text.split("\n")[0], str(stranger.pid), 1))
        account.own(running.data / "postmaster.pid")
        running.ensure()
        assert ask(running, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_living_server_is_left_alone(running: Cluster) -> None:
    clear_leftovers(running.data)
    assert ask(running, "SELECT 1") == 1


def test_initdb_that_was_interrupted_is_done_again(running: Cluster) -> None:
    assert (running.data / "PG_VERSION").is_file()
    assert not (running.folder / "cluster.unfinished").exists()


def test_a_socket_folder_of_somebody_else_is_refused(folder: Path) -> None:
    cluster = Cluster(folder / ("long" * 20) / "database", overrides=SMALL)
    cluster.socket_folder.mkdir(0o777)
    try:
        with pytest.raises(ConfigurationError, match="is not a folder of the account"):
            cluster.ensure()
    finally:
        cluster.socket_folder.rmdir()


# --- what is missing ---------------------------------------------------------------------------------


def programs_in(folder: Path, version: int, *, with_pg_sphere: bool) -> None:
    """A Debian-like tree with the programs of one version."""
    programs = folder / f"usr/lib/postgresql/{version}/bin"
    programs.mkdir(parents=True)
    for name in ("initdb", "pg_ctl", "pg_isready", "postgres"):
        (programs / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}.3'\n")
        (programs / name).chmod(0o755)
    extension = folder / f"usr/share/postgresql/{version}/extension"
    extension.mkdir(parents=True)
    if with_pg_sphere:
        (extension / "pg_sphere.control").touch()


def test_the_newest_version_with_pg_sphere_is_taken(tmp_path: Path) -> None:
    for version, with_pg_sphere in ((9, True), (15, True), (16, True), (17, False)):
        programs_in(tmp_path, version, with_pg_sphere=with_pg_sphere)
    assert find_programs(environment={}, root=tmp_path).version == 16
    assert find_programs(15, environment={}, root=tmp_path).version == 15


def test_pg_bin_goes_before_everything(tmp_path: Path) -> None:
    programs_in(tmp_path, 15, with_pg_sphere=True)
    programs_in(tmp_path, 16, with_pg_sphere=True)
    chosen = str(tmp_path / "usr/lib/postgresql/15/bin")
    assert find_programs(environment={"PG_BIN": chosen}, root=tmp_path).version == 15


@pytest.mark.parametrize(
    ("there", "wanted", "message"),
    [
        ([], None, "apt install postgresql-15 postgresql-15-pgsphere"),
        ([(14, True)], None, "no PostgreSQL 15 or newer"),
        ([(17, False)], None, "apt install postgresql-17-pgsphere"),
        ([(17, True)], 15, "apt install postgresql-15 postgresql-15-pgsphere"),
    ],
)
def test_the_missing_package_is_named(
    tmp_path: Path, there: list[tuple[int, bool]], wanted: int | None, message: str
) -> None:
    for version, with_pg_sphere in there:
        programs_in(tmp_path, version, with_pg_sphere=with_pg_sphere)
    with pytest.raises(ConfigurationError, match=message):
        find_programs(wanted, environment={"PATH": ""}, root=tmp_path)


def test_a_closed_parent_is_named(folder: Path) -> None:
    """As root: a data folder below one that only root can enter. As a user: below one without x."""
    closed = folder / "closed"
    closed.mkdir()
    closed.chmod(0o700 if os.geteuid() == 0 else 0o600)
    try:
        with pytest.raises(ConfigurationError, match=f"cannot (enter|make).*{closed}"):
            Cluster(closed / "data" / "database").ensure()
    finally:
        closed.chmod(0o700)


def test_accounts() -> None:
    account = find_account("postgres")
    assert account.uid != 0
    if os.geteuid() == 0:
        assert account.run("id", "-un").stdout == "postgres\n"
        with pytest.raises(ConfigurationError, match="no account 'nobody-of-that-name'"):
            find_account("nobody-of-that-name")
        with pytest.raises(ConfigurationError, match="root"):
            find_account("root")
    else:
        assert account.name == pwd.getpwuid(os.geteuid()).pw_name


# --- tuning ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (
            Machine(2 * GB, 2 * GB, 1),
            {"shared_buffers": "512MB", "work_mem": "16MB", "max_parallel_workers": "1"},
        ),
        (Machine(24 * GB, 12 * GB, 2), {"shared_buffers": "6144MB", "work_mem": "64MB"}),
        (Machine(512 * GB, 256 * GB, 64), {"shared_buffers": "8192MB", "maintenance_work_mem": "1024MB"}),
        (Machine(8 * GB, 64 * 1024**2, 4), {"dynamic_shared_memory_type": "mmap"}),
    ],
)
def test_settings_follow_the_machine(machine: Machine, expected: dict[str, str]) -> None:
    assert expected.items() <= settings(machine).items()
    assert settings(machine)["fsync"] == "on"


def test_settings_are_quoted() -> None:
    assert settings_text({"log_line_prefix": "it's"}) == "log_line_prefix = 'it''s'\n"
