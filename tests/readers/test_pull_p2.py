"""Phase 2 pulled by p2api from a server that speaks its API."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.errors import ConfigurationError, UnreadableFile
from ingest.readers.p2_connection import connect
from ingest.readers.p2_json import p2_bundle, p2_file
from ingest.readers.p2_pull import Pulled, pull
from ingest.readers.packages import instrument_package
from tests.ingest import test_commands
from tests.readers.p2_server import PASSWORD, TOKEN, USER, P2Server, p2_server
from tests.readers.phase2_support import read, rows_of

OB = "/obsBlocks/4725578"
KNOWN = {"URANIBORG_P2_USER": USER, "URANIBORG_P2_PASSWORD": PASSWORD}
RUN = ["116.20AB.001"]
DOCUMENTS = [
    "container_3130.json",
    "container_3131.json",
    "ob_4725578.json",
    "ob_4725580.json",
    "package_FORS2_116.10.json",
    "run_116232900.json",
]


@pytest.fixture
def server() -> Iterator[P2Server]:
    with p2_server() as running:
        yield running


def pulled(server: P2Server, folder: Path) -> Pulled:
    return pull(connect(server.url, folder / ".answers", KNOWN), folder / "p2", runs=RUN)


def test_everything_of_a_run_becomes_documents(server: P2Server, tmp_path: Path) -> None:
    found = pulled(server, tmp_path)
    assert found.failures == []
    assert sorted(path.name for path in found.changed) == DOCUMENTS
    assert found.total == len(DOCUMENTS)
    others = {path.name for path in (tmp_path / "p2").iterdir()} - set(DOCUMENTS)
    assert others == {"ob_4725578.fc1.jpg", "ob_4725578.ephemeris.txt"}


def test_the_documents_are_read_by_the_plugins(server: P2Server, tmp_path: Path) -> None:
    pulled(server, tmp_path)
    records = []
    for path in sorted((tmp_path / "p2").iterdir()):
        takers = [
            plugin
            for plugin in (p2_bundle, p2_file, instrument_package)
            if plugin.accepts.may_take(path.name)
            and (plugin.accepts.looks is None or plugin.accepts.looks(path.read_bytes()[:65536]))
        ]
        assert len(takers) == 1, path
        records += read(takers[0], tmp_path, path.read_bytes(), path.name)
    obs = {row["ob_id"]: row for row in rows_of(records, "dfs.ob")}
    assert obs[4725578]["run_id"] == obs[4725580]["run_id"] == "116.20AB.001"
    assert obs[4725580]["item_type"] == "CB"
    assert [row["readme"] for row in rows_of(records, "dfs.p2_run")] == [
        '{"observing strategy": "one after the other"}'
    ]
    items = [row for row in rows_of(records, "dfs.container_item") if row["container_id"] == 3131]
    assert [row.get("earliest_after_previous") for row in items] == [None, 1.0]
    charts = {row["dp_id"] for row in rows_of(records, "dfs.ob_file") if "dp_id" in row}
    assert charts == {"p2-file.ob_4725578.fc1.jpg", "p2-file.ob_4725578.ephemeris.txt"}
    assert len(rows_of(records, "dfs.template_signature")) == 4


def test_what_has_not_changed_is_not_sent_again(server: P2Server, tmp_path: Path) -> None:
    pulled(server, tmp_path)
    server.answers.clear()
    again = pulled(server, tmp_path)
    assert again.changed == [] and again.total == len(DOCUMENTS)
    assert server.count(304) > 10
    assert [path for (path, status) in server.answers if status == 200] == ["/cop/api/login"]


def test_one_change_writes_one_document(server: P2Server, tmp_path: Path) -> None:
    pulled(server, tmp_path)
    server.resources[f"{OB}/templates"][1]["parameters"][0]["value"] = 450.0
    server.answers.clear()
    assert [path.name for path in pulled(server, tmp_path).changed] == ["ob_4725578.json"]
    assert server.answers[f"{OB}/templates", 200] == 1
    document = json.loads((tmp_path / "p2" / "ob_4725578.json").read_text())
    assert document["templates"][1]["parameters"][0]["value"] == 450.0
    assert document["ob"]["name"] == "Quasar, first half", "of what was not sent again, the answer is kept"


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        (OB, None, "OB 4725578: /obsBlocks/4725578 answers 404 there is no such thing"),
        (OB, b"<html>", "OB 4725578: /obsBlocks/4725578 answers what is no JSON"),
        (OB, [], "OB 4725578: OB 4725578 is an array, not an object"),
        (f"{OB}/templates", {}, "OB 4725578: $ is an object, not an array"),
        (f"{OB}/findingCharts/1", None, "answers 404"),
    ],
)
def test_one_that_cannot_be_had_keeps_nothing_else(
    server: P2Server, tmp_path: Path, path: str, content: Any, told: str
) -> None:
    if content is None:
        del server.resources[path]
    else:
        server.resources[path] = content
    found = pulled(server, tmp_path)
    assert len(found.failures) == 1 and told in found.failures[0]
    assert sorted(path.name for path in found.changed) == [
        name for name in DOCUMENTS if name != "ob_4725578.json"
    ]


def test_containers_that_lie_in_themselves_end(server: P2Server, tmp_path: Path) -> None:
    server.resources["/containers/3131/items"].append({"itemType": "Folder", "containerId": 3130})
    assert pulled(server, tmp_path).failures == []


def test_names_that_would_leave_the_folder_are_refused(server: P2Server, tmp_path: Path) -> None:
    server.resources[OB]["ipVersion"] = "../../../tmp/x"
    found = pulled(server, tmp_path)
    assert any("no name of a package" in failure for failure in found.failures)


def test_a_token_stands_for_name_and_password(server: P2Server, tmp_path: Path) -> None:
    calls = connect(server.url, tmp_path, {"URANIBORG_P2_TOKEN": TOKEN}).calls
    assert len(calls.getRuns()[0]) == 2
    assert dict(server.answers) == {("/obsRuns", 200): 1}


def test_nothing_is_written_to_the_server(server: P2Server, tmp_path: Path) -> None:
    calls = connect(server.url, tmp_path, KNOWN).calls
    with pytest.raises(UnreadableFile, match="only reading is allowed"):
        calls.createOB(3130, "mine")


def test_without_a_list_of_runs_there_is_nothing(server: P2Server, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="answers 401 who are you"):
        pull(connect(server.url, tmp_path, {"URANIBORG_P2_TOKEN": "forged"}), tmp_path)


@pytest.mark.parametrize(
    ("url", "environment", "told"),
    [
        ("{url}", {}, "set URANIBORG_P2_TOKEN, or URANIBORG_P2_USER and URANIBORG_P2_PASSWORD"),
        ("{url}", KNOWN | {"URANIBORG_P2_PASSWORD": "wrong"}, "/cop/api/login answers 401"),
        ("http://127.0.0.1:{closed}/api/v1", KNOWN, "cannot be reached"),
        ("http://www.eso.org/cop/api/v1", KNOWN, "in the open"),
        ("https://52052:tutorial@www.eso.org/cop/api/v1", KNOWN, "shown to everybody"),
        ("ftp://www.eso.org/cop", KNOWN, "no address of an API"),
    ],
)
def test_what_is_wrong_with_the_connection(
    server: P2Server, tmp_path: Path, url: str, environment: dict[str, str], told: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        closed = unused.getsockname()[1]
    with pytest.raises(ConfigurationError) as failure:
        connect(url.format(url=server.url, closed=closed), tmp_path, environment)
    assert told in str(failure.value)
    assert PASSWORD not in str(failure.value)


def test_an_answer_kept_by_somebody_else_counts_for_nothing(server: P2Server, tmp_path: Path) -> None:
    calls = connect(server.url, tmp_path / "answers", KNOWN).calls
    calls.getRuns()
    for kept in (tmp_path / "answers").iterdir():
        kept.write_text("[]")
    assert len(calls.getRuns()[0]) == 2
    assert server.answers["/obsRuns", 200] == 2


desk = test_commands.desk


def test_the_command_pulls_and_takes_in(
    desk: test_commands.Desk, server: P2Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("URANIBORG_P2_TOKEN", TOKEN)
    status, told, said = desk.run("ingest", "--p2", server.url, "--p2-run", "116.20AB.001", "--p2-run", "2")
    assert status == 0 and "9 ingested" in told, said
    # The other run has a folder that the server does not know.
    assert "/containers/99 answers 404" in told
    assert desk.rows("SELECT ob_id, run_id FROM dfs.ob ORDER BY ob_id") == [
        (4725578, "116.20AB.001"),
        (4725580, "116.20AB.001"),
    ]
    assert desk.rows("SELECT count(*) FROM dfs.ob_finding") == [(0,)]
