"""Data into the archive: FITS files harvested and kept, other inputs read by plugins, catalogues loaded."""

from __future__ import annotations

from archive.plugins import Accepts, Ingest, Input, Poll

from .builtin import BUILTIN
from .catalogues import LoadSummary, TablesSummary, load_catalogue, load_tables
from .continuing import continued
from .declaring import plugin
from .finding import find_catalogues
from .harvest import Harvest, harvest
from .inputs import Inputs
from .outcomes import Outcome, Report, Summary
from .polling import poll
from .publication import Publication
from .rederive import rederive
from .rounds import poll_sources, retry_inputs
from .run import Progress, ingest_paths

__all__ = [
    "BUILTIN",
    "Accepts",
    "Harvest",
    "Ingest",
    "Input",
    "Inputs",
    "LoadSummary",
    "Outcome",
    "Poll",
    "Progress",
    "Publication",
    "Report",
    "Summary",
    "TablesSummary",
    "continued",
    "find_catalogues",
    "harvest",
    "ingest_paths",
    "load_catalogue",
    "load_tables",
    "plugin",
    "poll",
    "poll_sources",
    "rederive",
    "retry_inputs",
]
