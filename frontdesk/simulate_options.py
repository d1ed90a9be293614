"""What can be said of a simulated season, to `uraniborg simulate` and to `uraniborg demo`."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

__all__ = ["season_options", "simulate_options"]

_SEED = 1576  # as of the demonstration's night
_LONGEST = 4000
# When the first telescope of the VLT was handed over to its users.
_EARLIEST = date(1999, 4, 1)


def simulate_options(subparser: argparse.ArgumentParser) -> None:
    where = "where to write it: folders documents and raw, and the stars"
    subparser.add_argument("folder", metavar="FOLDER", type=_path, nargs="?", help=where)
    years = "fill a new archive with rows of so many years, up to March 2026, instead of writing files"
    subparser.add_argument("--years", metavar="N", type=_natural, help=years)
    season_options(subparser, nights=1)
    evening = "evening of the first night, as 2026-05-01 (default)"
    subparser.add_argument(
        "--from", metavar="DATE", dest="first_night", type=_evening, default=date(2026, 5, 1), help=evening
    )
    real = "a catalogue, whose stars take the place of drawn ones in the fields of which it has any"
    subparser.add_argument("--stars", metavar="FILE", type=_path, help=real)
    size = "with detectors as large as the real ones, as ESO's pipelines want them"
    subparser.add_argument("--full-size", action="store_true", help=size)
    subparser.add_argument("--without-frames", action="store_true", help="documents only, and no FITS files")


def season_options(subparser: argparse.ArgumentParser, nights: int) -> None:
    how_many = f"how many nights are simulated (default: {nights})"
    subparser.add_argument("--nights", metavar="N", type=_nights, default=nights, help=how_many)
    seed = f"another number gives another season (default: {_SEED})"
    subparser.add_argument("--seed", metavar="S", type=_natural, default=_SEED, help=seed)


def _path(text: str) -> Path:
    return Path(text).absolute()


def _natural(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number of at most 18 digits")
    return int(text)


def _nights(text: str) -> int:
    number = _natural(text)
    if number > _LONGEST:
        raise argparse.ArgumentTypeError(f"at most {_LONGEST} nights are simulated")
    return number


def _evening(text: str) -> date:
    try:
        evening = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no date as 2026-05-01") from None
    if not _EARLIEST <= evening <= date(2099, 12, 31):
        raise argparse.ArgumentTypeError(f"nights are simulated from {_EARLIEST} to the end of 2099")
    return evening
