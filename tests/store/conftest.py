"""An S3 store that speaks the real protocol in a process of its own, and archives with several volumes."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from obstore.store import S3Store

from archive.config import Config
from archive.database import Database
from archive.store import initialise
from archive.testing import ClusterForTests
from tests.store.support import KEYS, Site

_BUCKETS = itertools.count(1)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 120
        while True:
            try:
                httpx.get(endpoint, timeout=5)
                break
            except httpx.TransportError:
                assert server.poll() is None and time.monotonic() < end
                time.sleep(0.1)
        yield endpoint
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new, empty bucket; the keys are in the environment."""
    name = f"bucket-{os.getpid()}-{next(_BUCKETS)}"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS[1])
    assert httpx.put(f"{s3_endpoint}/{name}", timeout=60).status_code == 200
    return f"s3://{name}/archive?endpoint={s3_endpoint}"


@pytest.fixture
def bucket_client(bucket: str) -> S3Store:
    """The bucket as seen by somebody who does damage."""
    name, _, rest = bucket.removeprefix("s3://").partition("/")
    return S3Store(
        name,
        prefix="archive",
        endpoint=rest.partition("endpoint=")[2],
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


@pytest.fixture(scope="module")
def own_database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        with database.writer() as connection:
            initialise(connection)
        yield database


@pytest.fixture
def site(own_database: Database, tmp_path: Path) -> Site:
    """An archive with three volumes, `files`, `two` and `three`, and two copies of each file."""
    with own_database.writer() as connection:
        connection.execute("TRUNCATE archive.file, archive.copy, archive.volume, dfs.storage_event CASCADE")
        connection.execute("INSERT INTO archive.volume (name, address) VALUES ('files', '')")
    config = replace(
        Config(),
        data_folder=tmp_path / "data",
        volumes=(f"two = {tmp_path / 'two'}", f"three = {tmp_path / 'three'}"),
    )
    return Site(own_database, config)
