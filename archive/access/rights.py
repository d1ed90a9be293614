"""Rights of people on runs and programmes: by the proposal, by an operator, and by delegation with an expiry.

A right on a programme is one on all its runs. What rights are good for is told in `files` and in the query
path; until when there is something to have rights on is `protection`'s business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from ..database.bookkeeping import Connection, Rows
from ..errors import Forbidden, NotFound, Unauthenticated, UsageError
from .callers import Caller

__all__ = [
    "LONGEST_DELEGATION",
    "PROPOSAL",
    "Kind",
    "Refusal",
    "Right",
    "check_key",
    "grant",
    "has_rights",
    "is_account",
    "keys_of",
    "refusals_to",
    "revoke",
    "rights_of",
    "rights_on",
    "rights_to",
]

# Longer than most proprietary times; whoever needs more delegates again.
LONGEST_DELEGATION = timedelta(days=3 * 366)
PROPOSAL = "the proposal"  # as who has granted a right


class Kind(StrEnum):
    """Of a right. All see and get everything of the run; principal investigators may delegate, too."""

    PI = "pi"
    COI = "coi"
    DELEGATE = "delegate"
    READER = "reader"


# What one who is no operator may give away, and take back. Neither kind goes any further.
_DELEGATED = (Kind.DELEGATE, Kind.READER)


@dataclass(frozen=True, slots=True)
class Right:
    """On a run or programme, `key`. `granted_by` is an account or PROPOSAL; `expires` None: never."""

    account: str
    key: str
    kind: Kind
    granted_by: str
    granted_at: datetime | None = None
    expires: datetime | None = None

    @property
    def is_delegated(self) -> bool:
        return self.kind in _DELEGATED


@dataclass(frozen=True, slots=True)
class Refusal:
    """That an account has no right on a programme any more, although the proposal names its owner."""

    account: str
    key: str
    by: str
    at: datetime


# By the proposal: an address that the account has proven to be its own, or an ORCID that a provider vouches
# for. A name of an account in a proposal proves nothing, as everybody may choose a free one.
_INVESTIGATORS = """
    SELECT a.name AS account, i.programme_id AS key, i.investigator_role AS role, who.email, i.orcid
    FROM archive.account AS a
    JOIN dfs.investigator_account AS who ON who.email = a.email AND a.email_verified_at IS NOT NULL
    JOIN dfs.investigator AS i
        ON (i.programme_id, i.investigator_number) = (who.programme_id, who.investigator_number)
    WHERE a.disabled_at IS NULL AND a.removed_at IS NULL AND {proposed}
    UNION
    SELECT a.name, i.programme_id, i.investigator_role, who.email, i.orcid
    FROM archive.account AS a JOIN dfs.investigator AS i ON i.orcid = a.orcid
    LEFT JOIN dfs.investigator_account AS who
        ON (i.programme_id, i.investigator_number) = (who.programme_id, who.investigator_number)
    WHERE a.disabled_at IS NULL AND a.removed_at IS NULL AND {proposed}"""
_RIGHTS = """
    SELECT r.account, r.key, r.kind, r.granted_by, r.granted_at, r.expires
    FROM archive.run_right AS r JOIN archive.account AS a ON a.name = r.account
    WHERE a.disabled_at IS NULL AND a.removed_at IS NULL AND r.revoked_at IS NULL
        AND (r.expires IS NULL OR r.expires > now()) AND {granted}
    UNION ALL
    SELECT account, key, CASE WHEN upper(role) IN ('PI', 'DPI') THEN 'pi' ELSE 'coi' END, '{by}', NULL, NULL
    FROM ({investigators}) AS proposed
    WHERE NOT EXISTS (SELECT FROM archive.right_refusal AS no WHERE no.key = proposed.key
        AND (no.account = proposed.account OR no.email = proposed.email OR no.orcid = proposed.orcid))
    GROUP BY account, key, role
    ORDER BY key, account, kind"""


_REFUSE = """
    INSERT INTO archive.right_refusal (key, account, email, orcid, refused_by)
    SELECT DISTINCT key, account, email, orcid, %(by)s FROM ({investigators}) AS proposed
    WHERE NOT EXISTS (SELECT FROM archive.right_refusal AS no
        WHERE (no.key, no.account) = (proposed.key, proposed.account)
        AND (no.email, no.orcid) IS NOT DISTINCT FROM (proposed.email, proposed.orcid))"""


def _rights_where(granted: str, proposed: str) -> str:
    investigators = _INVESTIGATORS.format(proposed=proposed)
    return _RIGHTS.format(granted=granted, by=PROPOSAL, investigators=investigators)


_REFUSED = _REFUSE.format(
    investigators=_INVESTIGATORS.format(proposed="a.name = %(account)s AND i.programme_id = %(key)s")
)
_OF_ACCOUNT = _rights_where("r.account = %(account)s", "a.name = %(account)s")
_TO_KEYS = _rights_where("r.key = ANY (%(keys)s)", "i.programme_id = ANY (%(keys)s)")
# Runs that no proposal told of may be protected, and files of them hidden, as well; and products that were
# made in runs of several programmes, on all of which he has rights.
_KEYS = f"""
    WITH held AS (SELECT DISTINCT key FROM ({_OF_ACCOUNT}) AS rights), every AS (
    SELECT key FROM held
    UNION SELECT run.run_id FROM dfs.run JOIN held ON held.key = run.programme_id
    UNION SELECT p.key FROM archive.protection AS p JOIN held ON held.key = archive.programme_of(p.key)
    WHERE p.kind = 'run'
    UNION SELECT f.run_id FROM archive.file_right AS f JOIN held ON held.key = f.programme_id
    WHERE f.hidden_until IS NOT NULL)
    SELECT key FROM every
    UNION SELECT f.run_id FROM archive.file_right AS f
    WHERE f.hidden_until IS NOT NULL AND f.programme_id IS NULL AND cardinality(f.runs) > 1
        AND NOT EXISTS (SELECT FROM unnest(f.runs) AS one WHERE one NOT IN (SELECT key FROM every))"""


def keys_of(connection: Connection, account_name: str) -> tuple[str, ...]:
    """The runs and programmes that an account has rights on, sorted: of a programme also all its runs."""
    rows = connection.execute(_KEYS.encode(), {"account": account_name})
    return tuple(sorted(str(key) for (key,) in rows))


def has_rights(keys: Iterable[str], key: str, runs: Iterable[str] = (), programme: str | None = None) -> bool:
    """Whether the holder of `keys` has rights on what `key` protects: made in `runs`, of one `programme` or
    several (None)."""
    held, parts = set(keys), set(runs)
    return key in held or (programme is not None and programme in held) or (bool(parts) and parts <= held)


def rights_of(connection: Connection, account: str) -> list[Right]:
    """Those that an account has now."""
    return _listed(connection.execute(_OF_ACCOUNT.encode(), {"account": account}))


def rights_to(connection: Connection, key: str) -> list[Right]:
    """Everybody's on a run or programme now, also those on the programme that a run belongs to."""
    keys = sorted({key, _programme_of(connection, key)})
    return _listed(connection.execute(_TO_KEYS.encode(), {"keys": keys}))


