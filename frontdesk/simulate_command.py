"""What `uraniborg simulate` does: it writes seasons of the simulated observatory as files, or as rows."""

from __future__ import annotations

import argparse
import os
import signal
from itertools import count

from archive.config import Config
from archive.declare.raw import RAW
from archive.errors import UsageError
from ingest.simulator import seasons, write_season
from ingest.simulator.decade import MOST_YEARS, parts
from ingest.simulator.decade.loading import load_parts
from ingest.simulator.readout import FULL, SMALL

from .opening import open_archive
from .privileges import drop_root
from .progress import Progress
from .server import end_on_terminate

__all__ = ["simulate"]

TERMINATED_STATUS = 128 + signal.SIGTERM


def simulate(config: Config, arguments: argparse.Namespace) -> int:
    if (arguments.folder is None) == (arguments.years is None):
        raise UsageError("where to is not said", hint="name a folder for files, or say --years for rows")
    return _write(arguments) if arguments.years is None else _fill(config, arguments)


def _fill(config: Config, arguments: argparse.Namespace) -> int:
    if not 1 <= arguments.years <= MOST_YEARS:
        raise UsageError(f"{arguments.years} years are not simulated", hint=f"say 1 to {MOST_YEARS}")
    end_on_terminate(TERMINATED_STATUS)
    drop_root(config)
    cores = len(os.sched_getaffinity(0))
    with open_archive(config) as (database, _store), Progress("simulating", "rows") as progress:
        counts = load_parts(
            database,
            config,
            arguments.seed,
            tuple(parts(arguments.years)),
            processes=cores,
            progress=progress,
        )
    print(f"{sum(counts.values()):,} rows loaded, {counts[RAW.name]:,} of them of raw frames")
    return 0


def _write(arguments: argparse.Namespace) -> int:
    frames = documents = 0
    written = count(1)
    with Progress("simulating", "files") as progress:
        for season in seasons(arguments.seed, arguments.nights, arguments.first_night):
            files = write_season(
                arguments.folder,
                season,
                arguments.seed,
                frames=not arguments.without_frames,
                catalogue=arguments.stars,
                detectors=FULL if arguments.full_size else SMALL,
                progress=lambda: progress(next(written)),
            )
            frames += len(files.frames)
            documents += len(files.documents)
    print(f"{frames:,} frames and {documents:,} documents written to {arguments.folder}")
    return 0
