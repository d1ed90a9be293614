"""Seasons as files: documents of all stages, raw frames, products, and the stars that are in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import QTable

from .demonstration import demonstration
from .documents import documents
from .frames import raw_frame
from .products import products
from .readout import SMALL, Detectors
from .real_stars import read_stars, with_real_stars
from .season import Season
from .spectra import write_lines
from .stars import draw_stars, write_catalogue
from .times import dp_id

__all__ = ["SEED", "Night", "Written", "write_night", "write_season"]

# The year in which Tycho Brahe's observatory was founded.
SEED = 1576


@dataclass(frozen=True, slots=True)
class Written:
    """Files of a season: raw frames (FITS), and what tells of all other stages, from proposals to night logs
    (JSON, CSV, XML, text). `stars` is the catalogue (FITS), None if there are no frames."""

    frames: tuple[Path, ...]
    documents: tuple[Path, ...]
    stars: Path | None


@dataclass(frozen=True, slots=True)
class Night:
    """The demonstration's night: raw frames and products (FITS), their previews (PNG), the star catalogue
    (FITS), and documents as of a season."""

    frames: tuple[Path, ...]
    previews: tuple[Path, ...]
    documents: tuple[Path, ...]
    catalogue: Path


def write_season(
    folder: Path,
    season: Season,
    seed: int = SEED,
    *,
    frames: bool = True,
    catalogue: Path | None = None,
    detectors: Detectors = SMALL,
    progress: Callable[[], None] = lambda: None,
) -> Written:
    """Write a season below `folder` (made if missing); the same bytes for the same season and seed.

    Where an extract of a `catalogue` has stars they take the place of drawn ones. The lines of the arc lamp
    are written beside the stars, as pipelines want to know them. `progress` is called after each frame and
    each document. Raises UnreadableFile.
    """
    if not frames:
        return Written((), _write_documents(folder / "documents", season, progress), None)
    random = np.random.default_rng(seed)
    stars = _stars(season, random, catalogue)
    told = _write_documents(folder / "documents", season, progress)
    raw = _write_raw(folder / "raw", season, stars, random, detectors, progress)
    write_lines(folder / "thorium_lines.fits")
    written = folder / f"stars_P{season.period}.fits"
    write_catalogue(stars, written)
    return Written(raw, told, written)


def write_night(folder: Path, seed: int = SEED) -> Night:
    """Write the demonstration's night below `folder` (made if missing); the same bytes for the same seed."""
    random = np.random.default_rng(seed)
    season = demonstration()
    stars = _stars(season, random)
    written = list(_write_raw(folder / "raw", season, stars, random))
    previews = []
    (folder / "products").mkdir(parents=True, exist_ok=True)
    [night] = season.nights
    for name, made in products(night.exposures, stars, random):
        path = folder / "products" / name
        if isinstance(made, bytes):
            path.write_bytes(made)
            previews.append(path)
        else:
            written.append(_write(made, path))
    catalogue = folder / "stars.fits"
    write_catalogue(stars, catalogue)
    told = _write_documents(folder / "documents", season)
    return Night(tuple(written), tuple(previews), told, catalogue)


def _stars(season: Season, random: np.random.Generator, catalogue: Path | None = None) -> QTable:
    """With a cluster around everything that frames of the season were taken of, or real stars."""
    frames = (one for night in season.nights for one in night.exposures)
    targets = {one.block.target: None for one in frames if one.block}
    drawn = draw_stars(random, targets)
    return drawn if catalogue is None else with_real_stars(drawn, read_stars(catalogue), targets)


def _write_raw(
    folder: Path,
    season: Season,
    stars: QTable,
    random: np.random.Generator,
    detectors: Detectors = SMALL,
    progress: Callable[[], None] = lambda: None,
) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for night in season.nights:
        for exposure in night.exposures:
            path = folder / f"{dp_id(exposure)}.fits"
            written.append(_write(raw_frame(exposure, stars, random, detectors), path))
            progress()
    return tuple(written)


def _write_documents(
    folder: Path, season: Season, progress: Callable[[], None] = lambda: None
) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in documents(season):
        path = folder / name
        path.write_text(text, "utf-8")
        written.append(path)
        progress()
    return tuple(written)


def _write(hdus: fits.HDUList, path: Path) -> Path:
    """Write with checksums whose comment has no date in it, so that the bytes depend on the seed only."""
    for hdu in hdus:
        hdu.add_checksum(when="at simulation")
    hdus.writeto(path, overwrite=True)
    return path
