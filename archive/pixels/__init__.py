"""Pixels and spectra read out of stored files: only the bytes that are needed, from whichever volume.

Cutting FITS files by sky, wavelength, time and polarization; requests and answers belong to `protocol`.
"""

from __future__ import annotations

from .cutouts import Cutout, Extent, Selection, cut
from .hdus import Bytes
from .unpacking import Packed, Unpacker

__all__ = ["Bytes", "Cutout", "Extent", "Packed", "Selection", "Unpacker", "cut"]
