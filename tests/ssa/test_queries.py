"""What a client asks, and which spectra it gets."""

from __future__ import annotations

import io
from collections.abc import Mapping

import httpx
import pytest
from astropy.io.votable import parse
from astropy.io.votable.tree import VOTableFile

from tests.ssa.spectra import POINTS
from tests.xsd import validate

STAR = "ADP.2020-06-26T11:14:15.799"
HARPS = "HARPS.2003-12-13T06:19:48.371_s1d_A"
SDSS, XSHOOTER = "sdss", "xshooter"
EVERY = {STAR, HARPS, SDSS, XSHOOTER}


def document(response: httpx.Response) -> VOTableFile:
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-votable+xml"
    return parse(io.BytesIO(response.content))


def rows(client: httpx.Client, **parameters: object) -> list[Mapping[str, object]]:
    table = document(client.get("/ssa/query", params=parameters)).get_first_table().to_table()
    return [dict(zip(table.colnames, row, strict=True)) for row in table]


def found(client: httpx.Client, **parameters: object) -> set[object]:
    return {row["dp_id"] for row in rows(client, **parameters)}


def fault(client: httpx.Client, **parameters: object) -> str:
    response = client.get("/ssa/query", params=parameters)
    assert response.status_code == 200 and validate(response.content) == []
    infos = {info.name: info for info in document(response).resources[0].infos}
    assert infos["QUERY_STATUS"].value == "ERROR" and infos["SERVICE_PROTOCOL"].value == "1.1"
    return str(infos["QUERY_STATUS"].content)


