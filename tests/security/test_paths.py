"""Names that want to lead out of the folders that are ours: of files, of parts of uploads, in addresses."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest

from archive.store import Store, checksum
from tests.security.conftest import Site
from tests.security.walking import handlers

CLIMBING = (
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "%252e%252e%252fetc%252fpasswd",
    "%2fetc%2fpasswd",
    "..%5c..%5cetc%5cpasswd",
    "..;/..;/etc/passwd",
    "file:%2f%2f%2fetc%2fpasswd",
    "%c0%ae%c0%ae%c0%afetc/passwd",
    "%ef%bc%8e%ef%bc%8e/etc/passwd",
    "%00/etc/passwd",
    "proc%2fself%2fenviron",
    "." * 5000,
)


@pytest.mark.parametrize("climbing", CLIMBING, ids=lambda text: text[:30])
def test_no_address_leads_to_other_files(site: Site, climbing: str) -> None:
    for way in handlers(site.router.routes):
        if "GET" not in way.methods:
            continue
        for place in way.places:
            others = dict.fromkeys(way.places, "x")
            answer = site.asking.get(way.at(**others | {place: climbing}), headers=site.olga)
            assert answer.status < 500, way
            assert "root:" not in answer.text and "PATH=" not in answer.text, way
            if answer.status == 200:
                # A dataset service answers for what is not there in its document.
                assert not answer.headers["content-type"].startswith(("application/octet-stream", "text/x-"))


@pytest.mark.parametrize(
    "identifier", ["../../evil", "/etc/evil", "..", "a/../../evil", "\\..\\evil", "~root", "-rf", "a" * 5000]
)
def test_files_are_kept_below_their_folder(tmp_path: Path, identifier: str) -> None:
    folder = tmp_path / "store"
    offered = tmp_path / "..;$(id).fits"
    offered.write_bytes(b"content")
    kept = Store(folder).keep(offered, identifier, checksum(offered))
    place = Path(os.path.normpath(folder / kept.place))
    assert place.is_relative_to(folder) and place.read_bytes() == b"content"
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")} == {"store", offered.name}


NAMES = (
    "../evil.fits", "/etc/cron.d/evil", "a/b.fits", "..", ".", "", ".ssh", "a\0b.fits", "a\nb.fits",
    "a\u202eb.fits", "x" * 300, "\ud800",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_senders_cannot_name_other_places(site: Site, name: str) -> None:
    sha256 = hashlib.sha256(b"x").hexdigest()
    spelled = name.encode("utf-8", "surrogatepass")
    identity = hashlib.sha256(spelled + f"\n1\n{sha256}".encode()).hexdigest()[:40]
    told = {
        "filename": spelled,
        "sha256": sha256.encode(),
        "transfer_id": identity.encode(),
        "queued_at": b"2026-12-24T18:00:00Z",
    }
    metadata = ",".join(f"{key} {base64.b64encode(value).decode()}" for key, value in told.items())
    headers = {**site.olga, "Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Metadata": metadata}
    answer = site.asking.post("/incoming", headers=headers)
    assert answer.status == 400, answer.text
    offered = {**told, "name": name, "size": 1, "sha256": sha256, "transfer_id": identity}
    offered |= {"filename": "", "queued_at": "2026-12-24T18:00:00Z"}
    body = json.dumps({"files": [offered]}).encode()
    report = site.asking.post("/incoming/queue", headers=site.olga, content=body)
    assert report.status == 400, report.text
    incoming = site.config.data_folder / "incoming"
    assert not incoming.exists() or not any(incoming.rglob("*evil*"))


@pytest.mark.parametrize("identity", ["..", "%2e%2e", "a" * 40 + "%2f..", "A" * 40, "a" * 41, "%00"])
def test_parts_of_uploads_have_identities_of_ours(site: Site, identity: str) -> None:
    headers = {**site.olga, "Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    headers["Content-Type"] = "application/offset+octet-stream"
    for method in ("GET", "HEAD", "PATCH", "DELETE"):
        answer = site.asking.request(method, f"/incoming/{identity}", headers=headers)
        assert answer.status == 404, (method, answer.text)


@pytest.mark.parametrize(
    "name", ["a/b", "../a", "a\r\nX-Evil: 1", 'a"; filename="evil.exe', "a\0b", "é\u202e"]
)
def test_names_of_files_are_one_header(site: Site, name: str) -> None:
    """What a client calls the file of a cut-out stays inside of the header that tells its name."""
    asked = {"ID": f"ivo://archive.example/ID?{quote('ADP.2026-10-02T00:00:01.000')}", "PREFIX": name}
    answer = site.asking.get("/soda/sync", params=asked)
    assert answer.status in {200, 400}, answer.text
    assert "x-evil" not in answer.headers
    told = answer.headers.get("content-disposition", "")
    assert "\r" not in told and "/" not in told and told.count("filename=") <= 1
