"""Instruments: what each one's table of raw frames has besides dbo.raw's columns, one declaration each."""

from __future__ import annotations

from .instrument import Instrument, flag, number, raw, text, whole
from .registry import INSTRUMENTS, find_instrument, instrument_schema

__all__ = [
    "INSTRUMENTS",
    "Instrument",
    "find_instrument",
    "flag",
    "instrument_schema",
    "number",
    "raw",
    "text",
    "whole",
]
