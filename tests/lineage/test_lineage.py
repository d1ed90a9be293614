"""Lineage over a small archive: every way up and down, what is missing, circles, and what it looks like."""

from __future__ import annotations

import httpx
import pytest

from archive.access import ANONYMOUS
from archive.config import Config
from archive.database import Database
from archive.errors import NotFound
from archive.protocol.lineage import Kind, Lineage, lineage_text, trace, tracing
from archive.protocol.table_reader import TableReader
from archive.store import Store
from frontdesk.app import create_app
from tests.datalink.small_archive import BIAS, CATALOGUE, FLAT, IMAGE, MFLAT, SCI, SPECTRUM
from tests.lineage.conftest import BEGIN, RUN_ID
from tests.serving import listening, serving


def lineage(database: Database, dp_id: str) -> Lineage:
    return trace(TableReader(database, Config(), ANONYMOUS), dp_id)


def links(found: Lineage) -> set[tuple[str, str, str]]:
    return {(edge.first[1], edge.relation, edge.second[1]) for edge in found.edges}


ABOVE = {
    ("116.20AB", "has", RUN_ID),
    (RUN_ID, "has", "7"),
    ("7", "was executed in", "7/1"),
    ("7/1", "took", SCI),
}


def test_from_a_product_of_a_product_back_to_the_proposal(database: Database) -> None:
    found = lineage(database, CATALOGUE)
    assert links(found) == ABOVE | {
        (SCI, "went into", IMAGE),
        (BIAS, "went into", IMAGE),
        (MFLAT, "went into", IMAGE),
        (FLAT, "went into", MFLAT),
        (BIAS, "went into", MFLAT),
        (IMAGE, "went into", CATALOGUE),
    }
    assert found.of == (Kind.PRODUCT, CATALOGUE) and found.is_complete


def test_from_a_raw_frame_both_ways(database: Database) -> None:
    found = lineage(database, SCI)
    # Not what else went into its products: that is asked of them.
    assert links(found) == ABOVE | {
        (SCI, "went into", IMAGE),
        (SCI, "went into", SPECTRUM),
        (IMAGE, "went into", CATALOGUE),
    }
    kinds = {node.id: node.kind for node in found.nodes}
    assert kinds["116.20AB"] is Kind.PROGRAMME and kinds["7"] is Kind.OB and kinds[SCI] is Kind.RAW


def test_a_calibration_has_a_run_that_nobody_described(database: Database) -> None:
    found = lineage(database, BIAS)
    assert ("8", "took", BIAS) in links(found)
    assert ("60.A-9022(A)", "has", "8") in links(found)
    tables = {node.id: node.table for node in found.nodes}
    assert tables["60.A-9022(A)"] == tables["8"] == "" and tables[BIAS] == "dbo.raw"


def test_what_no_table_has(database: Database) -> None:
    with pytest.raises(NotFound, match="no published table has the file"):
        lineage(database, "ADP.nothing")


def test_more_than_is_followed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_MOST", 3)
    found = lineage(database, CATALOGUE)
    assert not found.is_complete
    assert {edge.first for edge in found.edges} | {edge.second for edge in found.edges} <= {
        node.key for node in found.nodes
    }
    assert list(lineage_text(found))[-1].startswith("...")


def test_a_file_that_claims_to_be_made_of_itself(database: Database) -> None:
    with database.writer() as connection:
        number = connection.execute(
            "SELECT file_id FROM phase3v2.files WHERE archive_id = %s", (SPECTRUM,)
        ).fetchone()
        assert number is not None
        values = (SPECTRUM, number[0])
        connection.execute(
            "INSERT INTO phase3v2.provenance (source_file, product_file) VALUES (%s, %s)", values
        )
    try:
        found = lineage(database, SPECTRUM)
        assert (SPECTRUM, "went into", SPECTRUM) in links(found)
        assert any(line.endswith("(see above)") for line in lineage_text(found))
    finally:
        with database.writer() as connection:
            connection.execute(
                "DELETE FROM phase3v2.provenance WHERE source_file = %s AND product_file = %s", values
            )


def test_as_text(database: Database) -> None:
    assert list(lineage_text(lineage(database, SCI)))[:5] == [
        "programme 116.20AB: Spirals, T. Brahe",
        "  run 116.20AB.001: Images, CAM",
        "    observation block 7: M83, C",
        f"      execution 7/1: {BEGIN}, grade A",
        f"        * raw frame {SCI}: CAM, SCIENCE, OBJECT, M 83",
    ]


def test_over_http(database: Database, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("lineage")
    listener = listening()
    config = Config(data_folder=folder, port=listener.getsockname()[1])
    app = create_app(config, database, Store(folder / "files"))
    with serving(app, listener) as url, httpx.Client(base_url=url, timeout=60) as client:
        answer = client.get(f"/lineage/{SCI}")
        assert answer.headers["content-type"] == "application/json"
        document = answer.json()
        assert document["nodes"][document["of"]]["id"] == SCI and document["complete"]
        assert client.get(f"/lineage/{SCI}", params={"RESPONSEFORMAT": "text"}).text.startswith(
            "programme 116"
        )
        assert client.get("/lineage/ADP.nothing").status_code == 404
        assert client.get(f"/lineage/{SCI}", params={"RESPONSEFORMAT": "xml"}).status_code == 400
        rows = client.get("/datalink/links", params={"ID": SCI, "RESPONSEFORMAT": "csv"}).text
        assert f"{config.base_url}/lineage/" in rows
