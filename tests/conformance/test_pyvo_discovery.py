"""pyvo finds images, spectra and stars, and gets their pixels, by each of the protocols."""

from __future__ import annotations

import gzip
import io
from itertools import chain

import astropy.units as u
import numpy as np
import pytest
import pyvo
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable
from astropy.time import Time

from tests.conformance.conftest import Site

# pyvo leaves its connections to the collector; VOUnits deprecates units in which most spectra are written.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:The unit '.*' has been deprecated"),
]


def opened(content: bytes) -> fits.HDUList:
    """Archived files may be packed, and come as they are."""
    return fits.HDUList.fromstring(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)


def test_images(site: Site) -> None:
    image = site.first("image", "t_min IS NOT NULL AND em_min IS NOT NULL AND s_region IS NOT NULL")
    ((low, high, begin, end),) = site.rows(
        f"SELECT em_min, em_max, t_min, t_max FROM ivoa.ObsCore WHERE dp_id = '{image.dp_id}'"
    )
    service = pyvo.dal.SIA2Service(f"{site.address}/sia2")
    found = service.search(
        pos=(SkyCoord(image.ra, image.dec, unit="deg"), 1 * u.arcsec),
        band=(low * u.m, high * u.m),
        time=(Time(begin, format="mjd"), Time(end, format="mjd")),
    )
    record = next(record for record in found if record.obs_publisher_did == image.did)
    assert record.dataproduct_type == "image" and record.em_min == low * u.m
    with opened(record.getdataset().read()) as file:
        assert any(hdu.is_image and hdu.header["NAXIS"] for hdu in file)
    assert len(service.search(pos=(10 * u.deg, 80 * u.deg, 1 * u.arcsec))) == 0
    assert len(service.search(band=(high * 100, high * 101))) == 0


def test_images_of_the_first_version(site: Site) -> None:
    image = site.first("image", "access_format IS NOT NULL AND s_region IS NOT NULL")
    found = pyvo.dal.SIAService(f"{site.address}/sia1/query").search(
        pos=SkyCoord(image.ra, image.dec, unit="deg"), size=0.001
    )
    record = next(record for record in found if record.getdataurl().endswith(f"/file/{image.dp_id}"))
    assert record.pos.separation(SkyCoord(image.ra, image.dec, unit="deg")) < 1 * u.arcsec
    with opened(record.getdataset().read()) as file:
        assert any(hdu.is_image and hdu.header["NAXIS"] for hdu in file)


def test_spectra(site: Site) -> None:
    ((dp_id, ra, dec, low, high),) = site.rows(
        "SELECT TOP 1 dp_id, s_ra, s_dec, em_min, em_max FROM dbo.ssa ORDER BY dp_id"
    )
    service = pyvo.dal.SSAService(f"{site.address}/ssa/query")
    found = service.search(
        pos=SkyCoord(ra, dec, unit="deg"), diameter=0.01 * u.deg, band=[low, high] * u.m, format="votable"
    )
    record = next(record for record in found if record["dp_id"] == dp_id)
    spectrum = QTable.read(io.BytesIO(record.getdataset().read()), format="votable")
    assert len(spectrum) > 100 and spectrum["wavelength"].unit.is_equivalent(u.m)
    assert float(np.min(spectrum["wavelength"]).to_value(u.m)) == pytest.approx(low, rel=1e-3)
    archived = service.search(pos=(ra, dec), diameter=0.01, format="native")
    record = next(record for record in archived if record["dp_id"] == dp_id)
    with opened(record.getdataset().read()) as file:
        assert len(file)
    assert any(link.semantics == "#this" for link in record.getdatalink())


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("ivoa.ObsCore", "s_ra, s_dec"),
        ("dbo.raw", "ra, dec"),
        ("dbo.ssa", "s_ra, s_dec"),
        ("safcat.simulated_stars", "ra, dec"),
    ],
)
def test_cones(site: Site, table: str, columns: str) -> None:
    declination = columns.split()[1]
    ((ra, dec),) = site.rows(f"SELECT TOP 1 {columns} FROM {table} WHERE {declination} > -90")
    found = pyvo.dal.SCSService(f"{site.address}/cone/{table}").search(
        pos=(ra, dec), radius=0.01, verbosity=3
    )
    assert found[0].pos.separation(SkyCoord(ra, dec, unit="deg")) < 0.01 * u.deg
    assert found[0].id


