"""Accounts for tests: a site whose passwords are compared fast, and whose mail lies in a folder."""

from __future__ import annotations

import email
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from argon2 import PasswordHasher

from archive.access import Accounts, Administration, Callers
from archive.access.passwords import Passwords
from archive.config import Config
from archive.database import Database

PASSWORD = "stella nova 1572"
OTHER = "de mundi aetherei"
TOKEN = "0123456789abcdef-of-the-environment"


def quick(time_cost: int = 1) -> Passwords:
    """Argon2 with the least that it takes."""
    return Passwords(PasswordHasher(time_cost, memory_cost=8, parallelism=1))


@dataclass(frozen=True)
class People:
    accounts: Accounts
    administration: Administration
    database: Database
    config: Config
    mailbox: Path

    def mail(self) -> list[EmailMessage]:
        """All messages by now, the oldest first."""
        self.accounts.settle()
        messages = [
            email.message_from_bytes(path.read_bytes(), policy=default)
            for path in sorted(self.mailbox.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        ]
        return [message for message in messages if isinstance(message, EmailMessage)]

    def link(self) -> str:
        """What the link in the newest message carries."""
        found = re.search(r"\?token=([\w-]+)", self.mail()[-1].get_content())
        assert found is not None
        return found[1]

    def registered(self, name: str, **more: str) -> str:
        """An account that has confirmed its address, and its name."""
        self.accounts.register(name, f"{name}@hven.example", PASSWORD, **more)
        assert self.accounts.verify(self.link()) == name
        return name


def people(
    database: Database, mailbox: Path, tokens: Mapping[str, str] | None = None, **settings: object
) -> People:
    config = replace(Config(), mail_folder=str(mailbox), **settings)  # type: ignore[arg-type]
    passwords = quick()
    accounts = Accounts(database, config, Callers(tokens or {}), passwords)
    return People(accounts, Administration(database, config, passwords), database, config, mailbox)
