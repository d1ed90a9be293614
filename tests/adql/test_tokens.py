"""Characters, line ends and places: what lies below the grammar."""

from __future__ import annotations

import time

import pytest

from archive.declare.names import RESERVED_WORDS
from archive.errors import QuerySyntaxError
from tap.adql import syntax
from tap.adql.parser import parse
from tap.adql.tokens import position, tokenize


def literal(text: str) -> str:
    value = parse(text).query.items[0].value
    assert isinstance(value, syntax.StringLiteral)
    return value.text


def refusal(text: str) -> QuerySyntaxError:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "'",
        "''",
        "\\",
        "\\'",
        "%s %% :a $1 ? {0}",
        "]]>",
        "-- x",
        "/* x */",
        ";",
        '"',
        "\n\r\t",
        "é ☃ 𝄞 \u200b",
    ],
)
def test_strings_come_back_unchanged(inside: str) -> None:
    assert literal("SELECT '" + inside.replace("'", "''") + "' FROM t") == inside


@pytest.mark.parametrize("inside", ["a", "A b", '"', '""', "'", "é☃", "select", "1", " ", ".", "\\", "--"])
def test_delimited_names_come_back_unchanged(inside: str) -> None:
    value = parse('SELECT "' + inside.replace('"', '""') + '" FROM t').query.items[0].value
    assert isinstance(value, syntax.ColumnReference)
    assert (value.name.text, value.name.quoted) == (inside, True)


@pytest.mark.parametrize(
    "blank", [" ", "\t", "\n", "\r", "\r\n", "\f", "\v", "--\n", "-- x\r", "--- 'x\r\n", " \n\n "]
)
def test_blanks_and_comments_separate_tokens(blank: str) -> None:
    text = blank.join(["", "SELECT", "a", "FROM", "t", "WHERE", "b", "=", "'x'", ""])
    assert tokenize(text).texts == ["SELECT", "a", "FROM", "t", "WHERE", "b", "=", "'x'", ""]


@pytest.mark.parametrize("word", sorted(RESERVED_WORDS - {"END-EXEC"}))
def test_reserved_words_have_to_be_delimited(word: str) -> None:
    assert parse(f'SELECT "{word}" FROM t').query.items[0].value.name.text == word
    for text in (f"SELECT t.{word} FROM t", f"SELECT a FROM {word}", f"SELECT a AS {word.lower()} FROM t"):
        assert f"found '{word}'".lower() in str(refusal(text)).lower()


@pytest.mark.parametrize(
    "word", ["DEC", "dec", "limit", "type", "mag", "END_EXEC", "nowhere", "in_units", "a" * 200]
)
def test_other_words_are_names(word: str) -> None:
    assert parse(f"SELECT {word} FROM {word} AS {word}").query.items[0].value.name.text == word


@pytest.mark.parametrize(
    "where", ["SELECT 'a{}' FROM t", "SELECT a{} FROM t", 'SELECT "{}" FROM t', "SELECT a FROM t --{}"]
)
def test_nul_and_lone_surrogates_are_refused_everywhere(where: str) -> None:
    assert "a NUL character" in str(refusal(where.format("\0")))
    error = refusal(where.format("\ud800"))
    assert "half a surrogate pair (U+D800)" in error.message
    assert (error.line, error.column) == (1, where.index("{") + 1)


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\u00a0", "U+00A0 (no-break space)"),
        ("\x01", "U+0001 (a control character)"),
        ("\ufeff", "U+FEFF (zero width"),
    ],
)
def test_invisible_characters_are_named(character: str, name: str) -> None:
    assert name in str(refusal(f"SELECT{character}a FROM t"))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("SELECT ]", 1, 8),
        ("SELECT\n]", 2, 1),
        ("SELECT\r\n]", 2, 1),
        ("SELECT\r]", 2, 1),
        ("SELECT\n\r\n\r]", 4, 1),
        ("SELECT\n\n  ]", 3, 3),
        ("-- é☃𝄞\r\nSELECT 'é☃𝄞', ]", 2, 15),
        ("SELECT 'a\nb\r\nc', ]", 3, 5),
        ("SELECT a,\r\n  b\r\n", 3, 1),
        ("SELECT a\x0b\x0c\u2028", 1, 11),
    ],
)
def test_places_count_characters_and_line_ends(text: str, line: int, column: int) -> None:
    error = refusal(text)
    assert (error.line, error.column) == (line, column)


def test_position_agrees_with_reading_character_by_character() -> None:
    text = "ab\r\nc\rd\n\n\r\r\n𝄞e"
    expected, line, column = [], 1, 1
    for before, character in zip(" " + text, text, strict=False):
        if before in "\r\n" and not (before == "\r" and character == "\n"):
            line, column = line + 1, 1
        expected.append((line, column))
        column += 1
    assert [position(text, at) for at in range(len(text))] == expected


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        "'",
        '"',
        "''",
        '""',
        "-",
        "--",
        ".",
        "1",
        "1.",
        "1e",
        "a",
        "a.",
        "é",
        "/",
        "/*",
        "|",
        " ",
        "\n",
        "\r\n",
        "=",
        "'a' ",
    ],
)
def test_no_text_makes_the_tokenizer_slow(unit: str) -> None:
    text = "SELECT " + unit * (200_000 // len(unit))
    started = time.perf_counter()
    with pytest.raises(QuerySyntaxError):
        parse(text)
    assert time.perf_counter() - started < 5
