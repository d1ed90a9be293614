"""uraniborg ingestd: files from the observatory to the archive, sent until they are safe there.

How that is done is told in `ingest.transfer`; here is what the operator says to it and hears from it.
"""

from __future__ import annotations

import argparse
import os

from archive.config import Config
from archive.errors import ConfigurationError
from ingest.outcomes import printable
from ingest.transfer import Daemon, Item, Queue, State

from .log import set_up_logging
from .server import end_on_terminate

__all__ = ["TOKEN", "ingestd"]

TOKEN = "URANIBORG_TOKEN"
_FAILED = 1


def ingestd(config: Config, arguments: argparse.Namespace) -> int:
    """It keeps its account: files are read, and put away, as whoever starts it may."""
    if arguments.list:
        return _list(config)
    token = os.environ.get(TOKEN, "")
    if not token:
        raise ConfigurationError(
            f"{TOKEN} is not set", hint="it is one of those in URANIBORG_TOKENS at the archive"
        )
    set_up_logging()
    end_on_terminate(0)
    daemon = Daemon(config, token)
    if arguments.retry:
        print(f"{daemon.queue.try_again()} files are sent again", flush=True)
    refused: list[Item] = []
    with daemon:
        if arguments.once:
            daemon.wait()
            refused = daemon.queue.items(State.REFUSED)
        elif not daemon.run():
            return _FAILED
    for item in refused:
        print(f"refused: {printable(str(item.path))}: {item.reason}")
    return _FAILED if refused else 0


def _list(config: Config) -> int:
    path = config.ingestd_spool / "queue.sqlite"
    if not path.exists():
        raise ConfigurationError(f"there is no queue {path}", hint="uraniborg ingestd makes one")
    queue = Queue(path)
    try:
        items = queue.items(*State)
    finally:
        queue.close()
    for item in items:
        done = 100 * item.sent // item.stamp.size if item.stamp.size else 0
        print(
            f"{item.priority:4} {item.state:8} {done:3} % {item.stamp.size:14,} {item.attempts:5} "
            + printable(str(item.path))
            + (f": {item.reason}" if item.reason else "")
        )
    return 0
