"""/incoming as a tus 1.0 server, asked with plain HTTP: creation, offsets, checksums, locks, refusals."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import threading
from collections.abc import Iterator

import pytest

from archive.protocol.incoming import Parts, Uploads, transfer_id
from archive.protocol.incoming.values import Locked
from tests.transfer.local import TOKEN
from tests.waiting import eventually

Connection = http.client.HTTPConnection
BODY = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def client(archive):
    with archive.client() as made:
        yield made


def told(name: str, content: bytes, **more: str) -> dict[str, str]:
    """The headers that offer a file."""
    sha256 = hashlib.sha256(content).hexdigest()
    metadata = {
        "filename": name,
        "sha256": sha256,
        "queued_at": "2026-11-20T03:04:05Z",
        "transfer_id": transfer_id(name, len(content), sha256),
    } | more
    pairs = [f"{key} {encoded(value.encode())}" for key, value in metadata.items()]
    return {"Upload-Length": str(len(content)), "Upload-Metadata": ",".join(pairs)}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def checksum(content: bytes, algorithm: str = "sha256") -> dict[str, str]:
    return {"Upload-Checksum": f"{algorithm} {encoded(hashlib.new(algorithm, content).digest())}"}


def create(client, name: str, content: bytes) -> str:
    answer = client.post("/incoming", headers=told(name, content))
    assert answer.status_code == 201 and answer.headers["tus-resumable"] == "1.0.0"
    return "/incoming/" + answer.headers["location"].rpartition("/")[2]


def patch(client, place: str, offset: int, content: bytes, **headers: str):
    return client.patch(
        place, content=content, headers=BODY | {"Upload-Offset": str(offset)} | checksum(content) | headers
    )


def test_what_it_can(client):
    answer = client.options("/incoming")
    assert answer.status_code == 204
    assert answer.headers["tus-extension"] == "creation,checksum,termination,expiration"
    assert answer.headers["tus-max-size"] == "3000000"
    assert "sha1" in answer.headers["tus-checksum-algorithm"].split(",")


def test_an_upload_in_parts(client):
    content = os.urandom(5000)
    place = create(client, "parts.bin", content)
    assert client.head(place).headers["upload-offset"] == "0"
    assert patch(client, place, 0, content[:2000]).headers["upload-offset"] == "2000"
    head = client.head(place)
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("2000", "5000")
    assert head.headers["cache-control"] == "no-store" and head.headers["upload-expires"].endswith("GMT")
    # Again from the beginning, and from somewhere else: it goes on where it stands.
    for offset in (0, 1999, 2001):
        assert patch(client, place, offset, content[offset : offset + 10]).status_code == 409
    assert create(client, "parts.bin", content) == place
    last = content[2000:]
    assert patch(client, place, 2000, last, **checksum(last, "sha1")).status_code == 204
    eventually(lambda: client.get(place).json()["status"] == "refused", lambda: client.get(place).text)


def test_a_part_with_another_checksum_does_not_count(client):
    content = os.urandom(3000)
    place = create(client, "damaged.bin", content)
    damaged = bytes(1000)
    answer = patch(client, place, 0, damaged, **checksum(content[:1000]))
    assert answer.status_code == 460
    assert client.head(place).headers["upload-offset"] == "0"
    assert patch(client, place, 0, content[:1000]).status_code == 204


def test_a_whole_file_that_is_another_one_is_sent_again(client):
    content = os.urandom(3000)
    place = create(client, "swapped.bin", content)
    assert patch(client, place, 0, bytes(3000)).status_code == 204
    eventually(lambda: client.get(place).json()["status"] == "receiving", lambda: client.get(place).text)
    assert client.head(place).headers["upload-offset"] == "0"
    assert "not arrive as it was sent" in client.get(place).json()["reason"]


def test_an_empty_file(client):
    place = create(client, "empty.bin", b"")
    eventually(lambda: client.get(place).json()["status"] == "refused", lambda: client.get(place).text)


def test_termination(client, archive):
    content = os.urandom(3000)
    place = create(client, "withdrawn.bin", content)
    assert patch(client, place, 0, content[:1000]).status_code == 204
    assert client.delete(place).status_code == 204
    assert client.head(place).status_code == 410
    assert not (archive.config.data_folder / place[1:]).exists()
    assert create(client, "withdrawn.bin", content) == place
    assert client.head(place).headers["upload-offset"] == "0"


@contextlib.contextmanager
def started(
    archive, place: str, length: int, headers: dict[str, str]
) -> Iterator[http.client.HTTPConnection]:
    """A PATCH from the beginning, of which the headers are sent."""
    address = archive.address.removeprefix("http://")
    with contextlib.closing(Connection(address, timeout=60)) as connection:
        usual = {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {TOKEN}", "Upload-Offset": "0"} | BODY
        connection.request("PATCH", place, headers=usual | {"Content-Length": str(length)} | headers)
        yield connection


@pytest.mark.parametrize("has_checksum", [True, False])
def test_a_connection_that_breaks_off(client, archive, has_checksum):
    """What came counts when there is no checksum that says it is wrong."""
    content = os.urandom(300_000)
    name = f"broken-{has_checksum}.bin"
    place = create(client, name, content)
    with started(archive, place, len(content), checksum(content) if has_checksum else {}) as connection:
        sent = 200_000
        connection.send(content[:sent])

        def is_locked() -> bool:
            """Another one has to wait; it names an offset at which it could never go on."""
            nonlocal sent
            connection.send(content[sent : sent + 1])
            sent += 1
            return bool(patch(client, place, 5, content[:10]).status_code == 423)

        # Not earlier, or the other one would have the lock for a moment.
        part = archive.config.data_folder / place[1:] / name
        eventually(part.exists, lambda: client.get(place).text)
        eventually(is_locked, lambda: client.get(place).text)
    after = "0" if has_checksum else str(sent)
    eventually(lambda: client.head(place).headers["upload-offset"] == after, lambda: client.get(place).text)
    offset = int(after)
    eventually(lambda: patch(client, place, offset, content[offset:]).status_code == 204, lambda: None)


def test_a_silent_connection_loses_its_lock(client, archive):
    content = os.urandom(3000)
    place = create(client, "silent.bin", content)
    with started(archive, place, len(content), {}) as connection:
        connection.send(content[:100])
        assert connection.getresponse().status == 408
    assert client.head(place).headers["upload-offset"] in {"0", "100"}


REFUSED = {
    "no version": ({"Tus-Resumable": "0.2"}, 412),
    "no length": ({"Upload-Length": ""}, 400),
    "a negative length": ({"Upload-Length": "-5"}, 400),
    "an endless length": ({"Upload-Length": "9" * 30}, 400),
    "too large": (told("x", bytes(10)) | {"Upload-Length": "9000000"}, 460),
    "no metadata": ({"Upload-Metadata": ""}, 400),
    "no base64": ({"Upload-Metadata": "filename ???"}, 400),
    "no UTF-8": ({"Upload-Metadata": f"filename {encoded(bytes([255]))}"}, 400),
    "another id": (told("x", b"x", transfer_id="0" * 40), 460),
    "a path": (told("../x", b"x"), 400),
    "a hidden name": (told(".x", b"x"), 400),
    "a long name": (told("x" * 201, b"x"), 400),
    "a control character": (told("x\n", b"x"), 400),
    "no checksum": (told("x", b"x", sha256="beef"), 400),
    "no moment": (told("x", b"x", queued_at="yesterday"), 400),
    "a moment before all": (told("x", b"x", queued_at="0001-01-01T00:00:00+14:00"), 400),
    "no priority": (told("x", b"x", priority="high"), 400),
    "a priority above all": (told("x", b"x", priority="1001"), 400),
    "much metadata": ({"Upload-Metadata": "x " + "A" * 5000}, 400),
}


@pytest.mark.parametrize("case", REFUSED)
def test_offers_that_are_refused(client, case):
    headers, status = REFUSED[case]
    answer = client.post("/incoming", headers=told("good.bin", b"good") | headers)
    assert answer.status_code == status, answer.text
    assert answer.text.strip()


def test_files_and_all_of_them_together_have_limits(client):
    large = bytes(3_000_001)
    answer = client.post("/incoming", headers=told("large.bin", large))
    assert answer.status_code == 413 and "incoming_bytes" in answer.text
    places = [create(client, f"quota-{i}.bin", bytes(2_900_000)) for i in range(1)]
    full = client.post("/incoming", headers=told("full.bin", bytes(2_999_999)))
    more = client.post("/incoming", headers=told("more.bin", bytes(2_999_998)))
    assert 507 in {full.status_code, more.status_code}
    assert "incoming_quota" in more.text
    if full.status_code == 201:
        places.append("/incoming/" + full.headers["location"].rpartition("/")[2])
    for place in places:
        assert client.delete(place).status_code == 204


PATCHES = {
    "another type": ({"Content-Type": "application/octet-stream"}, 415),
    "no offset": ({"Upload-Offset": "one"}, 400),
    "an unknown algorithm": ({"Upload-Checksum": "crc32 AAAA"}, 400),
    "half a checksum": ({"Upload-Checksum": "sha256 AAAA"}, 400),
    "no version": ({"Tus-Resumable": ""}, 412),
}


@pytest.mark.parametrize("case", PATCHES)
def test_parts_that_are_refused(client, case):
    headers, status = PATCHES[case]
    place = create(client, "patches.bin", b"0123456789")
    answer = client.patch(place, content=b"0123", headers=BODY | {"Upload-Offset": "0"} | headers)
    assert answer.status_code == status, answer.text


def test_more_than_was_announced(client):
    place = create(client, "more.bin", b"0123456789")
    assert patch(client, place, 0, bytes(11)).status_code == 400
    assert client.head(place).headers["upload-offset"] == "0"


def test_who_may_deliver(archive):
    headers = told("x.bin", b"x")
    for token, status in (("", 401), (f"{TOKEN}-visitor", 403)):
        with archive.client(token) as other:
            assert other.post("/incoming", headers=headers).status_code == status
            assert other.post("/incoming/queue", json={"files": []}).status_code == status
            assert other.get("/incoming/" + "0" * 40).status_code == status


def test_nothing_there(client):
    place = "/incoming/" + "0" * 40
    assert [client.request(how, place).status_code for how in ("HEAD", "GET", "DELETE")] == [404] * 3
    assert patch(client, place, 0, b"x").status_code == 404
    assert client.head("/incoming/..%2F..").status_code in {404, 400}


REPORTS = (
    b"",
    b"[]",
    b"{}",
    b'{"files": 5}',
    b'{"files": [5]}',
    b"[" * 100_000,
    b'{"files": [' + b"{}," * 2500,
)


@pytest.mark.parametrize("body", REPORTS, ids=lambda body: body[:20].decode())
def test_reports_that_are_none(client, body):
    assert client.post("/incoming/queue", content=body).status_code == 400


def test_a_report_tells_what_waits(client, archive):
    sha256 = hashlib.sha256(b"x").hexdigest()
    file = {
        "name": "reported.bin",
        "size": 1,
        "sha256": sha256,
        "priority": 7,
        "attempts": 3,
        "queued_at": "2026-11-20T03:04:05",
        "reason": "no line",
        "transfer_id": transfer_id("reported.bin", 1, sha256),
    }
    answer = client.post("/incoming/queue", content=json.dumps({"files": [file]}))
    assert answer.json()["files"][file["transfer_id"]]["status"] == "waiting"
    assert archive.transfers("reported.bin") == {"reported.bin": "waiting"}
    assert client.head(f"/incoming/{file['transfer_id']}").status_code == 404


def test_only_one_of_many_goes_on(client, archive):
    """The same part sent by many at once: one wins, the others are told the truth."""
    content = os.urandom(3000)
    place = create(client, "many.bin", content)
    statuses: list[int] = []

    def one() -> None:
        with archive.client() as other:
            statuses.append(patch(other, place, 0, content[:1000]).status_code)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(204) == 1 and set(statuses) <= {204, 409, 423}
    assert client.head(place).headers["upload-offset"] == "1000"


def test_old_uploads_expire(archive, client):
    content = os.urandom(3000)
    place = create(client, "expired.bin", content)
    assert patch(client, place, 0, content[:1000]).status_code == 204
    with archive.database.writer() as connection:
        connection.execute(
            "UPDATE dfs.transfer SET last_update = last_update - interval '20 days'"
            " WHERE file_name = 'expired.bin'"
        )
    uploads = Uploads(archive.database, Parts(archive.config.data_folder / "incoming"), archive.config)
    uploads.expire()
    assert client.head(place).status_code == 410
    assert not (archive.config.data_folder / place[1:]).exists()
    assert create(client, "expired.bin", content) == place


def test_a_part_that_was_lost_begins_anew(archive, client):
    content = os.urandom(3000)
    place = create(client, "lost.bin", content)
    assert patch(client, place, 0, content[:1000]).status_code == 204
    (archive.config.data_folder / place[1:] / "lost.bin").unlink()
    assert patch(client, place, 1000, content[1000:]).status_code == 409
    assert client.head(place).headers["upload-offset"] == "0"


def test_locks_and_bytes_on_the_disk(tmp_path):
    parts = Parts(tmp_path)
    parts.prepare("a")
    with parts.locked("a"), pytest.raises(Locked), parts.locked("a"):
        pass
    writing = parts.writing("a", "x.bin", 0, None)
    writing.write(b"0123456789")
    writing.finish()
    writing.close()
    # What was not acknowledged is cut off.
    writing = parts.writing("a", "x.bin", 4, None)
    writing.write(b"ab")
    writing.finish()
    writing.close()
    assert parts.path("a", "x.bin").read_bytes() == b"0123ab"
    os.utime(parts.path("a", "x.bin"), (0, 0))
    os.utime(tmp_path / "a", (0, 0))
    assert parts.old(3600) == ["a"]
    parts.sweep(3600, {"a"})
    assert (tmp_path / "a").exists()
    parts.sweep(3600, set())
    assert not (tmp_path / "a").exists()
