"""/file/<dp_id> over a real store and database."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette

from archive import store as storage
from archive.errors import ArchiveError
from archive.protocol import Style, failure_response
from archive.store import FileVersion, Store, checksum, record_files
from frontdesk.downloads import download_routes
from tests.serving import listening, serving

NAMES = ("UVES.2010-04-22T03:57:21.123", "a+b c&d?e#f%20g", "folder/like", "Ångström", "100%", "it's")


@pytest.fixture(scope="module")
def client(test_cluster, tmp_path_factory):
    folder = tmp_path_factory.mktemp("downloads")
    store = Store(folder / "files")
    with test_cluster.database() as database:
        with database.writer() as connection:
            storage.initialise(connection)
            for name in NAMES:
                record_files(connection, [_keep(store, folder, name, version) for version in (1, 2)])

        async def failure(_request, error):
            assert isinstance(error, ArchiveError)
            return failure_response(error, Style.TEXT)

        app = Starlette(routes=download_routes(database, store), exception_handlers={ArchiveError: failure})
        with serving(app, listening()) as address, httpx.Client(base_url=address) as client:
            yield client


def _keep(store: Store, folder, dp_id: str, version: int) -> FileVersion:
    source = folder / "source.fits"
    source.write_bytes(f"{dp_id} {version}".encode())
    sha256 = checksum(source)
    kept = store.keep(source, dp_id, sha256)
    now = datetime.now(UTC)
    return FileVersion(
        dp_id, version, f"{dp_id}.fits", kept.place, sha256, kept.bytes, "application/fits", str(source), now
    )


@pytest.mark.parametrize("name", NAMES)
def test_newest_version_under_any_identifier(client, name):
    answer = client.get(f"/file/{quote(name, safe='/')}")
    assert answer.text == f"{name} 2"
    assert answer.headers["content-type"] == "application/fits"
    assert "filename=" in answer.headers["content-disposition"]


def test_older_version(client):
    assert client.get(f"/file/{NAMES[0]}", params={"version": "1"}).text == f"{NAMES[0]} 1"


def test_range_and_head(client):
    assert client.get(f"/file/{NAMES[0]}", headers={"Range": "bytes=0-3"}).text == "UVES"
    assert client.head(f"/file/{NAMES[0]}").headers["content-length"] == str(len(NAMES[0]) + 2)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/file/nothing", 404),
        ("/file/..%2F..%2Fetc%2Fpasswd", 404),
        ("/file/a%00b", 404),
        ("/file/%FF", 404),
        (f"/file/{NAMES[0]}?version=3", 404),
        (f"/file/{NAMES[0]}?version=0", 400),
        (f"/file/{NAMES[0]}?version=last", 400),
    ],
)
def test_failures_are_text(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.count("\n") == 1
