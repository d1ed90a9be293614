"""The error tree: every failure a user can cause or meet, with its HTTP status and what to do about it.

Here belong the classes and nothing else; how an error looks as VOTable, text or JSON is decided in
`archive.protocol`. Whatever is raised outside this tree is a bug, logged with an id and answered 500.

    ArchiveError
    ├── UsageError 400                 the caller asked for something wrong
    │   ├── BadParameter               a protocol parameter has a wrong value
    │   ├── QuerySyntaxError           not ADQL: line, column, offending token
    │   ├── UnknownTable, UnknownColumn, UnknownFunction
    │   ├── QueryError                 ADQL, but without a meaning: types, units, arities
    │   └── TooLarge 413
    ├── Unauthenticated 401 / Forbidden 403 / NotFound 404
    ├── QueryTimeout 408 / QueryFailed 400 / Cancelled 499 / Busy 503 / DiskFull 507
    ├── TooMany 429                    a Busy that one client has made himself
    ├── DeclarationError               a table, column or parameter contradicts itself
    ├── ConfigurationError             the configuration file or the machine's set-up is wrong
    ├── CopyMissing 503                no copy of a stored file is good
    └── UnreadableFile                 an input file could not be understood
"""

from __future__ import annotations

import errno

__all__ = [
    "ArchiveError",
    "BadParameter",
    "Busy",
    "Cancelled",
    "ConfigurationError",
    "CopyMissing",
    "DeclarationError",
    "DiskFull",
    "Forbidden",
    "NotFound",
    "QueryError",
    "QueryFailed",
    "QuerySyntaxError",
    "QueryTimeout",
    "SeveralValues",
    "TooLarge",
    "TooMany",
    "Unauthenticated",
    "UnknownColumn",
    "UnknownFunction",
    "UnknownTable",
    "UnreadableFile",
    "UsageError",
]


class ArchiveError(Exception):
    """A failure that is safe to show to a user: `message` says what was wrong, `hint` what to do."""

    status = 500

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(ArchiveError):
    status = 400


class BadParameter(UsageError):
    """A protocol parameter with a wrong value; `name` as the standard spells it."""

    def __init__(self, name: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{name}: {message}", hint=hint)
        self.name = name


class SeveralValues(BadParameter):
    """A parameter given more often than a service takes it at once (SODA 1.0, 3.1)."""


class _InQuery(UsageError):
    """A fault at a place in a query text; line and column count from 1."""

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        where = f"line {line}, column {column}: " if line is not None else ""
        super().__init__(where + _cut(message), hint=hint and _cut(hint))
        self.line = line
        self.column = column


def _cut(text: str) -> str:
    """Names and literals of a query stand in its errors, and may be of any length."""
    return text if len(text) <= 500 else f"{text[:300]} ... {text[-100:]}"


class QuerySyntaxError(_InQuery):
    """The text is not ADQL."""


class QueryError(_InQuery):
    """The text is ADQL, but types, units, arities or geometry make no sense."""


class UnknownTable(_InQuery):
    pass


class UnknownColumn(_InQuery):
    pass


class UnknownFunction(_InQuery):
    pass


class TooLarge(UsageError):
    status = 413


class Unauthenticated(ArchiveError):
    status = 401


class Forbidden(ArchiveError):
    status = 403


class NotFound(ArchiveError):
    status = 404


class QueryTimeout(ArchiveError):
    """The database had not answered within the limit, in seconds."""

    status = 408

    def __init__(self, limit: float) -> None:
        super().__init__(
            f"the query was stopped after {limit:g} s",
            hint="constrain an indexed column, ask for fewer rows with TOP, or run it asynchronously",
        )
        self.limit = limit


class QueryFailed(ArchiveError):
    """The database refused a well-formed query while running it (division by zero, overflow, ...)."""

    status = 400


class DiskFull(ArchiveError):
    """The archive's disk has no room for what a request needs (RFC 4918, 11.5)."""

    status = 507

    @staticmethod
    def is_meant_by(error: OSError) -> bool:
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Cancelled(ArchiveError):
    """The client went away or the operator stopped the query."""

    status = 499


class Busy(ArchiveError):
    """No capacity now; `retry_after` in seconds."""

    status = 503

    def __init__(self, message: str, *, retry_after: int = 5, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class TooMany(Busy):
    """This client asks too often or takes too much (RFC 6585, 4)."""

    status = 429


class DeclarationError(ArchiveError):
    pass


class ConfigurationError(ArchiveError):
    pass


class CopyMissing(ArchiveError):
    """The archive has a file, but none of its copies can be read, or none is what was kept."""

    status = 503


class UnreadableFile(ArchiveError):
    """An input file that could not be understood; the archive records it as an outcome and goes on."""
