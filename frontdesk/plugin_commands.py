"""`uraniborg plugins`: what was found and what is wrong with it; `plugins new`: the beginning of one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from archive.config import Config
from archive.errors import UsageError
from archive.plugins import Ingest, find_plugins
from ingest import BUILTIN

from .plugin_skeleton import skeleton
from .privileges import drop_root

__all__ = ["plugins"]

WRONG_STATUS = 2


def plugins(config: Config, arguments: argparse.Namespace) -> int:
    if arguments.action == "new":
        return _new(arguments)
    drop_root(config)
    found = find_plugins(config, BUILTIN)
    for plugin in found.ingests:
        for line in _lines(plugin, is_builtin=plugin in BUILTIN):
            print(line)
    if not found.ingests:
        print(f"no plugins; they are Python files in {config.plugins_folder.absolute()}, or installed")
    for problem in found.problems:
        print(f"uraniborg: {problem}", file=sys.stderr)
    return WRONG_STATUS if found.problems else 0


def _lines(plugin: Ingest, *, is_builtin: bool) -> Iterator[str]:
    yield f"{plugin.name}: {plugin.description}"
    yield f"    from      {'Uraniborg' if is_builtin else plugin.origin}"
    yield f"    accepts   {_accepted(plugin)}"
    for source in plugin.polls:
        yield f"    polls     {source.url} every {source.seconds:g} s"
    yield f"    tables    {', '.join(table.name for table in plugin.tables)}"


def _accepted(plugin: Ingest) -> str:
    accepts = plugin.accepts
    parts = [" or ".join(accepts.names)] if accepts.names else []
    if accepts.keywords:
        parts.append(
            "FITS with " + ", ".join(f"{name}={value!r}" for name, value in accepts.keywords.items())
        )
    if accepts.media_types:
        parts.append(" or ".join(accepts.media_types))
    if accepts.looks:
        parts.append("judged by its content")
    return "; ".join(parts)


def _new(arguments: argparse.Namespace) -> int:
    folder = arguments.folder.absolute() / arguments.name
    files = skeleton(arguments.name)
    if any(plugin.name == arguments.name for plugin in BUILTIN):
        raise UsageError(f"Uraniborg has a plugin {arguments.name} of its own", hint="choose another name")
    if folder.exists():
        raise UsageError(f"{folder} exists already", hint="choose another name, or say --in FOLDER")
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    print(f"{folder}: {', '.join(files)}")
    print(f"Test it:    cd {folder} && python -m pytest")
    print("Install it: python -m pip install --no-deps -e .   or copy the module into plugins_folder")
    return 0
