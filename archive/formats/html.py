"""A table for people with a browser: metadata behind the names, links where there are addresses.

It streams like the other formats; a browser shows the first rows while the last are on their way.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree, html
from lxml.html import builder as E

from ..declare.columns import Field
from ..declare.types import Type
from ..errors import ArchiveError
from ..wire import Escape
from .document import Document, Result
from .lines import Lines, text_rows
from .text import Style
from .xmltext import clean, escape

__all__ = ["encode_html"]

_CSS = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem; color: #1b2330 }
table { border-collapse: collapse; font-size: 13px }
th, td { padding: .25rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #d5dbe3 }
th { position: sticky; top: 0; background: #eef2f7 }
th small { display: block; font-weight: normal; color: #5b6676 }
td { max-width: 28rem; overflow-wrap: anywhere; white-space: pre-wrap }
pre { background: #f5f7fa; padding: .6rem; white-space: pre-wrap }
.notice { color: #8a4b00 } .error { color: #a31515 }
"""


def _missing(type_: Type) -> str:
    return "NaN" if type_.datatype in {"float", "double"} else "null"


def _is_address(field: Field) -> bool:
    return field.type.is_text and (
        field.name.lower() == "access_url" or field.ucd.lower().startswith("meta.ref.url")
    )


_HTML = Style(Escape.XML, escape, _missing)
_LINES = Lines(_HTML, before="<tr><td>", between="</td><td>", after="</td></tr>\n", link=_is_address)


def encode_html(result: Result, document: Document) -> Iterator[bytes]:
    """text/html. An error is shown in the page and then raised, so that the transfer breaks off too."""
    head, tail = _page(result.fields, document)
    yield head
    count = 0
    try:
        for rows, text in text_rows(result, _LINES):
            yield text
            count += rows
    except ArchiveError as error:
        yield b"</tbody></table>" + _paragraph("error", f"The result breaks off here: {error}")
        raise
    yield b"</tbody></table>" + _paragraph("count", f"{count} row{'' if count == 1 else 's'}")
    if result.overflowed:
        yield _paragraph("notice", "There are more rows: the result was cut at the limit (MAXREC).")
    yield tail


def _page(fields: tuple[Field, ...], document: Document) -> tuple[bytes, bytes]:
    title = clean(document.title or document.table_name)
    body = [E.H1(title)]
    if document.description:
        body.append(E.P(clean(document.description)))
    if document.query is not None:
        body.append(E.PRE(clean(document.query)))
    names = E.THEAD(E.TR(*(_heading(field) for field in fields)))
    body.append(E.TABLE(names, E.TBODY(etree.Comment("rows"))))
    page = E.HTML(
        E.HEAD(E.META(charset="utf-8"), E.TITLE(title), E.STYLE(_CSS + _numbers_to_the_right(fields))),
        E.BODY(*body),
    )
    page.set("lang", "en")
    text = html.tostring(page, doctype="<!DOCTYPE html>", encoding="utf-8")
    # The table is closed by the caller, behind the last row.
    head, _, tail = text.partition(b"<!--rows-->")
    return head, tail.partition(b"</table>")[2] + b"\n"


def _numbers_to_the_right(fields: tuple[Field, ...]) -> str:
    """Once in the head instead of in each cell."""
    columns = [f"td:nth-child({i})" for i, field in enumerate(fields, 1) if field.type.is_numeric]
    rule = "{ text-align: right; font-variant-numeric: tabular-nums }\n"
    return f"{', '.join(columns)} {rule}" if columns else ""


def _heading(field: Field) -> etree._Element:
    facts = [field.description, field.type.adql.lower(), field.ucd, field.utype]
    heading = E.TH(clean(field.name), title=clean("\n".join(fact for fact in facts if fact)))
    if field.unit:
        heading.append(E.SMALL(clean(field.unit)))
    return heading


def _paragraph(css_class: str, text: str) -> bytes:
    paragraph = E.P(clean(text))
    paragraph.set("class", css_class)
    return html.tostring(paragraph, encoding="utf-8") + b"\n"
