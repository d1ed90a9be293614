"""Disks that get full: of results, of what is spooled, of the database's temporary files. Servers live on."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest

from archive.database.account import find_account
from tests.faults.answers import Asked, everything, rows
from tests.faults.site import Site
from tests.uws.support import ended

_ROOM = 1_000_000  # bytes


@pytest.fixture(scope="module")
def full(only_site: Site) -> Iterator[Site]:
    """With little room for results and for what is spooled: small file systems, or a limit without root."""
    site = only_site
    account, jobs = find_account("postgres"), site.data / "jobs"
    account.make_folder(jobs, 0o755)
    options = f"size={_ROOM},mode=0777,uid={account.uid}"
    for folder in (jobs, site.temporary):
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(mount, capture_output=True).returncode:
            site.file_bytes = _ROOM
    site.configure("query_memory_bytes = 1000000", "query_disk_bytes = 2000000")
    try:
        # Not started by the server, which would hand its limit on.
        site.cluster.ensure()
        site.start("serve")
        yield site
    finally:
        site.cluster.release()
        for process in site.processes.values():
            process.kill()
            process.wait()
        for folder in (jobs, site.temporary):
            if folder.is_mount():
                subprocess.run(["umount", "--lazy", folder], check=True)
        site.clear()


@pytest.fixture
def client(full: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{full.port}/tap", timeout=100) as client:
        yield client
    assert "incident" not in full.log("serve"), full.log("serve")


def _answered(client: httpx.Client, asked: Asked) -> bool:
    answer = client.post("/sync", data=asked.parameters)
    return answer.status_code == 200 and asked.is_right(answer.content)


def test_jobs_end_with_that_error(full, client):
    for form in ("csv", "votable/b2", "fits"):
        answer = client.post("/async", data=everything(form, "").parameters | {"PHASE": "RUN"})
        job = answer.headers["location"]
        assert ended(client, job) == "ERROR"
        assert "no room left on the archive's disk" in client.get(f"{job}/error").text
    job = client.post("/async", data=rows(100, "csv").parameters | {"PHASE": "RUN"}).headers["location"]
    assert ended(client, job) == "COMPLETED"
    assert rows(100, "csv").is_right(client.get(f"{job}/results/result").content)
    assert len(list((full.data / "jobs").glob("*/*"))) == 1


def test_results_that_are_spooled(full, client):
    """FITS needs the disk; what is streamed does not."""
    answer = client.post("/sync", data=everything("fits", "").parameters)
    assert answer.status_code == 507
    assert "no room left on the archive's disk for the result" in answer.text
    assert _answered(client, rows(100, "fits"))
    assert len(client.post("/sync", data=everything("csv", "").parameters).content) > 2 * _ROOM
    assert list(full.temporary.iterdir()) == []


def test_slow_clients_of_streams(full):
    """What they do not take has no room on the disk, so that it waits for them; nothing is lost."""
    url, parameters = f"http://127.0.0.1:{full.port}/tap/sync", everything("csv", "").parameters
    with httpx.stream("POST", url, data=parameters, timeout=100) as answer:
        time.sleep(0.5)
        assert sum(line.startswith("1") for line in answer.iter_lines()) == 111_111


def test_uploads(full, client):
    parameters = rows(100, "csv").parameters | {"UPLOAD": "mine,param:table"}
    for path in ("/sync", "/async"):
        answer = client.post(path, data=parameters, files={"table": ("t.vot", bytes(2 * _ROOM))})
        assert answer.status_code == 503, answer.text
        assert "no room for uploads" in answer.text
    assert list(full.temporary.iterdir()) == []


def test_temporary_files_of_the_database(client):
    """More than `query_disk_bytes`: the user is told what to do, and the others are not concerned."""
    query = "SELECT TOP 10 a.name FROM faults.stars AS a ORDER BY a.weight * -1, a.name || 'a'"
    unlimited = "SELECT name, COUNT(*) AS n FROM faults.stars GROUP BY name ORDER BY n"
    assert client.post("/sync", data=rows(1, "csv").parameters | {"QUERY": query}).status_code == 200
    parameters = rows(1, "csv").parameters | {"QUERY": unlimited}
    answer = client.post("/sync", data=parameters)
    assert answer.status_code == 400
    assert "needs more disk space" in answer.text and "sorted, grouped or joined" in answer.text
    job = client.post("/async", data=parameters | {"PHASE": "RUN"}).headers["location"]
    assert ended(client, job) == "ERROR"
    assert "needs more disk space" in client.get(f"{job}/error").text
    assert _answered(client, rows(100, "json"))
