"""Accounts of the demonstration: one with rights on what is proprietary there, one without, an operator.

Their passwords are made with the demonstration and kept in its folder, to be shown at every start: whoever
can read that folder has the files anyway.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from archive.access import Administration, Role
from archive.config import Config
from archive.database import Database

__all__ = ["accounts_told", "make_accounts"]

_FILE = "accounts.json"


@dataclass(frozen=True)
class _Person:
    """`email` as the simulated proposals have it."""

    name: str
    full_name: str
    email: str
    about: str
    roles: tuple[Role, ...] = ()


_PEOPLE = (
    _Person(
        "tycho", "Tycho Brahe", "tycho@uraniborg.example", "has rights on the proprietary run 116.28AB.003"
    ),
    _Person("kepler", "Johannes Kepler", "kepler@uraniborg.example", "has none on that, but on 116.29CD"),
    _Person("steward", "Steward of Hven", "steward@uraniborg.example", "an operator", (Role.OPERATOR,)),
)


def make_accounts(database: Database, config: Config) -> list[str]:
    """Makes those that are missing; returns what went wrong, as the demonstration's other loads do."""
    known = _passwords(config)
    administration = Administration(database, config)
    for person in _PEOPLE:
        if person.name in known:
            continue
        known[person.name] = secrets.token_urlsafe(12)
        # Kept first: of an account that is there its password is known.
        _keep(config.data_folder / _FILE, known)
        administration.add(
            person.name,
            email=person.email,
            password=known[person.name],
            full_name=person.full_name,
            institute="Uraniborg",
            roles=person.roles,
        )
    return []


def accounts_told(config: Config) -> str:
    """Names and passwords, one account in a line; "" when there are none."""
    known = _passwords(config)
    lines = [f"    {one.name:8}  {known[one.name]:16}  {one.about}" for one in _PEOPLE if one.name in known]
    return "\n".join(["Or log in there as:", "", *lines, ""]) if lines else ""


def _passwords(config: Config) -> dict[str, str]:
    path = config.data_folder / _FILE
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _keep(path: Path, passwords: dict[str, str]) -> None:
    path.touch(0o600)
    os.chmod(path, 0o600)
    path.write_text(json.dumps(passwords, indent=1) + "\n")
