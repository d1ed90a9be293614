"""The case files: what is ADQL and what it means, what is not and what the user is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.errors import QuerySyntaxError
from tap.adql.parser import parse
from tests.adql import unparse

CASES = Path(__file__).parent / "cases"


def lines(name: str) -> list[str]:
    text = (CASES / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("# ")]


def one_line_cases(name: str) -> list[tuple[str, str]]:
    return [(line[:50].rstrip(), line[54:]) if line[50:54] == " => " else split(line) for line in lines(name)]


def split(line: str) -> tuple[str, str]:
    written, _, meaning = line.partition(" => ")
    return written.rstrip(), meaning


def two_line_cases(name: str) -> list[tuple[str, str]]:
    found = lines(name)
    return [(written, meaning.strip()) for written, meaning in zip(found[::2], found[1::2], strict=True)]


@pytest.mark.parametrize(("written", "meaning"), one_line_cases("values"))
def test_value(written: str, meaning: str) -> None:
    query = parse(f"SELECT {written}\nFROM t").query
    assert unparse.item(query.items[0]) == meaning


@pytest.mark.parametrize(("written", "meaning"), one_line_cases("conditions"))
def test_condition(written: str, meaning: str) -> None:
    query = parse(f"SELECT 1 FROM t WHERE {written}").query
    assert unparse.expression(query.where) == meaning


@pytest.mark.parametrize(("written", "meaning"), two_line_cases("queries"))
def test_query(written: str, meaning: str) -> None:
    assert unparse.statement(parse(written)) == meaning
    assert unparse.statement(parse(meaning)) == meaning


@pytest.mark.parametrize(("written", "message"), two_line_cases("invalid"))
def test_refused(written: str, message: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(written)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["values", "conditions", "queries", "invalid"])
def test_case_files_hold_no_case_twice(name: str) -> None:
    cases = one_line_cases(name) if name in ("values", "conditions") else two_line_cases(name)
    written = [case[0] for case in cases]
    assert sorted(set(written)) == sorted(written)
