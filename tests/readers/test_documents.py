"""JSON documents: typed values with paths, and errors that name them."""

from __future__ import annotations

from datetime import datetime

import pytest

from archive.errors import UnreadableFile
from ingest.readers.documents import Node, parse_angle, parse_moment

SAMPLE = Node(
    {
        "obId": 4725578,
        "big": 9223372036854775807,
        "huge": 9223372036854775808,
        "name": "  NGC 1  ",
        "nul": "a\0b\ud800",
        "empty": "",
        "none": None,
        "seeing": "0.8",
        "ipVersion": 116.07,
        "infinite": 1e999,
        "vast": 1e300,
        "yes": True,
        "target": {"ra": "08:41:32.4", "dec": "-19:30:00"},
        "templates": [{"id": 1}, {"id": "two"}],
        "from": "2026-07-01T16:01:41Z",
        "local": "2026-07-01T16:01:41+02:00",
        "soon": "tomorrow",
    }
)


def test_values_have_their_types() -> None:
    assert SAMPLE.integer("obId") == 4725578
    assert SAMPLE.integer("big") == 2**63 - 1
    assert SAMPLE.text("name") == "NGC 1"
    assert SAMPLE.text("nul") == "ab\N{REPLACEMENT CHARACTER}"
    assert SAMPLE.text("ipVersion") == "116.07"
    assert SAMPLE.number("seeing") == 0.8
    assert SAMPLE.number("obId") == 4725578.0
    assert SAMPLE.flag("yes") is True
    assert SAMPLE.moment("from") == datetime.fromisoformat("2026-07-01T16:01:41")
    assert SAMPLE.moment("local") == datetime.fromisoformat("2026-07-01T14:01:41")
    assert SAMPLE.node("target").angle("ra", hours=True) == pytest.approx(130.385)
    assert SAMPLE.node("target").angle("dec") == -19.5
    assert [one.path for one in SAMPLE.items("templates")] == ["$.templates[0]", "$.templates[1]"]
    assert "obId" in SAMPLE and "none" not in SAMPLE and "nowhere" not in SAMPLE


@pytest.mark.parametrize("name", ["none", "empty", "nowhere"])
def test_absent_null_and_empty_are_none_unless_required(name: str) -> None:
    for method in (SAMPLE.text, SAMPLE.number, SAMPLE.integer, SAMPLE.moment):
        assert method(name) is None
        with pytest.raises(UnreadableFile, match=rf"^\$\.{name} is missing$"):
            method(name, required=True)
    assert SAMPLE.flag("none") is None
    assert SAMPLE.items("none") == ()
    assert SAMPLE.node("none").text("anything") is None
    with pytest.raises(UnreadableFile, match=r"\$\.none is missing"):
        SAMPLE.node("none", required=True)


@pytest.mark.parametrize(
    ("method", "name", "message"),
    [
        ("text", "target", "$.target is an object, not a text"),
        ("text", "yes", "$.yes is True, not a text"),
        ("number", "name", "$.name is '  NGC 1  ', not a number"),
        ("number", "yes", "$.yes is True, not a number"),
        ("number", "infinite", "$.infinite is inf, not a finite number of a size that tables hold"),
        ("number", "vast", "$.vast is 1e+300, not a finite number of a size that tables hold"),
        ("number", "templates", "$.templates is an array, not a number"),
        ("integer", "ipVersion", "$.ipVersion is 116.07, not a whole number"),
        ("integer", "huge", f"$.huge is {2**63}, not a whole number up to {2**63 - 1}"),
        ("integer", "yes", "$.yes is True, not a number"),
        ("flag", "obId", "$.obId is 4725578, not true or false"),
        ("moment", "soon", "$.soon is 'tomorrow', not a time as 2026-07-01T16:01:41Z"),
        ("angle", "soon", "$.soon is 'tomorrow', not an angle"),
        ("node", "templates", "$.templates is an array, not an object"),
        ("items", "target", "$.target is an object, not an array"),
    ],
)
def test_wrong_types_are_told_with_their_path(method: str, name: str, message: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        getattr(SAMPLE, method)(name)
    assert str(caught.value) == message


def test_integers_may_be_bounded() -> None:
    with pytest.raises(UnreadableFile, match="up to 2147483647"):
        SAMPLE.integer("big", highest=2**31 - 1)


def test_records_come_bare_wrapped_or_alone() -> None:
    one = {"id": 1}
    assert [node.value for node in Node([one]).records("proposals")] == [one]
    assert [node.value for node in Node({"proposals": [one]}).records("proposals")] == [one]
    assert [node.value for node in Node(one).records("proposals")] == [one]
    with pytest.raises(UnreadableFile, match=r"\$\[1\] is 7, not an object"):
        Node([one, 7]).records()
    with pytest.raises(UnreadableFile, match=r"\$ is 'x', not an array"):
        Node("x").records()


def test_dumped_is_the_same_whatever_the_order() -> None:
    assert (
        Node({"b": 1, "a": ["ü\0"]}).dumped() == '{"a": ["ü"], "b": 1}' == Node({"a": ["ü"], "b": 1}).dumped()
    )


@pytest.mark.parametrize(
    ("text", "hours", "degrees"),
    [
        ("12:30:00", True, 187.5),
        ("-00:30:00", False, -0.5),
        ("+10 15", False, 10.25),
        ("187.5", True, 187.5),
        ("10:60:00", False, None),
        ("1:2:3:4", False, None),
        ("nan", False, None),
    ],
)
def test_angles(text: str, hours: bool, degrees: float | None) -> None:
    assert parse_angle(text, hours=hours) == degrees


@pytest.mark.parametrize("text", ["", "2026-13-01", "0001-01-01T00:00:00+23:00", "9" * 5000, "now"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_moment(text) is None
