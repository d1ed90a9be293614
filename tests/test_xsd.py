"""The validator of the tests itself: right documents pass, wrong ones do not."""

from __future__ import annotations

import pytest

from tests.xsd import validate

AVAILABILITY = b"""<availability xmlns="http://www.ivoa.net/xml/VOSIAvailability/v1.0">
<available>true</available></availability>"""

CAPABILITIES = b"""<c:capabilities xmlns:c="http://www.ivoa.net/xml/VOSICapabilities/v1.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0"
 xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1">
<capability standardID="ivo://ivoa.net/std/TAP" xsi:type="tr:TableAccess">
<interface xsi:type="vs:ParamHTTP" role="std" version="1.1"><accessURL use="base">http://a/tap</accessURL></interface>
<language><name>ADQL</name><version>2.1</version></language>
<outputFormat><mime>text/csv</mime></outputFormat>
</capability></c:capabilities>"""

VOTABLE = b"""<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>
<TIMESYS ID="t" timeorigin="MJD-origin" timescale="TT" refposition="TOPOCENTER"/>
<TABLE><FIELD name="t" datatype="double" ref="t"/></TABLE></RESOURCE></VOTABLE>"""


@pytest.mark.parametrize("document", [AVAILABILITY, CAPABILITIES, VOTABLE])
def test_valid(document: bytes) -> None:
    assert validate(document) == []


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (AVAILABILITY.replace(b"true", b"perhaps"), "perhaps"),
        (CAPABILITIES.replace(b"<mime>", b"<alias>").replace(b"</mime>", b"</alias>"), "alias"),
        (CAPABILITIES.replace(b"tr:TableAccess", b"tr:Nothing"), "Nothing"),
        (CAPABILITIES.replace(b'use="base"', b'use="bare"'), "bare"),
        (VOTABLE.replace(b"1.4", b"1.3", 1), "TIMESYS"),
        (VOTABLE.replace(b"1.4", b"2.0", 1), "2.0"),
        (VOTABLE.replace(b"refposition", b"refPosition"), "refPosition"),
        (b"<unfinished", "unfinished"),
    ],
)
def test_invalid(document: bytes, complaint: str) -> None:
    assert any(complaint in message for message in validate(document))


def test_unknown_namespace() -> None:
    with pytest.raises(LookupError, match="elsewhere"):
        validate(b'<a xmlns="http://elsewhere.example"/>')
