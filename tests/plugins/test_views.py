"""What a reader is given: every view of an input within bounds, and what is wrong with its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive import UnreadableFile
from archive.plugins import Accepts, Input, inputs
from tests.ingest.support import RAW, image


@pytest.fixture
def given(tmp_path: Path) -> Callable[[bytes], Input]:
    def made(content: bytes) -> Input:
        path = tmp_path / "content"
        path.write_bytes(content)
        return Input(path, "in.put", "test.in.put", datetime.now(UTC).replace(tzinfo=None))

    return made


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfa\r\nb\rc\n", "a\nb\nc\n"),
        ("Müller".encode(), "Müller"),
        ("Müller".encode("latin-1"), "Müller"),
        (b"a\0b", "ab"),
        (b"", ""),
    ],
)
def test_text(given: Callable[[bytes], Input], content: bytes, text: str) -> None:
    assert given(content).text == text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a": 1,\n "b": }', "in.put, line 2, column 7: Expecting value"),
        (b"NaN", "NaN is no JSON"),
        (b"[1e999]", "1e999 is too large a number"),
        (b"[" + b"9" * 21 + b"]", "an integer of 21 digits"),
        (b'{"a": 1, "a": 2}', "'a' stands twice in one object"),
        (b"[" * 101 + b"]" * 101, "nested more than 100 levels deep"),
        (b"[" * 200_000, "nested too deeply"),
        (b"", "in.put, line 1, column 1"),
    ],
)
def test_json_that_is_none(given: Callable[[bytes], Input], content: bytes, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said.replace("(", r"\(")):
        given(content).json  # noqa: B018  # asking is the test


def test_json(given: Callable[[bytes], Input]) -> None:
    assert given(b'{"a": [1, 2.5, null, "\xc3\xa4"]}').json == {"a": [1, 2.5, None, "ä"]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<a><b></a>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:/etc/hostname">]><a>&b;</a>',
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>" * 100_000,
    ],
)
def test_xml_that_is_refused(given: Callable[[bytes], Input], content: bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"in\.put"):
        given(content).xml  # noqa: B018  # asking is the test


def test_rows(given: Callable[[bytes], Input]) -> None:
    table = given(b'a; b\n1;"x;\ny"\n\n2;z\n')
    assert list(table.rows("a", "b", delimiter=";")) == [
        (3, {"a": "1", "b": "x;\ny"}),
        (5, {"a": "2", "b": "z"}),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no column a, b"),
        (b"b\n1\n", "has no column a"),
        (b"a,b\n1\n", "line 2: 1 values instead of 2"),
        (b'a,b\n1,"x\n', "line 2: unexpected end of data"),
        (b"a,b\n1," + b"x" * 200_000, "line 2: field larger than field limit"),
    ],
)
def test_rows_that_are_none(given: Callable[[bytes], Input], content: bytes, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        list(given(content).rows("a", "b"))


def test_headers(given: Callable[[bytes], Input]) -> None:
    assert given(image(RAW)).header.text("OBJECT") == "PSR-J1740-3052"
    with pytest.raises(UnreadableFile):
        given(b"no FITS").header  # noqa: B018  # asking is the test


def test_values_of_headers_that_have_to_be_there(given: Callable[[bytes], Input]) -> None:
    header = given(image(RAW)).header
    assert (header["OBJECT"], header["SIMPLE"], header.get("NOTED")) == ("PSR-J1740-3052", True, None)
    with pytest.raises(UnreadableFile, match="the header has no value of NOTED"):
        header["NOTED"]


def test_keywords_are_those_that_headers_have() -> None:
    accepts = Accepts(keywords={"HIERARCH ESO DPR CATG": "SCIENCE", "instrume": "HAWKI"})
    assert accepts.keywords == {"ESO DPR CATG": "SCIENCE", "INSTRUME": "HAWKI"}


def test_what_is_too_large(given: Callable[[bytes], Input], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "LARGEST", 1 << 20)
    with pytest.raises(UnreadableFile, match="more than 1 MiB"):
        given(bytes((1 << 20) + 1)).content  # noqa: B018  # asking is the test


@pytest.mark.parametrize(
    ("accepts", "name", "media_type", "taken"),
    [
        (Accepts(names=("*.LOG",)), "a.log", "", True),
        (Accepts(names=("*.log",)), "a.txt", "", False),
        (Accepts(names=("*.log",)), "a.log", "text/html", True),
        (Accepts(media_types=("text/csv",)), "a", "text/CSV; charset=utf-8", True),
        (Accepts(media_types=("text/csv",)), "a", "text/html", False),
        (Accepts(media_types=("text/csv",)), "a", "", False),
        (Accepts(names=("*.csv",), media_types=("text/csv",)), "a.csv", "", True),
        (Accepts(media_types=("text/csv",), looks=bool), "a", "", True),
    ],
)
def test_what_is_accepted(accepts: Accepts, name: str, media_type: str, taken: bool) -> None:
    assert accepts.may_take(name, media_type) is taken
