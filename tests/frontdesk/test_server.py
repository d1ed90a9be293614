"""The command line as a program: starting, answering, stopping, and saying plainly what is wrong."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from astropy.table import Table

from archive.declare.builtin import builtin_schemas
from frontdesk.cli import main
from tests.serving import listening

ROOT = Path(__file__).parents[2]
RUN = [sys.executable, "-c", "import sys; from frontdesk.cli import main; sys.exit(main())"]


STARTED: list[subprocess.Popen[str]] = []


def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*RUN, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    STARTED.append(process)
    return process


def run(*arguments: object) -> tuple[int, str, str]:
    process = start(*arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.fixture
def settings() -> Iterator[tuple[Path, int]]:
    """A configuration whose data folder the database's account can enter."""
    # Not pytest's folder, which every run of pytest closes to other accounts.
    with tempfile.TemporaryDirectory(prefix="uraniborg-serve-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            yield _configured(folder)
        finally:
            # A test that failed leaves its server running, and the database with it.
            while STARTED:
                process = STARTED.pop()
                if process.poll() is None:
                    process.terminate()
                    process.communicate(timeout=60)


def _configured(folder: Path) -> tuple[Path, int]:
    with listening() as listener:
        port = listener.getsockname()[1]
    file = folder / "uraniborg.toml"
    file.write_text(f'port = {port}\ndata_folder = "data"\ntitle = "Test archive"\n')
    return file, port


def wait_for(port: int, process: subprocess.Popen[str]) -> str:
    """The front page, as soon as it can be had."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.2)
        else:
            return httpx.get(f"http://127.0.0.1:{port}/").text
    process.kill()
    raise AssertionError(process.communicate())


def resident(process: subprocess.Popen[str]) -> int:
    """The most memory, in MB, that the process ever held."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024


def test_serves_within_bounded_memory_and_stops(settings):
    file, port = settings
    address = f"http://127.0.0.1:{port}"
    process = start("--config", file, "serve", URANIBORG_TOKENS="tycho:a-secret-of-tycho")
    assert "Test archive" in wait_for(port, process)
    before = resident(process)
    columns = "tap_schema.columns"
    query = f"SELECT TOP 400000 a.description, b.description AS d FROM {columns} a, {columns} b, {columns} c"
    parameters = {"LANG": "ADQL", "QUERY": query, "MAXREC": "400000", "RESPONSEFORMAT": "votable/td"}
    headers = {"Authorization": "Bearer a-secret-of-tycho", "Accept-Encoding": "identity"}
    with httpx.stream("GET", f"{address}/tap/sync", params=parameters, headers=headers) as answer:
        size = sum(len(piece) for piece in answer.iter_raw())
    assert size > 40_000_000
    assert resident(process) - before < 150
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == ""
    assert f"Test archive answers at {address}" in err
    assert re.search(r"GET /tap/sync 200 \d+ B \d+\.\d+ s\n", err)
    assert "secret" not in err
    assert "description" not in err
    assert err.endswith("uraniborg: stopped\n")
    assert "Traceback" not in err
    assert not list((file.parent / "data").rglob("postmaster.pid"))


def test_init_then_nothing_runs_on(settings):
    file, _ = settings
    status, out, err = run("--config", file, "init")
    assert (status, err) == (0, "")
    tables = sum(len(schema.tables) for schema in builtin_schemas())
    assert f"is ready; {tables} tables are published" in out
    assert not list((file.parent / "data").rglob("postmaster.pid"))
    if os.geteuid() == 0:
        assert (file.parent / "data").owner() == "postgres"


def test_port_in_use(settings):
    file, _ = settings
    with listening() as listener:
        port = listener.getsockname()[1]
        file.write_text(f"port = {port}\n")
        status, out, err = run("--config", file, "serve")
    assert (status, out) == (2, "")
    assert err == (
        f"uraniborg: port {port} of 127.0.0.1 is in use; "
        "stop the other program or set another port in the configuration\n"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "uraniborg: no configuration file "),
        ("prot = 80", "unknown setting 'prot'; did you mean port?"),
        ("port = 'high'", "port = 'high' should be int, not str"),
    ],
)
def test_one_line_says_what_is_wrong(tmp_path, capsys, content, message):
    file = tmp_path / "uraniborg.toml"
    if content is not None:
        file.write_text(content)
    assert main(["--config", str(file), "init"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_demonstration_loads_once(settings):
    file, port = settings
    data = file.parent / "demo"
    options = ("demo", "--data", data, "--port", port, "--frames", file.parent / "none")
    first = start(*options, URANIBORG_DATA="")
    wait_for(port, first)
    first.send_signal(signal.SIGTERM)
    _, said = first.communicate(timeout=20)
    assert first.returncode == 0
    assert "simulated stars: " in said
    assert f'pyvo.dal.TAPService("http://127.0.0.1:{port}/tap")' in said
    assert not list(data.rglob("postmaster.pid"))
    second = start(*options, URANIBORG_DATA="")
    page = wait_for(port, second)
    second.send_signal(signal.SIGINT)
    _, said = second.communicate(timeout=20)
    assert "safcat.simulated_stars" in page
    assert "simulated" not in said.partition("is ready")[0]


def count(address: str) -> httpx.Response:
    query = {"LANG": "ADQL", "FORMAT": "csv", "QUERY": "SELECT COUNT(*) FROM tap_schema.tables"}
    return httpx.get(f"{address}/tap/sync", params=query, timeout=30)


def test_a_killed_database_comes_back_and_a_closed_terminal_ends_all(settings):
    file, port = settings
    process = start("--config", file, "serve")
    wait_for(port, process)
    address = f"http://127.0.0.1:{port}"
    before = count(address).text
    pid = file.parent / "data" / "database" / "cluster" / "postmaster.pid"
    killed = pid.read_text().split()[0]
    os.kill(int(killed), signal.SIGKILL)
    end = time.monotonic() + 90
    # Until the new server has written its number, what the old one left may still answer.
    while not pid.exists() or pid.read_text().split()[:1] in ([], [killed]):
        assert time.monotonic() < end
        time.sleep(0.2)
    while (answer := count(address)).status_code != 200:
        assert answer.status_code == 503
        assert time.monotonic() < end
        time.sleep(0.2)
    assert answer.text == before
    process.send_signal(signal.SIGHUP)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "PostgreSQL has gone; starting it again" in said
    assert "Traceback" not in said
    assert not pid.exists()


def test_demonstration_loads_what_is_in_a_folder(settings):
    file, port = settings
    folder = file.parent / "real"
    (folder / "surveys").mkdir(parents=True)
    table = Table({"ra": [1.0, 2.0], "dec": [3.0, 4.0]})
    table.write(folder / "surveys" / "Bright-Stars.v2.fits")
    table.write(folder / "stars.xml", format="votable")
    (folder / "broken.parquet").write_bytes(b"PAR1 and no more")
    (folder / "cut.fits").write_bytes(b"SIMPLE  =                    T")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    options = ("demo", "--data", file.parent / "demo", "--port", port, "--frames", file.parent / "none")
    process = start(*options, URANIBORG_DATA=str(folder))
    page = wait_for(port, process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert "surveys.bright_stars_v2" in page
    assert "safcat.stars" in page
    assert "1 tables only, and no PRODCATG" in said
    assert re.search(r"\$URANIBORG_DATA: .*/cut.fits: ", said)
    assert re.search(r"safcat.broken: broken.parquet: ", said)
    assert re.search(r"is ready: \d+ datasets in ivoa.ObsCore, \d+ raw frames .* rows in 3 catalogues", said)
