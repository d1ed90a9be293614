"""Who asks the archive of `observatory`: an account and a token for each role that somebody can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archive.access import Accounts, Administration, Caller, Role, Scope
from archive.access.rights import Kind, grant, revoke
from archive.config import Config
from archive.database import Database
from tests.access.observatory import PROGRAMME

__all__ = ["ROLES", "People", "Person"]

_PASSWORD = "stjerneborg and uraniborg"
_USUAL = frozenset({Scope.READ, Scope.WRITE})


@dataclass(frozen=True)
class Person:
    """`account` is "" for nobody; `scopes` those of the token.

    `holds`: whether he has rights on programme 116.25AB; `commands`: whether he is an operator there.
    """

    account: str
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[Scope] = _USUAL
    holds: bool = False
    commands: bool = False


_OPERATING = frozenset({Scope.READ, Scope.WRITE, Scope.ADMIN})
ROLES: Mapping[str, Person] = {
    "anonymous": Person("", scopes=frozenset()),
    "user": Person("uma"),
    "pi": Person("tycho", scopes=_USUAL | {Scope.ACCOUNT}, holds=True),
    "coi": Person("kirsten", holds=True),
    "delegate": Person("dora", holds=True),
    "expired": Person("erik"),
    "revoked": Person("rosa"),
    "other_pi": Person("johannes"),
    "phase3": Person("peter", frozenset({Role.PHASE3})),
    "qc": Person("quentin", frozenset({Role.QC})),
    "operator": Person("olga", frozenset({Role.OPERATOR}), _OPERATING, commands=True),
    "administrator": Person("anna", frozenset({Role.ADMINISTRATOR}), _OPERATING, commands=True),
    "service": Person("sam", frozenset({Role.SERVICE}), frozenset({Scope.READ, Scope.DELIVER})),
    "pi_reading": Person("tycho", scopes=frozenset({Scope.READ}), holds=True),
    "operator_reading": Person("olga", frozenset({Role.OPERATOR}), frozenset({Scope.READ})),
}


class People:
    """The accounts of `ROLES` with their rights, and a token for each role."""

    def __init__(self, database: Database, config: Config) -> None:
        accounts, administration = Accounts(database, config), Administration(database, config)
        made = set()
        for person in ROLES.values():
            if person.account and person.account not in made:
                made.add(person.account)
                address = f"{person.account}@observatory.example"
                administration.add(
                    person.account,
                    email=address,
                    roles=person.roles,
                    password=_PASSWORD if person.account == "tycho" else None,
                )
        with database.writer() as connection:
            operator = Caller("olga", frozenset({Role.OPERATOR}))
            tomorrow = datetime.now(UTC) + timedelta(days=1)
            for name in ("dora", "erik", "rosa"):
                grant(connection, operator, name, PROGRAMME, Kind.DELEGATE, tomorrow)
            connection.execute(
                "UPDATE archive.run_right SET expires = now() - interval '1 second' WHERE account = 'erik'"
            )
            assert revoke(connection, operator, "rosa", PROGRAMME) == 1
        self._tokens = {
            role: accounts.issue_service_token(person.account, person.scopes).access
            for role, person in ROLES.items()
            if person.account and role != "pi"
        }
        # As people have them; the others are as programs have them.
        self._tokens["pi"] = accounts.log_in("tycho", _PASSWORD).access
        accounts.close()

    def headers(self, role: str) -> dict[str, str]:
        token = self._tokens.get(role)
        return {} if token is None else {"Authorization": f"Bearer {token}"}
