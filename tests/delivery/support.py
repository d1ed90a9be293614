"""Files in a store with their headers recorded, as ingest leaves them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from astropy.io import fits

from archive.database import Database
from archive.store import FileVersion, HeaderBlock, Store, checksum, record_files, record_headers
from archive.tablefiles.fits_scan import scan
from archive.tablefiles.streams import packing


@cache
def exposure() -> bytes:
    """A primary HDU with an image, two further images and a table, all with checksums."""
    random = np.random.default_rng(4)
    hdus = fits.HDUList(
        [
            fits.PrimaryHDU(random.integers(0, 60000, (50, 70)).astype("u2")),
            fits.ImageHDU(random.normal(size=(40, 33)).astype("f4"), name="CHIP1"),
            fits.ImageHDU(random.normal(size=(7, 5)), name="CHIP2"),
            fits.BinTableHDU.from_columns([fits.Column("FLUX", "D", "Jy", array=random.normal(size=300))]),
        ]
    )
    header = hdus[0].header
    header["OBJECT"] = ("NGC 1365", "as the observer wrote it")
    header["EXPTIME"] = (30.0, "seconds")
    header["HIERARCH ESO DPR CATG"] = ("SCIENCE", "Observation category")
    header["HIERARCH ESO DET DIT"] = 10
    header["LONG"] = (
        "a text that goes on and on, and then goes on a little more, and ends on another card's line"
    )
    header.add_history("written for a test: a = b / c")
    hdus[1].header["CRVAL1"] = 53.4
    file = BytesIO()
    hdus.writeto(file, checksum=True)
    return file.getvalue()


def keep(
    database: Database,
    store: Store,
    folder: Path,
    content: bytes,
    dp_id: str = "NIGHT.2026-01-02T03:04:05.678",
    version: int = 1,
    name: str | None = None,
) -> FileVersion:
    """Keep and record a file, its headers too if it is FITS."""
    source = folder / (name or f"{dp_id.replace('/', '_')}.fits")
    source.write_bytes(content)
    sha256 = checksum(source)
    kept = store.keep(source, dp_id, sha256)
    file = FileVersion(
        dp_id=dp_id,
        version=version,
        name=source.name,
        place=kept.place,
        sha256=sha256,
        bytes=kept.bytes,
        media_type=packing(source).value,
        source=str(source),
        stored_at=datetime.now(UTC),
        blocks=kept.blocks,
    )
    hdus = scan(source).hdus if content[:6] == b"SIMPLE" or file.media_type != "application/fits" else ()
    blocks = [HeaderBlock.of(hdu.index, hdu.name, len(hdu.header.cards), hdu.header.raw) for hdu in hdus]
    with database.writer() as connection:
        record_files(connection, [file])
        record_headers(connection, [(dp_id, version, blocks)])
    return file
