"""The schemas that every archive publishes, in the order in which clients show them."""

from __future__ import annotations

from .obscore import OBSCORE
from .obsplan import OBSPLAN
from .raw import RAW
from .tables import Schema
from .tapschema import TAP_SCHEMA

__all__ = ["builtin_schemas"]


def builtin_schemas() -> tuple[Schema, ...]:
    return (
        Schema(
            "ivoa",
            (OBSCORE, OBSPLAN),
            "Tables that the Virtual Observatory defines",
            title="Virtual Observatory",
        ),
        Schema("dbo", (RAW,), "Raw frames, under the names of ESO's archive", title="Raw data"),
        TAP_SCHEMA,
    )
