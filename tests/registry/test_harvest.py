"""Harvesting as a registry does it: OAI-PMH 2.0 over HTTP, every answer valid."""

from __future__ import annotations

import re

import httpx
import pytest
from lxml import etree

from archive.protocol.registry import service
from tests.registry.conftest import STARS, load_stars
from tests.xsd import validate

NAMES = {
    "oai": "http://www.openarchives.org/OAI/2.0/",
    "ri": "http://www.ivoa.net/xml/RegistryInterface/v1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
ALL = {"verb": "ListRecords", "metadataPrefix": "ivo_vor"}
TABLE = "ivo://uraniborg.example/table/novae.stars_V1"


def ask(registry: httpx.Client, method: str = "GET", **arguments: str) -> etree._Element:
    sent = {"params": arguments} if method == "GET" else {"data": arguments}
    answer = registry.request(method, "/oai", **sent)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert validate(answer.content) == []
    return etree.fromstring(answer.content)


def texts(tree: etree._Element, path: str) -> list[str]:
    return [str(found) for found in tree.xpath(path, namespaces=NAMES)]


def error(tree: etree._Element) -> str:
    (code,) = texts(tree, "/oai:OAI-PMH/oai:error/@code")
    return code


def harvest(registry: httpx.Client, **first: str) -> tuple[list[str], int]:
    """Identifiers in the order of the list, and how many parts it had."""
    tree = ask(registry, **first)
    identifiers, parts = texts(tree, "//oai:header/oai:identifier/text()"), 1
    while token := "".join(texts(tree, "//oai:resumptionToken/text()")):
        tree = ask(registry, verb=first["verb"], resumptionToken=token)
        identifiers += texts(tree, "//oai:header/oai:identifier/text()")
        parts += 1
    return identifiers, parts


def test_what_is_registered(registry):
    tree = ask(registry, **ALL)
    identifiers = texts(tree, "//ri:Resource/identifier/text()")
    types = dict(zip(identifiers, texts(tree, "//ri:Resource/@xsi:type"), strict=True))
    place = "ivo://uraniborg.example"
    assert types[place] == "vg:Authority"
    assert types[f"{place}/organisation"] == "vr:Organisation"
    assert types[f"{place}/registry"] == "vg:Registry"
    for name in ("tap", "tap_obs", "tap_cat", "sia2", "sia1", "ssa"):
        assert types[f"{place}/{name}"] == "vs:CatalogService", name
    assert {types[f"{place}/datalink"], types[f"{place}/soda"]} == {"vs:DataService"}
    assert types[TABLE] == "vs:CatalogService"


def test_record_of_a_catalogue(registry):
    tree = ask(registry, verb="GetRecord", metadataPrefix="ivo_vor", identifier=TABLE)
    assert texts(tree, "//ri:Resource/title/text()") == ["New stars"]
    assert texts(tree, "//content/description/text()") == [STARS.description]
    assert texts(tree, "//capability/@standardID")[0] == "ivo://ivoa.net/std/ConeSearch"
    assert "ivo://ivoa.net/std/TAP#aux" in texts(tree, "//capability/@standardID")
    assert texts(tree, "//relationship/relatedResource/@ivo-id") == ["ivo://uraniborg.example/tap"]
    assert texts(tree, "//tableset/schema/table/column/name/text()") == ["star", "ra", "dec"]
    (moc,) = texts(tree, "//coverage/spatial/text()")
    order, cells = moc.split("/")
    assert order == "6" and len(re.findall(r"\d+", cells)) == 2
    # The test query is one that finds something.
    ra, dec, radius = (texts(tree, f"//testQuery/{name}/text()")[0] for name in ("ra", "dec", "sr"))
    found = registry.get("/cone/novae.stars_V1", params={"RA": ra, "DEC": dec, "SR": radius})
    assert b"<TR>" in found.content


def test_coverage_of_observations(registry):
    tree = ask(
        registry, verb="GetRecord", metadataPrefix="ivo_vor", identifier="ivo://uraniborg.example/sia2"
    )
    assert texts(tree, "//coverage/temporal/text()") == ["60000 60011"]
    (energies,) = texts(tree, "//coverage/spectral/text()")
    least, most = map(float, energies.split())
    planck = 6.62607015e-34 * 299792458
    assert least == pytest.approx(planck / 1000e-9, rel=1e-4)
    assert most == pytest.approx(planck / 300e-9, rel=1e-4)
    assert texts(tree, "//coverage/waveband/text()") == ["Optical", "Infrared"]
    (moc,) = texts(tree, "//coverage/spatial/text()")
    cells = {cell for part in moc.split() for cell in [part.rpartition("/")[2]]}
    assert len(cells) > 4


def test_identification(registry):
    tree = ask(registry, verb="Identify")
    assert texts(tree, "//oai:deletedRecord/text()") == ["persistent"]
    assert texts(tree, "//oai:description/ri:Resource/@xsi:type") == ["vg:Registry"]
    assert texts(tree, "//oai:baseURL/text()") == texts(tree, "//interface/accessURL/text()")
    assert texts(tree, "//managedAuthority/text()") == ["uraniborg.example"]


def test_formats_and_sets(registry):
    tree = ask(registry, verb="ListMetadataFormats")
    assert texts(tree, "//oai:metadataPrefix/text()") == ["ivo_vor", "oai_dc"]
    assert error(ask(registry, verb="ListMetadataFormats", identifier="ivo://nobody")) == "idDoesNotExist"
    assert texts(ask(registry, verb="ListSets"), "//oai:setSpec/text()") == ["ivo_managed"]
    tree = ask(registry, **ALL | {"metadataPrefix": "oai_dc", "set": "ivo_managed"})
    assert "New stars" in texts(tree, "//dc:title/text()")


def test_identifiers_in_any_case(registry):
    tree = ask(registry, verb="GetRecord", metadataPrefix="oai_dc", identifier=TABLE.upper())
    assert texts(tree, "//oai:header/oai:identifier/text()") == [TABLE]


def test_posted(registry):
    assert texts(ask(registry, "POST", **ALL), "//oai:identifier/text()") == harvest(registry, **ALL)[0]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"),
        ("verb=identify", "badVerb"),
        ("verb=ListNothing", "badVerb"),
        ("verb=Identify&identifier=x", "badArgument"),
        ("verb=GetRecord&metadataPrefix=ivo_vor", "badArgument"),
        ("verb=GetRecord&identifier=ivo://x", "badArgument"),
        ("verb=GetRecord&identifier=ivo://x&metadataPrefix=ivo_vor", "idDoesNotExist"),
        ("verb=GetRecord&identifier=%00&metadataPrefix=ivo_vor", "idDoesNotExist"),
        ("verb=GetRecord&identifier=ivo://x&metadataPrefix=marc", "cannotDisseminateFormat"),
        ("verb=ListRecords", "badArgument"),
        ("verb=ListRecords&metadataPrefix=marc", "cannotDisseminateFormat"),
        ("verb=ListRecords&metadataPrefix=ivo_vor&metadataPrefix=ivo_vor", "badArgument"),
        ("verb=ListRecords&metadataPrefix=ivo_vor&from=yesterday", "badArgument"),
        ("verb=ListRecords&metadataPrefix=ivo_vor&from=2026-02-30", "badArgument"),
        ("verb=ListRecords&metadataPrefix=ivo_vor&from=2026-01-01&until=2026-01-02T00:00:00Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=ivo_vor&from=2026-01-02&until=2026-01-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=ivo_vor&until=1990-01-01", "noRecordsMatch"),
        ("verb=ListIdentifiers&metadataPrefix=ivo_vor&from=2999-01-01", "noRecordsMatch"),
        ("verb=ListIdentifiers&metadataPrefix=ivo_vor&set=else", "noRecordsMatch"),
        ("verb=ListRecords&resumptionToken=x", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=WzEsMl0", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=", "badResumptionToken"),
        ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=x&metadataPrefix=ivo_vor", "badArgument"),
    ],
)
def test_refusals_are_of_the_protocol(registry, query, code):
    answer = registry.get(f"/oai?{query}")
    assert answer.status_code == 200
    assert validate(answer.content) == []
    tree = etree.fromstring(answer.content)
    assert error(tree) == code
    repeated = texts(tree, "/oai:OAI-PMH/oai:request/@verb")
    assert bool(repeated) == (code not in {"badVerb", "badArgument"})


