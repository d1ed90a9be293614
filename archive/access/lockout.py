"""How often one may try a password: failures are counted by account and by address, in the database.

So all processes of a site count together, and a restart forgets nothing. Requests as such are limited in
`limiting`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from ..database.bookkeeping import Connection

__all__ = ["FREE_FAILURES", "Subjects", "clear", "count_failure", "locks", "subjects_of"]

# Failures that lead to nothing yet. Behind one address there can be a whole institute.
FREE_FAILURES = {"account": 10, "address": 50}
_FIRST_LOCK = timedelta(seconds=30)  # doubled by each further failure
_LONGEST_LOCK = timedelta(hours=1)
_FORGOTTEN = timedelta(days=1)  # after the last failure
# For each of these since the last one, one failure is forgotten: somebody mistypes every day in an institute,
# and that must not add up over the months until all there are locked out.
_FORGOTTEN_ONE = {"account": timedelta(hours=1), "address": timedelta(minutes=15)}
_BUCKETS = 256
_FAILURES = (
    "(greatest(known.failures - floor(extract(epoch FROM now() - known.last_at)"
    " / extract(epoch FROM %(one)s::interval))::int, 0) + 1)"
)


@dataclass(frozen=True, slots=True)
class Subjects:
    """Under which names failures are counted; `address` is "" for commands on the machine itself."""

    account: str
    address: str


def subjects_of(account: str | None, login: str, address: str) -> Subjects:
    """`account` is None for a `login` that nobody has.

    That is counted as well, so that it takes the same time, but in few rows whatever names are tried.
    """
    bucket = hashlib.sha256(login.encode("utf-8", "surrogatepass")).digest()[0] % _BUCKETS
    return Subjects(
        f"account {account}" if account is not None else f"nobody {bucket}",
        f"address {address}" if address else "",
    )


@dataclass(frozen=True, slots=True)
class Locks:
    """Seconds for which nobody may try; 0 when they may."""

    account: int
    address: int
    failures: bool


def locks(connection: Connection, subjects: Subjects) -> Locks:
    rows = connection.execute(
        "SELECT subject, ceil(extract(epoch FROM locked_until - now()))::int FROM archive.login_failure"
        " WHERE subject IN (%s, %s)",
        (subjects.account, subjects.address),
    ).fetchall()
    left = {str(subject): max(seconds or 0, 0) for subject, seconds in rows}
    return Locks(left.get(subjects.account, 0), left.get(subjects.address, 0), subjects.account in left)


def count_failure(connection: Connection, subjects: Subjects) -> list[str]:
    """One more, and a lock that grows with them; time makes them fewer. Returns what is locked now."""
    connection.execute(
        "DELETE FROM archive.login_failure WHERE subject IN (SELECT subject FROM archive.login_failure"
        " WHERE last_at < now() - %s FOR UPDATE SKIP LOCKED)",
        (_FORGOTTEN,),
    )
    locked = []
    for kind, subject in (("account", subjects.account), ("address", subjects.address)):
        if not subject:
            continue
        # The exponent is bounded, since 2 to the power of what an attacker likes is no interval.
        row = connection.execute(
            "INSERT INTO archive.login_failure AS known (subject, failures, last_at)"
            " VALUES (%(subject)s, 1, now()) ON CONFLICT (subject) DO UPDATE SET"
            f" failures = {_FAILURES}, last_at = now(), locked_until = CASE WHEN {_FAILURES} >= %(free)s"
            f" THEN now() + least(%(longest)s, %(first)s * power(2, least({_FAILURES} - %(free)s, 20))) END"
            " RETURNING locked_until IS NOT NULL",
            {
                "subject": subject,
                "free": FREE_FAILURES[kind],
                "first": _FIRST_LOCK,
                "longest": _LONGEST_LOCK,
                "one": _FORGOTTEN_ONE[kind],
            },
        ).fetchone()
        if row is not None and row[0]:
            locked.append(subject)
    return locked


def clear(connection: Connection, account: str) -> None:
    """The right password was given. What was counted for the address stays: its owner may have an account."""
    connection.execute("DELETE FROM archive.login_failure WHERE subject = %s", (f"account {account}",))
