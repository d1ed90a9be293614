"""Every way in: the application's routes with their places for text, and the parameters that were declared.

What a package declares is found in its modules, and tried at all its routes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute, Mount, Route

from archive.declare.parameters import Parameter

__all__ = ["Way", "handlers", "parameters_of", "ways"]

_PLACE = re.compile(r"{(\w+)(?::path)?}")


@dataclass(frozen=True)
class Way:
    """A route: `places` are the names in its path, `package` is the one that answers there by `handler`."""

    path: str
    methods: frozenset[str]
    package: str
    handler: str

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(_PLACE.findall(self.path))

    def at(self, **values: str) -> str:
        """The path with these texts in their places, quoted already."""
        return _PLACE.sub(lambda found: values[found[1]], self.path)


def ways(routes: Sequence[BaseRoute]) -> Iterator[Way]:
    for route in routes:
        if isinstance(route, Mount):
            yield Way(f"{route.path}/{{path:path}}", frozenset({"GET"}), "frontdesk", route.path)
        elif isinstance(route, Route):
            module = route.endpoint.__module__
            depth = 3 if module.startswith("archive.protocol.") else 1
            package = ".".join(module.split(".")[:depth])
            handler = f"{module}.{route.endpoint.__qualname__}"
            yield Way(route.path, frozenset(route.methods or {"GET"}), package, handler)


def handlers(routes: Sequence[BaseRoute]) -> Iterator[Way]:
    """Each handler by one of its routes: some serve several services by the same code."""
    seen = set()
    for way in ways(routes):
        if (way.handler, way.methods) not in seen:
            seen.add((way.handler, way.methods))
            yield way


def parameters_of(package: str) -> tuple[Parameter, ...]:
    """All that are declared in the modules of a package."""
    found: dict[str, Parameter] = {}
    for name, module in sorted(sys.modules.items()):
        if name == package or name.startswith(f"{package}."):
            for value in vars(module).values():
                for each in value if isinstance(value, tuple) else (value,):
                    if isinstance(each, Parameter):
                        found.setdefault(each.name.upper(), each)
    return tuple(found.values())
