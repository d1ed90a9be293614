"""Texts that are nearly queries: those of the case files, cut up and put together wrongly."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

from archive.declare.names import RESERVED_WORDS
from archive.errors import QuerySyntaxError
from tap.adql.tokens import tokenize

CASES = Path(__file__).parent / "cases"
SIGNS = [
    "<=",
    ">=",
    "<>",
    "!=",
    "||",
    "::",
    "/*",
    "--",
    "''",
    '""',
    "..",
    *"-+*/%(),.;=<>'\"[]{}!?:$@&|^~`#\\_",
]
LITERALS = [
    "1",
    "0",
    "1.",
    ".5",
    "1e3",
    "9" * 40,
    "1e",
    "0x1",
    "'x'",
    "''",
    "'it''s'",
    '"a b"',
    '"select"',
    "a",
    "t",
]
SPACES = [" ", "\t", "\n", "\r\n", "\r", "\f", "-- x\n", "\u00a0", "\u2028", "\ufeff"]
ODD = ["\0", "\ud800", "\udfff", "\x01", "é", "☃", "𝄞", "\u202e", "‘", "“", "−", "\U0010ffff"]
SIGNS_OF_VALUES = ["+", "-", "*", "/", "%", "||"]
COMPARISONS = ["=", "<>", "!=", "<", ">", "<=", ">=", "LIKE", "NOT ILIKE", "in"]
JUNCTIONS = ["AND", "OR", "AND NOT", "OR NOT"]
AGGREGATES = ["COUNT", "SUM", "AVG", "MIN", "MAX", "ABS", "f", "LOWER"]
VALUES = ["a", "t.b", "1", "'x'", "-1", "(a)", "ABS(a)", "(SELECT a FROM t)", "a + b", "PI()", "NULL", '"c"']
FRAGMENTS = [*sorted(RESERVED_WORDS), *SIGNS * 3, *LITERALS * 3, *SPACES * 3, *ODD]


def queries() -> list[str]:
    """All cases, right and wrong, as whole queries."""
    found = []
    for name, frame in (
        ("values", "SELECT {}\nFROM t"),
        ("conditions", "SELECT 1 FROM t WHERE {}"),
        ("queries", "{}"),
        ("invalid", "{}"),
    ):
        for line in (CASES / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "    ")):
                found.append(frame.format(line.partition(" => ")[0].rstrip()))
    return found


def pieces(text: str) -> list[str]:
    """A text as tokens with the blanks between them, or as characters when it has no tokens."""
    try:
        tokens = tokenize(text)
    except QuerySyntaxError:
        return list(text)
    return [text[start:end] for start, end in pairwise([0, *tokens.offsets[1:], len(text)])]


def mutated(source: random.Random, texts: list[str]) -> str:
    """One text changed in a few places; often with parts of another."""
    parts = pieces(source.choice(texts))
    for _ in range(source.choice((1, 1, 1, 2, 3, 8))):
        at, to = sorted(source.randrange(len(parts) + 1) for _ in range(2))
        match source.randrange(14):
            case 0:
                del parts[at : at + 1]
            case 1:
                del parts[at:to]
            case 2:
                parts.insert(at, source.choice(FRAGMENTS))
            case 3:
                parts[at : at + 1] = [source.choice(FRAGMENTS), " "]
            case 4:
                parts[at:at] = parts[at:to] * source.choice((1, 1, 2, 30))
            case 5:
                other = pieces(source.choice(texts))
                start = source.randrange(len(other) + 1)
                parts[at:at] = [" ", *other[start : start + source.randrange(12)], " "]
            case 6:
                parts[at:to] = reversed(parts[at:to])
            case _:
                parts[at : at + 1] = like(source, "".join(parts[at : at + 1]))
        if not parts or len(parts) > 5000:
            break
    return "".join(parts)


def like(source: random.Random, piece: str) -> list[str]:
    """Something that may stand where `piece` stood."""
    word = piece.strip()
    for family in (SIGNS_OF_VALUES, COMPARISONS, JUNCTIONS, AGGREGATES):
        if word.upper() in family:
            return [f" {source.choice(family)} "]
    return [f" {source.choice(VALUES)} "] if word[:1].isalnum() else [piece]


def noise(source: random.Random) -> str:
    """Words and signs in any order."""
    blank = source.choice(("", " ", " "))
    return blank.join(source.choice(FRAGMENTS) for _ in range(source.randrange(1, 60)))
