"""STILTS finds images, spectra and stars by every protocol, and queries with tables of its own."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.conformance.conftest import Site
from tests.conformance.stilts import stilts

NOWHERE = (10.0, 80.0)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def targets(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image, a spectrum and a place where nothing is."""
    file = tmp_path_factory.mktemp("targets") / "targets.csv"
    image, spectrum = site.first("image"), site.first("spectrum", "dp_id IN (SELECT dp_id FROM dbo.ssa)")
    places = [("image", image.ra, image.dec), ("spectrum", spectrum.ra, spectrum.dec), ("none", *NOWHERE)]
    lines = ("target,lon,lat", *(f"{name},{ra!r},{dec!r}" for name, ra, dec in places))
    file.write_text("\n".join(lines) + "\n")
    return file


def test_cone(site: Site) -> None:
    ((ra, dec),) = site.rows("SELECT TOP 1 ra, dec FROM safcat.simulated_stars")
    found = table(
        stilts(
            "cone",
            f"serviceurl={site.address}/cone/safcat.simulated_stars?",
            f"lon={ra}",
            f"lat={dec}",
            "radius=0.001",
            "verb=3",
            "ofmt=csv",
        )
    )
    assert float(found[0]["ra"]) == pytest.approx(ra) and float(found[0]["dec"]) == pytest.approx(dec)


@pytest.mark.parametrize(
    ("service", "path", "found_by", "more"),
    [
        ("cone", "cone/ivoa.ObsCore", {"image", "spectrum"}, ()),
        ("cone", "cone/ivoa.ObsCore?", {"image", "spectrum"}, ("parallel=3", "verb=3", "usefoot=false")),
        ("sia1", "sia1/query?", {"image"}, ()),
        ("sia2", "sia2/query?", {"image"}, ()),
        ("ssa", "ssa/query?", {"spectrum"}, ()),
        ("ssa", "ssap?", {"spectrum"}, ("dataformat=votable",)),
    ],
    ids=["cone", "parallel", "sia1", "sia2", "ssa", "forms"],
)
def test_coneskymatch(
    site: Site, targets: Path, service: str, path: str, found_by: set[str], more: tuple[str, ...]
) -> None:
    found = table(
        stilts(
            "coneskymatch",
            f"servicetype={service}",
            f"serviceurl={site.address}/{path}",
            f"in={targets}",
            "ifmt=csv",
            "ra=lon",
            "dec=lat",
            "sr=0.01",
            "find=all",
            "ofmt=csv",
            *more,
        )
    )
    # What lies in the same field of both is found for both.
    assert found_by <= {row["target"] for row in found} <= {"image", "spectrum"}


@pytest.mark.parametrize("service", ["tap", "tap_obs"])
@pytest.mark.parametrize("how", [("sync=true",), ("sync=false", "progress=false")], ids=["sync", "async"])
def test_tapquery(site: Site, service: str, how: tuple[str, ...]) -> None:
    query = "SELECT TOP 3 dp_id, s_region, obs_publisher_did FROM ivoa.ObsCore ORDER BY dp_id"
    found = table(
        stilts(
            "tapquery",
            f"tapurl={site.address}/{service}",
            *how,
            f"adql={query}",
            "ofmt=csv",
        )
    )
    assert len(found) == 3
    assert all(row["obs_publisher_did"].endswith(row["dp_id"]) for row in found)


def test_tapquery_with_a_table(site: Site, targets: Path) -> None:
    query = (
        "SELECT t.target, COUNT(*) AS n FROM TAP_UPLOAD.t AS t JOIN ivoa.ObsCore AS o "
        "ON CONTAINS(POINT(t.lon, t.lat), o.s_region) = 1 GROUP BY t.target"
    )
    upload = ("progress=false", "nupload=1", f"upload1={targets}", "ufmt1=csv", "upname1=t")
    found = table(stilts("tapquery", f"tapurl={site.address}/tap", f"adql={query}", *upload, "ofmt=csv"))
    assert "image" in {row["target"] for row in found} <= {"image", "spectrum"}


def test_tapskymatch(site: Site, targets: Path) -> None:
    found = table(
        stilts(
            "tapskymatch",
            f"tapurl={site.address}/tap",
            "taptable=ivoa.ObsCore",
            "taplon=s_ra",
            "taplat=s_dec",
            "tapcols=dp_id",
            f"in={targets}",
            "ifmt=csv",
            "inlon=lon",
            "inlat=lat",
            "sr=0.001",
            "find=all",
            "ofmt=csv",
        )
    )
    assert {row["target"] for row in found} == {"image", "spectrum"}


def test_a_spectrum_opens_by_its_address(site: Site) -> None:
    (found,) = site.rows("SELECT TOP 1 spectrum_url, dp_id FROM dbo.ssa ORDER BY dp_id")
    fluxes = table(
        stilts("tpipe", f"in={found[0]}?FORMAT=fits", "ifmt=fits", "cmd=explodeall", "cmd=head 1", "ofmt=csv")
    )
    assert any(name.lower().startswith("flux") for name in fluxes[0])
