"""Whatever is sent, the parser gives a tree or a located error: a few here, 100,000 in tests/soak."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from archive.errors import ArchiveError
from tap.adql.parser import parse
from tests.adql import mutation, unparse

QUERIES = mutation.queries()


def check(text: str) -> bool:
    """True when the text is a query, which then means the same when it is written out."""
    try:
        statement = parse(text)
    except ArchiveError as error:
        assert error.message
        assert error.status == 400
        return False
    meaning = unparse.statement(statement)
    assert unparse.statement(parse(meaning, deepest=800)) == meaning
    return True


@given(st.integers())
def test_mutated_queries(seed: int) -> None:
    check(mutation.mutated(random.Random(seed), QUERIES))


@given(st.integers())
def test_words_in_any_order(seed: int) -> None:
    check(mutation.noise(random.Random(seed)))


@given(st.text(st.characters()))
def test_any_text(text: str) -> None:
    check(text)
    check(f"SELECT {text} FROM t")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_text_in_quotes_is_a_query(text: str) -> None:
    assert check("SELECT '{}' FROM t".format(text.replace("'", "''")))
    assert check('SELECT "{}" FROM t'.format(text.replace('"', '""')))


def test_mutations_are_both_right_and_wrong() -> None:
    """The fuzz would be worth little if all that it makes were refused at the first word."""
    source = random.Random(2)
    right = sum(check(mutation.mutated(source, QUERIES)) for _ in range(1500))
    assert 150 < right < 1200
