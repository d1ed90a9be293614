"""What cards say, and what is made of those that break the rules."""

from __future__ import annotations

import math

import pytest
from astropy.io import fits
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archive.store import Header, Value, as_text, parse_header
from tests.ingest.support import card, header_bytes

CARDS = [
    ("EXPTIME =                  4.0 / seconds", "EXPTIME", 4.0),
    ("NAXIS   =                    2", "NAXIS", 2),
    ("SIMPLE  =                    T", "SIMPLE", True),
    ("OBJECT  = 'O''Neill  '         / a star", "OBJECT", "O'Neill"),
    ("OBJECT  = ' leading'", "OBJECT", " leading"),
    ("OBJECT  = ''", "OBJECT", ""),
    ("BLANK   =                      / undefined", "BLANK", None),
    ("CRVAL1  = 1.5D-3", "CRVAL1", 0.0015),
    ("CRVAL1  = +.5", "CRVAL1", 0.5),
    ("OBJECT  = 'slash / inside' / comment", "OBJECT", "slash / inside"),
    ("DATAMIN =(1.0, -2.5)", "DATAMIN", complex(1.0, -2.5)),
    ("HIERARCH ESO DPR CATG = 'SCIENCE ' / Observation category", "ESO DPR CATG", "SCIENCE"),
    ("HIERARCH ESO TEL AIRM START=1.186", "ESO TEL AIRM START", 1.186),
    ("HIERARCH  ESO  DET   DIT = 4", "ESO DET DIT", 4),
]
FAULTY = [
    ("CRVAL1  =                  NaN", "CRVAL1", math.nan),
    ("CRVAL1  =                 -Inf", "CRVAL1", -math.inf),
    ("OBJECT  = 'no end", "OBJECT", "no end"),
    ("DATE-OBS= 2006-04-13", "DATE-OBS", "2006-04-13"),
    ("prodcatg= 'science.image'", "PRODCATG", "science.image"),
    ("OBSERVER= 'Åkesson'", "OBSERVER", "Åkesson"),
]


def one(line: str) -> Header:
    return parse_header(header_bytes([line]))


@pytest.mark.parametrize(("line", "keyword", "value"), CARDS)
def test_values(line: str, keyword: str, value: Value) -> None:
    header = one(line)
    assert (header.get(keyword), type(header.get(keyword))) == (value, type(value))
    assert header.problems == ()


@pytest.mark.parametrize(("line", "keyword", "value"), FAULTY)
def test_faulty_values_are_read_and_reported(line: str, keyword: str, value: Value) -> None:
    header = one(line)
    assert repr(header.get(keyword)) == repr(value)
    assert len(header.problems) == 1


def test_a_value_without_the_blank_after_the_equals_sign() -> None:
    assert one("RA      =265.2").number("RA") == 265.2


@pytest.mark.parametrize("line", ["HIERARCH ESO NOTHING HERE", "GARBAGE", "HIERARCH = 3", "=", "\0" * 80])
def test_cards_without_a_value_are_kept_and_reported(line: str) -> None:
    header = one(line)
    assert list(header) == [] and len(header.cards) == 1 and header.problems


def test_continued_text_is_joined() -> None:
    lines = ["REMARK  = 'one &'", "CONTINUE  'two &' / first", "CONTINUE  'three' / second"]
    assert parse_header(header_bytes(lines)).get("REMARK") == "one two three"


def test_continue_after_something_else_is_only_a_faulty_card() -> None:
    header = parse_header(header_bytes(["NAXIS   =                    0", "CONTINUE  'lost'"]))
    assert header.get("NAXIS") == 0 and header.problems


def test_commentary_keeps_its_text_even_with_an_equals_sign() -> None:
    header = one("COMMENT = 'May 13           ,           / '")
    assert header.cards[0].value == "= 'May 13           ,           / '" and header.problems == ()


def test_the_first_of_equal_keywords_counts() -> None:
    header = parse_header(header_bytes([card("CTYPE1", "Angstrom"), card("CTYPE1", "PIXEL")]))
    assert header.get("CTYPE1") == "Angstrom" and len(header.cards) == 2


def test_text_for_the_database_has_no_control_characters() -> None:
    assert one("OBJECT  = 'a\0b\x7f '").text("OBJECT") == "a b"


@pytest.mark.parametrize(
    ("value", "number"), [(3, 3.0), ("0.49", 0.49), ("1.5D3", 1500.0), (True, None), ("x", None), ("", None)]
)
def test_numbers(value: object, number: float | None) -> None:
    assert one(card("KEY", value)).number("KEY") == number


@pytest.mark.parametrize("word", ["NaN", "Inf", "9" * 65, "1E999"])
def test_what_is_not_finite_is_no_number(word: str) -> None:
    number = one(f"KEY     = {word}").number("KEY")
    assert number is None or math.isfinite(number)


@pytest.mark.parametrize(("value", "integer"), [(3, 3), (3.0, 3), ("3", 3), (3.5, None), (True, None)])
def test_integers(value: object, integer: int | None) -> None:
    assert one(card("KEY", value)).integer("KEY") == integer


def test_text_of_a_header() -> None:
    assert as_text(one(card("NAXIS", 0))) == "NAXIS   = 0\nEND\n"


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.booleans(),
        st.integers(-(10**15), 10**15),
        st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_agrees_with_astropy(value: bool | int | float) -> None:
    text = fits.Header([("KEY", value)]).tostring()
    assert parse_header(text.encode()).get("KEY") == fits.Header.fromstring(text)["KEY"]


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
@example("'/")
@example("''' /")
def test_reads_the_texts_that_astropy_writes(value: str) -> None:
    """astropy itself reads "'/" back as "'", against FITS 4.0, 4.2.1.1: the slash is within the quotes."""
    text = fits.Header([("KEY", value)]).tostring()
    assert parse_header(text.encode()).get("KEY") == value.rstrip(" ")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read(raw: bytes) -> None:
    header = parse_header(raw)
    assert header.raw == raw and len(header.cards) <= len(raw) // 80 + 1
