"""One-dimensional spectra: found by Simple Spectral Access 1.1, delivered in the Spectrum data model.

What is asked becomes a `Query` of dbo.ssa; how that is answered is the archive's business, and so is reading
spectra out of files.
"""

from __future__ import annotations

from .delivery import spectrum_service
from .service import ssa_service

__all__ = ["spectrum_service", "ssa_service"]
