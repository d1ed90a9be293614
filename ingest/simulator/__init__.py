"""A simulated observatory: one small night, deterministic for a seed, with everything an archive meets.

It writes files only; it knows neither the database nor the archive that will ingest them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from .documents import documents
from .frames import raw_frame
from .headers import dp_id
from .plan import plan_night
from .products import products
from .stars import draw_stars, write_catalogue

__all__ = ["Night", "write_night"]

# The year in which Tycho Brahe's observatory was founded.
SEED = 1576


@dataclass(frozen=True, slots=True)
class Night:
    """What was written: raw frames and products (FITS), their previews (PNG), the star catalogue (FITS).

    `documents` tell of all other stages, from proposals to night logs (JSON, CSV, XML, text).
    """

    frames: tuple[Path, ...]
    previews: tuple[Path, ...]
    documents: tuple[Path, ...]
    catalogue: Path


def write_night(folder: Path, seed: int = SEED) -> Night:
    """Write the night below `folder` (made if missing); the same bytes for the same seed."""
    random = np.random.default_rng(seed)
    exposures = plan_night()
    targets = {exposure.block.target: None for exposure in exposures if exposure.block}
    stars = draw_stars(random, targets)
    for name in ("raw", "products", "documents"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    written, previews = [], []
    for exposure in exposures:
        path = folder / "raw" / f"{dp_id(exposure)}.fits"
        written.append(_write(raw_frame(exposure, stars, random), path))
    for name, made in products(exposures, stars, random):
        path = folder / "products" / name
        if isinstance(made, bytes):
            path.write_bytes(made)
            previews.append(path)
        else:
            written.append(_write(made, path))
    catalogue = folder / "stars.fits"
    write_catalogue(stars, catalogue)
    told = [_write_text(folder / "documents" / name, text) for name, text in documents(exposures)]
    return Night(tuple(written), tuple(previews), tuple(told), catalogue)


def _write_text(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def _write(hdus: fits.HDUList, path: Path) -> Path:
    """Write with checksums whose comment has no date in it, so that the bytes depend on the seed only."""
    for hdu in hdus:
        hdu.add_checksum(when="at simulation")
    hdus.writeto(path, overwrite=True)
    return path
