"""Telling how far a long piece of work is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TextIO

__all__ = ["Progress"]

_REDRAW = 0.1  # seconds between two pictures of the bar
_SAY_AGAIN = 10.0  # seconds between two lines where there is no terminal


class Progress:
    """Progress of `label`; call it with what is done and, where it is known, what there is to do.

    As a context manager it ends the bar's line, whether the work succeeded or not.
    """

    def __init__(self, label: str, unit: str = "", stream: TextIO | None = None) -> None:
        self._label = label
        self._unit = f" {unit}" if unit else ""
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._start = self._shown = time.monotonic()
        self._state: tuple[int, int | None] = (0, None)

    def __enter__(self) -> Progress:
        self._draw() if self._terminal else self._line()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._terminal:
            self._draw()
            self._stream.write("\n")
        elif kind is None:
            self._line()
        self._stream.flush()

    def __call__(self, done: int, total: int | None = None) -> None:
        self._state = (done, total)
        now = time.monotonic()
        if now - self._shown >= (_REDRAW if self._terminal else _SAY_AGAIN):
            self._shown = now
            self._draw() if self._terminal else self._line()

    def _numbers(self) -> str:
        done, total = self._state
        # Work that nobody counts has only its time to tell.
        return f"{done:,}{f' of {total:,}' if total else ''}{self._unit}" if self._unit else ""

    def _told(self, between: str) -> str:
        return between.join(filter(None, [self._numbers(), f"{time.monotonic() - self._start:.0f} s"]))

    def _line(self) -> None:
        self._stream.write(f"{self._label}: {self._told(', ')}\n")
        self._stream.flush()

    def _draw(self) -> None:
        """One line that overwrites itself, no wider than the terminal."""
        done, total = self._state
        columns = shutil.get_terminal_size().columns
        text = f"{self._label} {self._told(' ')}"
        room = min(30, columns - len(text) - 4)
        if total and room >= 5:
            filled = min(room, room * done // total)
            text = f"{self._label} [{'#' * filled}{'.' * (room - filled)}]{text[len(self._label) :]}"
        self._stream.write(f"\r\033[K{text[: columns - 1]}")
        self._stream.flush()