def rights_on(connection: Connection, account: str, key: str) -> frozenset[Kind]:
    """Those of one account on a run or programme, also by the programme that a run belongs to."""
    return frozenset(right.kind for right in rights_to(connection, key) if right.account == account)


def grant(
    connection: Connection,
    by: Caller,
    account: str,
    key: str,
    kind: Kind,
    expires: datetime | None = None,
) -> Right:
    """Gives a right, in the place of one of the same kind. `expires` has a zone; None is for operators.

    Principal investigators make delegates and readers; operators give every right. Raises Forbidden, NotFound
    for a run or an account that there is not, and UsageError for an expiry that makes no sense.
    """
    _check_may_give(connection, by, key, kind)
    check_key(connection, key)
    _check_end(by, expires)
    if by.name == account and not by.is_operator:
        raise UsageError("this is your own account, which has the right", hint="name another's")
    if not is_account(connection, account, open=True):
        raise NotFound(f"there is no account {account[:40]!r}", hint="whoever gets a right registers first")
    _take_back(connection, by, account, key, (kind,))
    connection.execute(
        "INSERT INTO archive.run_right (account, key, kind, granted_by, expires) VALUES (%s, %s, %s, %s, %s)",
        (account, key, kind.value, by.name, expires),
    )
    return Right(account, key, kind, by.name, datetime.now(UTC), expires)


