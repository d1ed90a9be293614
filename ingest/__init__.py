"""Data into the archive: FITS files harvested, kept and published; catalogues loaded."""

from __future__ import annotations

from .catalogues import LoadSummary, TablesSummary, load_catalogue, load_tables
from .finding import find_catalogues
from .harvest import Harvest, harvest
from .outcomes import Outcome, Report, Summary
from .publication import Publication
from .rederive import rederive
from .run import Progress, ingest_paths

__all__ = [
    "Harvest",
    "LoadSummary",
    "Outcome",
    "Progress",
    "Publication",
    "Report",
    "Summary",
    "TablesSummary",
    "find_catalogues",
    "harvest",
    "ingest_paths",
    "load_catalogue",
    "load_tables",
    "rederive",
]
