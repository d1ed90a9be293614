"""Files as their corrected headers make them: what follows from headers, follows from the corrected ones.

How headers are corrected is told in `archive.store.corrections`.
"""

from __future__ import annotations

from dataclasses import replace

from archive.store import Connection, Header, described, read_headers
from archive.tablefiles.fits_scan import FitsFile, scan, uncompressed

from .harvest import Harvest, derive, is_read, offered
from .publication import Publication

__all__ = ["as_corrected", "with_headers"]


def as_corrected(connection: Connection, harvest: Harvest, publication: Publication) -> Harvest:
    """The harvest of a file that is in the archive already, as its headers have become there."""
    found = described(connection, harvest.dp_id)
    if not found.correction:
        return harvest
    headers = read_headers(connection, found.dp_id, found.version)
    offer = replace(offered(harvest.path, found.name), size=found.size)
    return derive(with_headers(scan(harvest.path, is_read), headers), offer, publication, found.dp_id)


def with_headers(file: FitsFile, headers: tuple[Header, ...]) -> FitsFile:
    """The file as if these had always been its headers; a header that lost its HDU cannot be."""
    if len(headers) != len(file.hdus):
        return file
    pairs = zip(file.hdus, headers, strict=True)
    hdus = tuple(replace(hdu, header=header, view=uncompressed(header)) for hdu, header in pairs)
    return replace(file, hdus=hdus)
