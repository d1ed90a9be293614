"""Packed files unpacked to disk, for readers that must seek or map them into memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ConfigurationError, UnreadableFile
from .source import unreadable
from .streams import Packing, open_stream, packing

__all__ = ["unpacked"]

_COPIED = 1 << 20


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The file itself or, when it is compressed, a temporary copy that is not."""
    if not os.path.isfile(path):
        raise unreadable(path, "there is no such file")
    if packing(path) is Packing.NONE:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="uraniborg-") as folder:
        copy = Path(folder) / path.name
        try:
            with open_stream(path) as stream, copy.open("wb") as file:
                while block := stream.read(_COPIED):
                    file.write(block)
        except UnreadableFile as cause:
            raise unreadable(path, cause.message) from cause
        except OSError as cause:
            raise ConfigurationError(
                f"{path.name} cannot be unpacked in {folder}: {cause.strerror or cause}",
                hint="set TMPDIR to a folder with more room",
            ) from cause
        yield copy
