"""The parts from which an application is put together: the archive that all services share, and a service.

A `Service` is a value: `frontdesk` mounts the ones it is given, shows them on its pages and answers
their failures in the form they chose. How a service does its work is its own package's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from starlette.routing import BaseRoute

from ..access import Accounts, Callers
from ..config import Config
from ..database import Database
from ..declare.parameters import Parameter
from ..store import Store
from .failures import Style
from .streaming import Workers

__all__ = ["Archive", "Service", "ServiceFactory"]


@dataclass(frozen=True)
class Archive:
    """What every service works with."""

    config: Config
    database: Database
    workers: Workers
    store: Store
    up_since: datetime = field(default_factory=lambda: datetime.now(UTC))
    callers: Callers = field(default_factory=Callers.from_environment)
    # What hinders work in the background, by the name of that work; it makes no service unavailable.
    troubles: dict[str, str] = field(default_factory=dict)

    @cached_property
    def accounts(self) -> Accounts:
        """Whom credentials prove, and with whose rights jobs run; made when it is asked for."""
        return Accounts(self.database, self.config, self.callers)


@dataclass(frozen=True)
class Service:
    """A group of endpoints below one path.

    `path` begins with a slash and has none at the end; all `routes` begin with it, or with one of the
    `aliases`. `address` is what a user gives to a program, `links` are pages and documents worth a look, by
    name.
    """

    name: str
    description: str
    path: str
    address: str
    routes: tuple[BaseRoute, ...]
    style: Style
    parameters: tuple[Parameter, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()


ServiceFactory = Callable[[Archive], Service]
