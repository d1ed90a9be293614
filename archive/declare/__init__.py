"""Declarations: what an archive publishes, said once.

A `Table` of `Column`s is checked when it is made; DDL, TAP_SCHEMA, result metadata, manual pages and the
tests of its examples are derived from it. Nothing here knows PostgreSQL or HTTP.
"""

from .catalogue import Catalogue
from .columns import Column, Field
from .semantics import GALACTIC, ICRS, MJD_UTC, UTC, CooSys, TimeSys
from .tables import Example, Key, Record, Resource, Schema, Table
from .types import Type

__all__ = [
    "GALACTIC",
    "ICRS",
    "MJD_UTC",
    "UTC",
    "Catalogue",
    "Column",
    "CooSys",
    "Example",
    "Field",
    "Key",
    "Record",
    "Resource",
    "Schema",
    "Table",
    "TimeSys",
    "Type",
]
