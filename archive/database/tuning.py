"""PostgreSQL's settings for the private database, from the machine's memory and cores.

Sizes follow the measurements for large scans, crossmatches and bulk loads. Durability is never
traded: fsync and full_page_writes stay on, so that a power cut costs no committed row.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigurationError

__all__ = ["Machine", "archiving", "most_memory", "settings", "settings_text", "this_machine"]

_MB = 1024**2
_GB = 1024**3


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to share out: bytes of memory, bytes of shared memory, cores."""

    memory: int
    shared_memory: int
    cores: int


def this_machine() -> Machine:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")  # what a container may use of it
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        memory = min(memory, int(text))
    shared = Path("/dev/shm")
    shared_memory = 0
    if shared.is_dir():
        volume = os.statvfs(shared)
        shared_memory = volume.f_frsize * volume.f_blocks
    return Machine(memory, shared_memory, len(os.sched_getaffinity(0)))


def settings(machine: Machine) -> dict[str, str]:
    """The settings that differ from PostgreSQL's defaults."""
    memory, cores = machine.memory, machine.cores
    chosen = {
        "shared_buffers": _size(memory // 4, 128 * _MB, 8 * _GB),
        "effective_cache_size": _size(memory * 6 // 10, 256 * _MB, memory),
        "work_mem": _size(memory // 256, 16 * _MB, 64 * _MB),
        "maintenance_work_mem": _size(memory // 24, 128 * _MB, _GB),
        "max_connections": str(max(100, 32 * cores)),
        "max_worker_processes": str(cores + 4),
        "max_parallel_workers": str(cores),
        "max_parallel_workers_per_gather": str(min(4, cores)),
        "jit": "off",  # no gain in these queries; costs start-up on large generated ones
        "random_page_cost": "1.1",
        "effective_io_concurrency": "200",
        "default_statistics_target": "200",
        # No replica reads this log, so a load into a new table need not be written twice.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": _size(memory // 4, _GB, 8 * _GB),
        "checkpoint_timeout": "15min",
        "fsync": "on",
        "full_page_writes": "on",
        "idle_in_transaction_session_timeout": "10min",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "logging_collector": "on",
        "log_filename": "postgresql-%a.log",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_truncate_on_rotation": "on",
        "log_line_prefix": "%m [%p] %u ",
    }
    if machine.shared_memory < _GB:
        # Containers often have 64 MB, and then every parallel query fails.
        chosen["dynamic_shared_memory_type"] = "mmap"
    return chosen


def most_memory(machine: Machine) -> int:
    """Bytes that a process of the server may have of its own; what it shares with others does not count."""
    # Of all queries at once it leaves room for most; making an index takes a twenty-fourth.
    return max(512 * _MB, machine.memory // 16)


def archiving(folder: str) -> dict[str, str]:
    """The settings with which the database copies its log to a folder; none for an empty name.

    A segment is copied under another name, synced and renamed, so that what is there is whole; one that was
    copied before, and whose acknowledgement got lost, is taken as done.
    """
    if not folder:
        return {}
    if "%" in folder or not os.access(folder, os.W_OK):
        raise ConfigurationError(
            f"wal_archive = {folder!r} cannot be written",
            hint="make the folder, and give it to the account of the database",
        )
    place = shlex.quote(folder)
    target = f"{place}/%f"
    copy = f"cp %p {target}.part && sync {target}.part && mv {target}.part {target} && sync {place}"
    return {
        "wal_level": "replica",
        "max_wal_senders": "4",
        "archive_mode": "on",
        "archive_command": f"if test -f {target}; then cmp -s %p {target}; else {copy}; fi",
        "archive_timeout": "300",
    }


def _size(size: int, least: int, most: int) -> str:
    return f"{max(least, min(size, most)) // _MB}MB"


def settings_text(values: Mapping[str, str]) -> str:
    """The lines of a postgresql.conf."""
    return "".join(f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in values.items())
