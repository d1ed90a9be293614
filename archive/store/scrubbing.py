"""The scrubber: every copy read through again, bad ones mended from good ones, missing ones made anew.

A copy counts as good only after all its bytes gave the file's SHA-256. Bytes that were wrong are kept in
the volume's quarantine; a copy is replaced in one step, and only by bytes that have just been proved.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from ..database import Database
from ..errors import Busy, ConfigurationError
from .blocks import Summing
from .copies import (
    Copy,
    CopyState,
    Event,
    adopt,
    away_since,
    copies_of,
    due_copies,
    lacking,
    record_check,
    record_copy,
    record_event,
    record_sums,
)
from .files import has_copy, ranked
from .known import KnownVolumes
from .sources import check_size, proven
from .volumes import Fault, Volume, VolumeFault

__all__ = ["Pace", "Scrubbed", "Scrubber", "Task", "alone"]

_PAGE = 100
_BAD_AGAIN = timedelta(minutes=10)


class Pace:
    """Lets bytes pass at a rate, per second (0: any), and stops everything when asked to."""

    def __init__(self, rate: float = 0.0, stop: threading.Event | None = None) -> None:
        self._rate = rate
        self._stop = stop or threading.Event()
        self._ready = time.monotonic()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def take(self, amount: int) -> None:
        """Returns when that many bytes may pass, or at once when it is time to stop."""
        if self._rate > 0:
            now = time.monotonic()
            self._ready = max(self._ready, now) + amount / self._rate
            self._stop.wait(self._ready - now)


@dataclass
class Scrubbed:
    """What a pass did: copies and bytes read, and what was found of each kind."""

    copies: int = 0
    bytes: int = 0
    faults: int = 0
    repaired: int = 0
    replicated: int = 0
    lost: int = 0
    lacking: int = 0
    away: set[str] = field(default_factory=set)

    def lines(self) -> Iterator[str]:
        yield f"{self.copies:,} copies checked, {self.bytes:,} bytes read"
        yield f"{self.faults:,} faults found, {self.repaired:,} copies repaired"
        yield f"{self.replicated:,} copies made that were lacking"
        if self.lost:
            yield f"{self.lost:,} files have no good copy left"
        if self.lacking:
            yield f"{self.lacking:,} files have fewer copies than they should, and nowhere to put more"
        for name in sorted(self.away):
            yield f"the volume {name} cannot be reached"

    @property
    def is_well(self) -> bool:
        return not (self.lost or self.lacking or self.away or self.faults > self.repaired)


class Task(IntEnum):
    """What only one process at a time does, with the number of its lock."""

    SCRUBBING = 0x55_52_41_4E_53_43_01
    DRAINING = 0x55_52_41_4E_53_43_02


@contextmanager
def alone(database: Database, task: Task = Task.SCRUBBING) -> Iterator[None]:
    """Busy when another process is at it. A killed one hinders nobody."""
    with database.connect() as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (task.value,)).fetchone()
        if row != (True,):
            raise Busy(f"another process is {task.name.lower()} already", hint="wait until it has ended")
        yield


class Scrubber:
    """Checks and mends copies.

    `patience`: for how long a volume may be away before others get copies of what is on it.
    """

    def __init__(
        self,
        database: Database,
        volumes: KnownVolumes,
        pace: Pace | None = None,
        patience: timedelta = timedelta(0),
    ) -> None:
        self._database = database
        self._volumes = volumes
        self._pace = pace or Pace()
        self._patience = patience
        self.done = Scrubbed()

    def run(self, before: datetime | None = None, *, complete: bool = True) -> Scrubbed:
        """Checks what was not checked since `before` (everything, if not said), the oldest first.

        `complete`: also makes the copies that are lacking. Stopped or killed, the next one goes on there.
        """
        self.done = Scrubbed()
        with self._database.writer() as connection:
            adopt(connection)
        begun = datetime.now(UTC)
        before = before or begun
        while not self._pace.stopped:
            present = self._present()
            with self._database.writer() as connection:
                names = [volume.name for volume in present]
                page = due_copies(connection, names, before, begun - _BAD_AGAIN, _PAGE)
            if not page:
                break
            for copy in page:
                if self._pace.stopped:
                    break
                if copy.volume not in self.done.away:
                    self.check(copy)
        if complete:
            self._complete()
        if self.done.copies:
            self._tell(Event.SCRUBBED, "*", None, "; ".join(self.done.lines()))
        return self.done

    def _present(self) -> list[Volume]:
        """The volumes that answer; that one does not, or does again, is told once."""
        self._volumes.look()
        present = []
        for volume in self._volumes.readable():
            if volume.name in self.done.away:
                continue
            try:
                volume.probe()
                present.append(volume)
                self._tell_change(volume.name, Event.RETURNED, "")
            except VolumeFault as fault:
                self.done.away.add(volume.name)
                self._tell_change(volume.name, Event.AWAY, fault.detail)
        return present

    def _tell_change(self, volume: str, event: Event, detail: str) -> None:
        with self._database.writer() as connection:
            if (event is Event.AWAY) != (away_since(connection, volume) is not None):
                record_event(connection, event, volume, None, detail)

    # --- one copy -----------------------------------------------------------------------------------

    def check(self, copy: Copy) -> bool:
        """Reads a copy through, and mends it when it is bad; whether it is good in the end."""
        volume = self._volumes.named(copy.volume)
        summing = Summing(copy.bytes)
        try:
            check_size(volume, copy.place, copy.bytes)
            for chunk in proven(volume, copy.place, copy.sha256, copy.bytes, summing):
                self._pace.take(len(chunk))
                if self._pace.stopped:
                    return True
        except VolumeFault as fault:
            if self._is_away(volume, fault):
                return False
            return self._mend(copy, volume, fault)
        self.done.copies += 1
        self.done.bytes += copy.bytes
        with self._database.writer() as connection:
            record_check(connection, copy.place, copy.volume, CopyState.GOOD)
            if copy.blocks is None:
                record_sums(connection, copy.place, summing.finish())
            if copy.state != CopyState.GOOD:
                record_event(connection, Event.RECOVERED, copy.volume, copy.place, "all its bytes are right")
        return True

    def _is_away(self, volume: Volume, fault: VolumeFault) -> bool:
        """A volume that does not answer says nothing about its copies."""
        if fault.fault is not Fault.AWAY:
            try:
                volume.probe()
                return False
            except VolumeFault as deeper:
                fault = deeper
        self.done.away.add(volume.name)
        self._tell_change(volume.name, Event.AWAY, fault.detail)
        return True

    def _mend(self, copy: Copy, volume: Volume, fault: VolumeFault) -> bool:
        self.done.copies += 1
        self.done.faults += 1
        known = copy.state == CopyState.BAD
        with self._database.writer() as connection:
            record_check(connection, copy.place, copy.volume, CopyState.BAD)
            if not known:
                record_event(connection, fault.fault, copy.volume, copy.place, fault.detail)
        source = self._good_source(copy.place, {copy.volume})
        if source is None:
            if self._is_lost(copy.place):
                self.done.lost += 1
                if not known:
                    self._tell(Event.LOST, copy.volume, copy.place, "no volume has a good copy")
            return False
        return self._replace(copy, volume, source, fault)

    def _is_lost(self, place: str) -> bool:
        """Whether no volume that cannot be reached now has another copy."""
        with self._database.writer() as connection:
            return not any(copy.volume in self.done.away for copy in copies_of(connection, place))

    def _replace(self, copy: Copy, volume: Volume, source: Volume, fault: VolumeFault) -> bool:
        aside = ""
        if fault.fault is not Fault.MISSING:
            with suppress(VolumeFault):
                aside = f"; the bytes that were there are {volume.set_aside(copy.place)}"
        try:
            volume.put(copy.place, proven(source, copy.place, copy.sha256, copy.bytes), copy.bytes)
        except VolumeFault as failure:
            self._tell(failure.fault, copy.volume, copy.place, f"could not be repaired: {failure.detail}")
            return False
        self.done.repaired += 1
        with self._database.writer() as connection:
            record_check(connection, copy.place, copy.volume, CopyState.GOOD)
            record_event(connection, Event.REPAIRED, copy.volume, copy.place, f"from {source.name}{aside}")
        return True

    def _good_source(self, place: str, besides: Collection[str]) -> Volume | None:
        """A volume with a copy that has just been read through and found right.

        Those that should have one are asked first, but any that has one will do.
        """
        with self._database.writer() as connection:
            copies = copies_of(connection, place)
        named = {copy.volume for copy in copies}
        volumes = ranked(self._volumes.readable(), place)
        for volume in sorted(volumes, key=lambda volume: volume.name not in named):
            if volume.name in besides or volume.name in self.done.away:
                continue
            with suppress(VolumeFault):
                if has_copy(volume, place, copies[0].sha256, copies[0].bytes):
                    return volume
        return None

    # --- files with too few copies ------------------------------------------------------------------

    def _complete(self) -> None:
        """Makes copies until every file is on as many volumes as it should be."""
        volumes = [volume.name for volume in self._volumes.writable() if not self._is_given_up(volume.name)]
        wanted = min(self._volumes.copies, len(volumes))
        last = ""
        while not self._pace.stopped:
            with self._database.writer() as connection:
                places = lacking(connection, volumes, wanted, _PAGE, last)
            if not places:
                return
            for place in places:
                if self._pace.stopped:
                    return
                if not self.replicate(place, volumes, wanted):
                    self.done.lacking += 1
            last = places[-1]

    def _is_given_up(self, volume: str) -> bool:
        if volume not in self.done.away:
            return False
        with self._database.writer() as connection:
            since = away_since(connection, volume)
        return since is None or datetime.now(UTC) - since >= self._patience

    def replicate(self, place: str, volumes: Sequence[str], wanted: int) -> bool:
        """Copies a file until `wanted` of these volumes have it; whether they do."""
        with self._database.writer() as connection:
            copies = copies_of(connection, place)
        have = {copy.volume for copy in copies if copy.state != CopyState.BAD and copy.volume in volumes}
        broken = {copy.volume for copy in copies if copy.state == CopyState.BAD}
        if len(have) >= wanted:
            return True
        source = self._good_source(place, broken)
        if source is None:
            return False
        if source.name in volumes:
            have.add(source.name)
        for target in ranked([self._volumes.named(name) for name in volumes], place):
            if len(have) >= wanted:
                break
            # What is bad was not mended from the good copy before, so there is something wrong with it.
            if target.name not in have | broken | self.done.away and self._copy(copies[0], source, target):
                have.add(target.name)
        return len(have) >= wanted

    def _copy(self, file: Copy, source: Volume, target: Volume) -> bool:
        try:
            if not has_copy(target, file.place, file.sha256, file.bytes):
                pieces = proven(source, file.place, file.sha256, file.bytes)
                target.put(file.place, self._paced(pieces), file.bytes)
        except VolumeFault as fault:
            self._tell(fault.fault, target.name, file.place, f"could not be copied there: {fault.detail}")
            return False
        self.done.replicated += 1
        with self._database.writer() as connection:
            record_copy(connection, file.place, target.name)
            record_event(connection, Event.REPLICATED, target.name, file.place, f"from {source.name}")
        return True

    def _paced(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._pace.take(len(chunk))
            yield chunk

    def clone(self, place: str, target: str) -> None:
        """Puts a copy on a volume; ConfigurationError when there is no good one, or no room."""
        with self._database.writer() as connection:
            copies = copies_of(connection, place)
        source = self._good_source(place, {target})
        if source is None or not copies:
            raise ConfigurationError(f"no good copy of {place} was found on another volume")
        if not self._copy(copies[0], source, self._volumes.named(target)):
            raise ConfigurationError(f"{place} could not be copied to {target}", hint="see dfs.storage_event")

    def _tell(self, event: str, volume: str, place: str | None, detail: str) -> None:
        with self._database.writer() as connection:
            record_event(connection, event, volume, place, detail)
