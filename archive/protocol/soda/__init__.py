"""SODA 1.0: cut-outs of datasets, at once and as jobs, and the descriptors that tell of them.

Requests, answers and their form belong here; pixels and spectra are cut by `archive.pixels`.
"""

from __future__ import annotations

from .descriptor import SODA_ASYNC, SODA_SYNC, soda_descriptor, soda_results_descriptor
from .jobs import SodaJobs
from .service import soda_service

__all__ = [
    "SODA_ASYNC",
    "SODA_SYNC",
    "SodaJobs",
    "soda_descriptor",
    "soda_results_descriptor",
    "soda_service",
]
