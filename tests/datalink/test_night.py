"""Links of a simulated night that was ingested: from raw frames to products and back, none of them dead.

docs/users/datalink.md is read here too: its examples run.
"""

from __future__ import annotations

import contextlib
import io
import runpy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pyvo
from astropy.io import fits

from tests.datalink.test_links import links
from tests.demonstrations import Demonstration
from tests.documentation import ADDRESS, Page

PAGE = Page.read("users/datalink.md")
PYTHON = "\n".join(PAGE.blocks("python"))
SHELL = PAGE.blocks("sh")
SOURCES = ("#progenitor", "#calibration", "#bias", "#dark", "#flat")


@pytest.fixture(scope="module")
def night(demonstration: Demonstration) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=demonstration.address, timeout=60) as client:
        yield client


def rows(night: httpx.Client, query: str) -> list[list[Any]]:
    form = {"LANG": "ADQL", "RESPONSEFORMAT": "json", "QUERY": query}
    found: list[list[Any]] = night.post("/tap/sync", data=form).json()["data"]
    assert found
    return found


def identifiers(found: list[dict[str, Any]], *terms: str) -> set[str]:
    return {
        row["eso_datalink"].rpartition("?")[2]
        for row in found
        if row["semantics"] in terms and row["eso_datalink"]
    }


def test_from_raw_to_products_and_back(night: httpx.Client) -> None:
    pairs = rows(
        night,
        "SELECT p.source_file, f.archive_id FROM phase3v2.provenance AS p "
        "JOIN phase3v2.files AS f ON p.product_file = f.file_id",
    )
    everything = links(night, *{name for pair in pairs for name in pair})
    for source, product in pairs:
        assert product in identifiers([row for row in everything if row["ID"] == source], "#derivation")
        made_of = identifiers([row for row in everything if row["ID"] == product], *SOURCES)
        assert source in made_of


def test_ancillary_files_and_their_products(night: httpx.Client) -> None:
    pairs = rows(
        night, "SELECT product_id, archive_id FROM phase3v2.product_files WHERE product_id <> archive_id"
    )
    for product, file in pairs:
        assert file in identifiers(links(night, product), "#weight", "#preview", "#auxiliary")
        assert product in identifiers(links(night, file), "#coderived")


def test_no_link_to_this_server_is_dead(night: httpx.Client) -> None:
    raw = "SELECT MIN(dp_id) FROM dbo.raw GROUP BY instrument, dp_cat, dp_tech"  # one of each kind
    ids = [row[0] for row in rows(night, f"{raw} UNION SELECT archive_id FROM phase3v2.files")]
    found = links(night, *ids)
    assert len(found) > 100
    base = str(night.base_url).rstrip("/") + "/"
    own = {row["access_url"]: row for row in found if (row["access_url"] or "").startswith(base)}
    assert own
    for url, row in own.items():
        answer = night.head(url)
        if str(row["link_authorized"]).lower() == "false":
            assert answer.status_code == 401, row
            continue
        assert answer.status_code == 200, row
        assert answer.headers["content-type"].partition(";")[0] == row["content_type"], row
        if row["content_length"] is not None:
            assert int(answer.headers["content-length"]) == row["content_length"]


def test_pyvo_gets_the_dataset(night: httpx.Client, vocabulary: None, tmp_path: Path) -> None:
    (did, size), *_ = rows(night, "SELECT obs_publisher_did, access_estsize FROM ivoa.ObsCore")
    service = pyvo.dal.TAPService(f"{str(night.base_url).rstrip('/')}/tap")
    (row,) = service.search(
        f"SELECT access_url, access_format FROM ivoa.ObsCore WHERE obs_publisher_did = '{did}'"
    )
    content = row.getdataset().read()
    assert len(content) == pytest.approx(size * 1000, abs=1000)
    assert fits.open(io.BytesIO(content))[0].header["SIMPLE"]


def test_the_documented_python_runs(
    night: httpx.Client, vocabulary: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "datalink.py"
    script.write_text(_here(PYTHON, night))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        runpy.run_path(str(script))
    for expected in (
        "#preview image/png",
        "#weight ANCILLARY.WEIGHTMAP http",
        "CIRCLE deg",
        "datalink/links?ID=",
    ):
        assert expected in said.getvalue()
    with fits.open(tmp_path / "image.fits") as file:
        assert len(file) > 0


def test_the_documented_commands_run(night: httpx.Client, tmp_path: Path) -> None:
    (command,) = SHELL
    subprocess.run(["bash", "-euc", _here(command, night)], cwd=tmp_path, timeout=60, check=True)
    frames = [path for path in tmp_path.iterdir() if path.name != "links.csv"]
    assert frames
    assert all(path.read_bytes().startswith(b"SIMPLE  =") for path in frames)


def _here(text: str, night: httpx.Client) -> str:
    assert ADDRESS in text
    return text.replace(ADDRESS, str(night.base_url).rstrip("/"))
