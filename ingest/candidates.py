"""What an operator's paths offer to a run: files, in a stable order, and which of them look like FITS."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.tablefiles.streams import is_fits

from .identify import stem

__all__ = ["Candidate", "is_file", "looks_like_fits", "walk"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file found on the way; `named` when the operator gave its path."""

    path: Path
    named: bool


def walk(paths: Iterable[Path], stored: Collection[Path]) -> Iterator[Candidate]:
    """Files in a stable order; the store's own folders are never walked, nor are links to folders."""
    for path in paths:
        if path.absolute() in stored:
            continue
        if not os.path.isdir(path):
            yield Candidate(path, True)
            continue
        closed: list[OSError] = []
        for folder, folders, files in os.walk(path, onerror=closed.append):
            folders[:] = sorted(name for name in folders if Path(folder, name).absolute() not in stored)
            yield from (Candidate(Path(folder, name), False) for name in sorted(files))
        yield from (Candidate(Path(str(error.filename)), True) for error in closed)


def looks_like_fits(path: Path) -> bool:
    """By content; a file that only its name makes FITS is taken too, so that it is reported.

    One that cannot be looked into, for want of rights, is taken as well; pipes and devices never are.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
    except FileNotFoundError:
        return path.is_symlink() and _has_fits_name(path)
    except OSError:
        return _has_fits_name(path)
    return _has_fits_name(path) or is_fits(path) or not os.access(path, os.R_OK)


def is_file(path: Path) -> bool:
    """A regular file that can be looked at, or a link to one."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _has_fits_name(path: Path) -> bool:
    return stem(path.name) != path.name and ".f" in path.name.lower()
