"""Keeping the private PostgreSQL alive while the archive serves: what kills it must not end the service.

Queries that were under way are lost and told so; those that come later find it again. A server that the
operator runs is the operator's to watch.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from archive.database import Database
from archive.database.cluster import Cluster
from archive.errors import ArchiveError

__all__ = ["guarded"]

_log = logging.getLogger("uraniborg.database")
_INTERVAL = 1.0  # seconds
# Seconds of one attempt to start it. Whoever ends the program, or another one that shares the cluster, waits
# for the end of an attempt; a server that takes longer to recover goes on by itself.
_ATTEMPT = 10.0


@contextmanager
def guarded(database: Database) -> Iterator[None]:
    """As long as the block runs, a private PostgreSQL that has gone is started again."""
    if database.cluster is None:
        yield
        return
    end = threading.Event()
    thread = threading.Thread(target=_watch, args=(database.cluster, end), name="guardian")
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _watch(cluster: Cluster, end: threading.Event) -> None:
    complaint = ""
    while not end.wait(_INTERVAL):
        if _listens(cluster):
            continue
        _log.warning("PostgreSQL has gone; starting it again")
        try:
            cluster.ensure(_ATTEMPT)
            complaint = ""
        except (ArchiveError, OSError) as error:
            # Tried again: a full disk may be mended. The same words every second would help nobody.
            if str(error) != complaint:
                _log.error("%s", error)
            complaint = str(error)


def _listens(cluster: Cluster) -> bool:
    """Whether a server accepts connections on the cluster's socket; a busy one does, too."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_INTERVAL)
        try:
            client.connect(str(cluster.socket_folder / ".s.PGSQL.5432"))
        except TimeoutError:
            return True
        except OSError:
            return False
    return True
