"""dfs.account_change: what was done to accounts, by whom and when, for operators.

The accounts themselves are in schema `archive`, which no query sees; `archive.access` writes both.
"""

from __future__ import annotations

from enum import StrEnum

from ..columns import Column
from ..semantics import UTC
from ..tables import Table
from ..types import TEXT, TIMESTAMP

__all__ = ["ACCOUNT_CHANGE", "TABLES", "AccountAction"]


class AccountAction(StrEnum):
    ADDED = "added"
    REGISTERED = "registered"
    VERIFIED = "address confirmed"
    IDENTITY = "identity added"
    DETAILS = "name changed"
    PASSWORD = "password set"
    LINK = "link shown"
    ROLES = "roles set"
    TOKEN = "token issued"
    REVOKED = "token revoked"
    LOCKED = "locked"
    DISABLED = "closed"
    ENABLED = "opened"
    REMOVED = "removed"


ACCOUNT_CHANGE = Table(
    "dfs.account_change",
    columns=(
        Column(
            "change_id",
            TEXT,
            ucd="meta.id;meta.main",
            nullable=False,
            description="Identifier of the change",
        ),
        Column(
            "changed_at",
            TIMESTAMP,
            ucd="time.epoch",
            timesys=UTC,
            nullable=False,
            indexed=True,
            principal=True,
            description="When it was done, UTC",
        ),
        Column(
            "account",
            TEXT,
            ucd="meta.id",
            nullable=False,
            indexed=True,
            principal=True,
            description="Account that was changed",
        ),
        Column(
            "event",
            TEXT,
            ucd="meta.code",
            nullable=False,
            principal=True,
            description="added (by an operator, or at a log-in elsewhere), registered, address confirmed, "
            "identity added (of an OpenID provider), name changed, password set, link shown (to an "
            "operator), roles set, token issued (also by a log-in), token revoked, locked (after wrong "
            "passwords), closed, opened, removed",
        ),
        Column(
            "changed_by",
            TEXT,
            ucd="meta.id",
            nullable=False,
            principal=True,
            description="The account itself (whoever had its password, a link or a token of it), operator "
            "with the login of who was at the keyboard, archive",
        ),
        Column(
            "token_id",
            TEXT,
            ucd="meta.id",
            indexed=True,
            description="Public identifier of the token that was issued; of those that were revoked together "
            "that of the first",
        ),
        Column("address", TEXT, ucd="meta.id", description="Address on the network from which it was done"),
        Column("detail", TEXT, ucd="meta.note", principal=True, description="What more there is to say"),
    ),
    description="What was done to accounts: made, confirmed, changed, locked, closed, removed; tokens issued "
    "and revoked. Of a removed account what told of the person is gone",
    title="Changes of accounts",
    primary_key=("change_id",),
    restricted=True,
)

TABLES: tuple[Table, ...] = (ACCOUNT_CHANGE,)
