"""A small server that speaks the Phase 2 API: log-in, bearer tokens, ETags, conditional requests, errors."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from tests.readers.phase2_documents import bundle, container, package

__all__ = ["PASSWORD", "TOKEN", "USER", "P2Server", "p2_server"]

USER, PASSWORD, TOKEN = "52052", "tutorial", "ticket-for-52052"
_BASE = "/cop/api/v1"


def _resources() -> dict[str, Any]:
    """What the server has, by path: an OB and a CB, in a time link in the folder of a run, and a package."""
    whole, box, made_by = bundle(), container(), package()
    number, template = whole["ob"]["obId"], "/instrumentPackages/FORS2/116.10/templateSignatures"
    cb = {**whole["ob"], "obId": 4725580, "itemType": "CB", "name": "Flats", "ipVersion": "116.10"}
    cb = {name: value for name, value in cb.items() if name != "target"}
    signatures = made_by["templateSignatures"]
    return {
        "/obsRuns": [whole["run"], {**whole["run"], "runId": 2, "progId": "116.20AC.001", "containerId": 99}],
        "/obsRuns/116232900/readme": {"observing strategy": "one after the other"},
        "/containers/3130": {
            "containerId": 3130,
            "itemType": "Folder",
            "name": "116.20AB.001",
            "itemCount": 1,
        },
        "/containers/3130/items": [{"itemType": "TimeLink", "containerId": 3131}],
        "/containers/3131": box["container"],
        "/containers/3131/items": [{"itemType": "OB", "obId": number}, {"itemType": "CB", "obId": 4725580}],
        "/containers/3131/items/scheduling": [{"obId": 4725580, "earliestAfterPrevious": 1}],
        f"/obsBlocks/{number}": whole["ob"],
        f"/obsBlocks/{number}/templates": whole["templates"],
        f"/obsBlocks/{number}/timeConstraints/absolute": whole["absoluteTimeConstraints"],
        f"/obsBlocks/{number}/timeConstraints/sidereal": whole["siderealTimeConstraints"],
        f"/obsBlocks/{number}/findingCharts": ["chart.jpg"],
        f"/obsBlocks/{number}/findingCharts/1": b"\xff\xd8\xff\xe0" + bytes(200),
        f"/obsBlocks/{number}/ephemeris": b"$$SOE\n$$EOE\n",
        "/obsBlocks/4725580": cb,
        "/obsBlocks/4725580/templates": [{"templateId": 9, "templateName": "FORS2_cal_dark"}],
        "/obsBlocks/4725580/templates/9": {
            "templateId": 9,
            "templateName": "FORS2_cal_dark",
            "parameters": [],
        },
        "/obsBlocks/4725580/findingCharts": [],
        "/instrumentPackages/FORS2/116.10/instrumentConstraints": made_by["instrumentConstraints"],
        f"{template}?for=phase2": [{"templateName": one["templateName"]} for one in signatures],
        **{f"{template}/{one['templateName']}": one for one in signatures},
    }


class P2Server:
    """`resources` by path may be changed; `answers` counts what was answered, by path and status."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.resources = _resources()
        self.answers: Counter[tuple[str, int]] = Counter()

    def count(self, status: int) -> int:
        return sum(count for (_, answered), count in self.answers.items() if answered == status)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    p2: P2Server

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.path != "/cop/api/login" or (sent.get("username"), sent.get("password")) != (
            [USER],
            [PASSWORD],
        ):
            self._answer(401, json.dumps({"error": "wrong name or password"}).encode())
        else:
            self._answer(200, json.dumps({"access_token": TOKEN}).encode())

    def do_GET(self) -> None:
        path = self.path.removeprefix(_BASE)
        found = self.p2.resources.get(path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, b'{"error": "who are you?"}')
        elif found is None:
            self._answer(404, b'{"error": "there is no such thing"}')
        else:
            content = found if isinstance(found, bytes) else json.dumps(found).encode()
            etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            if self.headers.get("If-None-Match") == etag:
                self._answer(304, b"", etag)
            else:
                self._answer(200, content, etag)

    def _answer(self, status: int, content: bytes, etag: str = "") -> None:
        self.p2.answers[self.path.removeprefix(_BASE), status] += 1
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Tests have their own reports."""


@contextmanager
def p2_server() -> Iterator[P2Server]:
    """The server at work, on a free port of this machine."""

    class Handler(_Handler):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        Handler.p2 = P2Server(f"http://127.0.0.1:{server.server_address[1]}{_BASE}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Handler.p2
        finally:
            server.shutdown()
            thread.join(30)
