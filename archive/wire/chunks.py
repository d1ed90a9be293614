"""Some rows of COPY BINARY as they came, and the complaint about rows that are not what was declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..declare.columns import Field
from ..errors import DeclarationError

__all__ = ["Chunk", "gathered", "unreadable"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The first `rows` of the rows in `data`, without the header and the trailer of the stream.

    The memory is the reader's: whoever asks it for more must be done with the chunk. `starts` are the
    places at which the rows begin, where somebody has counted them; `whole` tells that `data` holds no
    more than the `rows`.
    """

    data: memoryview
    rows: int
    starts: np.ndarray[Any, np.dtype[np.int64]] | None = None
    whole: bool = True

    def first(self, rows: int) -> Chunk:
        """The chunk cut to a number of rows."""
        return self if rows >= self.rows else Chunk(self.data, rows, self.starts, whole=False)


def gathered(chunks: Iterable[Chunk], size: int) -> Iterator[Chunk]:
    """The first chunk at once, the others put together to `size` bytes; for what costs much by the chunk."""
    starts: list[np.ndarray[Any, np.dtype[np.int64]]] = []
    waiting, rows, first = bytearray(), 0, True
    for chunk in chunks:
        if first or not chunk.whole:
            if rows:
                yield Chunk(memoryview(waiting), rows, np.concatenate(starts) if starts else None)
                waiting, starts, rows = bytearray(), [], 0
            yield chunk
            first = False
            continue
        if chunk.starts is not None:
            starts.append(chunk.starts + len(waiting))
        waiting += chunk.data
        rows += chunk.rows
        if len(waiting) >= size:
            yield Chunk(memoryview(waiting), rows, np.concatenate(starts) if starts else None)
            waiting, starts, rows = bytearray(), [], 0
    if rows:
        yield Chunk(memoryview(waiting), rows, np.concatenate(starts) if starts else None)


def unreadable(fields: Sequence[Field], column: int = -1) -> DeclarationError:
    """What was sent is not what the fields say; `column` is the one at fault, if that is known."""
    if column < 0:
        return DeclarationError("the database sent rows that do not have the declared columns")
    field = fields[column]
    return DeclarationError(
        f"column {field.name}: the database sent what is no {field.type.adql.lower()}, as it was declared"
    )
