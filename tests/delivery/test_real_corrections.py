"""Headers of real files corrected and read: every plain FITS file and every header of the test data."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from astropy.io import fits
from astroquery.eso import EsoClass
from starlette.applications import Starlette

from archive.config import Config
from archive.store import (
    Action,
    Change,
    cards_of,
    correct,
    corrections,
    delivered,
    joined,
    read_headers,
    restore,
)
from archive.tablefiles.streams import is_fits, open_stream
from frontdesk.headers import header_routes
from ingest import ingest_paths
from tests.serving import listening, serving

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def real(archived, store, tmp_path_factory) -> list[str]:
    """The identifiers of all files that have headers, unpacked before they were taken in."""
    folder, data = tmp_path_factory.mktemp("real"), Path(os.environ["URANIBORG_DATA"])
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.stat().st_size < 5_000_000 and is_fits(path):
            with open_stream(path) as stream:
                content = stream.read(50_000_000)
            # Names may repeat in the folders of the data.
            plain = folder / path.parent.name / path.name
            plain.parent.mkdir(exist_ok=True)
            plain.with_name(plain.name.removesuffix(".gz").removesuffix(".Z")).write_bytes(content)
    ingest_paths(archived, store, Config(), [folder])
    with archived.writer() as connection:
        rows = connection.execute("SELECT DISTINCT dp_id FROM archive.header ORDER BY dp_id")
        found = [str(dp_id) for (dp_id,) in rows]
    assert len(found) > 100
    return found


def test_headers_taken_apart_and_joined_are_the_same(archived, real):
    for dp_id in real:
        with archived.writer() as connection:
            headers = read_headers(connection, dp_id)
        for header in headers:
            assert (
                "".join(image for _, image in cards_of(header.raw)).encode("latin-1")
                == header.raw[: sum(len(image) for _, image in cards_of(header.raw))]
            )
            assert tuple(card for card, _ in cards_of(header.raw)) == header.cards
            assert joined(image for _, image in cards_of(header.raw)).rstrip() == header.raw.rstrip(b"\0 ")


def test_every_hdu_of_every_plain_file_can_be_corrected(archived, store, real):
    patched = 0
    for dp_id in real:
        with archived.writer() as connection:
            number = len(read_headers(connection, dp_id))
            original = delivered(connection, store, dp_id).read(0, 1 << 30)
            changes = [Change(hdu, Action.ADD, "HISTORY", f"corrected {hdu} " * 200) for hdu in range(number)]
            correct(connection, store, dp_id, changes, who="tycho", why="to see whether it works")
            found = delivered(connection, store, dp_id)
        content = found.read(0, 1 << 30)
        assert (found.size, found.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        if not found.patches:
            assert content == original
            continue
        patched += 1
        compare(original, content)
        with archived.writer() as connection:
            restore(connection, store, dp_id, 0, who="tycho", why="it worked")
            assert delivered(connection, store, dp_id).read(0, 1 << 30) == original
            assert len(corrections(connection, dp_id)) == 2
    assert patched > 100


def compare(original: bytes, content: bytes) -> None:
    """The data are the same, and checksums are right, also where they were wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, after = (
            fits.open(BytesIO(original), checksum=True),
            fits.open(BytesIO(content), checksum=True),
        )
        assert len(before) == len(after)
        for old, new in zip(before, after, strict=True):
            info = old.fileinfo(), new.fileinfo()
            spans = [slice(one["datLoc"], one["datLoc"] + one["datSpan"]) for one in info]
            assert original[spans[0]] == content[spans[1]]
            assert "corrected" in str(new.header["HISTORY"])
            if "CHECKSUM" in old.header:
                # Not by astropy, which leaves the data out where there is no DATASUM.
                whole = content[info[1]["hdrLoc"] : info[1]["datLoc"] + info[1]["datSpan"]]
                words = np.frombuffer(whole + b"\0" * (-len(whole) % 4), ">u4")
                assert int(words.sum(dtype=np.uint64)) % 0xFFFFFFFF == 0


@pytest.fixture(scope="module")
def address(archived, real) -> Iterator[str]:
    with serving(Starlette(routes=header_routes(archived)), listening()) as address:
        yield address


def test_astroquery_reads_every_header(address, real, monkeypatch):
    eso = EsoClass()
    request = eso._request

    def redirected(method, url, **options):
        return request(method, url.replace("https://archive.eso.org", address), **options)

    monkeypatch.setattr(eso, "_request", redirected)
    for dp_id in real:
        [row] = eso.get_headers([dp_id], cache=False)
        assert row["DP.ID"] == dp_id and row["SIMPLE"]


def test_astropy_reads_every_header_as_text(address, real):
    with httpx.Client(base_url=address) as client:
        for dp_id in real:
            answer = client.get(f"/header/{dp_id}", params={"HDU": "0"})
            cards = client.get(f"/header/{dp_id}", params={"HDU": "0", "RESPONSEFORMAT": "fits"})
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                text = fits.Header.fromstring(answer.text, sep="\n")
                assert list(text) == list(fits.Header.fromstring(cards.content.decode("latin-1")))
