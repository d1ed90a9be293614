"""Which format a request means, and what it is called in the answer."""

from __future__ import annotations

import pytest

from archive.errors import BadParameter
from archive.formats import DEFAULT_FORMAT, FORMATS, Encoding, find_format

V = "application/x-votable+xml"


@pytest.mark.parametrize(
    ("text", "encoding", "media_type"),
    [
        ("votable", Encoding.TABLEDATA, V),
        (V, Encoding.TABLEDATA, V),
        ("text/xml", Encoding.TABLEDATA, "text/xml"),
        ("application/xml", Encoding.TABLEDATA, "application/xml"),
        ("votable/td", Encoding.TABLEDATA, f"{V};serialization=TABLEDATA"),
        ("votable_plain", Encoding.TABLEDATA, f"{V};serialization=TABLEDATA"),
        ("votable/b2", Encoding.BINARY2, f"{V};serialization=BINARY2"),
        ("VOTable/B2", Encoding.BINARY2, f"{V};serialization=BINARY2"),
        ("application/x-votable+xml;serialization=BINARY2", Encoding.BINARY2, f"{V};serialization=BINARY2"),
        ("application/x-votable+xml; serialization=binary2", Encoding.BINARY2, f"{V};serialization=BINARY2"),
        (" Application/X-VOTable+XML ;Serialization = Binary ", Encoding.BINARY, f"{V};serialization=BINARY"),
        ('application/x-votable+xml;serialization="BINARY2"', Encoding.BINARY2, f"{V};serialization=BINARY2"),
        ("application/x-votable xml;serialization=BINARY2", Encoding.BINARY2, f"{V};serialization=BINARY2"),
        ("application/x-votable+xml;charset=utf-8", Encoding.TABLEDATA, V),
        ("csv", Encoding.CSV, "text/csv;header=present"),
        ("text/csv", Encoding.CSV, "text/csv"),
        ("text/csv; header=present; charset=UTF-8", Encoding.CSV, "text/csv;header=present"),
        ("TSV", Encoding.TSV, "text/tab-separated-values"),
        ("fits", Encoding.FITS, "application/fits"),
        ("application/vnd.apache.parquet", Encoding.PARQUET, "application/vnd.apache.parquet"),
        ("json", Encoding.JSON, "application/json"),
        ("text/html", Encoding.HTML, "text/html"),
    ],
)
def test_names_clients_send(text: str, encoding: Encoding, media_type: str) -> None:
    found = find_format(text)
    assert (found.encoding, found.media_type) == (encoding, media_type)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "png",
        "image/png",
        f"{V};serialization=FITS",
        f"{V};content=datalink",
        "text/csv;header=absent",
        ";",
        "a;b;=c",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="FORMAT: unknown format"):
        find_format(text, "FORMAT")


def test_a_misspelt_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(BadParameter, match="did you mean parquet"):
        find_format("parket")


def test_every_name_finds_its_own_format() -> None:
    for known in FORMATS:
        for name in (known.media_type, *known.aliases):
            assert find_format(name).name == known.name
            assert find_format(name).media_type == known.media_type


def test_names_are_unambiguous() -> None:
    names = [name for known in FORMATS for name in (*known.media_types, *known.aliases)]
    assert len(names) == len(set(names))


def test_tapregext_has_a_name_for_each_serialization_of_votable() -> None:
    named = {known.ivo_id.rpartition("#")[2]: known.encoding for known in FORMATS if known.ivo_id}
    assert named == {
        "output-votable-td": Encoding.TABLEDATA,
        "output-votable-binary": Encoding.BINARY,
        "output-votable-binary2": Encoding.BINARY2,
    }


def test_only_fits_has_to_be_spooled() -> None:
    assert [known.name for known in FORMATS if not known.streams] == ["FITS"]


def test_the_default_is_a_plain_votable() -> None:
    assert DEFAULT_FORMAT.media_type == V
