"""What happens with whole files outside of any request: verified, taken in, acknowledged when safe.

What is to be done is read off dfs.transfer, so whoever is killed in the middle is followed by whoever starts
next. One process at a time does it. How a file is taken in is the caller's: a function of paths.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import psycopg

from ...database import Database
from ...declare.dataflow.transfer import TransferStatus
from ...errors import ArchiveError, UnreadableFile
from ...store import FileVersion, checksum
from ..threads import Piece
from . import records
from .records import Transfer
from .uploads import Uploads

__all__ = ["Intake", "Refusal", "Take", "Taken"]

_log = logging.getLogger("uraniborg.incoming")
_LOCK = 0x55_52_41_4E_49_42_07  # of the one process that takes in
_AT_ONCE = 64
_LOOK = 1.0  # seconds between looks for what other processes received
_SOON = 0.1  # seconds until the others are gone on with when a file brought out a fault
_OTHERS = 5.0  # seconds between attempts to be the one that takes in, while another process is
_SLOWEST = 60.0  # seconds between attempts while the store takes no files
_ROUND = 600.0  # seconds between looks for what is left over
_ASIDE = 600.0  # seconds for which a file is set aside that brings out a fault
_LEFT = 3600.0  # seconds after which what belongs to nothing is left over


@dataclass(frozen=True, slots=True)
class Taken:
    """The archive has the file, and `is_safe` when on as many volumes as it should be.

    `note` is what was wrong and did not hinder.
    """

    file: FileVersion
    is_safe: bool
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The archive does not want the file."""

    reason: str


_WORK, _IN_LOG = "files that came in", "they wait; the archive's log tells why"
_FAULT = "set aside for a while: it brings out a fault of the archive, which its log tells"

# Whole, verified files; those that are not named in the answer are offered again.
Take = Callable[[Sequence[Path]], Mapping[Path, Taken | Refusal]]


