"""The words of a query: text in, tokens out; and where in the text an offset lies.

Only what letters and signs mean one by one belongs here. A token's kind is: the reserved word itself in
upper case; the sign itself; or one of NAME, DELIMITED, NUMBER, STRING, END, which no reserved word is called.
White space and comments (ADQL 2.1, 2.1.1 and its grammar) leave no token.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from archive.declare.names import RESERVED_WORDS
from archive.errors import QuerySyntaxError

__all__ = ["DELIMITED", "END", "NAME", "NUMBER", "STRING", "Tokens", "position", "tokenize"]

NAME = "a name"
DELIMITED = "a delimited name"
NUMBER = "a number"
STRING = "a string"
END = "the end"

# Possessive quantifiers (*+): what does not match fails at once, whatever the text. They stand on single
# characters only: on groups, Python before 3.11.5 gets them wrong (gh-106052), and Debian 12 has 3.11.2.
# Blanks and comments before a token are matched with it, so that every match is a token.
_TOKEN = re.compile(
    r"""
    (?:[ \t\r\n\f\v]++|--[^\r\n]*+)*
    (?: ([A-Za-z][A-Za-z0-9_]*+)
      | ((?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?) (?![A-Za-z0-9_.])
      | (<=|>=|<>|!=|\|\||/(?!\*)|[-+*%(),.;=<>])
      | ('(?:[^']++|'')*'(?!'))
      | ("(?:[^"]++|"")+"(?!"))
      | (\Z)
      | ([\s\S])
    )
    """,
    re.VERBOSE,
)
_KIND_OF_GROUP = ("", NAME, NUMBER, "", STRING, DELIMITED, END, "")
_NAME_GROUP, _NUMBER_GROUP, _SIGN_GROUP, _END_GROUP, _OTHER_GROUP = 1, 2, 3, 6, 7
_UNSENDABLE = re.compile("[\0\ud800-\udfff]")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
# Longer literals are mistakes, and Python refuses to convert integers of more than 4300 digits.
_LONGEST_NUMBER = 1000

_STRANGERS = {
    "[": "ADQL has no arrays and no names in brackets; delimit a name with double quotes",
    "]": "ADQL has no arrays and no names in brackets; delimit a name with double quotes",
    "`": "delimit a name with double quotes",
    "!": "'not equal' is written != or <>",
    "^": "use POWER(x, y)",
    "?": "there are no parameters; write the value itself",
    "$": "there are no parameters; write the value itself",
    "@": "there are no variables; write the value itself",
    "{": "there are no placeholders; write the value itself",
    "}": "there are no placeholders; write the value itself",
    "#": "comments begin with --",
    "&": "conditions are joined by AND; there are no operators on bits",
    "|": "strings are joined by ||, conditions by OR; there are no operators on bits",
    "~": "use LIKE or ILIKE for patterns",
    "_": "a name that does not begin with a letter has to be delimited with double quotes",
    "\\": "a backslash has no meaning outside strings",
    "\u2018": "strings stand in straight single quotes",
    "\u2019": "strings stand in straight single quotes",
    "\u201c": "names are delimited by straight double quotes, strings by straight single quotes",
    "\u201d": "names are delimited by straight double quotes, strings by straight single quotes",
    "\u2212": "use the plain hyphen for minus",
    "\u2013": "use the plain hyphen for minus",
    "\u2265": "write >=",
    "\u2264": "write <=",
    "\u2260": "write <>",
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a query side by side: kind, text as written, offset; the last one is END."""

    kinds: list[str]
    texts: list[str]
    offsets: list[int]


def position(text: str, at: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1, in characters; CR, LF and CR LF end a line."""
    line, start = 1, 0
    for line_break in _LINE_BREAK.finditer(text, 0, at):
        if line_break.end() == at and text.startswith("\r\n", at - 1):
            break  # `at` is the LF of a CR LF, which still belongs to the line it ends
        line, start = line + 1, line_break.end()
    return line, at - start + 1


def tokenize(text: str) -> Tokens:
    """The tokens of a query; QuerySyntaxError at the first character that begins none."""
    _check_characters(text)
    kinds: list[str] = []
    texts: list[str] = []
    offsets: list[int] = []
    for match in _TOKEN.finditer(text):
        group = match.lastindex or _OTHER_GROUP
        token = match[group]
        if group == _NAME_GROUP:
            word = token.upper()
            kinds.append(word if word in RESERVED_WORDS else NAME)
        elif group == _SIGN_GROUP:
            kinds.append(token)
        elif group == _OTHER_GROUP:
            raise _stranger(text, match.start(group))
        else:
            if group == _NUMBER_GROUP and len(token) > _LONGEST_NUMBER:
                raise _error(text, match.start(group), f"a number of {len(token)} characters", None)
            kinds.append(_KIND_OF_GROUP[group])
        texts.append(token)
        offsets.append(match.start(group))
        if group == _END_GROUP:
            break
    return Tokens(kinds, texts, offsets)


def _check_characters(text: str) -> None:
    """NUL and lone surrogates have no place in a database or in UTF-8."""
    bad = _UNSENDABLE.search(text)
    if bad:
        name = "a NUL character" if bad[0] == "\0" else f"half a surrogate pair (U+{ord(bad[0]):04X})"
        raise _error(
            text, bad.start(), f"the query contains {name}", "remove it; it cannot be sent or stored"
        )


def _error(text: str, at: int, message: str, hint: str | None) -> QuerySyntaxError:
    line, column = position(text, at)
    return QuerySyntaxError(message, line=line, column=column, hint=hint)


def _stranger(text: str, at: int) -> QuerySyntaxError:
    """The error for a character that begins no token."""
    character = text[at]
    if character == "'":
        return _error(
            text, at, "this string is not closed", "a quote inside a string is written twice: 'it''s'"
        )
    if character == '"':
        if text.startswith('""', at):
            return _error(text, at, 'an empty name ""', "strings stand in single quotes")
        return _error(text, at, "this delimited name is not closed", None)
    if character.isascii() and (character.isdigit() or character == "."):
        return _bad_number(text, at)
    if character == "/":
        return _error(text, at, "/* */ is not ADQL", "comments begin with -- and end with the line")
    hint = _STRANGERS.get(character)
    if character == ":":
        typed = text.startswith("::", at)
        hint = "write CAST(value AS TYPE)" if typed else "there are no parameters; write the value itself"
        return _error(text, at, f"'{'::' if typed else ':'}' is not ADQL", hint)
    if character.isprintable() and not character.isspace():
        if hint is None and character.isalpha():
            hint = "a name with letters beyond A to Z has to be delimited with double quotes"
        return _error(text, at, f"'{character}' is not ADQL", hint)
    name = unicodedata.name(character, "a control character").lower()
    return _error(text, at, f"U+{ord(character):04X} ({name}) is not ADQL", hint or "use plain blanks")


def _bad_number(text: str, at: int) -> QuerySyntaxError:
    found = re.compile(r"[A-Za-z0-9_.]+").match(text, at)
    word = found[0] if found else text[at]
    hint = "a name that does not begin with a letter has to be delimited with double quotes"
    if re.match(r"0[xXbBoO]", word):
        hint = "numbers are decimal"
    elif re.fullmatch(r"[0-9._]+([eE][0-9.]*)?", word):
        hint = "numbers look like 1, 1.5, .5 or 1e-3"
    return _error(text, at, f"'{word[:40]}' is not a number", hint)
