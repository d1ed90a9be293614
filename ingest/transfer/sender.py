"""Sending one file: from the offset that the archive has to the end, unless something more urgent comes.

What the archive knows decides, never what is remembered here. When the file has changed since it was queued,
or has gone, it is forgotten: if it is there, it will be found again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .client import Client, Unreachable, Unwelcome
from .folders import stamp
from .queue import Item, Queue

__all__ = ["send"]


def send(client: Client, queue: Queue, item: Item, chunk_bytes: int) -> None:
    """Sends what the archive lacks; raises Unreachable or Unwelcome, after which it can be called again."""
    if not _is_same(item):
        _let_go(client, queue, item)
        return
    offset = client.offset(item.offer) if item.sent or item.attempts else None
    if offset is None:
        offset = client.create(item.offer)
    while offset < item.stamp.size:
        chunk = _read(item.path, offset, min(chunk_bytes, item.stamp.size - offset))
        if chunk is None or not _is_same(item):
            _let_go(client, queue, item)
            return
        acknowledged = client.send(item.offer, offset, chunk)
        if acknowledged != offset + len(chunk):
            raise Unreachable(f"the archive has {acknowledged} bytes after {offset + len(chunk)} were sent")
        offset = acknowledged
        queue.progress(item, offset)
        if offset < item.stamp.size and queue.is_outdone(item):
            return
    if offset > item.stamp.size:
        raise Unreachable(f"the archive has {offset} bytes of a file of {item.stamp.size}")
    queue.progress(item, offset)


def _is_same(item: Item) -> bool:
    """Whether the file is there, as it was queued."""
    with _reading():
        return stamp(item.path) == item.stamp


def _let_go(client: Client, queue: Queue, item: Item) -> None:
    # Forgotten afterwards, so that the archive is told again if it could not be reached.
    client.give_up(item.transfer_id)
    queue.forget(item)


def _read(path: Path, offset: int, count: int) -> bytes | None:
    """None when the file is not there, or is shorter than it was."""
    with _reading():
        try:
            with path.open("rb") as file:
                file.seek(offset)
                chunk = file.read(count)
        except FileNotFoundError:
            return None
    return chunk if len(chunk) == count else None


@contextmanager
def _reading() -> Iterator[None]:
    """A file that cannot be read keeps no other waiting."""
    try:
        yield
    except OSError as cause:
        raise Unwelcome(f"it cannot be read: {cause.strerror}") from cause
