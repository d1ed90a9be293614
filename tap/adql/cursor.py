"""Where the parser stands in the tokens, and how it complains.

The three parser modules build on this: `expressions` (values and conditions), `parser` (tables and queries).
"""

from __future__ import annotations

from typing import NoReturn

from archive.errors import QuerySyntaxError

from . import hints
from .syntax import Identifier
from .tokens import DELIMITED, END, NAME, NUMBER, STRING, position, tokenize

__all__ = ["Cursor"]

# With an alias before them these words have been taken for the alias.
_TAKEN_FOR_ALIASES = {"FILTER", "LATERAL", "LIMIT", "MINUS", "NULLS", "OVER", "QUALIFY", "RECURSIVE"}
_TAKEN_FOR_ALIASES |= {"REGEXP", "RLIKE", "TABLESAMPLE", "WINDOW"}
_STRUCTURAL_WORDS = """
AND AS ASC BETWEEN BY DESC DISTINCT EXCEPT FROM FULL HAVING IN INNER INTERSECT IS JOIN LEFT LIKE NOT NULL ON
OR OUTER RIGHT SELECT TABLE UNION USING WHERE WITH
"""
# Nobody means these as names.
_STRUCTURE = frozenset(_STRUCTURAL_WORDS.split())
_COMPARATORS = frozenset(("=", "<>", "!=", "<", ">", "<=", ">="))
_LITERAL_TYPES = frozenset(("DATE", "TIME", "TIMESTAMP", "INTERVAL"))


class Cursor:
    """A position in a list of tokens; `depth` counts the open productions, at most `deepest` of them."""

    def __init__(self, text: str, deepest: int) -> None:
        tokens = tokenize(text)
        self.text = text
        self.kinds = tokens.kinds
        self.texts = tokens.texts
        self.offsets = tokens.offsets
        self.at = 0
        self.depth = 0
        self.reached = 0
        self.deepest = deepest

    def enter(self, levels: int = 1) -> None:
        """Deeper by so many levels of three or four calls each: Python's own limit is never met."""
        self.depth += levels
        if self.depth > self.reached:
            self.reached = self.depth
            if self.depth > self.deepest:
                self.fail_too_deep()

    def accept(self, kind: str) -> bool:
        if self.kinds[self.at] != kind:
            return False
        self.at += 1
        return True

    def expect(self, kind: str) -> None:
        if self.kinds[self.at] != kind:
            self.unexpected(kind if kind.isalpha() else f"'{kind}'")
        self.at += 1

    def close(self, opened: int) -> None:
        """The parenthesis that closes the one at offset `opened`."""
        if self.kinds[self.at] == END:
            self.fail(opened, "this parenthesis is not closed")
        if self.kinds[self.at] != ")":
            self.unexpected("')'")
        self.at += 1

    def identifier(self, what: str) -> Identifier:
        """A regular or delimited identifier; `what` it is to name, for the complaint."""
        kind = self.kinds[self.at]
        if kind != NAME and kind != DELIMITED:
            self.unexpected(what, named=True)
        text, at = self.texts[self.at], self.offsets[self.at]
        self.at += 1
        if kind == NAME:
            return Identifier(at, text, False)
        return Identifier(at, text[1:-1].replace('""', '"'), True)

    def unsigned(self, what: str) -> int:
        """An unsigned integer, of a size that a database's bigint holds."""
        text = self.texts[self.at]
        if self.kinds[self.at] != NUMBER or not text.isdigit():
            self.unexpected(what)
        if int(text) >= 2**63:
            self.fail(self.offsets[self.at], f"{text} is too large")
        self.at += 1
        return int(text)

    def fail(self, at: int, message: str, hint: str | None = None) -> NoReturn:
        line, column = position(self.text, at)
        raise QuerySyntaxError(message, line=line, column=column, hint=hint)

    def fail_too_deep(self) -> NoReturn:
        hint = f"{self.deepest} levels are allowed"
        self.fail(self.offsets[self.at], "the query is nested too deeply", hint)

    def unexpected(self, expected: str, hint: str | None = None, *, named: bool = False) -> NoReturn:
        """The present token does not fit; `named` when a name was wanted, which a reserved word cannot be."""
        kind = self.kinds[self.at]
        found = "the end of the query" if kind == END else f"'{_shortened(self.texts[self.at])}'"
        hint = hint or self._hint(named)
        self.fail(self.offsets[self.at], f"expected {expected}, found {found}", hint)

    def _hint(self, named: bool) -> str | None:
        kind, word = self.kinds[self.at], self.texts[self.at]
        before, word_before = (self.kinds[self.at - 1], self.texts[self.at - 1]) if self.at else ("", "")
        if kind in _COMPARATORS and before in _COMPARATORS:
            return "equality is a single =" if kind == before == "=" else "the comparisons are = <> < > <= >="
        if kind == STRING and before == STRING:
            return "a quote inside a string is written twice, and strings are joined by ||"
        if before == NAME and word_before.upper() in _TAKEN_FOR_ALIASES:
            return hints.foreign_word(word_before)
        if kind == "(" and before == DELIMITED:
            return "names of functions are not delimited"
        if before == "," and kind in ("FROM", "WHERE", "GROUP", "HAVING", "ORDER", "OFFSET", ")", END):
            return "there is a comma too many"
        if kind == "SELECT" and before in _COMPARATORS | {"IN", "WHERE", "AND", "OR", "NOT"}:
            return "a subquery stands in parentheses"
        if kind in ("ANY", "SOME", "ALL") and before in _COMPARATORS:
            return hints.NO_QUANTIFIERS
        if before == "(" and kind in hints.COMMANDS:
            return hints.ONLY_QUERIES
        return self._hint_on_word(kind, word, named)

    def _hint_on_word(self, kind: str, word: str, named: bool) -> str | None:
        if kind in (NAME, END) or not hints.reserved(word):
            return hints.foreign_word(word)
        after = self.kinds[self.at + 1]
        if named or (kind in _LITERAL_TYPES and after != STRING):
            return None if kind in _STRUCTURE - {"DISTINCT", "TABLE"} else hints.RESERVED
        foreign = hints.foreign_word(word)
        if foreign is not None or kind in _STRUCTURE:
            return foreign
        return f"{kind} is not a function of ADQL" if after == "(" else hints.RESERVED


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
