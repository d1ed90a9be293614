"""What a file of some category is to another."""

from __future__ import annotations

import pytest

from archive.protocol.datalink.terms import (
    PRODUCT_TYPES,
    Term,
    ancillary_term,
    calibration_term,
    source_term,
)
from archive.query.vocabularies import matching_terms


def test_all_terms_are_in_the_vocabularies() -> None:
    for term in Term:
        assert matching_terms("datalink/core", term.value)
    for term in PRODUCT_TYPES.values():
        assert matching_terms("product-type", term)


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("ANCILLARY.WEIGHTMAP", Term.WEIGHT),
        ("ANCILLARY.VARMAP", Term.ERROR),
        ("ANCILLARY.RMSMAP", Term.NOISE),
        ("ANCILLARY.PREVIEW", Term.PREVIEW),
        ("ANCILLARY.README", Term.DOCUMENTATION),
        ("ANCILLARY.HARPSTAR", Term.PACKAGE),
        ("ANCILLARY.2DECHELLE.TAR", Term.PACKAGE),
        ("ANCILLARY.IMAGE.WHITELIGHT", Term.AUXILIARY),
        ("ancillary.weightmap", Term.WEIGHT),
        (None, Term.AUXILIARY),
    ],
)
def test_ancillary_files(category: str | None, expected: Term) -> None:
    assert ancillary_term(category) is expected


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("BIAS", Term.BIAS),
        ("MASTER_BIAS", Term.BIAS),
        ("DARK,SNAPSHOT", Term.DARK),
        ("FLAT,LAMP", Term.FLAT),
        ("MASTER_SKYFLAT_BLUE", Term.FLAT),
        ("MASTER_DARK_FLAT", Term.DARK),
        ("ORDER_TABLE", Term.CALIBRATION),
        ("INFLATED", Term.CALIBRATION),
        (None, Term.CALIBRATION),
    ],
)
def test_calibrations(category: str | None, expected: Term) -> None:
    assert calibration_term(category) is expected


@pytest.mark.parametrize(
    ("source", "product", "expected"),
    [
        (None, None, Term.PROGENITOR),
        (Term.FLAT, None, Term.FLAT),
        (Term.FLAT, Term.FLAT, Term.PROGENITOR),
        (Term.BIAS, Term.FLAT, Term.BIAS),
        (None, Term.CALIBRATION, Term.PROGENITOR),
    ],
)
def test_sources(source: Term | None, product: Term | None, expected: Term) -> None:
    assert source_term(source, product) is expected
