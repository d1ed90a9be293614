"""Compiles `native/` into a library beside this file: `python archive/wire/build.py`, as setup/prepare does.

Nothing of the archive is imported here, so that it takes no time where there is nothing to do. It needs a
compiler for C++17 and no headers of Python's: `library` loads what is made here with ctypes. Whoever has no
compiler goes on with the slower way.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["LIBRARY", "build", "fingerprint"]

_FOLDER = Path(__file__).parent
_SOURCES = _FOLDER / "native"
LIBRARY = _FOLDER / "wire.so"
_MARK = b"wire sources "
_FLAGS = ("-std=c++17", "-O2", "-fPIC", "-shared")


def fingerprint() -> str:
    """What a library must have been made from to be the right one: these sources, this kind of machine."""
    digest = hashlib.sha256(platform.machine().encode())
    for path in sorted(_SOURCES.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    return LIBRARY.exists() and _MARK + fingerprint().encode() in LIBRARY.read_bytes()


def build() -> str | None:
    """Makes the library anew if it has to be; what went wrong, if something did."""
    if is_current():
        return None
    compiler = next(filter(None, map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++"))), None)
    if compiler is None:
        return "there is no compiler for C++"
    made = LIBRARY.with_suffix(f".{os.getpid()}")
    mark = f'-DWIRE_SOURCE="{_MARK.decode()}{fingerprint()}"'
    command = [compiler, *_FLAGS, mark, "wire.cpp", "-o", str(made)]
    try:
        done = subprocess.run(command, cwd=_SOURCES, capture_output=True, text=True, check=False)
        if done.returncode:
            return done.stderr.strip() or f"{compiler} ended with {done.returncode}"
        # Whole or not at all: a server may be starting this moment.
        made.replace(LIBRARY)
    except OSError as error:
        return str(error)
    finally:
        made.unlink(missing_ok=True)
    return None


if __name__ == "__main__":
    if problem := build():
        print(f"the fast way to write results could not be compiled: {problem}", file=sys.stderr)
        sys.exit(1)
