"""The page of a dataset: what is known of it, its picture, and where its links lead."""

from __future__ import annotations

import pytest
from lxml import html

from archive.config import Config
from archive.store import Store
from ingest import ingest_paths
from ingest.simulator import write_night
from tests.sia.sky import site


@pytest.fixture(scope="module")
def night(test_cluster, tmp_path_factory):
    folder = tmp_path_factory.mktemp("night")
    frames = write_night(folder / "frames").frames
    with test_cluster.database() as own, site(own, folder / "site") as client:
        config = Config(data_folder=folder / "site")
        ingest_paths(own, Store(folder / "site" / "files"), config, list(frames), collection="NIGHT")
        yield client


def first(client, query: str) -> str:
    form = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"}
    return client.get("/tap/sync", params=form).text.split("\r\n")[1]


def page(client, address: str) -> html.HtmlElement:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    return html.fromstring(answer.content)


def test_page_of_an_image(night):
    columns = "preview_html, dp_id"
    row = first(
        night,
        f"SELECT TOP 1 {columns} FROM ivoa.ObsCore WHERE dataproduct_type = 'image' AND calib_level = 2",
    )
    address, dp_id = row.split(",")
    assert address == f"http://127.0.0.1:8000/dataset/{dp_id}"
    shown = page(night, f"/dataset/{dp_id}")
    assert shown.xpath("//h1/text()") == [dp_id]
    (picture,) = shown.xpath("//img[@class='preview']/@src")
    assert picture.endswith(f"/preview/{dp_id}")
    assert "instrument_name" in shown.xpath("//td/text()")
    roles = shown.xpath("//td/a[contains(@href, 'rdf/datalink')]/text()")
    assert {"this", "preview", "progenitor"} <= set(roles)


def test_page_of_a_calibration(night):
    dp_id = first(night, "SELECT TOP 1 dp_id FROM dbo.raw WHERE dp_cat = 'CALIB'")
    shown = page(night, f"/dataset/{dp_id}")
    assert not shown.xpath("//img") and "dp_type" in shown.xpath("//td/text()")


def test_unknown_datasets(night):
    for name in ("NOBODY", "a%00b", "<script>"):
        answer = night.get(f"/dataset/{name}")
        assert answer.status_code == 404
        assert "no dataset" in answer.text
