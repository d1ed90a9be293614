"""Finding all plugins: the built-in ones, those of installed distributions, and those of the plugins folder.

Everything that is wrong with any of them is told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..config import Config
from ..declare.builtin import builtin_schemas
from ..declare.tables import Schema, Table
from ..errors import ConfigurationError
from .checking import Declared, collected, problems
from .modules import Problem, Source, from_entry_points, from_folder
from .packages import check_packages
from .values import Ingest

__all__ = ["Plugins", "checked", "find_plugins", "load_plugins"]


@dataclass(frozen=True, slots=True)
class Plugins:
    """What was found. `schemas` hold the tables that no archive has without these plugins.

    `problems` are empty after `load_plugins`.
    """

    ingests: tuple[Ingest, ...] = ()
    schemas: tuple[Schema, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """Those that no archive has without these plugins."""
        return tuple(table for schema in self.schemas for table in schema.tables)

    def beside(self, own: Sequence[Schema]) -> tuple[Schema, ...]:
        """The archive's own schemas with the tables of plugins in them, and the schemas of plugins."""
        more = {schema.name: schema.tables for schema in self.schemas}
        joined = [replace(schema, tables=(*schema.tables, *more.pop(schema.name, ()))) for schema in own]
        return (*joined, *(schema for schema in self.schemas if schema.name in more))

    def named(self, name: str) -> Ingest:
        """Raises ConfigurationError when there is none of that name."""
        for ingest in self.ingests:
            if ingest.name == name:
                return ingest
        known = ", ".join(ingest.name for ingest in self.ingests) or "none"
        raise ConfigurationError(f"there is no plugin {name}", hint=f"there are: {known}")


def load_plugins(config: Config, builtin: Sequence[Ingest] = ()) -> Plugins:
    """All plugins; raises ConfigurationError that tells everything that is wrong with any of them.

    And when the archive's own packages are not all of one folder, as plugins import from those.
    """
    check_packages()
    found = find_plugins(config, builtin)
    if found.problems:
        listed = "".join(f"\n  {problem}" for problem in found.problems)
        raise ConfigurationError(
            f"the plugins cannot be used:{listed}\n", hint="mend them, or take them away"
        )
    return found


def find_plugins(config: Config, builtin: Sequence[Ingest] = ()) -> Plugins:
    """All plugins, and what is wrong with them; `builtin` are those of `ingest.BUILTIN`."""
    return checked(_sources(config.plugins_folder, builtin))


def checked(sources: Iterable[Source | Problem]) -> Plugins:
    """What these sources declare, and everything that is wrong with it."""
    declared: list[Declared] = []
    failed: list[Problem] = []
    for one in sources:
        match one:
            case Source():
                declared.append(collected(one))
            case Problem():
                failed.append(one)
    own = builtin_schemas()
    ingests: list[Ingest] = []
    for found in declared:
        ingests += (ingest for ingest in found.ingests if ingest not in ingests)
    return Plugins(tuple(ingests), tuple(_schemas(declared, own)), (*failed, *problems(declared, own)))


def _sources(folder: Path, builtin: Sequence[Ingest]) -> Iterator[Source | Problem]:
    if builtin:
        yield Source(Path(__file__), {ingest.name: ingest for ingest in builtin})
    yield from from_entry_points()
    yield from from_folder(folder.absolute())


def _schemas(declared: Iterable[Declared], own: Sequence[Schema]) -> Iterator[Schema]:
    """The tables by schemas, described by whoever describes them first."""
    given = [schema for one in declared for schema in one.schemas]
    described = {schema.name: schema for schema in reversed([*own, *given])}
    known = {table.name.lower() for schema in own for table in schema.tables}
    tables: dict[str, list[Table]] = {}
    for one in declared:
        for table in one.tables:
            if table.name.lower() not in known:
                known.add(table.name.lower())
                tables.setdefault(table.schema_name, []).append(table)
    for name, members in tables.items():
        plain = Schema(name, (), f"Tables of plugins, in schema {name}")
        yield replace(described.get(name, plain), tables=tuple(members))
