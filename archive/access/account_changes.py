"""The record of what is done to accounts: rows of dfs.account_change, in the transaction of what they tell.

Rights on runs have a record of their own (`archive.run_right`), and so has what was given out (`audit`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from ..database.bookkeeping import Connection
from ..declare.dataflow.account_changes import AccountAction

__all__ = ["ARCHIVE", "AccountAction", "AccountChange", "changes_of", "forget_details", "record_change"]

ARCHIVE = "archive"  # who did what nobody has asked for


def record_change(
    connection: Connection,
    account: str,
    action: AccountAction,
    by: str,
    *,
    token: str = "",
    address: str = "",
    detail: str = "",
) -> None:
    """`token` is a public id. No secret is ever in `detail`: operators read it by any client."""
    connection.execute(
        "INSERT INTO dfs.account_change"
        " (change_id, changed_at, account, event, changed_by, token_id, address, detail)"
        " VALUES (%s, clock_timestamp() AT TIME ZONE 'UTC', %s, %s, %s, %s, %s, %s)",
        (
            secrets.token_hex(8),
            account,
            action.value,
            by,
            token or None,
            address or None,
            detail or None,
        ),
    )


@dataclass(frozen=True, slots=True)
class AccountChange:
    """One row of the record; `at` in UTC, without a zone."""

    at: datetime
    event: str
    by: str
    address: str
    detail: str


def changes_of(connection: Connection, account: str) -> list[AccountChange]:
    """The oldest first."""
    rows = connection.execute(
        "SELECT changed_at, event, changed_by, coalesce(address, ''), coalesce(detail, '')"
        " FROM dfs.account_change WHERE account = %s ORDER BY changed_at, change_id",
        (account,),
    )
    return [AccountChange(*row) for row in rows]


def forget_details(connection: Connection, account: str) -> None:
    """Takes out what tells of the person; what was done to the account, and when, stays."""
    connection.execute(
        "UPDATE dfs.account_change SET address = NULL, detail = NULL WHERE account = %s", (account,)
    )
