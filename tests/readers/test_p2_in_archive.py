"""Phase 2 through the store and the writer into the database: versions, statuses, findings, joins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.database import Database
from archive.declare.dataflow import packages, phase2
from archive.plugins import Ingest
from archive.store import initialise
from archive.testing import ArchiveForTests, ClusterForTests, archive_for_tests, check_plugin
from ingest.outcomes import Outcome, Report
from ingest.readers.obx import read_obx
from ingest.readers.p2_json import p2_answer, p2_bundle
from ingest.readers.packages import instrument_package
from tests.readers.night_desk import NightDesk
from tests.readers.phase2_documents import EXPORT, bundle, container, package

OB = 4725578
TABLES = (
    "p2_run ob ob_version ob_status ob_template ob_parameter ob_constraint ob_time_interval ob_file"
    " ob_finding container container_item instrument_package template_signature signature_parameter"
).split()


class Desk(NightDesk):
    """The same for documents of Phase 2."""

    def offer(self, name: str, content: object) -> Report:
        """What becomes of a document, whatever that is."""
        path = self._folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        report = self._inputs.offer(path)
        assert report is not None
        return report

    def keep(self, path: Path) -> Report | None:
        return self._inputs.offer(path)

    def counts(self) -> dict[str, int]:
        return {table: self.sql(f"SELECT count(*) FROM dfs.{table}")[0][0] for table in TABLES}

    def findings(self) -> set[tuple[str, str]]:
        return {(rule, place) for rule, place in self.sql("SELECT rule, place FROM dfs.ob_finding")}


@pytest.fixture(scope="module")
def own_database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        with database.writer() as connection:
            initialise(connection)
        yield database


@pytest.fixture(scope="module")
def archive() -> Iterator[ArchiveForTests]:
    with archive_for_tests(p2_bundle, p2_answer, instrument_package, read_obx) as made:
        yield made


@pytest.fixture
def desk(own_database: Database, tmp_path: Path) -> Desk:
    listed = ", ".join(f"dfs.{table}" for table in TABLES)
    with own_database.writer() as connection:
        connection.execute(
            f"TRUNCATE {listed}, dfs.input_file, archive.file, archive.ingest_outcome CASCADE".encode()
        )
    return Desk(own_database, tmp_path)


def test_the_same_document_again_changes_nothing(desk: Desk) -> None:
    for name, content in (("ob.json", bundle()), ("box.json", container()), ("package.json", package())):
        assert desk.offer(name, content).outcome is Outcome.INGESTED
    before = desk.counts()
    assert before["ob_version"] == 1 and before["container_item"] == 4 and before["ob_parameter"] == 6
    # Under other names, so that they are read again.
    for number, content in enumerate((bundle(), container(), package())):
        desk.read(f"again_{number}.json", content)
    assert desk.counts() == before


def test_every_version_of_an_ob_is_kept_whole(desk: Desk) -> None:
    desk.read("a.json", bundle())
    changed = bundle()
    changed["templates"][1]["parameters"][0]["value"] = 450
    desk.read("a.json", changed)
    versions = desk.sql("SELECT row_version, valid_to IS NULL, document FROM dfs.ob_version ORDER BY 1")
    assert [row[:2] for row in versions] == [(1, False), (2, True)]
    values = [json.loads(row[2])["templates"][1]["parameters"][0]["value"] for row in versions]
    assert values == [300.0, 450]


def test_what_an_ob_has_no_more_is_removed(desk: Desk) -> None:
    desk.read("a.json", bundle())
    smaller = {"ob": bundle()["ob"], "templates": bundle()["templates"][:1]}
    desk.read("a.json", smaller)
    counts = desk.counts()
    assert [counts[name] for name in ("ob_template", "ob_parameter", "ob_time_interval", "ob_file")] == [
        1,
        1,
        0,
        0,
    ]
    assert counts["ob_status"] == 1, "what happened stays"


def test_a_plain_answer_leaves_templates_and_contents(desk: Desk) -> None:
    desk.read("a.json", bundle())
    desk.read("c.json", container())
    before = desk.counts()
    desk.read("b.json", bundle()["ob"] | {"obStatus": "D"})
    desk.read("d.json", container()["container"])
    after = desk.counts()
    assert (
        after["ob_template"] == before["ob_template"] and after["container_item"] == before["container_item"]
    )
    assert desk.sql("SELECT ob_status FROM dfs.ob") == [("D",)]


def test_status_changes_are_kept_stated_or_found(desk: Desk) -> None:
    document = bundle()
    desk.read("a.json", document)
    document["ob"]["obStatus"] = "D"
    document["transitions"].append({"time": "2025-11-02T10:00:00Z", "from": "P", "to": "D", "actor": "brahe"})
    desk.read("a.json", document)
    answer = document["ob"] | {"obStatus": "+"}
    desk.read("b.json", answer)
    desk.read("c.json", answer)
    assert desk.sql(
        "SELECT from_status, to_status, actor, is_stated FROM dfs.ob_status ORDER BY changed"
    ) == [
        (None, "P", "brahe", True),
        ("P", "D", "brahe", True),
        ("D", "+", None, False),
    ]
    assert desk.findings() == set()


def test_an_impossible_transition_is_a_finding(desk: Desk) -> None:
    document = bundle()
    document["ob"]["obStatus"] = "K"
    document["transitions"] = []
    desk.read("a.json", document)
    document["ob"]["obStatus"] = "S"
    desk.read("a.json", document)
    document["ob"]["obStatus"] = "?"
    desk.read("a.json", document)
    assert desk.sql("SELECT ob_status FROM dfs.ob") == [("?",)]
    assert sorted((rule, place[25:]) for rule, place in desk.findings()) == [
        ("impossible transition", "K to S"),
        ("unknown status", "S to ?"),
    ]


def test_a_change_that_does_not_tell_from_what_comes_after_the_one_before(desk: Desk) -> None:
    document = bundle()
    document["ob"]["obStatus"] = "S"
    document["transitions"] = [
        {"time": "2026-01-01T00:00:00Z", "to": "K"},
        {"time": "2026-01-02T00:00:00Z", "to": "S", "actor": "operator"},
    ]
    desk.read("a.json", document)
    assert desk.findings() == {("impossible transition", "2026-01-02T00:00:00.000: K to S")}


@pytest.mark.parametrize("package_first", [True, False])
def test_obs_are_checked_by_their_package_whichever_comes_first(desk: Desk, package_first: bool) -> None:
    wrong = bundle()
    wrong["ob"]["constraints"] |= {"airmass": 9.5, "magic": 1}
    wrong["templates"][0]["parameters"][0]["value"] = "X_RAY"
    wrong["templates"][1]["parameters"][0]["value"] = None
    wrong["templates"][1]["parameters"][1]["value"] = "many"
    wrong["templates"].append({"templateName": "FORS2_dance", "parameters": []})
    documents = {"package.json": package(), "ob.json": wrong}
    for name in sorted(documents, reverse=package_first):
        desk.read(name, documents[name])
    assert desk.findings() == {
        ("out of range", "constraints: airmass"),
        ("unknown parameter", "constraints: magic"),
        ("out of range", "template 1: INS.FILT1.NAME"),
        ("missing value", "template 2: DET.WIN1.UIT1"),
        ("wrong type", "template 2: SEQ.NEXPO"),
        ("unknown template", "template 3"),
    }
    desk.read("ob.json", bundle())
    assert desk.findings() == set()


def test_an_ob_of_another_package_is_not_judged(desk: Desk) -> None:
    desk.read("package.json", package())
    document = bundle()
    document["ob"]["ipVersion"] = "117.00"
    document["templates"].append({"templateName": "FORS2_dance"})
    desk.read("ob.json", document)
    assert desk.findings() == set()


def test_an_export_and_a_bundle_are_the_same_ob_by_its_number(desk: Desk) -> None:
    desk.read(f"ob_{OB}.obx", EXPORT)
    desk.read("a.json", bundle())
    assert desk.sql("SELECT ob_id, ob_name FROM dfs.ob") == [(OB, "Quasar, first half")]
    assert desk.sql("SELECT ob_name FROM dfs.ob_version ORDER BY row_version") == [
        ("HD1461",),
        ("Quasar, first half",),
    ]


def test_a_finding_chart_is_kept_and_linked(desk: Desk, tmp_path: Path) -> None:
    desk.read("a.json", bundle())
    chart = tmp_path / "ob_4725578.fc2.jpg"
    chart.write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    report = desk.keep(chart)
    assert report is not None and report.file is not None
    assert desk.sql("SELECT file_number FROM dfs.ob_file WHERE dp_id = '" + report.file.dp_id + "'") == [(2,)]
    assert desk.counts()["ob_file"] == 5


def test_a_document_that_cannot_be_read_changes_nothing_and_is_recorded(desk: Desk) -> None:
    document = bundle()
    document["templates"][1]["parameters"] = "none"
    report = desk.offer("a.json", document)
    assert report.outcome is Outcome.UNREADABLE and "$.templates[1].parameters" in str(report.reason)
    assert not any(desk.counts().values())
    assert desk.sql("SELECT outcome FROM dfs.input_file") == [("failed",)]


def test_runs_obs_and_templates_join_in_adql(desk: Desk) -> None:
    for name, content in (("a.json", bundle()), ("b.json", container()), ("p.json", package())):
        desk.read(name, content)
    query = (
        "SELECT r.title, o.ob_name, t.template_name, p.parameter, p.value_number FROM dfs.p2_run AS r"
        " JOIN dfs.ob AS o ON o.p2_run_id = r.p2_run_id"
        " JOIN dfs.ob_template AS t ON t.ob_id = o.ob_id"
        " JOIN dfs.ob_parameter AS p ON p.ob_id = t.ob_id AND p.template_number = t.template_number"
        " WHERE 1 = CONTAINS(POINT(o.target_ra, o.target_dec), CIRCLE(130.385, -12.5, 0.01))"
        " AND p.parameter = 'DET.WIN1.UIT1'"
    )
    assert desk.adql(query) == [("Quasars", "Quasar, first half", "FORS2_img_obs", "DET.WIN1.UIT1", 300.0)]
    delays = (
        "SELECT c.container_name, i.latest_after_previous FROM dfs.container AS c"
        " JOIN dfs.container_item AS i ON i.container_id = c.container_id WHERE i.item_container_id = 3132"
    )
    assert desk.adql(delays) == [("Monitoring", 10.5)]


def test_every_example_and_what_the_page_says_can_be_asked(desk: Desk) -> None:
    for name, content in (("a.json", bundle()), ("b.json", container()), ("p.json", package())):
        desk.read(name, content)
    found = {
        example.id: desk.adql(example.query)
        for table in (*phase2.TABLES, *packages.TABLES)
        for example in table.examples
    }
    assert found["time-links"] and found["parameter-ranges"]
    page = (Path(__file__).parents[2] / "docs/operators/observing_blocks.md").read_text("utf-8")
    for query in re.findall(r"```sql\n(.*?)```", page, re.DOTALL):
        desk.adql(query)
    for number, document in enumerate(re.findall(r"```json\n(.*?)```", page, re.DOTALL)):
        desk.read(f"documented_{number}.json", document)


@pytest.mark.parametrize(
    ("name", "content", "plugin"),
    [
        (
            "a.json",
            json.dumps({"run": bundle()["run"], "obs": [bundle()], "containers": [container()]}),
            p2_bundle,
        ),
        ("b.json", json.dumps([bundle()["ob"], container()["container"], bundle()["run"]]), p2_answer),
        ("c.json", json.dumps(package()), instrument_package),
        ("d.obx", EXPORT, read_obx),
    ],
    ids=["bundle", "answer", "package", "export"],
)
def test_readers_keep_their_contract(
    archive: ArchiveForTests, tmp_path: Path, name: str, content: str, plugin: Ingest
) -> None:
    sample = tmp_path / name
    sample.write_text(content, encoding="utf-8")
    check_plugin(plugin, sample, archive, variants=100)
