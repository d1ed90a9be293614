"""What the archive of `observatory` owes to whom: the one table from which all expectations come.

It is written down by itself, and knows nothing of how the archive decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from archive.access import Scope
from tests.access.people import Person

__all__ = ["RULES", "Rule", "Verdict"]


class Verdict(Enum):
    """What somebody gets of a thing by a road."""

    GIVEN = 200
    LOG_IN = 401
    REFUSED = 403
    UNKNOWN = 404


# None: it is not asked, as it would take away what the others are asked about.
Rule = Callable[[Person], Verdict | None]


def _only(may: Callable[[Person], bool], *, otherwise: Verdict | None = None) -> Rule:
    """For who may; others are refused, and nobody asked to log in, unless they should not know of it."""

    def rule(person: Person) -> Verdict | None:
        if may(person):
            return Verdict.GIVEN
        if otherwise is not None:
            return otherwise
        return Verdict.REFUSED if person.account else Verdict.LOG_IN

    return rule


def _holds(person: Person) -> bool:
    return person.holds or person.commands


def _is_tycho(person: Person) -> bool:
    return person.account == "tycho"


def _writes(person: Person) -> bool:
    return Scope.WRITE in person.scopes


def _but_for_tycho(rule: Rule) -> Rule:
    return lambda person: None if _is_tycho(person) and _writes(person) else rule(person)


_KNOWN = _only(lambda person: bool(person.account))
_NOBODY = _only(lambda _: False)

RULES: Mapping[str, Rule] = {
    # Raw frames and products of public runs, calibrations, all headers and rows that are not hidden.
    "public": _only(lambda _: True),
    # Bytes of a run in its proprietary time: its people and operators.
    "proprietary": _only(_holds),
    # What is under embargo is not there for others.
    "hidden": _only(_holds, otherwise=Verdict.UNKNOWN),
    # The abstract of a programme without any data: its own people.
    "hidden of others": _only(
        lambda person: person.account == "johannes" or person.commands, otherwise=Verdict.UNKNOWN
    ),
    # Ranks, grades, addresses of people: operators.
    "restricted": _only(lambda person: person.commands),
    "unknown": _only(lambda _: False, otherwise=Verdict.UNKNOWN),
    # A table that Tycho keeps; operators may look after tables, but not into them.
    "private": _only(_is_tycho, otherwise=Verdict.UNKNOWN),
    "own": _only(_is_tycho),
    "change of own": _only(lambda person: _is_tycho(person) and _writes(person)),
    "nobody else": _but_for_tycho(_NOBODY),
    # Lists of one's own: everybody has one who is known.
    "own tables": _KNOWN,
    "own jobs": _only(lambda _: True),
    # Tycho's job.
    "own job": _only(_is_tycho),
    "change of own job": _only(lambda person: _is_tycho(person) and _writes(person)),
    "nobody else's job": _but_for_tycho(_NOBODY),
    # Jobs can be made without an account.
    "jobs": _only(lambda person: _writes(person) or not person.account),
    "deliveries": _only(lambda person: Scope.DELIVER in person.scopes),
    "open deliveries": _only(lambda person: not person.account or Scope.DELIVER in person.scopes),
    "account": _only(lambda person: Scope.ACCOUNT in person.scopes),
    "account or nobody": _only(lambda person: not person.account or Scope.ACCOUNT in person.scopes),
    "known": _KNOWN,
    # What would end the session of who has one.
    "nobody known": lambda person: None if person.account else Verdict.GIVEN,
    # What takes a password or a token of its own, and forms, which are for browsers.
    "no proof": lambda _: Verdict.LOG_IN,
    "nobody proven": lambda person: None if person.account else Verdict.LOG_IN,
    "no form of ours": lambda _: Verdict.REFUSED,
    "nobody": _NOBODY,
    "own jobs of tables": _only(lambda person: bool(person.account) and _writes(person)),
}
