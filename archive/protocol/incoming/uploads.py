"""What the routes do, without HTTP: creating uploads, going on with them, giving them up.

Each step leaves disk and database in a state that a crash right after it cannot spoil: bytes are synced
before they are counted, and counted before they are acknowledged.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import timedelta

from ...config import Config
from ...database import Database
from ...declare.dataflow.transfer import TransferStatus
from ...errors import DiskFull, NotFound, TooLarge, UsageError
from ...store import Connection
from . import records
from .parts import Parts, Writing
from .records import Transfer
from .values import Checksum, Conflict, Gone, Locked, Offer

__all__ = ["OpenUpload", "Uploads"]

_LOST = "what had been received is lost"


class OpenUpload:
    """An upload that is being written to, locked until `close`. `offset` counts what was safe before."""

    def __init__(self, lock: contextlib.ExitStack, transfer: Transfer, writing: Writing) -> None:
        self.transfer = transfer
        self.offset = transfer.bytes_received
        self._lock = lock
        self._writing = writing

    def write(self, content: bytes) -> None:
        if self.offset + self._writing.written + len(content) > self.transfer.file_size:
            raise UsageError("there are more bytes than Upload-Length announced")
        self._writing.write(content)

    def finish(self, database: Database) -> int:
        """The offset after what was written, which is safe then."""
        self._writing.finish()
        after = self.offset + self._writing.written
        with database.writer() as connection:
            if not records.advance(connection, self.transfer.transfer_id, self.offset, after):
                raise Conflict("somebody else went on with this upload", hint="ask for its offset")
        return after

    def close(self) -> None:
        self._writing.close()
        self._lock.close()


class Uploads:
    """Those of an archive. All of it may be called from any thread and any process."""

    def __init__(self, database: Database, parts: Parts, config: Config) -> None:
        self.database = database
        self.parts = parts
        self.days = config.incoming_days
        self._config = config

    def create(self, offer: Offer, sender: str) -> Transfer:
        """A place for a file; where the file, or a part of it, is here already, that is gone on with."""
        if offer.size > self._config.incoming_bytes:
            raise TooLarge(
                f"{offer.name} has {offer.size} bytes, and {self._config.incoming_bytes} are the most",
                hint="the archive's operator can raise incoming_bytes",
            )
        with self.database.writer() as connection:
            records.announce(connection, [offer], sender)
            found = records.find(connection, offer.transfer_id, lock=True)
            match TransferStatus(found.status):
                case TransferStatus.WAITING:
                    self._check_room(connection, offer.size)
                    self._begin(connection, found)
                case TransferStatus.REFUSED:
                    self._take_up(connection, found)
                case _:
                    pass
            return records.find(connection, offer.transfer_id)

    def _take_up(self, connection: Connection, refused: Transfer) -> None:
        """The sender wants it tried again: what is still here need not be sent."""
        if self.parts.size(refused.transfer_id, refused.file_name) == refused.file_size:
            records.settle(connection, refused.transfer_id, TransferStatus.RECEIVED)
        else:
            self._begin(connection, refused)

    def _begin(self, connection: Connection, transfer: Transfer) -> None:
        # Before the row tells that there is something to write to.
        self.parts.prepare(transfer.transfer_id)
        records.begin(connection, transfer.transfer_id)
        if transfer.file_size == 0:
            # It is whole when it begins.
            writing = self.parts.writing(transfer.transfer_id, transfer.file_name, 0, None)
            writing.finish()
            writing.close()
            records.advance(connection, transfer.transfer_id, 0, 0)

    def _check_room(self, connection: Connection, size: int) -> None:
        taken = records.room_taken(connection)
        if taken + size > self._config.incoming_quota:
            raise DiskFull(
                f"uploads under way take {taken} bytes of {self._config.incoming_quota}",
                hint="try again later, or ask the archive's operator to raise incoming_quota",
            )

    def find(self, transfer_id: str) -> Transfer:
        """Gone for one that was given up."""
        with self.database.writer() as connection:
            found = records.find(connection, transfer_id)
        match TransferStatus(found.status):
            case TransferStatus.WAITING:
                raise NotFound("nothing has been received of it", hint="create it with POST")
            case TransferStatus.WITHDRAWN | TransferStatus.EXPIRED:
                raise Gone(f"this upload is {found.status}", hint="create it again with POST")
            case _:
                return found

    def open(self, transfer_id: str, offset: int, checksum: Checksum | None) -> OpenUpload:
        """To be written to from `offset` on, which has to be where it stands."""
        with contextlib.ExitStack() as stack:
            if self.find(transfer_id).status == TransferStatus.RECEIVING:
                # Somebody may have cleared up too much.
                self.parts.prepare(transfer_id)
            stack.enter_context(self.parts.locked(transfer_id))
            # Once more, as only now nobody else can change it.
            found = self.find(transfer_id)
            if found.status != TransferStatus.RECEIVING or offset != found.bytes_received:
                raise Conflict(
                    f"this upload is {found.status} and has {found.bytes_received} bytes, not {offset}",
                    hint="ask for its offset with HEAD",
                )
            if self.parts.size(transfer_id, found.file_name) < (offset or -1):
                self.lost(transfer_id)
                raise Conflict(_LOST, hint="begin from offset 0")
            writing = self.parts.writing(transfer_id, found.file_name, offset, checksum)
            return OpenUpload(stack.pop_all(), found, writing)
        raise AssertionError("an exit stack swallows nothing")

    def lost(self, transfer_id: str) -> None:
        with self.database.writer() as connection:
            records.start_again(connection, transfer_id, _LOST)

    def give_up(self, transfer_id: str) -> None:
        """tus 1.0, Termination. What is whole already is not given up any more."""
        with self.database.writer() as connection:
            found = records.find(connection, transfer_id, lock=True)
            if TransferStatus(found.status) not in {TransferStatus.WAITING, TransferStatus.RECEIVING}:
                raise Conflict(f"this upload is {found.status}")
            with contextlib.suppress(NotFound), self.parts.locked(transfer_id):
                records.settle(connection, transfer_id, TransferStatus.WITHDRAWN)
                self.parts.remove(transfer_id)
                return
            records.settle(connection, transfer_id, TransferStatus.WITHDRAWN)

    def report(self, offers: Iterable[Offer], sender: str) -> Mapping[str, Transfer]:
        """What waits at a sender is noted; how far each has come is told."""
        told = list(offers)
        with self.database.writer() as connection:
            records.announce(connection, told, sender)
            return records.known(connection, [offer.transfer_id for offer in told])

    def expire(self) -> None:
        """Gives up those with which nobody has gone on."""
        with self.database.writer() as connection:
            gone = records.expire(connection, timedelta(days=self._config.incoming_days))
        for transfer_id in gone:
            with contextlib.suppress(NotFound, Locked), self.parts.locked(transfer_id):
                self.parts.remove(transfer_id)

    def start_again(self, transfer: Transfer, reason: str) -> None:
        """The whole file is not the one that was offered."""
        with contextlib.suppress(NotFound), self.parts.locked(transfer.transfer_id):
            with self.database.writer() as connection:
                records.start_again(connection, transfer.transfer_id, reason)
            self.parts.path(transfer.transfer_id, transfer.file_name).unlink(missing_ok=True)
