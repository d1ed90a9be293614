"""What jobs outlive: their server, a worker that is killed, a database that drops everybody, a full disk."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from archive.config import Config
from archive.database import Database
from archive.protocol.uws.janitor import Janitor
from archive.protocol.uws.queue import JobQueue
from tests.uws.conftest import job_service
from tests.uws.support import (
    ENDLESS,
    QUERY,
    ended,
    files_of,
    id_of,
    make,
    phase,
    run,
    working_queries,
)
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
COLUMNS = "tap_schema.columns"
SOME = f"(SELECT TOP 200 std FROM {COLUMNS})"
SLOW = QUERY | {"QUERY": f"SELECT COUNT(*) AS n FROM {SOME} AS a, {SOME} AS b, {SOME} AS c"}
WIDE = QUERY | {"QUERY": f"SELECT a.description FROM {COLUMNS} AS a, {COLUMNS} AS b", "MAXREC": "100000"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that the server and the account of a worker share."""
    with tempfile.TemporaryDirectory(prefix="uraniborg-jobs-") as name:
        shared = Path(name)
        shared.chmod(0o755)
        (shared / "data").mkdir()
        (shared / "data" / "jobs").mkdir()
        (shared / "data" / "jobs").chmod(0o777)
        yield shared


@contextmanager
def worker(database: Database, folder: Path, *, file_bytes: int = 0) -> Iterator[subprocess.Popen[str]]:
    """A running `uraniborg worker`; killed at the end if it still runs."""
    configuration = folder / "uraniborg.toml"
    dsn = make_conninfo(database._server.owner, application_name="worker")
    configuration.write_text(f'data_folder = "data"\ndsn = "{dsn}"\n')

    def limited() -> None:
        if file_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "import sys; from frontdesk.cli import main; sys.exit(main())"),
            *("--config", str(configuration), "worker", "--slots", "2"),
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limited,
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert "waiting for jobs, 2 at once" in said, said + process.stderr.read()
        yield process
    finally:
        process.kill()
        process.communicate()


def swept(database: Database, data: Path) -> set[Path]:
    """The files that remain when a janitor has been there."""
    Janitor(JobQueue(Config(data_folder=data), database)).sweep(grace=0)
    return files_of(data / "jobs")


def test_a_worker_that_is_killed(fresh_database, folder):
    """What a dead worker had in hand runs again, three times at most; nothing is done twice."""
    with job_service(fresh_database, folder / "data", job_slots=0) as client:
        endless = run(client, ENDLESS)
        short = [run(client, SLOW) for _ in range(6)]
        with fresh_database.writer() as connection:
            # Two have died over it before.
            connection.execute("UPDATE archive.job SET losses = 2 WHERE job_id = %s", (id_of(endless),))
        with worker(fresh_database, folder) as process:
            eventually(lambda: phase(client, endless) == "EXECUTING")
            process.send_signal(signal.SIGKILL)
            process.wait()
        eventually(lambda: phase(client, endless) != "EXECUTING")
        assert phase(client, endless) == "ERROR"
        assert "the server stopped while the job ran, 3 times" in client.get(f"{endless}/error").text
        with worker(fresh_database, folder) as process:
            assert {ended(client, job) for job in short} == {"COMPLETED"}
            again = run(client, ENDLESS)
            eventually(lambda: phase(client, again) == "EXECUTING")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        assert phase(client, again) == "QUEUED"  # ended in good order, it gave back what it had
        results = {client.get(f"{job}/results/result").text for job in short}
        assert len(results) == 1
        assert len(swept(fresh_database, folder / "data")) == len(short)


def test_a_full_disk_ends_the_job_and_not_the_worker(fresh_database, folder):
    with (
        job_service(fresh_database, folder / "data", job_slots=0) as client,
        worker(fresh_database, folder, file_bytes=300_000),
    ):
        for form in ("csv", "fits", "votable"):
            job = run(client, WIDE | {"RESPONSEFORMAT": form})
            assert ended(client, job) == "ERROR", form
            assert "no room left on the archive's disk" in client.get(f"{job}/error").text
        assert ended(client, run(client, QUERY)) == "COMPLETED"
        assert len(files_of(folder / "data" / "jobs")) == 1