def test_a_list_in_parts_ends_on_what_it_began_with(changing, monkeypatch):
    registry, database = changing
    monkeypatch.setattr(service, "PAGE", 4)
    whole, parts = harvest(registry, **ALL)
    assert parts == -(-len(whole) // 4) and len(set(whole)) == len(whole)
    tree = ask(registry, verb="ListIdentifiers", metadataPrefix="ivo_vor")
    seen = texts(tree, "//oai:header/oai:identifier/text()")
    assert texts(tree, "//oai:resumptionToken/@completeListSize") == [str(len(whole))]
    # Meanwhile a catalogue goes and the harvest of somebody else notices.
    database.unpublish(STARS.name)
    assert TABLE in harvest(registry, **ALL)[0]
    assert "deleted" in texts(
        ask(registry, verb="GetRecord", metadataPrefix="ivo_vor", identifier=TABLE), "//@status"
    )
    cursors = []
    while token := "".join(texts(tree, "//oai:resumptionToken/text()")):
        tree = ask(registry, verb="ListIdentifiers", resumptionToken=token)
        cursors += texts(tree, "//oai:resumptionToken/@cursor")
        seen += texts(tree, "//oai:header/oai:identifier/text()")
        assert not texts(tree, "//oai:header/@status")
    assert seen == whole
    assert cursors == [str(cursor) for cursor in range(4, len(whole), 4)]


def test_datestamps_move_with_content_only(changing):
    registry, database = changing

    def stamps() -> dict[str, str]:
        tree = ask(registry, **ALL)
        identifiers = texts(tree, "//oai:header/oai:identifier/text()")
        return dict(zip(identifiers, texts(tree, "//oai:header/oai:datestamp/text()"), strict=True))

    stamps()
    with database.writer() as connection:
        connection.execute(
            "UPDATE archive.registry_record SET datestamp = '2020-01-02', created = '2020-01-02'"
        )
    database.refresh_row_counts()
    before = stamps()
    assert set(before.values()) == {"2020-01-02T00:00:00Z"}
    load_stars(database, [(1.0, 2.0)])
    after = stamps()
    changed = {name for name in after if after[name] != before[name]}
    # The catalogue has another coverage, and TAP's list of tables another number of rows.
    assert TABLE in changed and "ivo://uraniborg.example/sia2" not in changed
    tree = ask(registry, verb="GetRecord", metadataPrefix="ivo_vor", identifier=TABLE)
    assert texts(tree, "//ri:Resource/@created") == ["2020-01-02T00:00:00Z"]
    assert texts(tree, "//ri:Resource/@updated") == [after[TABLE]]
    later = harvest(registry, **ALL | {"from": "2020-01-03"})[0]
    assert set(later) == changed
    assert (
        set(harvest(registry, **ALL | {"from": "2020-01-02", "until": "2020-01-02"})[0])
        == set(after) - changed
    )


def test_deleted_records_stay_and_come_back(changing):
    registry, database = changing
    harvest(registry, **ALL)
    database.unpublish(STARS.name)
    tree = ask(registry, **ALL)
    gone = "//oai:record[oai:header/@status='deleted']"
    assert texts(tree, f"{gone}//oai:identifier/text()") == [TABLE]
    assert not texts(tree, f"{gone}/oai:metadata")
    load_stars(database, [(1.0, 2.0)])
    tree = ask(registry, **ALL)
    assert not texts(tree, gone) and TABLE in texts(tree, "//oai:identifier/text()")


def test_old_revisions_are_forgotten(changing, monkeypatch):
    registry, database = changing
    monkeypatch.setattr(service, "PAGE", 4)
    (token,) = texts(ask(registry, **ALL), "//oai:resumptionToken/text()")
    with database.writer() as connection:
        connection.execute("UPDATE archive.registry_revision SET made = now() - interval '3 days'")
    database.unpublish(STARS.name)
    ask(registry, **ALL)
    assert error(ask(registry, verb="ListRecords", resumptionToken=token)) == "badResumptionToken"
