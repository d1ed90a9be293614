"""What /datalink/links answers: the rows of each kind of file, faults, limits, formats."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from archive.database import Database
from archive.protocol.datalink.answer import MOST_IDS
from archive.query.vocabularies import matching_terms
from tests.datalink.conftest import served
from tests.datalink.small_archive import (
    BIAS,
    CATALOGUE,
    FLAT,
    FOOTPRINT,
    IMAGE,
    KEPT,
    LOST,
    MFLAT,
    README,
    SCI,
    SPECTRUM,
    STRANGE,
    WEIGHT,
    did,
    fill,
    keep,
)
from tests.xsd import validate

LINKS = "application/x-votable+xml;content=datalink"
SPACE = {"v": "http://www.ivoa.net/xml/VOTable/v1.3"}
ONE_OF = ("access_url", "service_def", "error_message")


def links(site: httpx.Client, *ids: str, **parameters: object) -> list[dict[str, Any]]:
    answer = site.post("/datalink/links", data={"ID": ids, "RESPONSEFORMAT": "json", **parameters})
    assert answer.status_code == 200, answer.text
    document = answer.json()
    names = [column["name"] for column in document["metadata"]]
    return [dict(zip(names, row, strict=True)) for row in document["data"]]


def document(site: httpx.Client, *ids: str, **parameters: object) -> etree._Element:
    answer = site.get("/datalink/links", params={"ID": ids, **parameters})
    assert (answer.status_code, answer.headers["content-type"]) == (200, LINKS)
    assert validate(answer.content) == []
    return etree.fromstring(answer.content)


def related(rows: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """Semantics and identifier of the links to files of the archive, the file itself left out."""
    found = ((row["semantics"], row["eso_datalink"]) for row in rows)
    return [(term, url.rpartition("?")[2]) for term, url in found if url and term != "#this"]


@pytest.mark.parametrize(
    ("dp_id", "expected"),
    [
        (SCI, [("#derivation", IMAGE), ("#derivation", SPECTRUM)]),
        (BIAS, [("#derivation", IMAGE), ("#derivation", SPECTRUM), ("#derivation", MFLAT)]),
        (FLAT, [("#derivation", MFLAT)]),
        # A raw flat is what a master flat was made of, a bias what it was calibrated with.
        (MFLAT, [("#bias", BIAS), ("#progenitor", FLAT), ("#derivation", IMAGE)]),
        (
            IMAGE,
            [
                ("#documentation", README),
                ("#weight", WEIGHT),
                ("#bias", BIAS),
                ("#flat", MFLAT),
                ("#progenitor", SCI),
                ("#derivation", CATALOGUE),
                ("#coderived", SPECTRUM),
            ],
        ),
        (WEIGHT, [("#coderived", IMAGE)]),
        (SPECTRUM, [("#bias", BIAS), ("#progenitor", SCI), ("#coderived", IMAGE)]),
        (CATALOGUE, [("#progenitor", IMAGE)]),
        (KEPT, []),
    ],
)
def test_from_raw_to_products_and_back(
    site: httpx.Client, dp_id: str, expected: list[tuple[str, str]]
) -> None:
    assert related(links(site, dp_id)) == expected


def test_the_file_itself(site: httpx.Client) -> None:
    row = links(site, did(IMAGE))[0]
    base = str(site.base_url).rstrip("/")
    assert row == {
        "ID": did(IMAGE),
        "access_url": f"{base}/file/{IMAGE}",
        "service_def": None,
        "error_message": None,
        "semantics": "#this",
        "description": f"The file {IMAGE} (M 83 in H)",
        "content_type": "application/fits",
        "content_length": 2880,
        "content_qualifier": "#image",
        "local_semantics": "file",
        "link_auth": "optional",
        "link_authorized": True,
        "eso_category": "SCIENCE.IMAGE",
        "eso_origfile": "m83_h.fits",
        "eso_datalink": f"{base}/datalink/links?ID={did(IMAGE)}",
    }


def test_previews_and_documents(site: httpx.Client) -> None:
    base = str(site.base_url).rstrip("/")
    found = [
        (row["semantics"], row["access_url"], row["content_type"])
        for row in links(site, IMAGE)
        if not row["eso_datalink"] and row["access_url"]
    ]
    assert found == [
        ("#preview", f"{base}/preview/{IMAGE}", "image/png"),
        ("#preview-image", f"{base}/preview/{IMAGE}?FORMAT=jpeg&SIZE=1024", "image/jpeg"),
        ("#thumbnail", f"{base}/preview/{IMAGE}?SIZE=128", "image/png"),
        ("#detached-header", f"{base}/header/{IMAGE}", "text/plain"),
        ("#documentation", f"{base}/lineage/{IMAGE}", "application/json"),
        ("#documentation", f"{base}/dataset/{IMAGE}", "text/html"),
        ("#documentation", f"{base}/hdr?DpId={IMAGE}", "text/html"),
        ("#documentation", "https://www.example.org/cam/7", None),
        ("#documentation", "https://www.example.org/cam", None),
    ]
    plot = next(row for row in links(site, SPECTRUM) if row["semantics"] == "#preview-plot")
    assert (plot["access_url"], plot["content_type"]) == (
        f"{base}/preview/{SPECTRUM}?FORMAT=svg",
        "image/svg+xml",
    )
    # What is no FITS file has no headers.
    assert "#detached-header" not in {row["semantics"] for row in links(site, README)}
    assert "#preview" not in {row["semantics"] for row in links(site, CATALOGUE, BIAS, KEPT)}


def test_each_row_has_one_target_and_a_known_meaning(site: httpx.Client) -> None:
    for row in links(site, SCI, BIAS, MFLAT, IMAGE, WEIGHT, SPECTRUM, CATALOGUE, KEPT, LOST, "no such"):
        assert sum(row[name] is not None for name in ONE_OF) == 1
        assert matching_terms("datalink/core", row["semantics"])
        assert row["error_message"] or row["description"]


def test_cutouts_come_with_the_limits_of_the_dataset(site: httpx.Client) -> None:
    root = document(site, IMAGE, SPECTRUM, CATALOGUE)
    cutouts = [row for row in links(site, IMAGE, SPECTRUM, CATALOGUE) if row["semantics"] == "#cutout"]
    assert [(row["ID"], row["service_def"]) for row in cutouts] == [(IMAGE, "soda-1"), (SPECTRUM, "soda-2")]
    described = {
        resource.get("ID"): {
            param.get("name"): (param.get("value"), param.xpath("v:VALUES/*/@value", namespaces=SPACE))
            for param in resource.xpath("v:GROUP/v:PARAM", namespaces=SPACE)
        }
        for resource in root.xpath("v:RESOURCE[@utype='adhoc:service']", namespaces=SPACE)
    }
    assert list(described) == ["soda-1", "soda-2"]
    # Clients offer them by their names.
    names = root.xpath("v:RESOURCE[@utype='adhoc:service']/@name", namespaces=SPACE)
    assert names == [f"cut-outs of {did(IMAGE)}", f"cut-outs of {did(SPECTRUM)}"]
    assert described["soda-1"]["ID"] == (did(IMAGE), [])
    assert described["soda-1"]["POLYGON"][1] == [FOOTPRINT.removeprefix("POLYGON ICRS ")]
    assert described["soda-2"]["ID"] == (did(SPECTRUM), [])
    assert described["soda-2"]["BAND"][1] == ["4e-07", "9e-07"]


@pytest.mark.parametrize(
    ("identifier", "fault"),
    [
        ("ADP.none", "NotFoundFault: "),
        (did("ADP.none"), "NotFoundFault: "),
        (f"ivo://elsewhere/ID?{IMAGE}", "NotFoundFault: "),
        ("ivo://uraniborg.example/ID", "UsageFault: "),
        ("ivo:nonsense", "UsageFault: "),
        ("a\x00b", "NotFoundFault: "),
        ("'; DROP TABLE x; --", "NotFoundFault: "),
        ("x" * 100_000, "NotFoundFault: "),
        ("\N{FIRE} <&>", "NotFoundFault: "),
    ],
)
def test_faults_are_rows(site: httpx.Client, identifier: str, fault: str) -> None:
    rows = links(site, identifier, SCI)
    assert rows[0]["ID"] == identifier
    assert rows[0]["semantics"] == "#this"
    assert rows[0]["error_message"].startswith(fault)
    assert {row["ID"] for row in rows[1:]} == {SCI}
    # In XML too, though it cannot hold all of them.
    content = site.post("/datalink/links", data={"ID": [identifier, SCI]}).content
    assert validate(content) == []


def test_a_dataset_without_its_file_says_so(site: httpx.Client) -> None:
    first = links(site, LOST)[0]
    assert first["error_message"] == f"NotFoundFault: the archive does not have the file {LOST}"
    assert "#cutout" not in {row["semantics"] for row in links(site, LOST)}


def test_identifiers_come_back_as_they_were_sent(site: httpx.Client) -> None:
    written = [
        did(IMAGE),
        IMAGE,
        f"IVO://URANIBORG.example/id?{IMAGE}",
        STRANGE,
        did("a%2Bb%20%26%20%3Cc%3E%2541"),
    ]
    rows = links(site, *written, written[0])
    assert list(dict.fromkeys(row["ID"] for row in rows)) == written
    files = {row["access_url"].rpartition("/")[2] for row in rows if row["semantics"] == "#this"}
    assert files == {IMAGE, "a%2Bb%20%26%20%3Cc%3E%2541"}
    # A repeated identifier is answered once.
    assert len(rows) == 3 * len(links(site, IMAGE)) + 2 * len(links(site, STRANGE))


def test_a_new_version_has_the_new_size(fresh_database: Database, tmp_path: Path) -> None:
    fill(fresh_database)
    with fresh_database.writer() as connection:
        keep(connection, [IMAGE], version=2, size=5760)
    with served(fresh_database, tmp_path) as site:
        assert links(site, IMAGE)[0]["content_length"] == 5760


def test_without_an_identifier_there_are_columns_and_the_service_itself(site: httpx.Client) -> None:
    root = document(site)
    names = root.xpath("//v:FIELD/@name", namespaces=SPACE)
    assert names[:8] == [
        "ID",
        "access_url",
        "service_def",
        "error_message",
        "semantics",
        "description",
        "content_type",
        "content_length",
    ]
    assert root.xpath("//v:TR", namespaces=SPACE) == []
    assert status(root) == ["OK"]
    assert root.xpath("v:RESOURCE[@type='meta']/@utype", namespaces=SPACE) == ["adhoc:this"]
    length = root.xpath("//v:FIELD[@name='content_length']", namespaces=SPACE)[0]
    assert (length.get("datatype"), length.get("unit")) == ("long", "byte")


def status(root: etree._Element) -> list[str]:
    return root.xpath("//v:INFO[@name='QUERY_STATUS']/@value", namespaces=SPACE)


def test_the_standard_is_named_first(site: httpx.Client) -> None:
    first = document(site, IMAGE).xpath("v:RESOURCE[@type='results']/*[1]", namespaces=SPACE)[0]
    assert dict(first.attrib) == {"name": "standardID", "value": "ivo://ivoa.net/std/DataLink#links-1.1"}


@pytest.mark.parametrize(
    ("maxrec", "answered"), [(0, []), (1, []), (11, []), (12, [SCI]), (20, [SCI]), (21, [SCI, BIAS])]
)
def test_overflow_never_cuts_an_identifier(site: httpx.Client, maxrec: int, answered: list[str]) -> None:
    assert [len(links(site, dp_id)) for dp_id in (SCI, BIAS, SPECTRUM)] == [12, 9, 15]
    root = document(site, SCI, BIAS, SPECTRUM, MAXREC=maxrec)
    ids = root.xpath("//v:TR/v:TD[1]/text()", namespaces=SPACE)
    assert list(dict.fromkeys(ids)) == answered
    assert status(root)[-1] == "OVERFLOW"
    # No descriptor stays behind that no row refers to.
    descriptors = root.xpath("v:RESOURCE[@utype='adhoc:service']/@ID", namespaces=SPACE)
    assert descriptors == (["soda-1"] if ids else [])


def test_a_limit_that_just_suffices(site: httpx.Client) -> None:
    assert status(document(site, SCI, BIAS, MAXREC=21)) == ["OK"]


def test_more_identifiers_than_are_answered_at_once(site: httpx.Client) -> None:
    ids = [f"none-{i}" for i in range(MOST_IDS + 1)]
    answer = site.post("/datalink/links", data={"ID": ids})
    root = etree.fromstring(answer.content)
    assert len(root.xpath("//v:TR", namespaces=SPACE)) == MOST_IDS
    assert status(root)[-1] == "OVERFLOW"


@pytest.mark.parametrize(
    ("wanted", "media_type"),
    [
        (None, LINKS),
        ("votable", LINKS),
        (LINKS, LINKS),
        ("application/x-votable+xml; content=datalink", LINKS),
        ("application/x-votable+xml", "application/x-votable+xml"),
        ("text/xml", "text/xml"),
        ("csv", "text/csv;header=present"),
        ("application/json", "application/json"),
    ],
)
def test_formats(site: httpx.Client, wanted: str | None, media_type: str) -> None:
    parameters = {"ID": IMAGE} | ({"RESPONSEFORMAT": wanted} if wanted else {})
    for answer in (
        site.get("/datalink/links", params=parameters),
        site.head("/datalink/links", params=parameters),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)


def test_multipart_and_parameters_in_the_address(site: httpx.Client) -> None:
    parts = [("ID", (None, IMAGE)), ("id", (None, BIAS))]
    answer = site.post(f"/datalink/links?id={SCI}&RESPONSEFORMAT=json&unknown=1", files=parts)
    assert list(dict.fromkeys(row[0] for row in answer.json()["data"])) == [SCI, IMAGE, BIAS]


@pytest.mark.parametrize("query", ["MAXREC=-1", "MAXREC=a", "RESPONSEFORMAT=nonsense", "MAXREC=1&MAXREC=2"])
def test_faults_of_the_request(site: httpx.Client, query: str) -> None:
    answer = site.get(f"/datalink/links?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/x-votable+xml")
    info = etree.fromstring(answer.content).xpath("//v:INFO", namespaces=SPACE)[0]
    assert info.get("value") == "ERROR"
    assert info.text.startswith("UsageFault: ")


def test_faults_elsewhere(site: httpx.Client) -> None:
    answer = site.get("/datalink/nothing")
    assert answer.status_code == 404
    assert "NotFoundFault: " in answer.text


def test_documents_of_vosi(site: httpx.Client) -> None:
    for name in ("capabilities", "availability"):
        answer = site.get(f"/datalink/{name}")
        assert answer.status_code == 200
        assert validate(answer.content) == []
    capability = etree.fromstring(site.get("/datalink/capabilities").content).find("capability")
    assert capability.get("standardID") == "ivo://ivoa.net/std/DataLink#links-1.1"
    assert capability.findtext("interface/accessURL") == f"{site.base_url}".rstrip("/") + "/datalink/links"
