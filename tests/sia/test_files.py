"""From a search to the pixels: what SIA finds can be loaded, by links and directly."""

from __future__ import annotations

import io
from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
import pyvo
from astropy.io import fits
from pyvo.dal.adhoc import DatalinkResults
from pyvo.utils.http import create_session

from archive.config import Config
from archive.store import Store
from frontdesk.app import create_app
from ingest import ingest_paths
from tests.serving import listening, serving


def image() -> fits.HDUList:
    header = fits.Header(
        {
            "ORIGIN": "STJERNEBORG",
            "TELESCOP": "Stjerneborg",
            "INSTRUME": "QUADRANS",
            "OBJECT": "M 83",
            "PRODCATG": "SCIENCE.IMAGE",
            "MJD-OBS": 61000.25,
            "MJD-END": 61000.26,
            "EXPTIME": 300.0,
            "CTYPE1": "RA---TAN",
            "CTYPE2": "DEC--TAN",
            "CRVAL1": 204.25,
            "CRVAL2": -29.87,
            "CRPIX1": 25.5,
            "CRPIX2": 20.5,
            "CD1_1": -1e-3,
            "CD1_2": 0.0,
            "CD2_1": 0.0,
            "CD2_2": 1e-3,
            "RADESYS": "ICRS",
        }
    )
    return fits.HDUList([fits.PrimaryHDU(np.arange(2000, dtype="f4").reshape(40, 50), header)])


@pytest.fixture(scope="module")
def address(test_cluster, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pixels")
    image().writeto(folder / "m83.fits")
    listener = listening()
    config = replace(Config(data_folder=folder), port=listener.getsockname()[1])
    with test_cluster.database() as database:
        store = Store(folder / "files")
        ingest_paths(database, store, config, [folder / "m83.fits"])
        with serving(create_app(config, database, store), listener) as site:
            yield site


@pytest.fixture(scope="module")
def session():
    with create_session() as own:
        yield own


def same_pixels(content: bytes) -> bool:
    with fits.open(io.BytesIO(content)) as found:
        return bool(np.array_equal(found[0].data, image()[0].data))


def test_by_links(address, session):
    service = pyvo.dal.SIA2Service(f"{address}/sia2", session=session)
    (record,) = service.search(pos=(204.25 * u.deg, -29.87 * u.deg, 0.001 * u.deg))
    links = record.getdatalink()
    assert isinstance(links, DatalinkResults)
    (this,) = links.bysemantics("#this", include_narrower=False)
    assert same_pixels(session.get(this["access_url"]).content)


def test_all_links_at_once(address, session):
    results = pyvo.dal.SIA2Service(f"{address}/sia2", session=session).search(data_type="image")
    (links,) = list(results.iter_datalinks())
    assert "#this" in {str(row["semantics"]) for row in links}


def test_directly(address, session):
    service = pyvo.dal.SIAService(f"{address}/sia1/query?", session=session)
    (record,) = service.search(pos=(204.25, -29.87), size=0.01, intersect="covers", format="image/fits")
    assert same_pixels(session.get(record.getdataurl()).content)
    assert record.filesize == pytest.approx(len(session.get(record.getdataurl()).content), abs=1000)
