"""Previews that were made, in a folder of bounded size: what was not looked at for the longest goes first."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

__all__ = ["PreviewCache"]

_VERSION = "2"  # grows when previews come to look differently
_SWEEP = 64  # previews made between two looks at the size of the folder


class PreviewCache:
    """Shared by all threads; processes may share its folder."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}
        self._made = 0

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """The preview known by `key`, made if there is none; who asks for the same one meanwhile waits."""
        path = self._path(key)
        known = self._known(path)
        if known is not None:
            return known
        with self._lock:
            mine = self._busy.setdefault(key, threading.Lock())
        try:
            with mine:
                known = self._known(path)
                if known is None:
                    known = make()
                    self._keep(path, known)
                return known
        finally:
            with self._lock:
                self._busy.pop(key, None)

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(f"{_VERSION} {key}".encode()).hexdigest()
        return self._folder / name[:2] / name

    def _known(self, path: Path) -> bytes | None:
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return content

    def _keep(self, path: Path, content: bytes) -> None:
        """As far as there is room: a preview that is not kept is made again."""
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                os.replace(name, path)
            finally:
                Path(name).unlink(missing_ok=True)
            self._sweep()

    def _sweep(self) -> None:
        with self._lock:
            self._made += 1
            due = self._made % _SWEEP == 1
        if not due:
            return
        found = []
        for path in self._folder.glob("*/*"):
            with suppress(FileNotFoundError):  # others sweep too
                state = path.stat()
                found.append((state.st_atime_ns, state.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._most:
                return
            path.unlink(missing_ok=True)
            total -= size
