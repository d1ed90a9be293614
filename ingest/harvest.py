"""One file in, everything the archive wants to know about it out; no database, nothing written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from archive.declare.obscore import OBSCORE
from archive.declare.raw import RAW
from archive.declare.ssa import SSA
from archive.declare.tables import Record
from archive.store import Header, HeaderBlock
from archive.store.keyword_index import Searchable, searchable
from archive.tablefiles.fits_scan import FitsFile, Hdu, scan
from archive.tablefiles.streams import Packing, packing

from .classify import Kind, Product, Verdict, classify
from .footprint import celestial
from .identify import identify
from .instrument_rows import instrument_record
from .keywords import Keywords
from .naming import Naming, is_provenance_table, naming
from .obscore_rows import Source, obscore_values
from .oifits import is_wanted
from .publication import Publication, fitted
from .raw_rows import raw_values
from .spectra import is_spectral_table
from .ssa_rows import spectrum_layout, ssa_values
from .times import Span, observed

__all__ = ["Harvest", "Offered", "believed", "derive", "harvest", "is_read", "offered"]


@dataclass(frozen=True, slots=True)
class Offered:
    """A file on disk: name, size in bytes, how it is packed."""

    path: Path
    name: str
    size: int
    packing: Packing


@dataclass(frozen=True, slots=True)
class Harvest:
    """What a file told.

    `by_name`: only the file's name identifies it. `reason`: why a file that is kept has no row.
    `records`: its rows in dbo.raw, ivoa.ObsCore, dbo.ssa and in the table of its instrument. `problems`: what
    was wrong, but did not hinder. `md5` only of files without headers, which belong to a product.
    """

    path: Path
    dp_id: str
    by_name: bool
    kind: Kind
    reason: str
    media_type: str
    headers: tuple[HeaderBlock, ...]
    records: tuple[Record, ...]
    naming: Naming
    span: Span | None
    searchable: Searchable
    problems: tuple[str, ...]
    md5: str | None = None


def harvest(path: Path, publication: Publication) -> Harvest:
    """Harvest a FITS file; UnreadableFile says why one cannot be."""
    return derive(scan(path, is_read), offered(path), publication)


def is_read(header: Header) -> bool:
    """Whether the data of a table are needed; of all else the headers are enough."""
    return is_wanted(header) or is_spectral_table(header) or is_provenance_table(header)


def offered(path: Path, name: str | None = None) -> Offered:
    return Offered(path, name or path.name, path.stat().st_size, packing(path))


def derive(file: FitsFile, offer: Offered, publication: Publication, dp_id: str | None = None) -> Harvest:
    """All that follows from headers and tables; `dp_id` of a file that has its identifier already."""
    keywords = Keywords([hdu.view for hdu in believed(file)])
    verdict = classify(file, keywords, offer.name)
    raw = verdict.kind in {Kind.RAW_SCIENCE, Kind.RAW_OTHER}
    found = identify(keywords, offer.name, raw=raw)
    identity = found if dp_id is None else replace(found, dp_id=dp_id)
    media_type = _media_type(offer, file, verdict)
    source = Source(file, keywords, verdict, identity.dp_id, offer.size)
    problems = list(file.problems)
    records = []
    if raw:
        frame = fitted(RAW, raw_values(keywords, identity.dp_id, offer.size, publication), problems)
        records += [frame, instrument_record(keywords, frame, problems, publication.instruments)]
    if verdict.kind in {Kind.RAW_SCIENCE, Kind.DATASET}:
        values = obscore_values(source, publication, problems)
        records.append(fitted(OBSCORE, values, problems))
        layout = spectrum_layout(source)
        if layout is not None:
            spectrum = ssa_values(source, layout, values, media_type, publication)
            records.append(fitted(SSA, spectrum, problems))
    return Harvest(
        offer.path,
        identity.dp_id,
        identity.by_name,
        verdict.kind,
        verdict.reason,
        media_type,
        tuple(_block(hdu) for hdu in file.hdus),
        tuple(records),
        naming(keywords, file.hdus, identity.dp_id, offer.name, raw=raw),
        observed(keywords),
        searchable(hdu.header for hdu in file.hdus),
        tuple(dict.fromkeys(problems)),
    )


def believed(file: FitsFile) -> list[Hdu]:
    """The primary header, then that of the first HDU with data, which completes it in many products."""
    primary = file.primary
    others = [hdu for hdu in file.hdus if hdu is not primary and (hdu.is_image or hdu.is_table)]
    return [primary, *others[:1]]


def _media_type(offer: Offered, file: FitsFile, verdict: Verdict) -> str:
    """What a download is: the packing if there is one, image/fits for what viewers can show (RFC 4047)."""
    first = file.hdus[0]
    shown = verdict.product is Product.IMAGE and first.is_image and celestial(first.view)
    return "image/fits" if offer.packing is Packing.NONE and shown else offer.packing.value


def _block(hdu: Hdu) -> HeaderBlock:
    return HeaderBlock.of(hdu.index, hdu.header.text("EXTNAME") or "", len(hdu.header.cards), hdu.header.raw)
