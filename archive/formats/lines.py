"""Rows as lines of text, for every format that writes text: by compiled code, or with Arrow's kernels.

What a format's lines look like is a value, `Lines`, which both ways take. How single values become text is
said in `text`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from ..declare.columns import Field
from ..declare.types import Type
from ..wire import ColumnForm, TextStyle, Transcoder, transcoder
from .columns import Rows, fixed_length, slices
from .document import Result, copied
from .text import Style, cells, joined, joined_lines, literal

__all__ = ["Lines", "text_rows"]


def _empty(type_: Type) -> str:
    return ""


def _no_link(field: Field) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Lines:
    """Cells with `between` in between, each row from `before` to `after`.

    `null` is a cell that is NULL; `link` tells in which columns HTML makes links of web addresses.
    """

    style: Style
    before: str
    between: str
    after: str
    null: Callable[[Type], str] = _empty
    link: Callable[[Field], bool] = _no_link


def text_rows(result: Result, lines: Lines) -> Iterator[tuple[int, bytes]]:
    """Some rows at a time: how many, and their text."""
    source = copied(result)
    compiled = _transcoder(result.fields, lines) if source is not None else None
    if compiled is not None and source is not None:
        style = _text_style(lines)
        for chunk in source.chunks():
            yield chunk.rows, compiled.text(chunk, style)
        return
    for rows in slices(result):
        yield rows.count, _joined(rows, result.fields, lines)


# --- compiled -------------------------------------------------------------------------------------------


def _transcoder(fields: tuple[Field, ...], lines: Lines) -> Transcoder | None:
    forms = [
        ColumnForm(
            null=lines.null(field.type),
            absent=lines.style.missing(field.type) if field.type.is_array else "",
            link=lines.link(field),
        )
        for field in fields
    ]
    return transcoder(fields, forms, [fixed_length(field.type) for field in fields])


def _text_style(lines: Lines) -> TextStyle:
    style = lines.style
    return TextStyle(
        style.escaping,
        nan=style.nan,
        infinity=style.infinity,
        minus_infinity=style.minus_infinity,
        negative_zero=style.negative_zero,
        quote=style.quote,
        yes=style.true,
        no=style.false,
        opening=style.opening,
        separator=style.separator,
        closing=style.closing,
        before=lines.before,
        between=lines.between,
        after=lines.after,
    )


# --- with Arrow -----------------------------------------------------------------------------------------


def _joined(rows: Rows, fields: tuple[Field, ...], lines: Lines) -> bytes:
    texts = [_cells(column, field, lines) for column, field in zip(rows.columns, fields, strict=True)]
    return joined_lines(texts, lines.before, lines.between, lines.after)


def _cells(column: Any, field: Field, lines: Lines) -> Any:
    text = cells(column, field.type, lines.style)
    if lines.link(field):
        text = _links(text)
    null = lines.null(field.type)
    return text.fill_null(literal(null)) if null and text.null_count else text


def _links(escaped: Any) -> Any:
    """Links for what begins as a web address; other schemes (javascript:) stay text."""
    linked = joined('<a href="', escaped, '">', escaped, "</a>")
    return pc.if_else(pc.match_substring_regex(escaped, "^https?://"), linked, escaped)
