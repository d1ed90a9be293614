"""The ingest plugins that come with Uraniborg, in the order in which `uraniborg plugins` lists them.

They are found, checked and run like those of an observatory's own.
"""

from __future__ import annotations

from archive.plugins import Ingest

from .readers.allocations import allocations
from .readers.ambient import ambient
from .readers.esoform import esoform
from .readers.etc_json import etc_requests
from .readers.executions import executions
from .readers.night_log import night_log
from .readers.obx import read_obx
from .readers.p1_json import p1_proposals
from .readers.p2_json import p2_answer, p2_bundle, p2_file
from .readers.packages import instrument_package
from .readers.rankings import rankings
from .readers.slots import time_slots
from .readers.voevents import too_triggers, voevents

__all__ = ["BUILTIN"]

BUILTIN: tuple[Ingest, ...] = (
    p1_proposals,
    esoform,
    allocations,
    time_slots,
    etc_requests,
    voevents,
    too_triggers,
    p2_bundle,
    p2_answer,
    p2_file,
    read_obx,
    instrument_package,
    executions,
    night_log,
    rankings,
    ambient,
)
