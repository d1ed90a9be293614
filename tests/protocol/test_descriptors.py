"""Service descriptors as elements."""

from __future__ import annotations

from lxml import etree

from archive.declare.columns import Field
from archive.declare.parameters import Parameter
from archive.declare.types import CIRCLE, DOUBLE, INTERVAL, LONG, TEXT
from archive.formats import DEFAULT_FORMAT, Document, encode
from archive.protocol.answering import NoRows
from archive.protocol.dali import MAXREC
from archive.protocol.descriptors import Input, ServiceDescriptor, links_descriptor, self_description
from tests.xsd import validate


def params(element: etree._Element, group: bool) -> dict[str, dict[str, str]]:
    found = element.xpath("GROUP[@name='inputParams']/PARAM" if group else "PARAM")
    return {param.get("name"): dict(param.attrib) for param in found}


def test_what_a_service_is() -> None:
    service = ServiceDescriptor(
        "svc",
        "https://a.example/svc?x=1&y=2",
        "ivo://ivoa.net/std/SODA#sync-1.0",
        content_type="application/fits",
        resource_identifier="ivo://a.example/soda",
        example_urls=("https://a.example/svc?ID=1", "https://a.example/svc?ID=2"),
        description="Cuts\x00",
        name="cut",
    ).element()
    assert dict(service.attrib) == {"type": "meta", "utype": "adhoc:service", "ID": "svc", "name": "cut"}
    assert service.findtext("DESCRIPTION") == "Cuts\N{REPLACEMENT CHARACTER}"
    values = [(param.get("name"), param.get("value")) for param in service.findall("PARAM")]
    assert values == [
        ("accessURL", "https://a.example/svc?x=1&y=2"),
        ("standardID", "ivo://ivoa.net/std/SODA#sync-1.0"),
        ("resourceIdentifier", "ivo://a.example/soda"),
        ("contentType", "application/fits"),
        ("exampleURL", "https://a.example/svc?ID=1"),
        ("exampleURL", "https://a.example/svc?ID=2"),
    ]
    assert service.find("GROUP").get("name") == "inputParams"


def test_inputs() -> None:
    inputs = (
        Input("ID", ucd="meta.id;meta.main", value="ivo://a/ID?1"),
        Input("CIRCLE", CIRCLE, unit="deg", maximum="10 20 1"),
        Input("BAND", INTERVAL, minimum="4e-07", maximum="9e-07"),
        Input("R", DOUBLE, minimum=0.1, maximum=1.0),
        Input("POL", options=("I", "Q")),
    )
    element = ServiceDescriptor("s", "https://a.example", inputs=inputs).element()
    found = params(element, True)
    assert found["ID"] == {
        "name": "ID",
        "datatype": "char",
        "arraysize": "*",
        "ucd": "meta.id;meta.main",
        "value": "ivo://a/ID?1",
    }
    assert found["CIRCLE"]["xtype"] == "circle"
    assert (found["CIRCLE"]["arraysize"], found["BAND"]["arraysize"]) == ("3", "2")
    values = {
        param.get("name"): [(limit.tag, limit.get("value")) for limit in param.iterfind("VALUES/*")]
        for param in element.iterfind("GROUP/PARAM")
    }
    assert values == {
        "ID": [],
        "CIRCLE": [("MAX", "10 20 1")],
        "BAND": [("MIN", "4e-07"), ("MAX", "9e-07")],
        "R": [("MIN", "0.1"), ("MAX", "1")],
        "POL": [("OPTION", "I"), ("OPTION", "Q")],
    }


def test_the_links_service() -> None:
    element = links_descriptor("https://a.example", "the_did").element()
    assert params(element, False)["accessURL"]["value"] == "https://a.example/datalink/links"
    assert params(element, False)["standardID"]["value"] == "ivo://ivoa.net/std/DataLink#links-1.1"
    assert params(element, True)["ID"]["ref"] == "the_did"


def test_a_service_describes_itself() -> None:
    parameters = (MAXREC, Parameter("MODE", "How", values=("a", "b")), Parameter("POS", "Where", CIRCLE))
    element = self_description("https://a.example/x", "ivo://ivoa.net/std/X#1", parameters).element()
    assert (element.get("utype"), element.get("name")) == ("adhoc:this", "this")
    assert list(params(element, True)) == ["MAXREC", "MODE", "POS"]


def test_a_document_with_descriptors_is_valid() -> None:
    fields = (Field("obs_publisher_did", TEXT), Field("n", LONG))
    early = links_descriptor("https://a.example", "obs_publisher_did").element()
    late = ServiceDescriptor("soda", "https://a.example", inputs=(Input("BAND", INTERVAL, minimum="1"),))
    document = Document(
        standard_id="ivo://ivoa.net/std/X#1",
        extra_resources=(early,),
        late_resources=lambda: (late.element() for _ in range(1)),
    )
    content = b"".join(encode(DEFAULT_FORMAT, NoRows(fields), document))
    assert validate(content) == []
    root = etree.fromstring(content)
    space = {"v": "http://www.ivoa.net/xml/VOTable/v1.3"}
    assert root.xpath("v:RESOURCE/@ID", namespaces=space) == ["datalink", "soda"]
    first = root.xpath("v:RESOURCE[@type='results']/*[1]", namespaces=space)[0]
    assert (first.get("name"), first.get("value")) == ("standardID", "ivo://ivoa.net/std/X#1")
