"""Links in the results of queries: where rows stand for datasets, the result tells how to get their links.

TOPCAT and pyvo find the service descriptor and offer, for each row, the file and all that belongs to it.
"""

from __future__ import annotations

from functools import lru_cache

from lxml import etree

from archive.formats import field_ids, in_namespace
from archive.protocol.descriptors import links_descriptor
from archive.query import Query
from archive.query.tree import ColumnValue, Output, Select, SetOperation

__all__ = ["link_resources"]

# Columns that hold publisher DIDs, or the archive's identifiers, which the links service takes as well. The
# former are worth more: they are identifiers outside the archive too.
_IDENTIFIERS = ("obs_publisher_did", "pubdid", "dp_id", "archive_id", "product_id")
# Tables of users, uploads and catalogues may have such columns, but what is in them need not be ours.
_SCHEMAS = frozenset({"ivoa", "dbo", "ist", "phase3v2"})


def link_resources(query: Query, base_url: str) -> tuple[etree._Element, ...]:
    """The descriptor for the best identifying column of a result, if it has one."""
    columns = _identifiers(query.body)
    if not any(columns):
        return ()
    best = min((_IDENTIFIERS.index(name), i) for i, name in enumerate(columns) if name)[1]
    return (_descriptor(base_url, field_ids(query.fields[: best + 1])[best]),)


@lru_cache(maxsize=64)
def _descriptor(base_url: str, ref: str) -> etree._Element:
    """Shared by many documents: whoever puts it into one takes a copy."""
    return in_namespace(links_descriptor(base_url, ref).element())


def _identifiers(body: Select | SetOperation) -> list[str]:
    """For each column of a result the identifier that it holds, empty for none."""
    if isinstance(body, Select):
        return [_identifier(output) for output in body.outputs]
    # In a union, a column holds identifiers when it does so in every part.
    parts = zip(*map(_identifiers, body.operands), strict=True)
    return [names[0] if all(names) else "" for names in parts]


def _identifier(output: Output) -> str:
    origin = output.value.origin if isinstance(output.value, ColumnValue) else None
    if origin is None or origin.table is None or origin.table.schema_name.lower() not in _SCHEMAS:
        return ""
    name = origin.column.lower()
    return name if name in _IDENTIFIERS else ""
