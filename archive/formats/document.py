"""What an encoder is given and what it gives back: the result, the words around it, the stream of bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

from lxml import etree

from ..declare.columns import Field
from ..wire import Chunk

__all__ = ["Copied", "Document", "Result", "Stream"]


class Result(Protocol):
    """Rows on their way out: record batches whose columns stand in the order of `fields`, in their types."""

    @property
    def fields(self) -> tuple[Field, ...]: ...

    @property
    def overflowed(self) -> bool:
        """Whether more rows existed than were allowed; valid once the iteration has ended."""

    def __iter__(self) -> Iterator[Any]: ...


@runtime_checkable
class Copied(Result, Protocol):
    """A result that can also be had as the database sent it; only once, in the one way or the other."""

    def chunks(self) -> Iterator[Chunk]:
        """The rows; each chunk is valid until the next one is asked for."""


def copied(result: Result) -> Copied | None:
    """The result if it is a Copied one. isinstance would look through the protocols, which takes 0.1 ms."""
    return cast(Copied, result) if hasattr(result, "chunks") else None


@dataclass(frozen=True, slots=True)
class Document:
    """What a response says besides its rows, as far as the format has a place for it.

    `standard_id` names the protocol and comes first. `infos` become VOTable INFOs after the QUERY_STATUS:
    name and value, perhaps a text. `params` are elements PARAM that hold for all rows; `table_utype` tells
    the data model of the table. `extra_resources` are elements RESOURCE such as service descriptors, put
    behind the results; they refer to columns by the IDs of `archive.formats.field_ids`. Both may be in the
    VOTable namespace or in none. `late_resources` is called when all rows have been written, and gives more
    resources, without the namespace, to VOTables that are sent as such. `tells_errors`: where a format can
    tell of an error after its rows it does so and ends, else every format raises it.
    """

    query: str | None = None
    infos: tuple[tuple[str, str] | tuple[str, str, str], ...] = ()
    title: str = ""
    description: str = ""
    table_name: str = "result"
    table_utype: str = ""
    params: tuple[etree._Element, ...] = ()
    extra_resources: tuple[etree._Element, ...] = ()
    late_resources: Callable[[], Iterable[etree._Element]] | None = None
    standard_id: str = ""
    tells_errors: bool = True


class Stream(Iterator[bytes]):
    """Encoded bytes. `length` is known for formats that were spooled; the spool is freed at the end."""

    def __init__(
        self, chunks: Iterable[bytes], length: int | None = None, on_close: Callable[[], None] | None = None
    ) -> None:
        self._chunks = iter(chunks)
        self._on_close = on_close
        self.length = length

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except BaseException:  # the regular end is one too
            self.close()
            raise

    def close(self) -> None:
        """Ends the encoder wherever it is. The result it reads from is not closed: its owner does that."""
        closing = getattr(self._chunks, "close", None)
        if closing is not None:
            closing()
        if self._on_close is not None:
            self._on_close()
