"""Work in a forked process, which has imported everything: for commands that give up the rights of root."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from multiprocessing import get_context
from typing import TextIO

__all__ = ["forked"]

_PATIENCE = 240.0  # seconds


def forked(work: Callable[[], int]) -> tuple[int, str, str]:
    """The status that it returns, and what it wrote to its standard output and error."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = get_context("fork").Process(target=_run, args=(work, out, err))
        process.start()
        process.join(_PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
        return int(process.exitcode or 0), _text(out), _text(err)


def _run(work: Callable[[], int], out: TextIO, err: TextIO) -> None:
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    sys.stdout, sys.stderr = out, err
    status = work()
    out.flush()
    err.flush()
    # Nothing that the parent has open is cleared away here.
    os._exit(status)


def _text(file: TextIO) -> str:
    file.seek(0)
    return file.read()
