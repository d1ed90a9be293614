"""What a plugin's code raised, told in one line with its place: whatever it was, as the code is not ours."""

from __future__ import annotations

import traceback
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from ..errors import ArchiveError

__all__ = ["Raised", "place_of", "told"]

_LONGEST = 500


class Raised(AbstractContextManager["Raised"]):
    """Keeps the exception that left its block, if one did.

    An operator's interruption is let through, unless `whatever` says that the program is about to end anyway;
    that a plugin would end it is a fault like any other.
    """

    def __init__(self, whatever: bool = False) -> None:
        self._kinds = (BaseException,) if whatever else (Exception, SystemExit)
        self.error: BaseException | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, self._kinds):
            self.error = error
            return True
        return False


def told(error: BaseException) -> str:
    """What is wrong, without the place."""
    match error:
        case ArchiveError():
            said = str(error)
        case SyntaxError():
            said = f"not Python: {error.msg}"
        case MemoryError():
            said = "it wanted more memory than it may have"
        case RecursionError():
            said = "it called itself too often"
        case _:
            said = f"{type(error).__name__}: {error}".removesuffix(": ")
    said = " ".join(said.split())
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 4]} ..."


def place_of(error: BaseException, below: Path) -> str:
    """File and line in `below` (a file, or a folder of them) where it was raised; "" for nowhere there."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if below == Path(frame.filename) or below in Path(frame.filename).parents:
            return f"{frame.filename}:{frame.lineno}"
    return ""