@pytest.mark.parametrize(
    ("parameters", "spectra"),
    [
        ({}, EVERY),
        ({"REQUEST": "queryData"}, EVERY),
        ({"REQUEST": "QUERYDATA", "VERSION": "1.1", "RUNID": "x", "COMPRESS": "true", "UNKNOWN": "1"}, EVERY),
        ({"POS": "150,2"}, {STAR}),
        ({"POS": "150,2.2", "SIZE": 0.3}, set()),
        ({"POS": "150,2.2", "SIZE": 0.5}, {STAR}),
        # The aperture of 1.8 arcseconds is part of the sky that a spectrum covers.
        ({"POS": "150.0002,2", "SIZE": 0}, {STAR}),
        ({"POS": "150.0003,2", "SIZE": 0}, set()),
        ({"POS": "150,-30", "SIZE": 0.001}, {HARPS}),
        ({"POS": "0,90", "SIZE": 4.2}, {XSHOOTER}),
        ({"POS": "0,0", "SIZE": 360}, EVERY),
        ({"POS": "234.9, 42.5;GALACTIC", "SIZE": 4}, {STAR}),
        ({"BAND": "4.5e-7"}, {STAR, SDSS}),
        ({"BAND": "/3.8e-7"}, {HARPS, SDSS}),
        ({"BAND": "5.4e-7/"}, {XSHOOTER, SDSS}),
        ({"BAND": "/3.1e-7,5.51e-7/5.52e-7"}, {XSHOOTER, SDSS}),
        ({"BAND": "R"}, {SDSS}),
        ({"BAND": "optical"}, EVERY),
        ({"BAND": "infrared"}, set()),
        ({"BAND": "/"}, EVERY),
        # At the redshift 3, what was 135 nm.
        ({"BAND": "1.34e-7/1.36e-7;source"}, {XSHOOTER}),
        ({"BAND": "1.34e-7/1.36e-7;observer"}, set()),
        ({"TIME": "2009"}, {STAR}),
        ({"TIME": "2009-06-18"}, {STAR}),
        ({"TIME": "2009-06-18T12:00:00"}, {STAR}),
        ({"TIME": "2009-06-18T12:00:01/"}, {XSHOOTER, SDSS}),
        ({"TIME": "/2003"}, {HARPS}),
        ({"TIME": "2003-12/2004,2017"}, {HARPS, SDSS}),
        ({"SPECRP": "40000/"}, {STAR}),
        ({"SPECRP": "40000"}, {STAR}),
        ({"SPECRP": "50000"}, set()),
        ({"SNR": "15/30"}, {HARPS, XSHOOTER}),
        ({"SNR": "20.5"}, {STAR}),
        ({"TIMERES": "1000"}, {HARPS, XSHOOTER}),
        ({"APERTURE": "0.0005"}, {STAR}),
        ({"APERTURE": "/0.0004"}, set()),
        ({"REDSHIFT": "3"}, {XSHOOTER}),
        ({"REDSHIFT": "0.00001/0.0001"}, {HARPS}),
        ({"VARAMPL": "0/"}, set()),
        ({"SPATRES": "1"}, set()),
        ({"TARGETNAME": "gl273"}, {HARPS}),
        ({"TARGETNAME": "Gl27_,QSO"}, {XSHOOTER}),
        ({"TARGETCLASS": "star"}, set()),
        ({"FLUXCALIB": "absolute"}, {STAR, XSHOOTER, SDSS}),
        ({"FLUXCALIB": "Relative"}, {HARPS}),
        ({"FLUXCALIB": "any"}, EVERY),
        ({"WAVECALIB": "absolute"}, EVERY),
        ({"COLLECTION": "uves,sdss"}, {STAR, SDSS}),
        ({"PUBDID": f"ivo://archive.example/ID?{STAR}"}, {STAR}),
        ({"PUBDID": f"IVO://Archive.Example/id?{HARPS}"}, {HARPS}),
        ({"PUBDID": f"ivo://elsewhere/ID?{STAR}"}, set()),
        ({"CREATORDID": "ivo://archive.example/origfile?star.fits"}, {STAR}),
        ({"MTIME": "/2001"}, set()),
        ({"MTIME": "2001/"}, EVERY),
        ({"FORMAT": "application/fits"}, EVERY),
        ({"FORMAT": "application/gzip"}, {XSHOOTER}),
        ({"FORMAT": "image/jpeg"}, set()),
        ({"POS": "150,2", "BAND": "R"}, set()),
    ],
    ids=lambda value: " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_queries(client: httpx.Client, parameters: dict[str, object], spectra: set[str]) -> None:
    assert found(client, **parameters) == spectra


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"POS": "abc"}, "POS: 'abc' is no position; give right ascension and declination"),
        ({"POS": "150,95"}, "not on the sky"),
        ({"POS": "150,2", "SIZE": "-1"}, "SIZE: -1.0 is less than 0"),
        ({"POS": "150,2", "SIZE": "wide"}, "SIZE: 'wide' is not a number"),
        ({"SIZE": "1"}, "SIZE: says nothing without POS"),
        ({"BAND": "blueish"}, "or Gamma-ray, X-ray, EUV"),
        ({"BAND": "1e-7;rest"}, "'rest' is no frame; use ;observer or ;source"),
        ({"TIME": "53000"}, "TIME: '53000' is no date; write ISO 8601"),
        ({"FORMAT": "jpeg"}, "FORMAT: 'jpeg' is not known here"),
        ({"SNR": "high"}, "SNR: 'high' is no number"),
        ({"MAXREC": "-1"}, "MAXREC: -1 is less than 0"),
        ({"TOP": "0"}, "TOP: 0 is less than 1"),
        ({"VERSION": "2.0"}, "VERSION: '2.0' is not spoken here; 1.1 is"),
        ({"REQUEST": "stageData"}, "REQUEST: 'stageData' is not known here"),
        ({"RESPONSEFORMAT": "docx"}, "unknown format 'docx'"),
        ({"REQUEST": "getData"}, "PUBDID: getData sends one spectrum"),
        ({"POS": ["1,2", "3,4"]}, "POS: given 2 times"),
    ],
    ids=str,
)
def test_faults(client: httpx.Client, parameters: dict[str, object], told: str) -> None:
    assert told in fault(client, **parameters)


def test_get_and_post_say_the_same_and_head_says_nothing(client: httpx.Client) -> None:
    asked = {"pos": "150,2", "Size": "0.1"}
    ids = document(client.post("/ssa/query", data=asked)).get_first_table().array["dp_id"]
    assert list(ids) == [STAR]
    head = client.head("/ssa/query", params=asked)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "application/x-votable+xml"
    assert (
        "is no position"
        in document(client.post("/ssa/query", data={"POS": "?"})).resources[0].infos[0].content
    )


