"""Previews over HTTP: of ingested files, sent again only to who has not got them, made once."""

from __future__ import annotations

import io
import shutil

import pytest
from PIL import Image

from archive.store import Store
from ingest import ingest_paths
from ingest.simulator import write_night
from tests.sia.sky import site


@pytest.fixture(scope="module")
def night(test_cluster, tmp_path_factory):
    folder = tmp_path_factory.mktemp("night")
    frames = write_night(folder / "frames").frames
    with test_cluster.database() as own, site(own, folder / "site") as client:
        # The site's own store is where its files are.
        from archive.config import Config

        config = Config(data_folder=folder / "site")
        ingest_paths(own, Store(folder / "site" / "files"), config, list(frames), collection="NIGHT")
        yield client, folder / "site"


def of_type(client, kind: str) -> str:
    query = f"SELECT TOP 1 dp_id FROM ivoa.ObsCore WHERE dataproduct_type = '{kind}' ORDER BY dp_id"
    answer = client.get("/tap/sync", params={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"})
    return answer.text.split()[1]


@pytest.mark.parametrize("kind", ["image", "spectrum", "cube"])
def test_of_every_kind(night, kind):
    client, _ = night
    answer = client.get(f"/preview/{of_type(client, kind)}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    picture = Image.open(io.BytesIO(answer.content))
    assert 256 <= max(picture.size) <= 512


def test_known_ones_are_not_sent_again(night):
    client, _ = night
    address = f"/preview/{of_type(client, 'image')}?SIZE=64&FORMAT=image/jpeg"
    first = client.get(address)
    assert first.headers["content-type"] == "image/jpeg"
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    head = client.head(address)
    assert head.status_code == 200 and int(head.headers["content-length"]) == len(first.content)


def test_made_once(night):
    client, folder = night
    address = f"/preview/{of_type(client, 'image')}?SIZE=77"
    first = client.get(address).content
    (kept,) = [p for p in (folder / "previews").glob("*/*") if p.read_bytes() == first]
    kept.write_bytes(b"as it was kept")
    assert client.get(address).content == b"as it was kept"
    shutil.rmtree(folder / "previews")
    assert client.get(address).content == first


@pytest.mark.parametrize(
    ("address", "status", "reason"),
    [
        ("/preview/NOBODY.KNOWS", 404, "no file NOBODY.KNOWS"),
        ("/preview/a%00b", 404, "control characters"),
        ("/preview/X?SIZE=10", 400, "less than 32"),
        ("/preview/X?SIZE=99999", 400, "more than 2048"),
        ("/preview/X?FORMAT=gif", 400, "png or jpg"),
    ],
)
def test_refusals(night, address, status, reason):
    client, _ = night
    answer = client.get(address)
    assert answer.status_code == status
    assert reason in answer.text


def test_images_are_not_drawn_in_lines(night):
    client, _ = night
    answer = client.get(f"/preview/{of_type(client, 'image')}?FORMAT=svg")
    assert answer.status_code == 404 and "ask for image/png" in answer.text
    spectrum = client.get(f"/preview/{of_type(client, 'spectrum')}?FORMAT=svg")
    assert spectrum.headers["content-type"].startswith("image/svg+xml") and b"<svg" in spectrum.content
