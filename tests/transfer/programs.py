"""What runs in processes of their own in tests of transfers: the server, and `uraniborg ingestd`.

They are forked from a process that has imported everything already, and end when that does, which ends with
the tests.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from archive.config import Config, load_config
from archive.database import Database
from archive.database.server import Server as Place
from archive.store import open_store
from frontdesk.app import create_app
from frontdesk.cli import parser
from frontdesk.server import Server
from frontdesk.transfer_commands import ingestd
from tests.transfer.local import TOKEN, TOKENS

__all__ = ["deliver", "serve"]

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def serve(config: Config, place: Mapping[str, str], log: Path) -> None:
    """The whole site, at the configuration's port."""
    _begin(log)
    os.environ["URANIBORG_TOKENS"] = TOKENS
    database = Database(Place(**place), config)
    listener = socket.create_server(("127.0.0.1", config.port))
    Server(create_app(config, database, open_store(database, config)), lambda: None).run([listener])


def deliver(file: Path, arguments: tuple[str, ...], log: Path) -> None:
    """`uraniborg ingestd` with a configuration."""
    _begin(log)
    os.environ["URANIBORG_TOKEN"] = TOKEN
    chosen = parser().parse_args(["--config", str(file), "ingestd", *arguments])
    sys.exit(ingestd(load_config(chosen.config), chosen))


def _begin(log: Path) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    told = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(told, 1)
    os.dup2(told, 2)
    os.chdir(log.parent)
