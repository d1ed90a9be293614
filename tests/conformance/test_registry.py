"""The registry as a harvester and then pyvo read it, and from its records alone to rows of every service."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from urllib.parse import parse_qs

import httpx
import pyarrow as pa
import pytest
import pyvo
from lxml import etree
from pyvo.io.vosi import parse_availability, parse_capabilities
from pyvo.io.vosi.endpoint import CapabilitiesFile

from archive.declare.columns import Column
from archive.declare.semantics import ICRS
from archive.declare.tables import Schema, Table
from archive.declare.types import DOUBLE
from archive.protocol.registry import keeper
from tests.conformance.conftest import Site
from tests.conformance.harvester import OAI, Harvester

# pyvo leaves its connections to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

SERVICES = ("tap", "tap_obs", "tap_cat", "sia2", "sia1", "ssa", "datalink", "soda")
NOVAE = Table(
    "conformance.novae",
    (
        Column("ra", DOUBLE, unit="deg", ucd="pos.eq.ra;meta.main", coosys=ICRS),
        Column("dec", DOUBLE, unit="deg", ucd="pos.eq.dec;meta.main", coosys=ICRS),
    ),
    title="New stars",
    description="Stars that come and go",
    positions=(("ra", "dec"),),
)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def harvester(site: Site, client: httpx.Client) -> Harvester:
    own = Harvester(client, f"{site.address}/oai")
    assert own.harvest() >= {f"ivo://{site.config.authority}/{name}" for name in SERVICES}
    return own


def capabilities(resource: etree._Element) -> CapabilitiesFile:
    """The capabilities in a record, as pyvo reads those that a service sends."""
    root = etree.Element("{http://www.ivoa.net/xml/VOSICapabilities/v1.0}capabilities", nsmap=resource.nsmap)
    root.extend(etree.fromstring(etree.tostring(resource)).findall("capability"))
    with warnings.catch_warnings():
        # pyvo knows TAP's extension alone, none of those for images, spectra, cones and parameters; and it
        # takes a second queryType, which VODataService 1.2 has for services that take GET and POST, for one
        # too many.
        warnings.filterwarnings("ignore", "Unknown xsi:type (sia|ssap|cs|vg):")
        warnings.filterwarnings("ignore", ".*UnknownElementWarning: Unknown element ")
        warnings.filterwarnings("ignore", ".*W17: ParamHTTP element contains more than one ParamHTTP")
        return parse_capabilities(io.BytesIO(etree.tostring(root)))


def address(resource: etree._Element, standard: str) -> str:
    """Where a service is, by the record."""
    matching = [one for one in capabilities(resource) if str(one.standardid).lower() == standard.lower()]
    assert matching, standard
    return str(matching[0].interfaces[0].accessurls[0].content)


def test_everything_in_records_is_valid_and_readable(harvester: Harvester, site: Site) -> None:
    place = f"ivo://{site.config.authority}"
    kinds = {name: record.get(f"{{{OAI['xsi']}}}type") for name, record in harvester.records.items()}
    assert {place: "vg:Authority", f"{place}/registry": "vg:Registry"}.items() <= kinds.items()
    for name, record in harvester.records.items():
        with_capabilities = record.find("capability") is not None
        assert with_capabilities or kinds[name] in {"vg:Authority", "vr:Organisation", "vs:DataCollection"}
        if with_capabilities:
            assert all(capability.standardid for capability in capabilities(record)), name


def test_records_say_what_the_services_say(harvester: Harvester, client: httpx.Client, site: Site) -> None:
    for name in SERVICES:
        record = harvester.records[f"ivo://{site.config.authority}/{name}"]
        own = client.get(f"{site.address}/{name}/capabilities")
        own_standards = [str(one.standardid) for one in capabilities(etree.fromstring(own.content))]
        assert own_standards == [str(one.standardid) for one in capabilities(record)]
        up = parse_availability(io.BytesIO(client.get(f"{site.address}/{name}/availability").content))
        assert up.available


def test_harvesting_what_has_changed(
    site: Site, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "_SHARE", 0.0)
    mirror = Harvester(client, f"{site.address}/oai")
    mirror.harvest()
    before, name = dict(mirror.datestamps), f"ivo://{site.config.authority}/table/{NOVAE.name}"
    batch = pa.RecordBatch.from_pydict({"ra": [6.3], "dec": [64.1]})
    site.database.load_table(NOVAE, [batch], mode="replace", schema=Schema("conformance", (), "Made here"))
    assert name in mirror.harvest() and name in mirror.records
    # Nothing but what changed has another datestamp.
    changed = {one for one, stamp in mirror.datestamps.items() if before.get(one) != stamp}
    assert name in changed and f"ivo://{site.config.authority}/soda" not in changed
    site.database.unpublish(NOVAE.name)
    assert name in mirror.harvest() and name not in mirror.records
    fresh = Harvester(client, f"{site.address}/oai")
    fresh.harvest()
    assert fresh.records.keys() == mirror.records.keys()
    assert fresh.datestamps == mirror.datestamps


def test_from_the_test_query_to_images(harvester: Harvester, site: Site) -> None:
    record = harvester.records[f"ivo://{site.config.authority}/sia1"]
    query = record.find("capability/testQuery")
    assert query is not None
    ra, dec, width, height = (
        float(str(query.findtext(path))) for path in ("pos/long", "pos/lat", "size/long", "size/lat")
    )
    service = pyvo.dal.SIAService(address(record, "ivo://ivoa.net/std/SIA"))
    assert len(service.search(pos=(ra, dec), size=(width, height), format="all"))


def test_from_the_test_query_to_spectra(harvester: Harvester, site: Site) -> None:
    record = harvester.records[f"ivo://{site.config.authority}/ssa"]
    command = record.findtext("capability/testQuery/queryDataCmd")
    query = {name: values[0] for name, values in parse_qs(str(command)).items()}
    service = pyvo.dal.SSAService(address(record, "ivo://ivoa.net/std/SSA"))
    assert len(service.search(**query))


def test_from_the_test_query_to_rows_of_every_catalogue(harvester: Harvester) -> None:
    searched = 0
    for name, record in harvester.records.items():
        query = record.find("capability[@standardID='ivo://ivoa.net/std/ConeSearch']/testQuery")
        if query is not None and searched < 20:
            ra, dec, radius = (float(str(query.findtext(path))) for path in ("ra", "dec", "sr"))
            service = pyvo.dal.SCSService(address(record, "ivo://ivoa.net/std/ConeSearch"))
            assert len(service.search(pos=(ra, dec), radius=radius)), name
            searched += 1
    assert searched


def test_from_the_coverage_to_images(harvester: Harvester, site: Site) -> None:
    """SIA 2's extension has no test query; the record tells when there were observations."""
    record = harvester.records[f"ivo://{site.config.authority}/sia2"]
    spans = [span.text.split() for span in record.iterfind("coverage/temporal") if span.text]
    service = pyvo.dal.SIA2Service(address(record, "ivo://ivoa.net/std/SIA#query-2.0"))
    begin, end = (float(date) for date in spans[0])
    assert len(service.search(TIME=f"{begin} {end}"))


