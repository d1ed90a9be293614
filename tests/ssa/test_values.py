"""Values of parameters: what is understood, and what is said of the rest."""

from __future__ import annotations

import math

import pytest

from archive.errors import BadParameter
from archive.pixels.bands import band_name, find_band
from ssa.forms import Form, wanted
from ssa.values import dates, position, ranges

OPEN = math.inf


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("5e-7", [(5e-7, 5e-7)]),
        ("5E-7/8E-7", [(5e-7, 8e-7)]),
        ("5e-7/", [(5e-7, OPEN)]),
        ("/8e-7", [(-OPEN, 8e-7)]),
        ("/", [(-OPEN, OPEN)]),
        (" 1 / 2 , 3/ ,,", [(1.0, 2.0), (3.0, OPEN)]),
        ("-0.1/.5", [(-0.1, 0.5)]),
        ("V,/1e-9", [(5.07e-7, 5.95e-7), (-OPEN, 1e-9)]),
        ("optical", [(3e-7, 1e-6)]),
        ("RADIO", [(1e-2, OPEN)]),
        ("", []),
    ],
)
def test_ranges(text: str, spans: list[tuple[float, float]]) -> None:
    assert [(span.low, span.high) for span in ranges("BAND", text, find_band)] == spans


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a/b", "'a' is no number"),
        ("8e-7/5e-7", "write 5e-7/8e-7"),
        ("1/2/3", "'2/3' is no number"),
        ("nan", "'nan' is no number"),
        ("1e999", "'1e999' is no number"),
        ("1_0", "'1_0' is no number"),
        (",".join(["1"] * 2000), "2000 values"),
    ],
)
def test_what_is_no_range(text: str, told: str) -> None:
    with pytest.raises(BadParameter, match=told):
        ranges("SNR", text)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2004", "2004-01-01T00:00:00", "2004-12-31T23:59:59.999999"),
        ("2004-02", "2004-02-01T00:00:00", "2004-02-29T23:59:59.999999"),
        ("2004-02-03", "2004-02-03T00:00:00", "2004-02-03T23:59:59.999999"),
        ("2004-02-03T04", "2004-02-03T04:00:00", "2004-02-03T04:59:59.999999"),
        ("2004-02-03T04:05", "2004-02-03T04:05:00", "2004-02-03T04:05:59.999999"),
        ("2004-02-03T04:05:06.5Z", "2004-02-03T04:05:06.500000", "2004-02-03T04:05:06.500000"),
        ("2016-12-31T23:59:60", "2017-01-01T00:00:00", "2017-01-01T00:00:00"),
        ("2004-01/2005", "2004-01-01T00:00:00", "2005-12-31T23:59:59.999999"),
        ("2004/", "2004-01-01T00:00:00", None),
        ("/2004", None, "2004-12-31T23:59:59.999999"),
    ],
)
def test_dates(text: str, start: str | None, end: str | None) -> None:
    (found,) = dates("TIME", text)
    told = [
        None if moment is None else moment.replace(tzinfo=None).isoformat()
        for moment in (found.start, found.end)
    ]
    assert told == [start, end]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("54000.5", "is no date"),
        ("2004-13", "there is no date 2004-13"),
        ("2004-02-30", "there is no date"),
        ("2004-02-03T25", "there is no date"),
        ("2004-02-03T23:59:61", "there is no date"),
        ("0000", "there is no date"),
        ("9999", "there is no date 9999"),
        ("2005/2004", "write 2004/2005"),
        ("yesterday", "is no date"),
    ],
)
def test_what_is_no_date(text: str, told: str) -> None:
    with pytest.raises(BadParameter, match=told):
        dates("TIME", text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("150,2", (150.0, 2.0)),
        (" 150.5 , -2.5 ", (150.5, -2.5)),
        ("-10,0", (350.0, 0.0)),
        ("360,90", (0.0, 90.0)),
        ("150,2;ICRS", (150.0, 2.0)),
        ("150,2;fk5", (150.0, 2.0)),
        ("0,0;GALACTIC", (266.404996, -28.936172)),
        ("0,90;ECLIPTIC", (270.0, 66.560709)),
    ],
)
def test_positions(text: str, place: tuple[float, float]) -> None:
    assert position("POS", text) == pytest.approx(place, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("150", "is no position"),
        ("150 2", "is no position"),
        ("150,2,0.1", "is no position"),
        ("10:00:00,-2", "is no number of degrees"),
        ("150,91", "not on the sky"),
        ("400,0", "not on the sky"),
        ("nan,0", "is no number of degrees"),
        ("150,2;MARS", "is no frame known here"),
        (",", "is no number of degrees"),
    ],
)
def test_what_is_no_position(text: str, told: str) -> None:
    with pytest.raises(BadParameter, match=told):
        position("POS", text)


@pytest.mark.parametrize(
    ("text", "forms", "types"),
    [
        (None, [Form.ACCESS], ()),
        ("application/fits", [Form.ACCESS], ()),
        ("FITS", [Form.FITS], ()),
        ("votable", [Form.VOTABLE], ()),
        ("application/x-votable+xml;serialization=BINARY", [Form.VOTABLE], ()),
        ("xml,votable", [Form.VOTABLE], ()),
        ("compliant", [Form.VOTABLE, Form.FITS], ()),
        ("native", [Form.NATIVE], ()),
        ("graphic", [Form.GRAPHIC], ()),
        ("ALL", [Form.NATIVE, Form.FITS, Form.VOTABLE, Form.GRAPHIC], ()),
        ("image/jpeg", [], ("image/jpeg",)),
        ("votable,application/gzip", [Form.VOTABLE], ("application/gzip",)),
    ],
)
def test_formats(text: str | None, forms: list[Form], types: tuple[str, ...]) -> None:
    found = wanted(text)
    assert (list(found.forms), found.file_types, found.metadata) == (forms, types, False)


def test_metadata_is_a_format_and_other_words_are_none() -> None:
    assert wanted("Metadata").metadata
    with pytest.raises(BadParameter, match="'jpeg' is not known here; use all, compliant"):
        wanted("jpeg")


@pytest.mark.parametrize(
    ("low", "high", "name"),
    [(4e-7, 7e-7, "Optical"), (4e-7, 2e-6, "Optical/Infrared"), (1e-10, 1e-9, "X-ray"), (0.2, 0.21, "Radio")],
)
def test_names_of_bands(low: float, high: float, name: str) -> None:
    assert band_name(low, high) == name