def test_a_row_tells_everything_of_its_spectrum(client: httpx.Client) -> None:
    (row,) = rows(client, POS="150,2")
    base = str(client.base_url).rstrip("/")
    assert row["access_url"] == row["file_url"] == f"{base}/file/{STAR}"
    assert row["access_format"] == "application/fits"
    assert row["length"] == POINTS and row["title"] == "Star, the bright UVES spectrum"
    assert row["data_model"] == "SPECTRUM V2.0"
    assert list(row["location"]) == list(row["target_pos"]) == pytest.approx([150.0, 2.0], abs=1e-4)
    assert row["em_mid"] == pytest.approx(450.1e-9) and row["em_extent"] == pytest.approx(100e-9)
    assert row["t_mid"] == pytest.approx(55000.375) and row["t_extent"] == pytest.approx(21600.0)
    assert (row["em_unit"], row["em_si"], row["em_ucd"]) == ("Angstrom", "1E-10 L", "em.wl;obs.atmos")
    assert (row["SPECRP"], row["SNR"], row["FLUXCALIB"]) == (45000.0, 54.5, "absolute")
    assert str(row["creation_date"]).startswith("2020-06-23T03:32:35")


def test_a_packed_file_is_offered_unpacked(client: httpx.Client) -> None:
    (row,) = rows(client, TARGETNAME="QSO")
    assert row["access_url"].endswith(f"/spectrum/{XSHOOTER}?FORMAT=fits")
    assert (row["access_format"], row["data_model"]) == ("application/fits", "Spectrum-1.1")
    (native,) = rows(client, TARGETNAME="QSO", FORMAT="native")
    assert native["access_url"].endswith(f"/file/{XSHOOTER}")
    assert native["access_format"] == "application/gzip"


def test_all_forms_of_a_spectrum_belong_together(client: httpx.Client) -> None:
    several = rows(client, POS="150,2", FORMAT="all")
    assert [row["access_format"] for row in several] == [
        "application/fits",
        "application/fits",
        "application/x-votable+xml",
        "image/png",
    ]
    assert {row["assoc_id"] for row in several} == {f"ivo://archive.example/ID?{STAR}"}
    assert {(row["assoc_type"], row["assoc_key"]) for row in several} == {("MultiFormat", "@Access.Format")}
    assert len({row["access_url"] for row in several}) == 4


def test_overflow_and_top(client: httpx.Client) -> None:
    def statuses(**parameters: object) -> list[str]:
        results = document(client.get("/ssa/query", params=parameters)).resources[0]
        return [info.value for info in results.infos if info.name == "QUERY_STATUS"]

    assert statuses(MAXREC=2) == ["OK", "OVERFLOW"]
    assert statuses(MAXREC=4) == ["OK"]
    assert statuses(MAXREC=0) == ["OK", "OVERFLOW"]
    assert statuses(TOP=2) == ["OK"] and len(rows(client, TOP=2)) == 2
    assert statuses(FORMAT="all", MAXREC=15) == ["OK", "OVERFLOW"]
    nearest = [row["dp_id"] for row in rows(client, POS="150,-29", SIZE=360, TOP=2)]
    assert nearest == [HARPS, STAR]


def test_other_formats_of_the_table(client: httpx.Client) -> None:
    response = client.get("/ssa/query", params={"RESPONSEFORMAT": "csv", "POS": "150,2"})
    assert response.headers["content-type"] == "text/csv;header=present"
    assert response.text.splitlines()[1].startswith(STAR)


def test_getdata_leads_to_the_spectrum(client: httpx.Client) -> None:
    asked = {"REQUEST": "getData", "PUBDID": f"ivo://archive.example/ID?{STAR}", "FORMAT": "votable"}
    response = client.get("/ssa/query", params=asked)
    assert response.status_code == 303
    assert response.headers["location"].endswith(f"/spectrum/{STAR}?FORMAT=votable")
    assert client.get(response.headers["location"]).status_code == 200
    capabilities = client.get("/ssa/query", params={"REQUEST": "getCapabilities"})
    assert capabilities.headers["location"].endswith("/ssa/capabilities")


def test_eso_s_address_is_an_alias(client: httpx.Client) -> None:
    response = client.get("/ssap", params={"REQUEST": "queryData", "POS": "150,2", "SIZE": "0.5"})
    table = document(response).get_first_table().array
    # What ESO's own example script reads.
    names = ("COLLECTION", "TARGETNAME", "s_ra", "s_dec", "APERTURE", "em_min", "em_max", "SPECRP", "SNR")
    for name in (*names, "t_min", "t_max", "CREATORDID", "access_url", "dp_id"):
        assert table[name][0] is not None
