"""What docs/users/adql.md says: its tables of expressions and their values, and its queries."""

from __future__ import annotations

import ast
import re

import pytest

from archive.query import FUNCTIONS, UserFunction, compile
from tap.adql.parser import DEEPEST, LONGEST
from tap.adql.resolve import translate
from tests.documentation import Page
from tests.query.sky import Sky

PAGE = Page.read("users/adql.md")
VALUES = re.findall(r"^\| `(.+?)` \| `(.+?)` \|", PAGE.text, re.MULTILINE)
QUERIES = PAGE.blocks("sql")


@pytest.mark.parametrize(("expression", "written"), VALUES, ids=[expression for expression, _ in VALUES])
def test_expressions_have_the_documented_value(sky: Sky, expression: str, written: str) -> None:
    expected, found = ast.literal_eval(written), sky.one(expression)
    assert type(found) is type(expected)
    assert found == (
        pytest.approx(expected, rel=1e-12, abs=1e-12) if isinstance(expected, float) else expected
    )


@pytest.mark.parametrize("query", QUERIES)
def test_queries_are_answered(sky: Sky, query: str) -> None:
    assert compile(translate(query, sky.database.catalogue)).sql
    assert sky.ask(query) == []


def test_limits_are_true() -> None:
    assert f"| {LONGEST:,} characters |" in PAGE.text
    assert f"| {DEEPEST} levels |" in PAGE.text


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.signature)
def test_every_function_is_there(function: UserFunction) -> None:
    assert f"`{function.name}({', '.join(name for name, _ in function.parameters)})`" in PAGE.text