def test_a_server_that_is_started_again(fresh_database, tmp_path):
    with job_service(fresh_database, tmp_path, job_slots=3) as client:
        done = run(client, QUERY)
        assert ended(client, done) == "COMPLETED"
        text = client.get(f"{done}/results/result").text
        running, aborted, pending = run(client, ENDLESS), run(client, QUERY), make(client, QUERY)
        client.post(f"{aborted}/phase", data={"PHASE": "ABORT"})
        before = phase(client, aborted)
        eventually(lambda: phase(client, running) == "EXECUTING")
    assert working_queries(fresh_database) == 0
    with job_service(fresh_database, tmp_path, job_slots=0) as client:

        def here(job: str) -> str:
            return f"/async/{id_of(job)}"

        assert client.get(f"{here(done)}/results/result").text == text
        assert phase(client, here(running)) == "QUEUED"
        assert phase(client, here(pending)) == "PENDING"
        assert phase(client, here(aborted)) == before
        later = run(client, QUERY)
    with job_service(fresh_database, tmp_path, job_slots=3) as client:
        assert ended(client, here(later)) == "COMPLETED"
        eventually(lambda: phase(client, here(running)) == "EXECUTING")
        client.delete(here(running))


def terminate_all(database: Database) -> None:
    """Every connection to the database is broken off, as when PostgreSQL is killed."""
    with psycopg.connect(database._server.owner) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_database_that_drops_everybody(fresh_database, tmp_path):
    with job_service(fresh_database, tmp_path) as client:
        jobs = [run(client, SLOW) for _ in range(6)]
        for _ in range(2):
            eventually(lambda: working_queries(fresh_database) > 0)
            terminate_all(fresh_database)
        eventually(lambda: client.get(jobs[0]).status_code == 200)
        assert {ended(client, job) for job in jobs} == {"COMPLETED"}
        assert len({client.get(f"{job}/results/result").text for job in jobs}) == 1
        assert len(swept(fresh_database, tmp_path)) == len(jobs)
        # News of jobs come again, too.
        fresh = make(client, QUERY)
        client.post(f"{fresh}/phase", data={"PHASE": "RUN"})
        assert ended(client, fresh) == "COMPLETED"


def test_jobs_are_for_workers_that_share_the_folder(fresh_database, tmp_path):
    with (
        job_service(fresh_database, tmp_path / "one", job_slots=0) as client,
        job_service(fresh_database, tmp_path / "other") as other,
    ):
        job, theirs = run(client, QUERY), run(other, QUERY)
        assert ended(other, theirs) == "COMPLETED"
        assert phase(client, job) == "QUEUED"


def test_orphans_are_swept(fresh_database, tmp_path):
    with job_service(fresh_database, tmp_path, job_slots=0) as client:
        job = make(client, QUERY)
        id = id_of(job)
    folder = tmp_path / "jobs"
    for name in (f"{id}/result-9-9", f"{id}/result-9-9.part", "gone/result-1-1", "empty/"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.mkdir() if name.endswith("/") else path.write_bytes(b"half")
    jobs = JobQueue(Config(data_folder=tmp_path), fresh_database)
    Janitor(jobs).sweep()
    assert len(files_of(folder)) == 3  # young as they are, they may be about to belong to somebody
    hour = 3 * 3600
    for path in (*folder.glob("*/*"), *folder.iterdir()):
        os.utime(path, (os.stat(path).st_mtime - hour,) * 2)
    Janitor(jobs).sweep()
    assert files_of(folder) == set()
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {id}


def test_abort_reaches_another_server(fresh_database, tmp_path):
    with (
        job_service(fresh_database, tmp_path, job_slots=0) as first,
        job_service(fresh_database, tmp_path) as second,
    ):
        job = run(first, ENDLESS)
        eventually(lambda: phase(second, f"/async/{id_of(job)}") == "EXECUTING")
        first.post(f"{job}/phase", data={"PHASE": "ABORT"})
        eventually(lambda: working_queries(fresh_database) == 0)
