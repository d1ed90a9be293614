"""How the commands of an operator find the demonstration: by a configuration that is kept beside its data.

What the demonstration's settings are is `demo`'s business; here they are written down and told.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import fields
from pathlib import Path

from archive.config import Config

__all__ = ["commands_told", "keep_configuration"]

_FILE = "archive.toml"


def keep_configuration(config: Config) -> None:
    """Writes what differs from the defaults. Readable for its account alone, as it may name a database."""
    lines = [
        f"{field.name} = {_toml(value)}\n"
        for field in fields(config)
        if (value := getattr(config, field.name)) != field.default
    ]
    path = config.data_folder / _FILE
    path.touch(0o600)
    os.chmod(path, 0o600)
    path.write_text("".join(lines), "utf-8")


def commands_told(config: Config) -> str:
    """A command that an operator can try while the demonstration runs; "" without the file for it."""
    file = config.data_folder.absolute() / _FILE
    if not file.exists():
        return ""
    program = Path(sys.prefix, "bin", "uraniborg")
    return f"An operator's commands work meanwhile:\n\n    {program} --config {file} user list\n\n"


def _toml(value: object) -> str:
    """Of the types that settings have; texts and lists of them are written as in JSON."""
    match value:
        case Path():
            return json.dumps(str(value.absolute()), ensure_ascii=False)
        case float():
            return repr(value)
        case _:
            return json.dumps(value, ensure_ascii=False)
