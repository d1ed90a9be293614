"""One file in, everything the archive wants to know about it out; no database, nothing written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archive.declare.obscore import OBSCORE
from archive.declare.raw import RAW
from archive.declare.tables import Record
from archive.store import HeaderBlock
from archive.tablefiles.fits_scan import FitsFile, Hdu, scan
from archive.tablefiles.streams import Packing, packing

from .classify import Kind, Product, Verdict, classify
from .footprint import celestial
from .identify import identify
from .keywords import Keywords
from .obscore_rows import Source, obscore_values
from .oifits import is_wanted
from .publication import Publication, fitted
from .raw_rows import raw_values
from .spectra import is_spectral_table

__all__ = ["Harvest", "believed", "harvest"]


@dataclass(frozen=True, slots=True)
class Harvest:
    """What a file told.

    `by_name`: only the file's name identifies it. `reason`: why a file that is kept has no row.
    `records`: its rows in dbo.raw and ivoa.ObsCore. `problems`: what was wrong, but did not hinder.
    """

    path: Path
    dp_id: str
    by_name: bool
    kind: Kind
    reason: str
    media_type: str
    headers: tuple[HeaderBlock, ...]
    records: tuple[Record, ...]
    problems: tuple[str, ...]


def harvest(path: Path, publication: Publication) -> Harvest:
    """Harvest a FITS file; UnreadableFile says why one cannot be."""
    file = scan(path, lambda header: is_wanted(header) or is_spectral_table(header))
    keywords = Keywords([hdu.view for hdu in believed(file)])
    verdict = classify(file, keywords, path.name)
    raw = verdict.kind in {Kind.RAW_SCIENCE, Kind.RAW_OTHER}
    identity = identify(keywords, path.name, raw=raw)
    size = path.stat().st_size
    media_type = _media_type(path, file, verdict)
    source = Source(file, keywords, verdict, identity.dp_id, size, media_type)
    problems = list(file.problems)
    records = []
    if raw:
        records.append(fitted(RAW, raw_values(keywords, identity.dp_id, size, publication), problems))
    if verdict.kind in {Kind.RAW_SCIENCE, Kind.DATASET}:
        records.append(fitted(OBSCORE, obscore_values(source, publication, problems), problems))
    return Harvest(
        path,
        identity.dp_id,
        identity.by_name,
        verdict.kind,
        verdict.reason,
        media_type,
        tuple(_block(hdu) for hdu in file.hdus),
        tuple(records),
        tuple(dict.fromkeys(problems)),
    )


def believed(file: FitsFile) -> list[Hdu]:
    """The primary header, then that of the first HDU with data, which completes it in many products."""
    primary = file.primary
    others = [hdu for hdu in file.hdus if hdu is not primary and (hdu.is_image or hdu.is_table)]
    return [primary, *others[:1]]


def _media_type(path: Path, file: FitsFile, verdict: Verdict) -> str:
    """What a download is: the packing if there is one, image/fits for what viewers can show (RFC 4047)."""
    found = packing(path)
    first = file.hdus[0]
    shown = verdict.product is Product.IMAGE and first.is_image and celestial(first.view)
    if found is Packing.NONE and shown:
        return "image/fits"
    return found.value


def _block(hdu: Hdu) -> HeaderBlock:
    return HeaderBlock(hdu.index, hdu.header.text("EXTNAME") or "", len(hdu.header.cards), hdu.header.raw)
