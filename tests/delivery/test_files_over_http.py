"""/file and /dataPortal/file: corrected, compressed, replaced and damaged files, as clients get them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from astropy.io import fits
from astroquery.eso import EsoClass
from starlette.applications import Starlette

from archive.errors import ArchiveError
from archive.protocol import Style, failure_response
from archive.store import Action, Change, FileVersion, correct, described, opened
from frontdesk.downloads import download_routes
from tests.delivery.support import exposure
from tests.serving import listening, serving

LARGE = np.random.default_rng(11).bytes(9_000_000)
EXPTIME = Change(0, Action.SET, "EXPTIME", 45.5)
MANY = tuple(Change(1, Action.ADD, f"ESO QC PAR{number}", number / 3, "measured") for number in range(60))


@pytest.fixture(scope="module")
def client(archived, store) -> Iterator[httpx.Client]:
    async def failure(_request, error):
        assert isinstance(error, ArchiveError)
        return failure_response(error, Style.TEXT)

    app = Starlette(routes=download_routes(archived, store), exception_handlers={ArchiveError: failure})
    with serving(app, listening()) as address, httpx.Client(base_url=address, timeout=20) as client:
        yield client


@pytest.fixture
def corrected(archived, store, put) -> FileVersion:
    file = put(exposure())
    with archived.writer() as connection:
        correct(connection, store, file.dp_id, [EXPTIME, *MANY], who="tycho", why="wrong")
    return file


def digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def test_what_is_announced_is_what_is_delivered(client, corrected):
    answer = client.get(f"/file/{corrected.dp_id}", headers={"Accept-Encoding": "gzip, zstd"})
    assert answer.headers["content-length"] == str(len(answer.content)) != str(corrected.bytes)
    assert answer.headers["repr-digest"] == digest(answer.content)
    assert answer.headers["etag"] == f'"{corrected.sha256}-h1"'
    assert "content-encoding" not in answer.headers
    assert fits.open(BytesIO(answer.content), checksum=True)[0].header["EXPTIME"] == 45.5
    old = client.get(f"/file/{corrected.dp_id}?CORRECTION=0")
    assert old.content == exposure() and old.headers["etag"] == f'"{corrected.sha256}"'
    assert old.headers["repr-digest"] == digest(exposure())


def test_ranges_of_corrected_files(client, corrected):
    whole = client.get(f"/file/{corrected.dp_id}").content
    for first, last in ((0, 0), (2879, 2880), (100, len(whole) - 100), (len(whole) - 1, len(whole) - 1)):
        answer = client.get(f"/file/{corrected.dp_id}", headers={"Range": f"bytes={first}-{last}"})
        assert answer.status_code == 206 and answer.content == whole[first : last + 1]
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"
        assert answer.headers["repr-digest"] == digest(whole)


def test_a_correction_makes_another_file_of_it(archived, store, client, put):
    """Who has a part of the old one gets the whole of the new one, and caches notice."""
    file = put(exposure())
    old = client.get(f"/file/{file.dp_id}")
    time.sleep(1.1)  # dates of HTTP have whole seconds
    with archived.writer() as connection:
        correct(connection, store, file.dp_id, [EXPTIME], who="tycho", why="wrong")
    again = {"Range": "bytes=5000-", "If-Range": old.headers["etag"]}
    assert client.get(f"/file/{file.dp_id}", headers=again).status_code == 200
    again["If-Range"] = old.headers["last-modified"]
    assert client.get(f"/file/{file.dp_id}", headers=again).status_code == 200
    for name, value in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")):
        answer = client.get(f"/file/{file.dp_id}", headers={name: old.headers[value]})
        assert answer.status_code == 200
        answer = client.get(f"/file/{file.dp_id}", headers={name: answer.headers[value]})
        assert (answer.status_code, answer.content) == (304, b"")
    for name, value in (("If-Match", "etag"), ("If-Unmodified-Since", "last-modified")):
        answer = client.get(f"/file/{file.dp_id}", headers={name: old.headers[value]})
        assert (answer.status_code, answer.headers["content-type"]) == (412, "text/plain; charset=utf-8")


def test_compressed_files_are_never_unpacked(client, put):
    content = gzip.compress(exposure())
    file = put(content, name="frame.fits.gz")
    with client.stream("GET", f"/file/{file.dp_id}", headers={"Accept-Encoding": "gzip"}) as answer:
        assert b"".join(answer.iter_raw()) == content
    assert answer.headers["content-type"] == "application/gzip" and "content-encoding" not in answer.headers
    assert answer.headers["repr-digest"] == digest(content)


def test_head_tells_all_and_sends_nothing(client, corrected):
    got, asked = (client.request(method, f"/file/{corrected.dp_id}") for method in ("GET", "HEAD"))
    assert asked.content == b""
    assert dict(asked.headers, date="") == dict(got.headers, date="")
    asked = client.head(f"/file/{corrected.dp_id}", headers={"Range": "bytes=0-1"})
    assert (asked.status_code, asked.headers["content-length"]) == (200, str(len(got.content)))


@pytest.mark.parametrize("prefix", ["/file/", "/dataPortal/file/"])
@pytest.mark.parametrize("ending", ["", ".fits", ".fits.Z", ".fits.fz"])
def test_addresses_that_people_write(client, put, prefix, ending):
    file = put(exposure())
    answer = client.get(f"{prefix}{file.dp_id}{ending}")
    assert answer.content == exposure()
    assert re.findall(r"filename=(\S+)", answer.headers["content-disposition"]) == [f'"{file.name}"']


def test_a_new_version_does_not_disturb_a_download(client, put, store):
    """The old one ends well, even when its file has been replaced or removed meanwhile."""
    file = put(LARGE, name="large.dat")
    with client.stream("GET", f"/file/{file.dp_id}") as answer:
        pieces = answer.iter_raw()
        received = [next(pieces)]
        newer = put(b"new", file.dp_id, 2, name="large.dat")
        place = store.path(file.place)
        copy = place.with_name("copy")
        copy.write_bytes(LARGE)
        copy.replace(place)
        received += pieces
    assert b"".join(received) == LARGE
    assert client.get(f"/file/{file.dp_id}").content == b"new"
    assert client.get(f"/file/{file.dp_id}?VERSION=1").content == LARGE
    assert newer.version == 2


def damaged(path: Path, harm: Callable[[bytearray], None]) -> None:
    content = bytearray(path.read_bytes())
    harm(content)
    path.chmod(0o644)
    path.write_bytes(content)


def test_no_wrong_byte_is_sent(client, put, store):
    """A file that is bad from the start is told; one that is bad further on breaks off before that."""

    def at_the_start(content: bytearray) -> None:
        content[5] ^= 1

    def further_on(content: bytearray) -> None:
        content[8_000_000] ^= 1

    first, second, third = (put(LARGE[:-1] + bytes([n]), name=f"large{n}.dat") for n in range(3))
    damaged(store.path(first.place), at_the_start)
    answer = client.get(f"/file/{first.dp_id}")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    damaged(store.path(second.place), further_on)
    received = bytearray()
    with pytest.raises(httpx.RemoteProtocolError), client.stream("GET", f"/file/{second.dp_id}") as answer:
        for piece in answer.iter_raw():
            received += piece
    assert 0 < len(received) <= 8_000_000 and LARGE.startswith(received)
    store.path(third.place).unlink()
    answer = client.get(f"/file/{third.dp_id}")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/file/none", 404),
        ("/dataPortal/file/none.fits", 404),
        ("/file/", 404),
        ("/file/TEST.1?VERSION=999", 404),
        ("/file/TEST.1?CORRECTION=999", 404),
        ("/file/TEST.1?CORRECTION=-1", 400),
    ],
)
def test_failures_are_text_and_no_page(client, put, path, status):
    put(exposure())
    answer = client.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain; charset=utf-8")
    assert "content-disposition" not in answer.headers


def test_astroquery_retrieves_several_files(client, put, corrected, tmp_path):
    plain, packed = put(exposure()), put(gzip.compress(exposure()), name="packed.fits.gz")
    eso = EsoClass()
    eso.DOWNLOAD_URL = f"{client.base_url}/dataPortal/file/".replace("//data", "/data")
    wanted = [plain.dp_id, packed.dp_id, corrected.dp_id, "none"]
    folder = tmp_path / "retrieved"
    files = [Path(path) for path in eso.retrieve_data(wanted, destination=str(folder))]
    assert [path.name for path in files] == [plain.name, "packed.fits", corrected.name]
    assert files[0].read_bytes() == files[1].read_bytes() == exposure()
    assert fits.getval(files[2], "EXPTIME") == 45.5


def test_a_description_needs_no_bytes(archived, store, put):
    file = put(exposure())
    store.path(file.place).unlink()
    with archived.writer() as connection:
        found = described(connection, file.dp_id)
    assert (found.size, found.name) == (file.bytes, file.name)
    with pytest.raises(ArchiveError):
        opened(store, found)
