"""Publisher DIDs and the identifiers in them, and the addresses made from these."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.declare.addresses import file_url, header_page_url, header_url, links_url
from archive.declare.identifiers import dp_id_of, ivoid, publisher_did

ADP = "ADP.2016-06-01T14:07:30.135"


def test_ivoids_are_url_encoded() -> None:
    assert publisher_did("eso.org", ADP) == f"ivo://eso.org/ID?{ADP}"
    assert ivoid("a.org", "origfile", "Å 1/2+#?") == "ivo://a.org/origfile?%C3%85%201%2F2%2B%23%3F"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"ivo://eso.org/ID?{ADP}", ADP),
        (f"IVO://ESO.org/id?{ADP}", ADP),
        (f" ivo://eso.org/ID?{ADP} ", ADP),
        ("ivo://eso.org/ID?a%20b%2Bc", "a b+c"),
        ("ivo://eso.org/ID?a b+c", "a b+c"),
        (ADP, ADP),
        ("50%20off", "50%20off"),
        (f"ivo://elsewhere.org/ID?{ADP}", None),
        (f"ivo://eso.org/origfile?{ADP}", None),
        ("ivo://eso.org/ID", None),
        ("ivo://eso.org/ID?", None),
        ("ivo:eso.org", None),
        ("", None),
    ],
)
def test_what_an_identifier_names(text: str, expected: str | None) -> None:
    assert dp_id_of("eso.org", text) == expected


@given(st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_an_identifier_comes_back_from_its_did(dp_id: str) -> None:
    assert dp_id_of("a.org", publisher_did("a.org", dp_id)) == dp_id


def test_addresses() -> None:
    base = "https://archive.example"
    assert file_url(base, ADP) == f"{base}/file/{ADP}"
    assert header_url(base, "a b/c") == f"{base}/header/a%20b%2Fc"
    assert header_page_url(base, "a&b") == f"{base}/hdr?DpId=a%26b"
    # As readable as ESO's; what a query would take apart is encoded, and what was encoded is so twice.
    assert links_url(base, "eso.org", ADP) == f"{base}/datalink/links?ID=ivo://eso.org/ID?{ADP}"
    assert links_url(base, "a.org", "a b&c").endswith("ID=ivo://a.org/ID?a%2520b%2526c")
