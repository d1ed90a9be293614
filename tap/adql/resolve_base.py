"""What all parts of the resolver share: the text, for places; the ways from one part to another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NoReturn

from archive.declare.catalogue import Catalogue
from archive.errors import QueryError
from archive.query.tree import Condition, Geometry, QueryBody, Value

from ..profiles import Profile
from . import syntax
from .resolve_scope import Scope
from .resolve_types import is_null, kind_name
from .tokens import position

__all__ = ["Resolving"]


class Resolving(ABC):
    """One query being resolved; `profile` tells the language from ADQL where it differs."""

    def __init__(self, text: str, catalogue: Catalogue, profile: Profile) -> None:
        self.text = text
        self.catalogue = catalogue
        self.profile = profile
        self.sources = 0

    @abstractmethod
    def value(self, node: syntax.Value, scope: Scope) -> Value: ...

    @abstractmethod
    def condition(self, node: syntax.Condition, scope: Scope) -> Condition: ...

    @abstractmethod
    def geometry(self, node: syntax.Value, scope: Scope) -> Geometry: ...

    @abstractmethod
    def query(self, node: syntax.Query, parent: Scope | None) -> QueryBody: ...

    def place(self, at: int) -> tuple[int, int]:
        return position(self.text, at)

    def fail(self, at: int, message: str, hint: str | None = None) -> NoReturn:
        line, column = self.place(at)
        raise QueryError(message, line=line, column=column, hint=hint)

    def next_source(self) -> int:
        self.sources += 1
        return self.sources

    def number(self, node: syntax.Value, scope: Scope, what: str) -> Value:
        """A value that has to be a number; `what` names it in the error."""
        value = self.value(node, scope)
        if value.field.type.is_numeric or is_null(value):
            return value
        self.fail(node.at, f"{what} has to be a number, not {kind_name(value.field.type)}")