def revoke(connection: Connection, by: Caller, account: str, key: str) -> int:
    """Takes back the rights of an account on a run or programme; at once, for every road. Returns how many.

    Principal investigators take back delegations, delegates give their own back, operators whatever was
    granted, and what follows from the proposal of a programme: also for later proposals, and other accounts
    of the same person, until an operator grants it.
    """
    own = not by.is_anonymous and by.name == account
    if not by.is_operator and not own:
        _check_may_give(connection, by, key, Kind.DELEGATE)
    kinds = tuple(Kind) if by.is_operator or own else _DELEGATED
    taken = _take_back(connection, by, account, key, kinds)
    if by.is_operator:
        refused = {"account": account, "key": key, "by": by.name}
        taken += connection.execute(_REFUSED.encode(), refused).rowcount
    return taken


def refusals_to(connection: Connection, key: str) -> list[Refusal]:
    """Whose rights by the proposal were taken back, on a programme or on that which a run belongs to."""
    rows = connection.execute(
        "SELECT account, key, min(refused_by), min(refused_at) FROM archive.right_refusal"
        " WHERE key = ANY (%s) GROUP BY account, key ORDER BY key, account",
        (sorted({key, _programme_of(connection, key)}),),
    )
    return [Refusal(str(account), str(one), str(by), at) for account, one, by, at in rows]


def is_account(connection: Connection, name: str, *, open: bool = False) -> bool:
    """Whether there is one of this name; `open`: with which its owner may do something."""
    row = connection.execute(
        "SELECT FROM archive.account WHERE name = %s AND removed_at IS NULL"
        " AND (disabled_at IS NULL OR NOT %s)",
        (name, open),
    ).fetchone()
    return row is not None


def check_key(connection: Connection, key: str) -> None:
    """Raises NotFound for what is neither a run nor a programme of the archive."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM dfs.run WHERE run_id = %(key)s)"
        " OR EXISTS (SELECT FROM dfs.programme WHERE programme_id = %(key)s)"
        " OR EXISTS (SELECT FROM archive.file_right WHERE runs && ARRAY[%(key)s] OR programme_id = %(key)s)",
        {"key": key},
    ).fetchone()
    if row != (True,):
        raise NotFound(
            f"the archive knows no run or programme {key[:60]!r}", hint="write it as 116.20AB.001 or 116.20AB"
        )


def _check_may_give(connection: Connection, by: Caller, key: str, kind: Kind) -> None:
    if by.is_operator:
        return
    if by.is_anonymous:
        raise Unauthenticated("rights are given by those who have them", hint="log in")
    if kind not in _DELEGATED:
        raise Forbidden(f"the right {kind.value} follows from the proposal, or an operator gives it")
    if Kind.PI not in rights_on(connection, by.name, key):
        raise Forbidden(
            f"only the principal investigators of {key[:60]} may delegate rights on it",
            hint="delegates cannot delegate further",
        )


def _check_end(by: Caller, expires: datetime | None) -> None:
    now = datetime.now(UTC)
    if expires is None:
        if not by.is_operator:
            raise UsageError("a delegation needs an end", hint="say until when it holds")
    elif expires <= now:
        raise UsageError("the right would have ended already", hint="name a day that is still to come")
    elif expires > now + LONGEST_DELEGATION and not by.is_operator:
        raise UsageError(
            f"a delegation ends within {LONGEST_DELEGATION.days} days", hint="name an earlier day"
        )


def _take_back(connection: Connection, by: Caller, account: str, key: str, kinds: Iterable[Kind]) -> int:
    return connection.execute(
        "UPDATE archive.run_right SET revoked_at = now(), revoked_by = %s"
        " WHERE account = %s AND key = %s AND kind = ANY (%s) AND revoked_at IS NULL",
        (by.name, account, key, [kind.value for kind in kinds]),
    ).rowcount


def _programme_of(connection: Connection, key: str) -> str:
    row = connection.execute(
        "SELECT coalesce((SELECT min(programme_id) FROM dfs.run WHERE run_id = %(key)s),"
        " archive.programme_of(%(key)s))",
        {"key": key},
    ).fetchone()
    return str(row[0]) if row else key


def _listed(rows: Rows) -> list[Right]:
    return [
        Right(str(account), str(key), Kind(kind), str(by), at, expires)
        for account, key, kind, by, at, expires in rows
    ]
