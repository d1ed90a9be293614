"""Giving up root: whatever answers strangers works as an account without rights.

PostgreSQL refuses to run as root, and so should we. What only root can do comes first: binding the port,
and giving the data folder to the account.
"""

from __future__ import annotations

import getpass
import os
import pwd

from archive.config import Config
from archive.database.account import find_account
from archive.errors import ConfigurationError

from .preloading import prepare_code

__all__ = ["drop_root", "operator_name"]


def operator_name() -> str:
    """Who gave a command, also by sudo, as records name him; to be asked before root is given up."""
    try:
        login = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        login = str(os.getuid())
    return f"operator ({login})"


def drop_root(config: Config) -> None:
    """Continues as `config.account` when root started us; the data folder belongs to it afterwards.

    Files that are named later must be readable for the account, and their paths absolute.
    """
    if os.geteuid() != 0:
        return
    account = find_account(config.account)
    prepare_code(account)
    folder = config.data_folder.absolute()
    account.make_folder(folder, 0o755)
    owner = folder.stat().st_uid
    if owner not in {0, account.uid}:
        raise ConfigurationError(
            f"the folder {folder} belongs to {pwd.getpwuid(owner).pw_name}, not to {account.name}",
            hint="set account or data_folder in the configuration",
        )
    account.own(folder)
    os.initgroups(account.name, account.gid)
    os.setgid(account.gid)
    os.setuid(account.uid)
    # Libraries keep caches in the home folder, and root's is closed now.
    os.environ["HOME"] = pwd.getpwuid(account.uid).pw_dir
    os.environ.update(USER=account.name, LOGNAME=account.name)
    # Where root stood may be closed too, and programs that are started there would fail.
    os.chdir("/")
