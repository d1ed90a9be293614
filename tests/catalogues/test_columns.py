"""From the dialects of catalogue files to VOUnits, UCD1+ and names that can be published."""

from __future__ import annotations

import pytest

from archive.declare.types import DOUBLE, FLOAT, INTEGER, REGION, TEXT, array_of
from archive.tablefiles.columns import coosys_of, declared, legal_names, ucd_of, unit_of
from archive.tablefiles.source import SourceColumn


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", ""),
        ("  ", ""),
        ("---", ""),
        ("deg", "deg"),
        ("degrees", "deg"),
        ("DEGREES", "deg"),
        ("mas/yr", "mas.yr**-1"),
        ("mas / yr", "mas.yr**-1"),
        ("mas yr-1", "mas.yr**-1"),
        ("mas.yr**-1", "mas.yr**-1"),
        ("km s**-1", "km.s**-1"),
        ("m2", "m**2"),
        ("erg.s**-1.cm**-2.Angstrom**-1", "erg.Angstrom**-1.s**-1.cm**-2"),
        ("erg/s/cm2/Angstrom", "erg.Angstrom**-1.s**-1.cm**-2"),
        ("10-18W/m2", "10**-18W.m**-2"),
        ("Angstroms", "Angstrom"),
        ("micron", "um"),
        ("sec", "s"),
        ("counts", "count"),
        ("mag", "mag"),
        ("ADU", "adu"),
        ("pix", "pixel"),
        ("MJD", "d"),
        ("e-", None),
        ("furlong", None),
        ("h:m:s", None),
        ("mag (AB)", None),
    ],
)
def test_units(text: str, unit: str | None) -> None:
    assert unit_of(text) == unit


@pytest.mark.parametrize(
    ("text", "ucd"),
    [
        ("", ""),
        (" pos.eq.ra;meta.main ", "pos.eq.ra;meta.main"),
        ("POS_EQ_RA_MAIN", "pos.eq.ra;meta.main"),
        ("pos_eq_dec_main", "pos.eq.dec;meta.main"),
        ("ID_MAIN", "meta.id;meta.main"),
        ("PHOT_JHN_V", None),
        ("phot.mag;em.opt.V", "phot.mag;em.opt.V"),
        ("em.opt.V;phot.mag", None),
    ],
)
def test_ucds(text: str, ucd: str | None) -> None:
    assert ucd_of(text) == ucd


def test_what_cannot_be_said_is_kept_in_the_description() -> None:
    table, _ = declared(
        "cat.t",
        [SourceColumn("v", DOUBLE, unit="furlong", ucd="PHOT_JHN_V", description=" a\n  b ")],
        "",
    )
    assert table.columns[0].description == "a b (unit: furlong) (UCD: PHOT_JHN_V)"
    assert (table.columns[0].unit, table.columns[0].ucd) == ("", "")


@pytest.mark.parametrize(
    ("names", "legal"),
    [
        (["ra", "dec"], ["ra", "dec"]),
        (["B-V", "a b", "größe"], ["B-V", "a b", "größe"]),
        (["", "x", ""], ["column1", "x", "column3"]),
        (["M", "m", "M_2"], ["M", "m_2", "M_2_2"]),
        (["ctid", "ctid_"], ["ctid", "ctid__2"]),
        (["a\tb", "\x00"], ["a_b", "_"]),
        (["s__bounds"], ["s_bounds"]),
        (["x" * 60, "x" * 61], ["x" * 53, "x" * 51 + "_2"]),
        (["ä" * 30], ["ä" * 26]),
    ],
)
def test_names(names: list[str], legal: list[str]) -> None:
    found, remarks = legal_names(names)
    assert found == legal
    assert len(remarks) == sum(1 for old, new in zip(names, legal, strict=True) if old != new)


def _double(name: str, unit: str = "", ucd: str = "") -> SourceColumn:
    return SourceColumn(name, DOUBLE, unit=unit, ucd=ucd)


@pytest.mark.parametrize(
    ("columns", "pair"),
    [
        ([_double("ra", "deg"), _double("dec", "deg")], ("ra", "dec")),
        ([_double("RA"), _double("Dec")], ("RA", "Dec")),
        ([_double("_RAJ2000", "deg"), _double("_DEJ2000", "deg")], ("_RAJ2000", "_DEJ2000")),
        (
            [_double("x", "deg", "pos.eq.ra;meta.main"), _double("y", "deg", "pos.eq.dec;meta.main")],
            ("x", "y"),
        ),
        ([_double("x", "degrees", "POS_EQ_RA_MAIN"), _double("y", "deg", "POS_EQ_DEC_MAIN")], ("x", "y")),
        (
            [
                _double("ra", "deg", "pos.eq.ra"),
                _double("dec", "deg", "pos.eq.dec"),
                _double("a", "deg", "pos.eq.ra;meta.main"),
                _double("d", "deg", "pos.eq.dec;meta.main"),
            ],
            ("a", "d"),
        ),
        ([_double("ra", "rad"), _double("dec", "rad")], None),
        ([_double("ra", "h"), _double("dec", "deg")], None),
        ([_double("ra", "deg")], None),
        ([SourceColumn("ra", TEXT), SourceColumn("dec", TEXT)], None),
        ([SourceColumn("ra", INTEGER), SourceColumn("dec", INTEGER)], None),
        ([SourceColumn("ra", array_of(DOUBLE, "2")), SourceColumn("dec", array_of(DOUBLE, "2"))], None),
        ([SourceColumn("ra", FLOAT, "deg"), SourceColumn("dec", FLOAT, "deg")], ("ra", "dec")),
        (
            [
                SourceColumn("ra", DOUBLE, "deg", coosys=coosys_of("eq_FK4", "B1950")),
                SourceColumn("dec", DOUBLE, "deg", coosys=coosys_of("eq_FK4", "B1950")),
            ],
            None,
        ),
    ],
)
def test_positions(columns: list[SourceColumn], pair: tuple[str, str] | None) -> None:
    table, _ = declared("cat.t", columns, "")
    assert table.positions == ((pair,) if pair else ())
    if pair:
        ra, dec = (table.by_name[name] for name in pair)
        assert (ra.unit, dec.unit) == ("deg", "deg")
        assert ra.coosys is not None and ra.ucd.startswith("pos.eq.ra")


def test_a_guess_is_told() -> None:
    _, remarks = declared("cat.t", [_double("ra"), _double("dec")], "")
    assert remarks == ("took ra and dec for positions in degrees",)


@pytest.mark.parametrize(
    ("system", "epoch", "expected"),
    [
        ("ICRS", None, ("icrs", "ICRS", None)),
        ("ICRS", "J2016.0", ("icrs_j2016_0", "ICRS", "J2016.0")),
        ("eq_FK5", "2000", ("fk5_j2000", "FK5", "J2000")),
        ("galactic", "", ("galactic", "GALACTIC", None)),
        ("eq_FK4", "1950.0", ("fk4_b1950_0", "FK4", "B1950.0")),
    ],
)
def test_coordinate_systems(system: str, epoch: str | None, expected: tuple[str, str, str | None]) -> None:
    found = coosys_of(system, epoch)
    assert (found.id, found.system, found.epoch) == expected


def test_identifiers_are_indexed_and_regions_are_regions() -> None:
    columns = [SourceColumn("name", TEXT, ucd="meta.id;meta.main"), SourceColumn("field", REGION)]
    table, _ = declared("cat.t", columns, "")
    assert table.is_indexed("name") and table.is_indexed("field")