@pytest.mark.parametrize("name", ["tap", "tap_obs", "tap_cat"])
def test_from_the_tables_to_rows(harvester: Harvester, site: Site, name: str) -> None:
    record = harvester.records[f"ivo://{site.config.authority}/{name}"]
    service = pyvo.dal.TAPService(address(record, "ivo://ivoa.net/std/TAP"))
    if name == "tap":
        tables = [str(one.text) for one in record.iterfind("tableset/schema/table/name")]
        assert {"ivoa.ObsCore", "dbo.raw"} <= set(tables)
        assert len(service.search("SELECT TOP 1 * FROM ivoa.ObsCore")) == 1
    assert len(service.search("SELECT TOP 1 * FROM tap_schema.tables")) == 1


def test_from_a_catalogue_to_the_service_that_has_it(harvester: Harvester) -> None:
    """A catalogue's record names TAP as auxiliary and the service that it is served by."""
    names = [name for name in harvester.records if "/table/" in name]
    assert names
    record = harvester.records[names[0]]
    service = pyvo.dal.TAPService(address(record, "ivo://ivoa.net/std/TAP#aux"))
    table = record.findtext("tableset/schema/table/name")
    assert len(service.search(f"SELECT TOP 1 * FROM {table}")) == 1
    served_by = record.find("content/relationship/relatedResource")
    assert served_by is not None and served_by.get("ivo-id") in harvester.records
