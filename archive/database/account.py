"""The operating system's account that owns the private database, and running programs as it.

PostgreSQL refuses to run as root, so root hands its programs to an account without rights. Nothing
here knows what the programs do.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigurationError

__all__ = ["Account", "find_account"]


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """True when programs have to be handed over: we are root, the account is not."""
        return os.geteuid() != self.uid

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """The finished program with its output; a failure is the caller's to judge by `returncode`."""
        arguments = [str(part) for part in command]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        # Its own working folder may be closed to the account, so the programs start in the root folder.
        if self.is_other:
            return subprocess.run(
                arguments,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                cwd="/",
                env=environment,
                user=self.uid,
                group=self.gid,
                extra_groups=[],
            )
        return subprocess.run(
            arguments, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd="/", env=environment
        )

    def own(self, path: Path) -> None:
        """Gives a file or folder that we made to the account."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def make_folder(self, folder: Path, mode: int) -> None:
        """Makes a folder for the account, and what is missing above it; says so if it cannot get there."""
        # os.path.exists, because Path.exists raises below a folder that is closed to us.
        missing = [path for path in (folder, *folder.parents) if not os.path.exists(path)]
        if missing:
            self.check_entry(missing[-1].parent)
        for path in reversed(missing):
            try:
                path.mkdir(mode if path == folder else 0o755)
            except FileExistsError:
                continue  # another process makes it at this moment
            except OSError as cause:
                raise ConfigurationError(f"cannot make the folder {path}: {cause.strerror}") from cause
            self.own(path)
        self.check_entry(folder)

    def check_entry(self, folder: Path) -> None:
        """Raises ConfigurationError naming the first folder on the way into which the account cannot go."""
        for path in (*reversed(folder.parents), folder):
            if not self._can_enter(path):
                raise ConfigurationError(
                    f"the account {self.name} cannot enter {path}",
                    hint=f"choose a data_folder outside it, or allow it with: chmod a+x {path}",
                )

    def _can_enter(self, folder: Path) -> bool:
        if self.is_other:
            return self.run("test", "-x", folder).returncode == 0
        return os.access(folder, os.X_OK)


def find_account(name: str) -> Account:
    """Our own account; when we are root, the one called `name`."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
    else:
        try:
            entry = pwd.getpwnam(name)
        except KeyError as cause:
            raise ConfigurationError(
                f"there is no account {name!r} to run the database",
                hint="PostgreSQL does not run as root: set `account` to an existing account without rights",
            ) from cause
    if entry.pw_uid == 0:
        raise ConfigurationError("the database cannot run as root", hint="set `account` to another account")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
