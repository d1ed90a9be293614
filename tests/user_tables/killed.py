"""A load that never ends, for a process that is killed meanwhile; it imports no more than that needs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection as Pipe

import numpy as np
import pyarrow as pa

from archive.config import Config
from archive.database import Database
from archive.database.server import Server
from archive.database.user_tables import Quota
from archive.declare import Column, Table
from archive.declare.types import DOUBLE, INTEGER

__all__ = ["ROOM", "STARS", "batch", "load_for_ever"]

ROOM = Quota(1_000_000_000, 100)
STARS = Table("my_tycho.direct", (Column("id", INTEGER), Column("x", DOUBLE)), "Numbers")


def batch(first: int, count: int) -> pa.RecordBatch:
    numbers = pa.array(range(first, first + count), pa.int32())
    return pa.record_batch({"id": numbers, "x": np.ones(count)})


def load_for_ever(server: Server, told: Pipe) -> None:
    """Begins to replace a table, or to add to it, and says when rows are on their way."""

    def rows() -> Iterator[pa.RecordBatch]:
        yield batch(100, 50_000)
        told.send("loading")
        threading.Event().wait()

    database = Database(server, Config())
    with database.user_tables("tycho") as tables:
        if told.recv() == "keep":
            tables.keep(STARS, rows(), ROOM)
        else:
            tables.append(tables.need(STARS.name), rows(), ROOM)
