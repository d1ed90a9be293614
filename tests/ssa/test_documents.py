"""What the service says of itself, valid by the schemas."""

from __future__ import annotations

import io

import httpx
from astropy.io.votable import parse
from lxml import etree

from archive.declare.ssa import SSA
from ssa.parameters import PARAMETERS
from tests.xsd import validate

VOTABLE = {"v": "http://www.ivoa.net/xml/VOTable/v1.3"}
MANDATORY = (
    "Access.Reference",
    "Access.Format",
    "Dataset.DataModel",
    "Dataset.Length",
    "DataID.Title",
    "Curation.Publisher",
    "Char.SpatialAxis.Coverage.Location.Value",
    "Char.SpatialAxis.Coverage.Bounds.Extent",
    "Char.SpectralAxis.Coverage.Location.Value",
    "Char.SpectralAxis.Coverage.Bounds.Extent",
    "Char.TimeAxis.Coverage.Location.Value",
    "Char.TimeAxis.Coverage.Bounds.Extent",
    "Target.Pos",
)


def test_metadata_describes_every_parameter_and_has_no_rows(client: httpx.Client) -> None:
    response = client.get("/ssa/query", params={"REQUEST": "queryData", "FORMAT": "METADATA"})
    assert validate(response.content) == []
    results = parse(io.BytesIO(response.content)).resources[0]
    told = {param.name: param for param in results.params}
    asked = {parameter.name for parameter in PARAMETERS} - {"REQUEST"}
    assert {name.removeprefix("INPUT:") for name in told if name.startswith("INPUT:")} == asked
    assert all(told[f"INPUT:{name}"].description for name in asked)
    assert (told["INPUT:SIZE"].value, told["INPUT:SIZE"].unit.to_string()) == (0.2, "deg")
    assert "metadata" in [value for _, value in told["INPUT:FORMAT"].values.options]
    assert [info.value for info in results.infos if info.name == "QUERY_STATUS"] == ["OK"]
    assert len(results.tables[0].array) == 0


def test_maxrec_0_describes_as_well(client: httpx.Client) -> None:
    response = client.get("/ssa/query", params={"MAXREC": 0})
    assert validate(response.content) == []
    assert b'name="INPUT:POS"' in response.content


def test_results_have_all_mandatory_utypes(client: httpx.Client) -> None:
    response = client.get("/ssa/query")
    assert validate(response.content) == []
    results = etree.fromstring(response.content)
    utypes = results.xpath("//v:RESOURCE[@type='results']//@utype", namespaces=VOTABLE)
    assert {f"ssa:{utype}" for utype in MANDATORY} <= set(utypes)
    assert len(utypes) == len(set(utypes))
    assert {column.utype for column in SSA.columns if column.utype} <= set(utypes)


def test_service_descriptors_lead_on(client: httpx.Client) -> None:
    document = etree.fromstring(client.get("/ssa/query", params={"POS": "150,2"}).content)
    meta = document.xpath("v:RESOURCE[@type='meta']", namespaces=VOTABLE)
    assert [resource.get("ID") for resource in meta] == ["datalink", "soda", "this"]
    refs = document.xpath("//v:GROUP[@name='inputParams']/v:PARAM[@name='ID']/@ref", namespaces=VOTABLE)
    assert refs == ["PUBDID", "PUBDID"]
    url = document.xpath("//v:PARAM[@name='accessURL']/@value", namespaces=VOTABLE)[0]
    links = client.get(url, params={"ID": "ivo://archive.example/ID?ADP.2020-06-26T11:14:15.799"})
    assert links.status_code == 200 and b"/file/ADP.2020-06-26T11:14:15.799" in links.content


def test_capabilities_are_valid_and_their_test_query_gives_rows(client: httpx.Client) -> None:
    for path in ("/ssa", "/ssap"):
        response = client.get(f"{path}/capabilities")
        assert validate(response.content) == []
        document = etree.fromstring(response.content)
        (capability,) = document.xpath("capability[@standardID='ivo://ivoa.net/std/SSA']")
        address = capability.findtext("interface/accessURL")
        query = client.get(address + capability.findtext("testQuery/queryDataCmd"))
        assert len(parse(io.BytesIO(query.content)).get_first_table().array) > 0
        assert validate(client.get(f"{path}/availability").content) == []


def test_an_archive_without_spectra_is_described_too(empty_client: httpx.Client) -> None:
    response = empty_client.get("/ssa/capabilities")
    assert validate(response.content) == [] and b"testQuery" not in response.content
    assert len(parse(io.BytesIO(empty_client.get("/ssa/query").content)).get_first_table().array) == 0


def test_links_lead_to_the_delivered_spectrum(client: httpx.Client) -> None:
    def spectra(name: str) -> list[str]:
        response = client.get("/datalink/links", params={"ID": f"ivo://archive.example/ID?{name}"})
        rows = parse(io.BytesIO(response.content)).get_first_table().array
        return [str(row["access_url"]) for row in rows if row["semantics"] == "#proc"]

    urls = spectra("xshooter")
    assert [url.rpartition("?")[2] for url in urls] == ["FORMAT=votable", "FORMAT=fits"]
    assert [client.get(url).status_code for url in urls] == [200, 200]
    assert spectra("slit") == []
