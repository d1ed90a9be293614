"""Importing what may be plugins: modules of a folder, and what entry points name; every failure is a finding.

Importing a plugin registers nothing. What is found in a module, and whether it is right, is `checking`'s.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from .faults import Raised, place_of, told

__all__ = ["GROUP", "Problem", "Source", "from_entry_points", "from_folder"]

GROUP = "archive.plugins"  # of entry points
_PREFIX = "uraniborg_plugin_"  # of modules of the folder, so that they hide no others


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a plugin; `place` is a file and a line, as far as there is one."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where plugins were found: public values by their names, and the file that tells their lines."""

    path: Path
    values: dict[str, object]


def from_folder(folder: Path) -> Iterator[Source | Problem]:
    """The modules and packages of a folder, by their names; those with _ in front are passed over.

    A folder that is not there has none.
    """
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        file = path / "__init__.py" if path.is_dir() else path
        if path.name.startswith(("_", ".")) or file.suffix != ".py" or not file.is_file():
            continue
        if not path.stem.isidentifier():
            yield Problem(f"{path}:1", f"{path.stem!r} is no name of a module: letters, digits and _")
            continue
        yield _imported(_PREFIX + path.stem, file)


def _imported(name: str, file: Path) -> Source | Problem:
    package = [str(file.parent)] if file.name == "__init__.py" else None
    spec = spec_from_file_location(name, file, submodule_search_locations=package)
    if spec is None or spec.loader is None:
        return Problem(f"{file}:1", "cannot be imported")
    _forget(name)
    module = module_from_spec(spec)
    sys.modules[name] = module  # as dataclasses and relative imports want it
    with Raised() as raised:
        spec.loader.exec_module(module)
    if raised.error is not None:
        _forget(name)
        below = file.parent if package else file
        return Problem(place_of(raised.error, below) or f"{file}:1", told(raised.error))
    return Source(file, public_values(module))


def _forget(name: str) -> None:
    for known in [known for known in sys.modules if known == name or known.startswith(name + ".")]:
        del sys.modules[known]


def from_entry_points() -> Iterator[Source | Problem]:
    """What installed distributions offer in the group `archive.plugins`: modules, or values in them."""
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        yield _loaded(point)


def _loaded(point: EntryPoint) -> Source | Problem:
    value: object = None
    with Raised() as raised:
        value = point.load()
    if raised.error is not None:
        place = place_of(raised.error, Path("/")) or f"entry point {point.name}"
        return Problem(place, f"{point.value}: {told(raised.error)}")
    if isinstance(value, ModuleType):
        return Source(Path(value.__file__ or point.value), public_values(value))
    module = sys.modules.get(point.module)
    return Source(Path((module and module.__file__) or point.value), {point.attr or point.name: value})


def public_values(module: ModuleType) -> dict[str, object]:
    """What `__all__` lists, or all that has no _ in front."""
    names = getattr(module, "__all__", None)
    if names is None:
        names = [name for name in vars(module) if not name.startswith("_")]
    return {str(name): getattr(module, name, None) for name in names}
