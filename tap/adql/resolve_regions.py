"""Regions in results under another name of their frame: STC-S with J2000 where the archive writes ICRS.

The two agree to 20 mas. What a region is in the middle of a query does not change.
"""

from __future__ import annotations

from dataclasses import replace

from archive.declare.columns import Field
from archive.declare.types import REGION, TEXT
from archive.query.tree import Cast, Literal, Output, QueryBody, SetOperation, UserCall, Value
from archive.query.user_functions import UserFunction

__all__ = ["in_frame", "region_text"]

_TEXT = Field("", TEXT)
_REPLACED = UserFunction(
    "", (("region", TEXT), ("frame", TEXT), ("other", TEXT)), REGION, "", "replace({0}, {1}, {2})"
)


def in_frame(body: QueryBody, frame: str) -> QueryBody:
    """The outermost query with its regions so written."""
    if all(field.type != REGION for field in body.fields):
        return body
    if isinstance(body, SetOperation):
        return replace(body, operands=tuple([in_frame(operand, frame) for operand in body.operands]))
    outputs = [
        Output(region_text(output.value, frame), output.field) if output.field.type == REGION else output
        for output in body.outputs
    ]
    return replace(body, outputs=tuple(outputs))


def region_text(value: Value, frame: str) -> Value:
    """A region's text, in which the frame stands between blanks."""
    frames = (Literal(" ICRS ", _TEXT), Literal(f" {frame} ", _TEXT))
    return UserCall(_REPLACED, (Cast(value, _TEXT), *frames), value.field)