class Intake:
    """A thread that works from `start` to `close`, whatever goes wrong; `troubles` tell what does now.

    A file that brings out a fault of ours is set aside for a while, so that the others are taken in.
    """

    def __init__(
        self, uploads: Uploads, take: Take, troubles: MutableMapping[str, str] | None = None
    ) -> None:
        self._uploads = uploads
        self._troubles = {} if troubles is None else troubles
        self._database: Database = uploads.database
        self._take = take
        self._wake = threading.Event()
        self._closing = False
        self._swept = -_ROUND
        self._doing: Sequence[Transfer] = ()
        self._at_once = _AT_ONCE
        self._complaint = ""
        self._aside: dict[str, float] = {}  # by transfer_id, until when by time.monotonic
        self._thread = threading.Thread(target=self._work, name="intake", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """What is under way is finished."""
        self._closing = True
        self._wake.set()
        self._thread.join()

    def arrived(self) -> None:
        """There is something to do; from any thread."""
        self._wake.set()

    def _work(self) -> None:
        pause = _LOOK
        while not self._closing:
            # Whatever ends the work, it is begun again.
            work, begun = Piece(self._alone, lambda: None), time.monotonic()
            work.run()
            if time.monotonic() - begun > _SLOWEST:
                pause = _LOOK
            if work.error is None:
                pause = _OTHERS
                self._troubles.pop(_WORK, None)
            else:
                # When a file is to blame, the others need not wait.
                pause = _SOON if self._complain(work.error) else min(2 * pause, _SLOWEST)
            self._rest(pause)

    def _complain(self, error: BaseException) -> bool:
        """Whether it is known which files have to do with it."""
        # Tried again: the operator may mend it. The same words every second would help nobody.
        complaint, before = str(error) or type(error).__name__, self._complaint
        self._complaint = complaint
        # Anybody may read this, so it tells no more than errors that are meant for everybody.
        self._troubles[_WORK] = error.message if isinstance(error, ArchiveError) else _IN_LOG
        if isinstance(error, ArchiveError | psycopg.Error | OSError):
            if complaint != before:
                _log.error("files that came in wait: %s", error)
            return False
        names = ", ".join(one.file_name for one in self._doing[:3])
        _log.error("a fault of ours hinders files that came in: %s", names, exc_info=error)
        self._set_aside()
        return bool(self._doing)

    def _set_aside(self) -> None:
        """Among several the culprit is looked for one by one; a single one has been found."""
        if len(self._doing) == 1:
            self._aside[self._doing[0].transfer_id] = time.monotonic() + _ASIDE
            with contextlib.suppress(ArchiveError, psycopg.Error), self._database.writer() as connection:
                records.note(connection, self._doing[0].transfer_id, _FAULT)
        self._at_once = 1 if self._doing else _AT_ONCE

    def _rest(self, seconds: float) -> None:
        """Until something arrives or we are told to end, which may have been just before."""
        if not self._closing:
            self._wake.wait(seconds)
        self._wake.clear()

    def _alone(self) -> None:
        """Works until it is told to end, if no other process does so."""
        with contextlib.closing(self._database.connect()) as connection:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
            if row is None or not row[0]:
                return
            while not self._closing:
                self._doing = ()
                self._sweep_at_times()
                # By the connection that has the lock: this raises when the database has gone, and it with it.
                has_moved = records.is_any_whole(connection) and self._work_off()
                self._complaint = ""
                if not self._aside:
                    self._troubles.pop(_WORK, None)
                if not has_moved:
                    self._at_once = _AT_ONCE
                    self._rest(_LOOK)

    def _sweep_at_times(self) -> None:
        if time.monotonic() - self._swept > _ROUND:
            self._swept = time.monotonic()
            self._sweep()

    def _work_off(self) -> bool:
        """Does a bit of what there is to do; False when nothing came further."""
        received = self._pending(TransferStatus.RECEIVED, 1)
        # What is urgent is verified and taken in before the next one is looked at.
        for transfer in received:
            self._verify(transfer)
        more = self._pending(TransferStatus.RECEIVED, 1)
        verified = self._pending(TransferStatus.VERIFIED, self._at_once)
        is_full = len(verified) == self._at_once
        moved = False
        if verified and (not more or is_full or more[0].priority < verified[0].priority):
            moved = self._take_in(verified)
        stored = self._pending(TransferStatus.STORED, self._at_once)
        if stored:
            moved |= self._take_in(stored)
        return moved or bool(received)

    def _pending(self, status: TransferStatus, limit: int) -> list[Transfer]:
        now = time.monotonic()
        self._aside = {one: until for one, until in self._aside.items() if until > now}
        with self._database.writer() as connection:
            return records.pending(connection, status, limit, self._aside)

    def _verify(self, transfer: Transfer) -> None:
        self._doing = (transfer,)
        path = self._path(transfer)
        try:
            is_right = checksum(path) == transfer.sha256
        except UnreadableFile:
            is_right = False
        if is_right:
            self._settle(transfer, TransferStatus.VERIFIED)
            return
        _log.warning("%s did not arrive as it was sent", transfer.file_name)
        self._uploads.parts.prepare(transfer.transfer_id)
        self._uploads.start_again(transfer, "it did not arrive as it was sent")

    def _take_in(self, transfers: Sequence[Transfer]) -> bool:
        """Whether anything came further."""
        self._doing = transfers
        there = {self._path(one): one for one in transfers}
        for path, transfer in list(there.items()):
            if not path.is_file():
                self._uploads.parts.prepare(transfer.transfer_id)
                self._uploads.start_again(transfer, "what had been received is lost")
                del there[path]
        moved = False
        for path, outcome in self._take(list(there)).items():
            moved |= self._conclude(there[path], outcome)
        return moved

    def _conclude(self, transfer: Transfer, outcome: Taken | Refusal) -> bool:
        match outcome:
            case Taken(file, True, note):
                self._settle(transfer, TransferStatus.INGESTED, note, file)
                self._uploads.parts.remove(transfer.transfer_id)
            case Taken(file):
                if transfer.status == TransferStatus.STORED:
                    return False
                self._settle(transfer, TransferStatus.STORED, "a copy is missing", file)
            case Refusal(reason):
                _log.warning("%s is refused: %s", transfer.file_name, reason)
                self._settle(transfer, TransferStatus.REFUSED, reason)
            case _:
                assert_never(outcome)
        return True

    def _settle(
        self,
        transfer: Transfer,
        status: TransferStatus,
        reason: str | None = None,
        file: FileVersion | None = None,
    ) -> None:
        with self._database.writer() as connection:
            records.settle(
                connection,
                transfer.transfer_id,
                status,
                reason,
                None if file is None else file.dp_id,
                None if file is None else file.version,
            )

    def _path(self, transfer: Transfer) -> Path:
        return self._uploads.parts.path(transfer.transfer_id, transfer.file_name)

    def _sweep(self) -> None:
        """Uploads that nobody goes on with, and folders that a crash left behind."""
        self._uploads.expire()
        old = self._uploads.parts.old(_LEFT)
        with self._database.writer() as connection:
            known = records.known(connection, old)
        ancient = set(self._uploads.parts.old(self._uploads.days * 86400))
        for transfer_id in old:
            if transfer_id not in known or _is_left(known[transfer_id], transfer_id in ancient):
                with contextlib.suppress(ArchiveError), self._uploads.parts.locked(transfer_id):
                    self._uploads.parts.remove(transfer_id)


def _is_left(transfer: Transfer, is_ancient: bool) -> bool:
    """Whether nobody needs the bytes; those of a refused file are kept for a second try, for some days."""
    match TransferStatus(transfer.status):
        case (
            TransferStatus.WAITING
            | TransferStatus.INGESTED
            | TransferStatus.WITHDRAWN
            | TransferStatus.EXPIRED
        ):
            return True
        case TransferStatus.REFUSED:
            return is_ancient
        case _:
            return False
