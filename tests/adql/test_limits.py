"""Long and deep queries: the first cost no stack, the second end in a clear error; none ends in another."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass

import pytest

from archive.errors import QuerySyntaxError, TooLarge
from tap.adql import syntax
from tap.adql.parser import DEEPEST, LONGEST, parse

# A query that can nest: the text before, around and in the middle of what is nested.
NESTS = {
    "parentheses": ("SELECT ", "(", "a", ")", " FROM t"),
    "parenthesised conditions": ("SELECT 1 FROM t WHERE ", "(", "a = 1", ")", ""),
    "signs": ("SELECT ", "- ", "a", "", " FROM t"),
    "functions": ("SELECT ", "ABS(", "a", ")", " FROM t"),
    "user functions": ("SELECT ", "f(", "a", ")", " FROM t"),
    "aggregates": ("SELECT ", "MAX(", "a", ")", " FROM t"),
    "casts": ("SELECT ", "CAST(", "a", " AS REAL)", " FROM t"),
    "units": ("SELECT ", "IN_UNIT(", "a", ", 'm')", " FROM t"),
    "shapes": ("SELECT ", "CIRCLE(", "a", ", 1)", " FROM t"),
    "lists of arguments": ("SELECT ", "COALESCE(1, a + b * ", "a", ")", " FROM t"),
    "sums on the left": ("SELECT ", "(", "a", " + 1)", " FROM t"),
    "sums on the right": ("SELECT ", "(1 + ", "a", ")", " FROM t"),
    "mixed operators": ("SELECT ", "(1 || 2 + 3 * ", "a", " * 3 + 2 || 1)", " FROM t"),
    "negations": ("SELECT 1 FROM t WHERE ", "NOT (", "a = 1", ")", ""),
    "disjunctions": ("SELECT 1 FROM t WHERE ", "(b = 1 OR c = 1 AND ", "a = 1", " AND d = 1 OR e = 1)", ""),
    "lists": ("SELECT 1 FROM t WHERE a IN (", "(1 + ", "1", ")", ")"),
    "subqueries": ("SELECT ", "(SELECT ", "a", " FROM t)", " FROM t"),
    "subqueries in IN": ("SELECT a FROM t", " WHERE a IN (SELECT a FROM t", "", ")", ""),
    "subqueries in EXISTS": ("SELECT a FROM t", " WHERE NOT EXISTS (SELECT a FROM t", "", ")", ""),
    "subqueries in HAVING": ("SELECT a FROM t", " HAVING 1 = (SELECT a FROM t", "", ")", ""),
    "subqueries in ORDER BY": ("SELECT a FROM t", " ORDER BY (SELECT a FROM t", "", ")", ""),
    "derived tables": ("SELECT a FROM ", "(SELECT a FROM ", "t", ") AS x", ""),
    "parenthesised tables": ("SELECT a FROM ", "(", "t NATURAL JOIN u", ")", ""),
    "joins on the right": ("SELECT a FROM ", "(t NATURAL JOIN ", "t", ")", ""),
    "joins on the left": ("SELECT a FROM ", "(", "t", " NATURAL JOIN t)", ""),
    "joins before their conditions": ("SELECT a FROM t", " JOIN t", "", " ON a = b", ""),
    "joins in a row": ("SELECT a FROM t", "", "", " NATURAL JOIN t", ""),
    "parenthesised queries": ("", "(", "SELECT a FROM t", ")", ""),
    "unions on the left": ("", "(", "SELECT a FROM t", " UNION SELECT a FROM t)", ""),
    "unions on the right": ("", "(SELECT a FROM t UNION ", "SELECT a FROM t", ")", ""),
    "orders of orders": ("", "(", "SELECT TOP 1 a FROM t", " ORDER BY a)", ""),
}
# Those that nest in the text only: the tree is as flat as before.
FLAT = {"parentheses", "parenthesised conditions", "parenthesised tables", "parenthesised queries"}
LONG = {
    "sum": ("SELECT a", " + 1", " FROM t"),
    "product": ("SELECT a", " * 2 / 3", " FROM t"),
    "concatenation": ("SELECT a", " || 'x'", " FROM t"),
    "select list": ("SELECT a", ", b AS c", " FROM t"),
    "arguments": ("SELECT f(a", ", 1", ") FROM t"),
    "conjunction": ("SELECT 1 FROM t WHERE a = 1", " AND b = 'x'", ""),
    "disjunction": ("SELECT 1 FROM t WHERE a = 1", " OR b = 2 AND c = 3", ""),
    "list": ("SELECT 1 FROM t WHERE a IN (1", ", 2", ")"),
    "tables": ("SELECT a FROM t", ", t", ""),
    "unions": ("SELECT a FROM t", " UNION ALL SELECT a FROM t", ""),
    "intersections": ("SELECT a FROM t", " INTERSECT SELECT a FROM t", ""),
    "order": ("SELECT a FROM t ORDER BY a", ", b DESC", ""),
    "common tables": ("WITH x AS (SELECT a FROM t)", ", x AS (SELECT a FROM t)", " SELECT a FROM x"),
}


def nested(name: str, times: int) -> str:
    before, opening, middle, closing, after = NESTS[name]
    return before + opening * times + middle + closing * times + after


def height(node: object) -> int:
    """The longest path downwards, found the plain recursive way."""
    if isinstance(node, tuple):
        return max((height(child) for child in node), default=0)
    if not is_dataclass(node):
        return 0
    return 1 + max(height(getattr(node, field.name)) for field in fields(node))


@contextmanager
def recursion_limit(limit: int) -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize("name", NESTS)
def test_nesting_is_allowed_up_to_a_limit_and_never_exhausts_the_stack(name: str) -> None:
    accepted = 0
    for times in (1, 5, 20, 30, 40, 50, 60, 80, 100, 150, 199, 200, 201, 300, 1000, 20_000):
        try:
            statement = parse(nested(name, times))
        except QuerySyntaxError as error:
            assert error.message.endswith("the query is nested too deeply"), error.message
            assert error.hint == f"{DEEPEST} levels are allowed"
            continue
        accepted = times
        with recursion_limit(10_000):
            assert height(statement) <= DEEPEST
    assert 20 <= accepted <= 200


@pytest.mark.parametrize("name", NESTS)
def test_the_stack_needed_is_bounded(name: str) -> None:
    """With the default limit of 1000 calls, 250 are left to whoever calls the parser."""
    depth = len(list(_frames()))
    with recursion_limit(depth + 750):
        for times in range(20, 220, 7):
            try:
                parse(nested(name, times))
            except QuerySyntaxError:
                break


def _frames() -> Iterator[object]:
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


@pytest.mark.parametrize("name", sorted(FLAT))
def test_bare_parentheses_make_no_tree(name: str) -> None:
    assert height(parse(nested(name, 90))) == height(parse(nested(name, 1)))


@pytest.mark.parametrize("name", LONG)
def test_long_queries_are_flat(name: str) -> None:
    before, unit, after = LONG[name]
    short, long = parse(before + unit + after), parse(before + unit * 5000 + after)
    assert height(long) == height(short)


def test_the_limits_can_be_chosen() -> None:
    with pytest.raises(TooLarge, match="more than 20") as caught:
        parse("SELECT a FROM t WHERE a = 1", longest=20)
    assert caught.value.status == 413
    with pytest.raises(QuerySyntaxError, match="10 levels are allowed"):
        parse("SELECT ((((((((((a)))))))))) FROM t", deepest=10)


def test_too_long_a_text_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooLarge):
        parse("\0" * (LONGEST + 1))


@pytest.mark.parametrize(
    "text", ["SELECT TOP {} a FROM t", "SELECT a FROM t OFFSET {}", "SELECT CAST(a AS CHAR({})) FROM t"]
)
def test_counts_fit_into_a_bigint(text: str) -> None:
    parse(text.format(2**63 - 1))
    with pytest.raises(QuerySyntaxError, match="too large"):
        parse(text.format(2**63))
    with pytest.raises(QuerySyntaxError, match="a number of 5000 characters"):
        parse(text.format("9" * 5000))


def test_a_tree_can_be_compared_and_hashed() -> None:
    text = "WITH x AS (SELECT a FROM t) SELECT TOP 3 b FROM x NATURAL JOIN u WHERE c IN (1, 2) ORDER BY 1"
    assert parse(text) == parse(text)
    assert hash(parse(text)) == hash(parse(text))
    assert isinstance(parse(text), syntax.Statement)
