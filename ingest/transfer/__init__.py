"""Files from the observatory to the archive: folders watched, a durable queue, a patient sender."""

from __future__ import annotations

from .daemon import Daemon
from .queue import Item, Queue, State

__all__ = ["Daemon", "Item", "Queue", "State"]
