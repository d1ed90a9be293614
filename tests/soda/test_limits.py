"""Large cut-outs: refused beyond a size, given up when the client leaves; corrected headers are cut too."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from archive.store.corrections import correct
from archive.store.editing import Action, Change
from tests.soda.conftest import filled_site
from tests.soda.files import CENTRE
from tests.soda.support import header, opened, written

IMAGE = "ADP.2026-02-01T00:00:01.000"


def _large() -> bytes:
    cards = {
        "ARCFILE": f"{IMAGE}.fits", "PRODCATG": "SCIENCE.IMAGE", "INSTRUME": "TESTCAM", "OBJECT": "FIELD",
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": CENTRE[0], "CRVAL2": CENTRE[1],
        "CRPIX1": 2000.0, "CRPIX2": 2000.0, "CDELT1": -0.0001, "CDELT2": 0.0001,
    }  # fmt: skip
    return written(fits.PrimaryHDU(np.zeros((4000, 4000), ">f4"), header(cards)))


@pytest.fixture(scope="module")
def narrow(test_cluster, tmp_path_factory):
    """A service with one thread, which sends at most 40 MB at once."""
    settings = {"concurrent_queries": 1, "cutout_bytes": 40_000_000}
    with filled_site(
        test_cluster, tmp_path_factory.mktemp("narrow"), {"l.fits": _large()}, **settings
    ) as site:
        yield site


def test_too_large(narrow):
    response = narrow.sync(ID=IMAGE, CIRCLE=f"{CENTRE[0]} {CENTRE[1]} 1")
    assert response.status_code == 413
    assert response.text.startswith("UsageError: the cut-out would have 64,0")
    assert "/soda/async" in response.text
    head = narrow.client.head("/soda/sync", params={"ID": IMAGE, "CIRCLE": f"{CENTRE[0]} {CENTRE[1]} 1"})
    assert head.status_code == 413
    assert narrow.sync(ID=IMAGE).headers["Content-Length"] == str(len(_large()))


def test_given_up_when_the_client_leaves(narrow):
    """The only thread is free for the next one, again and again."""
    for _ in range(3):
        parameters = {"ID": IMAGE, "CIRCLE": f"{CENTRE[0]} {CENTRE[1]} 0.14"}
        with narrow.client.stream("GET", "/soda/sync", params=parameters) as response:
            assert response.status_code == 200
            assert int(response.headers["Content-Length"]) > 30_000_000
            next(response.iter_bytes(1000))
        small = narrow.sync(ID=IMAGE, CIRCLE=f"{CENTRE[0]} {CENTRE[1]} 0.001")
        assert opened(small.content)[0].shape in {(20, 20), (21, 21)}


def test_corrected_headers_are_cut(narrow):
    with narrow.database.writer() as connection:
        many = [Change(0, Action.ADD, f"ESO QC PAR{number}", number) for number in range(60)]
        changes = [Change(0, Action.SET, "CRVAL1", 10.0), *many]
        correct(connection, narrow.store, IMAGE, changes, who="somebody", why="it was wrong")
    assert narrow.sync(ID=IMAGE, CIRCLE=f"{CENTRE[0]} {CENTRE[1]} 0.001").status_code == 204
    part = opened(narrow.sync(ID=IMAGE, CIRCLE=f"10 {CENTRE[1]} 0.001").content)[0]
    assert part.header["CRVAL1"] == 10.0
    assert part.header["ESO QC PAR59"] == 59
    assert part.shape in {(20, 20), (21, 21)}
