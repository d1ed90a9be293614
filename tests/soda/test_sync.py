"""Cut-outs over HTTP, at once: what comes back, under which headers, and what is refused in which words."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pytest
from astropy.io import fits

from tests.soda.files import CENTRE
from tests.soda.support import assert_agrees, opened

IMAGE, PACKED, COMPRESSED, CUBE, SPECTRUM = (f"ADP.2026-01-01T00:00:0{n}.000" for n in range(1, 6))
CIRCLE = f"{CENTRE[0]} {CENTRE[1]} 0.0101"


def _original(site, name):
    content = (site.originals / name).read_bytes()
    return fits.open(io.BytesIO(gzip.decompress(content) if name.endswith(".gz") else content))


@pytest.mark.parametrize(
    ("dp_id", "name", "hdu"),
    [(IMAGE, "image.fits", 0), (PACKED, "packed.fits.gz", 0), (COMPRESSED, "compressed.fits.fz", 1)],
)
def test_image(site, dp_id, name, hdu):
    response = site.sync(ID=site.did(dp_id), CIRCLE=CIRCLE)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/fits"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{dp_id}_cutout.fits"'
    assert response.headers["Content-Length"] == str(len(response.content))
    whole = _original(site, name)[hdu]
    spans = assert_agrees(whole, opened(response.content)[hdu])
    assert spans == ((89, 110), (89, 110))


@pytest.mark.parametrize("name", ["POS=CIRCLE", "POS=RANGE", "POLYGON", "POS=POLYGON"])
def test_other_shapes(site, name):
    ra, dec = CENTRE
    corners = f"{ra - 0.0101} {dec} {ra} {dec + 0.0101} {ra + 0.0101} {dec}"
    shape = {
        "POS=CIRCLE": {"POS": f"circle {CIRCLE}"},
        "POS=RANGE": {"POS": f"RANGE {ra - 0.0101} {ra + 0.0101} {dec - 0.0101} {dec + 0.0101}"},
        "POLYGON": {"POLYGON": f"{corners} {ra} {dec - 0.0101}"},
        "POS=POLYGON": {"POS": f"POLYGON {corners}"},
    }[name]
    response = site.sync(ID=IMAGE, **shape)
    assert response.status_code == 200, response.text
    (x, y) = assert_agrees(_original(site, "image.fits")[0], opened(response.content)[0])
    assert x == (89, 110)
    assert y[1] == 110


def test_cube_by_sky_and_band(site):
    response = site.sync(ID=site.did(CUBE), CIRCLE=CIRCLE, BAND="4.2e-7 4.3e-7")
    part = opened(response.content)[0]
    assert part.shape == (11, 21, 21)
    assert part.header["CRPIX3"] == -19.0
    assert_agrees(_original(site, "cube.fits")[0], part)


def test_cube_at_one_wavelength(site):
    part = opened(site.sync(ID=site.did(CUBE), BAND="4.2e-7 4.2e-7").content)[0]
    assert part.shape == (1, 120, 110)
    assert part.data.tobytes() == _original(site, "cube.fits")[0].data[20].tobytes()


def test_spectrum(site):
    response = site.sync(ID=site.did(SPECTRUM), BAND="4.2e-7 4.3e-7")
    table = opened(response.content)["SPECTRUM"]
    whole = _original(site, "spectrum.fits")["SPECTRUM"].data
    within = (whole["WAVE"][0] >= 420.0) & (whole["WAVE"][0] <= 430.0)
    for name in ("WAVE", "FLUX", "ERR"):
        np.testing.assert_array_equal(table.data[name][0], whole[name][0][within])
    assert table.header["NELEM"] == within.sum() == len(table.data["WAVE"][0])
    assert table.header["TDMIN1"] == table.data["WAVE"][0][0]


def test_spectrum_by_its_place(site):
    """A spectrum has no pixels on the sky: it is in the circle, or it is not."""
    there = site.sync(ID=site.did(SPECTRUM), CIRCLE=CIRCLE)
    assert there.status_code == 200, there.text
    assert len(opened(there.content)["SPECTRUM"].data["WAVE"][0]) == 1000
    assert site.sync(ID=site.did(SPECTRUM), CIRCLE="10 20 1").status_code == 204


def test_whole_file(site):
    response = site.sync(ID=site.did(IMAGE))
    assert response.content == (site.originals / "image.fits").read_bytes()
    assert "Repr-Digest" in response.headers
    part = site.client.get("/soda/sync", params={"ID": IMAGE}, headers={"Range": "bytes=0-79"})
    assert part.status_code == 206


@pytest.mark.parametrize(
    "parameters",
    [{"CIRCLE": "10 20 0.1"}, {"BAND": "1 2"}, {"TIME": "1 2"}, {"CIRCLE": "10 20 0.1", "BAND": "4e-7 5e-7"}],
    ids=str,
)
def test_no_overlap(site, parameters):
    response = site.sync(ID=site.did(CUBE), **parameters)
    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response.headers
    assert site.client.head("/soda/sync", params={"ID": CUBE, **parameters}).status_code == 204


def test_time_of_the_whole_file(site):
    assert site.sync(ID=site.did(CUBE), TIME="59999 60000.005").status_code == 200


@pytest.mark.parametrize(
    ("parameters", "status", "text"),
    [
        ({}, 400, "UsageError: ID: is missing"),
        ({"ID": "ivo://archive.example/ID?nothing"}, 404, "UsageError: the archive has no file nothing"),
        ({"ID": "ivo://other.example/ID?x"}, 404, "UsageError: ID: the archive has no dataset"),
        ({"ID": IMAGE, "CIRCLE": "1 2"}, 400, "UsageError: CIRCLE: a circle of 2 numbers"),
        ({"ID": IMAGE, "BAND": ["1 2", "4 5"]}, 400, "MultiValuedParamNotSupported: BAND: given 2 times"),
        ({"ID": [IMAGE, CUBE]}, 400, "MultiValuedParamNotSupported: ID: given 2 times"),
        ({"ID": IMAGE, "POL": "Z"}, 400, "UsageError: POL: there is no state 'Z'"),
        ({"ID": IMAGE, "POL": "I"}, 400, "UsageError: the dataset has no axis of polarization"),
        ({"ID": IMAGE, "CIRCLE": CIRCLE, "RESPONSEFORMAT": "image/png"}, 400, "UsageError: RESPONSEFORMAT"),
        ({"ID": IMAGE, "BAND": "5 4"}, 400, "UsageError: BAND: the lower limit"),
        ({"ID": "a\x01b", "BAND": "4 5"}, 404, "UsageError: ID: the archive has no dataset"),
    ],
    ids=str,
)  # fmt: skip
def test_refused(site, parameters, status, text):
    response = site.client.get("/soda/sync", params=parameters)
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.text.startswith(text)


def test_several_states_are_one_filter(site):
    response = site.client.get("/soda/sync", params={"ID": IMAGE, "POL": ["I", "Q"]})
    assert not response.text.startswith("MultiValued")


def test_post_prefix_and_other_names(site):
    form = {"id": site.did(IMAGE).replace("archive", "ARCHIVE"), "circle": CIRCLE, "prefix": "m 17/x"}
    form |= {"RESPONSEFORMAT": "image/fits"}
    response = site.client.post("/dataPortal/soda/sync", data=form)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "image/fits"
    assert 'filename="m_17_x_ADP' in response.headers["Content-Disposition"]
    refused = site.client.get("/dataPortal/soda/sync", params={"ID": IMAGE, "CIRCLE": "x"})
    assert refused.text.startswith("UsageError: CIRCLE")


def test_head(site):
    parameters = {"ID": PACKED, "CIRCLE": CIRCLE}
    head = site.client.head("/soda/sync", params=parameters)
    body = site.client.get("/soda/sync", params=parameters)
    assert head.status_code == 200 and head.content == b""
    for name in ("Content-Length", "Content-Type", "Content-Disposition"):
        assert head.headers[name] == body.headers[name]
    assert site.client.head("/soda/sync", params={"ID": IMAGE, "CIRCLE": "x"}).status_code == 400