@pytest.mark.parametrize("service", ["tap", "tap_obs", "tap_cat"])
def test_queries(site: Site, service: str) -> None:
    archive = pyvo.dal.TAPService(f"{site.address}/{service}")
    query = "SELECT TOP 5 table_name, description FROM tap_schema.tables ORDER BY table_name"
    sync, job = archive.run_sync(query), archive.run_async(query)
    assert len(sync) == 5 and list(sync["table_name"]) == list(job["table_name"])
    assert "tap_schema.tables" in archive.tables and archive.examples
    places = QTable({"ra": [10.0, 20.0] * u.deg, "dec": [-5.0, 5.0] * u.deg})
    upload = "SELECT COUNT(*) AS n FROM TAP_UPLOAD.places WHERE ra < 15"
    assert archive.run_sync(upload, uploads={"places": places})["n"][0] == 1


def test_links_in_batches(site: Site) -> None:
    archive = pyvo.dal.TAPService(f"{site.address}/tap")
    datasets = archive.search("SELECT * FROM ivoa.ObsCore")
    semantics = set()
    for links in datasets.iter_datalinks():
        (this,) = links.bysemantics("#this")
        assert this.access_url.endswith(links.original_row["dp_id"])
        semantics |= {link.semantics for link in links}
    assert {"#this", "#preview", "#cutout", "#progenitor", "#detached-header"} <= semantics


@pytest.mark.parametrize("kind", ["image", "cube"])
def test_cutouts(site: Site, kind: str) -> None:
    """From a query to pixels of which the middle is where it was asked for, by links and straight."""
    dataset = site.first(kind, "s_region IS NOT NULL AND s_pixel_scale IS NOT NULL")
    radius = 6 * float(
        site.rows(f"SELECT s_pixel_scale FROM ivoa.ObsCore WHERE dp_id = '{dataset.dp_id}'")[0][0]
    )
    circle = (dataset.ra * u.deg, dataset.dec * u.deg, radius * u.arcsec)
    (row,) = pyvo.dal.TAPService(f"{site.address}/tap").search(
        f"SELECT * FROM ivoa.ObsCore WHERE dp_id = '{dataset.dp_id}'"
    )
    links = row.getdatalink()
    cutout = links.get_first_proc()
    assert cutout.semantics == "#cutout"
    by_links, straight = cutout.process(circle=circle).read(), row.processed(circle=circle).read()
    with opened(by_links) as one, opened(straight) as other:
        shapes = [hdu.shape[-2:] for hdu in one if hdu.is_image and hdu.header["NAXIS"]]
        assert shapes == [hdu.shape[-2:] for hdu in other if hdu.is_image and hdu.header["NAXIS"]]
        assert shapes and all(6 <= length <= 20 for length in chain.from_iterable(shapes))


def test_cutouts_in_wavelength(site: Site) -> None:
    cube = site.first("cube", "em_min IS NOT NULL")
    (row,) = pyvo.dal.TAPService(f"{site.address}/tap").search(
        f"SELECT * FROM ivoa.ObsCore WHERE dp_id = '{cube.dp_id}'"
    )
    middle, width = (row["em_min"] + row["em_max"]) / 2, row["em_max"] - row["em_min"]
    part = row.processed(band=(middle - width / 20, middle + width / 20) * u.m).read()
    with opened(part) as cut, opened(row.getdataset().read()) as whole:
        planes = [[hdu.shape[0] for hdu in file if hdu.header["NAXIS"] == 3] for file in (cut, whole)]
        assert planes[0] and planes[0][0] == pytest.approx(planes[1][0] / 10, abs=2)
