"""What the archive asks of others because somebody wants it to: nothing but what the operator allows.

Redirections, sizes and times are in tests/uploads/test_fetching.py. Here are further spellings of the same
addresses, names whose address changes, and every document in which an address may stand that is not asked.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.errors import ArchiveError, UsageError
from archive.plugins.inputs import Input
from archive.protocol.fetching import fetch
from archive.tablefiles import open_votable
from ingest.readers.voevents import voevents
from tests.readers.phase2_support import RECEIVED
from tests.security.conftest import Site

SPELLINGS = (
    "0177.0.0.1", "0x7f.0.0.1", "127.0.1", "0", "[::]", "[::127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]", "[2002:a9fe:a9fe::]", "[64:ff9b::a9fe:a9fe]", "[2001:0:7f00:1::80ff:fffe]",
    "localhost.", "LOCALHOST", "[fe80::1%25lo]", "192.0.0.8", "198.18.0.1", "240.0.0.1", "255.255.255.255",
    "[fec0::1]", "192.88.99.1", "[64:ff9b:1::1]", "[3fff::1]", "[ff05::1]", "[100::1]", "[2001:db8::1]",
)  # fmt: skip


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """The addresses to which a connection was made."""
    made: list[object] = []
    connect = socket.create_connection

    def noted(address: tuple[str, int], *more: object, **options: object) -> socket.socket:
        made.append(address)
        return connect(address, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_connection", noted)
    yield made


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_leads_within(tmp_path: Path, dialled: list[object], host: str) -> None:
    with pytest.raises(UsageError):
        fetch(f"http://{host}/x", tmp_path / "x", hosts=["*"], most_bytes=1000, seconds=5)
    assert dialled == []


@pytest.mark.parametrize("within", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "fd00::1"])
def test_name_whose_address_changes(
    tmp_path: Path, dialled: list[object], monkeypatch: pytest.MonkeyPatch, within: str
) -> None:
    """A name is looked up once; the connection is made to the address that was judged (DNS rebinding)."""
    answers = iter(["192.88.98.7", within, within])
    asked: list[object] = []

    def look_up(host: str, port: int, *_: object, **__: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def unreachable(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        dialled.append(address)
        raise OSError("nobody there")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", unreachable)
    with pytest.raises(UsageError, match="cannot be reached"):
        fetch("http://changing.example/x", tmp_path / "x", hosts=["*"], most_bytes=1000, seconds=5)
    assert asked == ["changing.example"]
    assert dialled == [("192.88.98.7", 80)]


def test_name_with_an_address_within_among_others(
    tmp_path: Path, dialled: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(_host: str, port: int, *_: object, **__: object) -> list[object]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("10.0.0.1", "127.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(UsageError, match="not among the hosts"):
        fetch("http://several.example/x", tmp_path / "x", hosts=["*"], most_bytes=1000, seconds=5)
    assert dialled == []


_EVENT = """<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="2.0" role="observation"
  ivorn="ivo://nasa.gsfc.gcn/SWIFT#1" xsi:schemaLocation="http://127.0.0.1:9/a http://127.0.0.1:9/b.xsd">
  <Who><AuthorIVORN>ivo://x</AuthorIVORN><Date>2026-01-01T00:00:00</Date></Who>
  <What><Param name="a" value="1"><Reference uri="http://127.0.0.1:9/c"/></Param></What>
  <Reference uri="http://169.254.169.254/latest/meta-data/"/></voe:VOEvent>"""
_TABLE = """<VOTABLE xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://127.0.0.1:9/a http://127.0.0.1:9/b.xsd"><RESOURCE>
  <LINK href="http://127.0.0.1:9/c"/><TABLE><FIELD name="n" datatype="int"><LINK href="http://127.0.0.1:9/d"/>
  </FIELD><DATA>{}</DATA></TABLE></RESOURCE></VOTABLE>"""
_ROWS = "<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA>"


def test_references_of_events_are_not_followed(tmp_path: Path, dialled: list[object]) -> None:
    path = tmp_path / "a.xml"
    path.write_text(_EVENT)
    assert list(voevents.reader(Input(path, path.name, "a", RECEIVED)))
    assert dialled == []


@pytest.mark.parametrize("data", [_ROWS, "<BINARY><STREAM href='http://127.0.0.1:9/x'/></BINARY>"])
def test_references_of_tables_are_not_followed(tmp_path: Path, dialled: list[object], data: str) -> None:
    path = tmp_path / "a.vot"
    path.write_text(_TABLE.format(data))
    with contextlib.suppress(ArchiveError), open_votable(path) as source:
        assert [len(batch[0]) for batch in source.batches()] == [1]
    assert dialled == []


@pytest.mark.parametrize("header", ["Upload-Concat", "Upload-Defer-Length", "Upload-Metadata", "Location"])
def test_deliveries_bring_their_bytes(site: Site, dialled: list[object], header: str) -> None:
    """tus has no uploads by address; nothing that looks like one is followed."""
    headers = {**site.olga, "Tus-Resumable": "1.0.0", "Upload-Length": "1"}
    headers[header] = "final;http://127.0.0.1:9/a http://127.0.0.1:9/b"
    assert site.asking.post("/incoming", headers=headers).status in {400, 460}
    assert dialled == []


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/x", "file:/etc/passwd", "http://[::1]:9/", "vos://x/y"]
)
def test_uploads_by_address_are_off_unless_hosts_are_named(
    site: Site, dialled: list[object], address: str
) -> None:
    asked = {"LANG": "ADQL", "QUERY": "SELECT 1 AS x FROM tap_upload.t", "UPLOAD": f"t,{address}"}
    answer = site.asking.post("/tap/sync", data=asked)
    assert answer.status == 400 and "root:" not in answer.text
    assert dialled == []
