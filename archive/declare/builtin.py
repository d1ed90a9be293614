"""The schemas that every archive publishes, in the order in which clients show them."""

from __future__ import annotations

from .dataflow.asm import ASM
from .dfs import DFS
from .instruments import instrument_schema
from .obscore import OBSCORE
from .obsplan import OBSPLAN
from .phase3v2 import PHASE3V2
from .prov import PROV
from .raw import RAW
from .ssa import SSA
from .tables import Schema
from .tapschema import TAP_SCHEMA
from .util import UTIL

__all__ = ["builtin_schemas"]


def builtin_schemas() -> tuple[Schema, ...]:
    return (
        Schema(
            "ivoa",
            (OBSCORE, OBSPLAN),
            "Tables that the Virtual Observatory defines",
            title="Virtual Observatory",
        ),
        Schema(
            "dbo",
            (RAW, SSA),
            "Raw frames and one-dimensional spectra, under the names of ESO's archive",
            title="Raw data and spectra",
        ),
        instrument_schema(),
        PHASE3V2,
        UTIL,
        DFS,
        PROV,
        ASM,
        TAP_SCHEMA,
    )
