"""Finding PostgreSQL's programs on this machine, of a version that has pg_sphere.

Running them belongs to `cluster`. No server is bundled: those on PyPI cannot load pg_sphere.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigurationError

__all__ = ["OLDEST", "Programs", "find_programs"]

OLDEST = 15  # the oldest major version that is tested
_NEEDED = ("initdb", "pg_ctl", "pg_isready", "postgres")


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder of one version's programs."""

    folder: Path
    version: int
    has_pg_sphere: bool

    def path(self, name: str) -> Path:
        return self.folder / name


def find_programs(
    version: int | None = None,
    environment: Mapping[str, str] = os.environ,
    root: Path = Path("/"),
) -> Programs:
    """The newest usable version, or exactly `version`; ConfigurationError names the package that is missing.

    $PG_BIN, when set, is the only folder looked at.
    """
    found = list(_installed(environment, root))
    wanted = [p for p in found if (p.version >= OLDEST if version is None else p.version == version)]
    usable = [p for p in wanted if p.has_pg_sphere]
    if usable:
        return usable[0]
    if wanted:
        package = f"postgresql-{wanted[0].version}-pgsphere"
        raise ConfigurationError(
            f"PostgreSQL {wanted[0].version} in {wanted[0].folder} has no extension pg_sphere",
            hint=f"install it with: apt install {package}",
        )
    if version is not None:
        raise ConfigurationError(
            f"the database was made by PostgreSQL {version}, whose programs are not here",
            hint=f"install them with: apt install postgresql-{version} postgresql-{version}-pgsphere",
        )
    raise ConfigurationError(
        f"no PostgreSQL {OLDEST} or newer was found on this machine",
        hint="install it with: apt install postgresql-15 postgresql-15-pgsphere (Debian 12; Ubuntu 24.04 has"
        " version 16, Debian 13 version 17), set PG_BIN to the folder of initdb, or set `dsn` to a server",
    )


def _installed(environment: Mapping[str, str], root: Path) -> Iterator[Programs]:
    """Every version found, in order of preference."""
    seen = set()
    for folder in _folders(environment, root):
        folder = folder.resolve()
        if folder in seen or not all((folder / name).is_file() for name in _NEEDED):
            continue
        seen.add(folder)
        version = _version(folder)
        if version is not None:
            yield Programs(folder, version, _has_pg_sphere(folder, version))


def _folders(environment: Mapping[str, str], root: Path) -> Iterator[Path]:
    if environment.get("PG_BIN"):
        yield Path(environment["PG_BIN"])
        return
    yield from _newest_first((root / "usr/lib/postgresql").glob("*/bin"))
    yield from _newest_first((root / "usr").glob("pgsql-*/bin"))
    initdb = shutil.which("initdb", path=environment.get("PATH", os.defpath))
    if initdb:
        yield Path(initdb).resolve().parent


def _newest_first(folders: Iterator[Path]) -> list[Path]:
    def number(folder: Path) -> int:
        digits = re.search(r"\d+", folder.parent.name)
        return int(digits[0]) if digits else 0

    return sorted(folders, key=number, reverse=True)


def _version(folder: Path) -> int | None:
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True)
    digits = re.search(r"\d+", answer.stdout)
    return int(digits[0]) if digits else None


def _has_pg_sphere(folder: Path, version: int) -> bool:
    shares = [folder.parents[2] / "share/postgresql" / str(version), folder.parent / "share"]
    pg_config = folder / "pg_config"
    if pg_config.is_file():
        answer = subprocess.run([pg_config, "--sharedir"], capture_output=True, text=True)
        shares.insert(0, Path(answer.stdout.strip()))
    # Debian's layout: /usr/lib/postgresql/15/bin beside /usr/share/postgresql/15.
    if len(folder.parents) > 3:
        shares.append(folder.parents[3] / "share/postgresql" / str(version))
    return any((share / "extension/pg_sphere.control").is_file() for share in shares)
