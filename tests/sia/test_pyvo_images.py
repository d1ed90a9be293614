"""The image services as pyvo sees them."""

from __future__ import annotations

import astropy.units as u
import pytest
import pyvo
from astropy.coordinates import SkyCoord
from astropy.time import Time
from pyvo.dal.exceptions import DALQueryError
from pyvo.utils.http import create_session


@pytest.fixture(scope="module")
def session():
    with create_session() as own:
        yield own


@pytest.fixture(scope="module")
def sia2(images, session):
    return pyvo.dal.SIA2Service(f"{images.base_url}/sia2", session=session)


@pytest.fixture(scope="module")
def sia1(images, session):
    return pyvo.dal.SIAService(f"{images.base_url}/sia1/query", session=session)


def names(results):
    return {record["dp_id"].removeprefix("SIM.") for record in results}


INFINITE = float("inf")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"pos": (10 * u.deg, 20 * u.deg, 0.1 * u.deg)}, {"A"}),
        ({"pos": (SkyCoord(10, 20, unit="deg"), 0.1 * u.deg)}, {"A"}),
        ({"pos": (9 * u.deg, 11 * u.deg, 19 * u.deg, 21 * u.deg)}, {"A"}),
        ({"pos": [tuple(x * u.deg for x in (9, 19, 11, 19, 11, 21, 9, 21))]}, {"A"}),
        ({"pos": [(10 * u.deg, 20 * u.deg, 0.1 * u.deg), (12 * u.deg, 20 * u.deg, 0.1 * u.deg)]}, {"A", "B"}),
        ({"band": (700e-9, INFINITE)}, {"B"}),
        ({"band": (550 * u.nm, 560 * u.nm)}, {"A", "B"}),
        ({"time": (Time(60000.1, format="mjd"), Time(60000.2, format="mjd"))}, {"A"}),
        ({"pol": ["Q", "U"]}, {"B"}),
        ({"field_of_view": (1.9 * u.deg, 5 * u.deg)}, {"POLE"}),
        ({"spatial_resolution": (0.5 * u.arcsec, 1 * u.arcsec)}, {"A"}),
        ({"spectral_resolving_power": (1000, INFINITE)}, {"B"}),
        ({"exptime": (60 * u.min, 61 * u.min)}, {"B"}),
        ({"timeres": (0.5 * u.s, 2 * u.s)}, {"A"}),
        ({"publisher_did": "ivo://uraniborg.example/ID?SIM.A"}, {"A"}),
        ({"collection": "CUBES"}, {"B"}),
        ({"facility": "Stjerneborg", "target_name": "Polaris"}, {"POLE"}),
        ({"instrument": ["ARMILLAE", "OTHER"]}, {"B"}),
        ({"data_type": "cube"}, {"B"}),
        ({"calib_level": 3}, {"B"}),
        ({"res_format": "application/x-votable+xml;content=datalink", "calib_level": 3}, {"B"}),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_every_parameter(sia2, parameters, expected):
    assert names(sia2.search(**parameters)) == expected


def test_records(sia2):
    (record,) = sia2.search(collection="CUBES")
    assert record.dataproduct_type == "cube"
    assert record.t_exptime == 3600 * u.s
    assert record.access_format == "application/x-votable+xml;content=datalink"
    assert record.em_min == 475e-9 * u.m


def test_limit(sia2):
    results = sia2.search(maxrec=2)
    assert len(results) == 2
    assert results.status[0] == "OVERFLOW"


def test_faults(sia2):
    with pytest.raises(DALQueryError, match="UsageFault: CALIB"):
        sia2.search(CALIB="7")


def test_capabilities(sia2):
    assert {str(capability.standardid) for capability in sia2.capabilities} >= {
        "ivo://ivoa.net/std/SIA#query-2.0",
        "ivo://ivoa.net/std/VOSI#availability",
    }


def test_links_and_cutouts_are_offered(sia2):
    results = sia2.search(pos=(10 * u.deg, 20 * u.deg, 0.1 * u.deg))
    standards = {
        str(parameter.value)
        for service in results.iter_adhocservices()
        for parameter in service.params
        if parameter.name == "standardID"
    }
    assert any(standard.startswith("ivo://ivoa.net/std/DataLink#links") for standard in standards)
    assert any(standard.startswith("ivo://ivoa.net/std/SODA#sync") for standard in standards)


def test_old_protocol(sia1):
    (record,) = sia1.search(pos=(10, 20), size=0.1)
    assert record.title == "Title of SIM.A"
    assert record.pos.ra.deg == 10.0
    assert record.format == "image/fits"
    assert record.getdataurl().endswith("/file/SIM.A")
    assert record.instr == "QUADRANS"
    assert record.dateobs.mjd == 60000.25
    assert list(record.naxis.value) == [100, 50]
    assert list(record.scale.value) == pytest.approx([-0.0001, 0.0001])
    assert record.filesize == 4000
    assert record.bandpass_lolimit.to_value("nm") == pytest.approx(500)
    assert record.coord_frame == "ICRS"


def test_old_errors(sia1):
    with pytest.raises(DALQueryError, match="SIZE"):
        sia1.search(pos=(10, 20), size=-1)
    assert len(sia1.search(pos=(10, 20), size=(0.1, 0.2), format="graphic")) == 0
