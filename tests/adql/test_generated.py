"""Generated queries are ADQL, and use all of it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import fields, is_dataclass
from enum import Enum

import pytest

from archive.declare.builtin import builtin_schemas
from archive.declare.catalogue import Catalogue
from tap.adql import syntax
from tap.adql.parser import parse
from tests.adql import unparse
from tests.adql.generate import generate

COUNT = 800
CATALOGUE = Catalogue(builtin_schemas())


@pytest.fixture(scope="module")
def statements() -> list[syntax.Statement]:
    return [parse(generate(random.Random(seed), CATALOGUE)) for seed in range(COUNT)]


def seen(node: object, found: Counter[object]) -> None:
    """Counts the kinds of nodes and the members of enumerations in a tree."""
    if isinstance(node, tuple):
        for child in node:
            seen(child, found)
    elif isinstance(node, Enum):
        found[node] += 1
    elif is_dataclass(node):
        found[type(node)] += 1
        for field in fields(node):
            seen(getattr(node, field.name), found)


def test_the_same_seed_gives_the_same_query() -> None:
    assert generate(random.Random(7), CATALOGUE) == generate(random.Random(7), CATALOGUE)
    assert generate(random.Random(7), CATALOGUE) != generate(random.Random(8), CATALOGUE)


def test_they_mean_the_same_when_written_out(statements: list[syntax.Statement]) -> None:
    for statement in statements:
        meaning = unparse.statement(statement)
        assert unparse.statement(parse(meaning, deepest=800)) == meaning


def test_they_use_the_whole_language(statements: list[syntax.Statement]) -> None:
    found: Counter[object] = Counter()
    for statement in statements:
        seen(statement, found)
    classes = [each for each in vars(syntax).values() if isinstance(each, type) and each is not Enum]
    nodes = [each for each in classes if is_dataclass(each)]
    members = [member for each in classes if issubclass(each, Enum) for member in each]
    assert [each for each in (*nodes, *members) if not found[each]] == []
