"""Emptying a volume: everything on it goes elsewhere first, and only then is it no longer asked.

What has been moved is written down file by file, so that a drain which was stopped or killed goes on where
it was. The bytes stay on the drained volume until its owner removes them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..database import Database
from ..errors import ConfigurationError
from .copies import (
    Copy,
    CopyState,
    Event,
    VolumeState,
    adopt,
    copies_of,
    end_drain,
    forget_copy,
    on_volume,
    record_event,
    set_state,
    to_be_copied,
)
from .known import KnownVolumes
from .scrubbing import Pace, Scrubber
from .volumes import VolumeFault

__all__ = ["drain"]

_PAGE = 100
_TRUSTED = timedelta(days=7)  # how old the check of another copy may be


def drain(database: Database, volumes: KnownVolumes, name: str, pace: Pace | None = None) -> list[str]:
    """Empties a volume; returns the places of files of which no good copy could be made elsewhere.

    The volume is drained when there are none, and else stays as it was begun, giving files but taking none.
    ConfigurationError when the others cannot take what it has.
    """
    pace = pace or Pace()
    volumes.named(name)
    with database.writer() as connection:
        adopt(connection)
    others = [volume.name for volume in volumes.writable() if volume.name != name]
    wanted = min(volumes.copies, len(others))
    _refuse_the_impossible(database, volumes, name, others, wanted)
    with database.writer() as connection:
        set_state(connection, name, VolumeState.DRAINING)
        record_event(connection, Event.DRAINING, name)
    volumes.look()
    scrubber = Scrubber(database, volumes, pace)
    while True:
        stuck = _empty(database, scrubber, name, others, wanted, pace)
        if stuck or pace.stopped:
            return stuck
        with database.writer() as connection:
            if end_drain(connection, name):
                record_event(connection, Event.DRAINED, name)
                break
    volumes.look()
    return []


def _refuse_the_impossible(
    database: Database, volumes: KnownVolumes, name: str, others: list[str], wanted: int
) -> None:
    if not others:
        raise ConfigurationError(
            f"{name} cannot be drained: no other volume takes files", hint="add one: uraniborg store add"
        )
    room = 0
    for other in others:
        volume = volumes.named(other)
        try:
            volume.probe()
            free = volume.free()
        except VolumeFault as fault:
            raise ConfigurationError(f"{name} cannot be drained: {other}: {fault.detail}") from fault
        if free is None:
            return
        room += free
    with database.writer() as connection:
        needed = to_be_copied(connection, name, others, wanted)
    if needed > room:
        raise ConfigurationError(
            f"{name} cannot be drained: {needed:,} bytes must go elsewhere, and there is room for {room:,}",
            hint="add a volume: uraniborg store add",
        )


def _empty(
    database: Database, scrubber: Scrubber, name: str, others: list[str], wanted: int, pace: Pace
) -> list[str]:
    stuck: list[str] = []
    last = ""
    while not pace.stopped:
        with database.writer() as connection:
            places = on_volume(connection, name, _PAGE, last)
        if not places:
            break
        for place in places:
            if pace.stopped:
                break
            if _is_safe_elsewhere(database, scrubber, place, others, wanted):
                with database.writer() as connection:
                    forget_copy(connection, place, name)
            else:
                stuck.append(place)
        last = places[-1]
    return stuck


def _is_safe_elsewhere(
    database: Database, scrubber: Scrubber, place: str, others: list[str], wanted: int
) -> bool:
    """Whether enough of the others have the file for certain, after copying it and reading old copies."""
    with database.writer() as connection:
        copies = copies_of(connection, place)
    for copy in copies:
        if copy.volume in others and not _is_trusted(copy):
            scrubber.check(copy)
    return scrubber.replicate(place, others, wanted)


def _is_trusted(copy: Copy) -> bool:
    recently = datetime.now(UTC) - _TRUSTED
    return copy.state == CopyState.GOOD and copy.checked_at is not None and copy.checked_at > recently
