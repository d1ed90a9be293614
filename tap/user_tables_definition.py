"""A table's definition without rows, as VOSI writes it (VODataService 1.2, 3.3): columns and types.

What a service of ours says at /tables/name can be sent back to make another table of that shape.
"""

from __future__ import annotations

import re
from pathlib import Path

from lxml import etree

from archive.errors import DeclarationError, UsageError
from archive.tablefiles import Source, SourceColumn
from archive.tablefiles.votable_fields import column_type

__all__ = ["indexed_columns", "is_definition", "open_definition"]

_MOST_BYTES = 10_000_000
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
# The types of TAP (VODataService 1.2, 3.5.3) as VOTable's: datatype, arraysize, xtype.
_TAP_TYPES: dict[str, tuple[str, str | None, str | None]] = {
    "BOOLEAN": ("boolean", None, None),
    "SMALLINT": ("short", None, None),
    "INTEGER": ("int", None, None),
    "BIGINT": ("long", None, None),
    "REAL": ("float", None, None),
    "DOUBLE": ("double", None, None),
    "DOUBLE PRECISION": ("double", None, None),
    "TIMESTAMP": ("char", "*", "timestamp"),
    "CHAR": ("char", "*", None),
    "VARCHAR": ("char", "*", None),
    "CLOB": ("char", "*", None),
    "BINARY": ("unsignedByte", "*", None),
    "VARBINARY": ("unsignedByte", "*", None),
    "BLOB": ("unsignedByte", "*", None),
    "POINT": ("double", "2", "point"),
    "REGION": ("char", "*", "adql:REGION"),
}


def is_definition(start: bytes) -> bool:
    """Whether an XML document that begins so has a VOSI table as its root."""
    text = re.sub(rb"<\?.*?\?>|<!--.*?-->", b"", start, flags=re.DOTALL)
    root = re.search(rb"<(?:[\w.-]+:)?([\w.-]+)", text)
    return bool(root and root[1] in {b"table", b"tableset"})


def open_definition(path: Path) -> Source:
    """The table as a source without rows; raises UsageError for what is no definition of one."""
    table = _table(path)
    columns = tuple(_column(node) for node in _children(table, "column"))
    if not columns:
        raise UsageError(f"{path.name}: the definition has no columns")
    return Source(path, columns, lambda: iter(()), 0, _text(table, "description"))


def indexed_columns(path: Path) -> set[str]:
    """The names of columns for which the definition has the flag `indexed` or `primary`."""
    flagged = set()
    for node in _children(_table(path), "column"):
        flags = {(flag.text or "").strip() for flag in _children(node, "flag")}
        if flags & {"indexed", "primary"}:
            flagged.add(_name(node))
    return flagged


def _table(path: Path) -> etree._Element:
    if path.stat().st_size > _MOST_BYTES:
        raise UsageError(f"{path.name}: a definition has at most {_MOST_BYTES:,} bytes")
    reading = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(path.read_bytes(), reading)
    except etree.XMLSyntaxError as cause:
        raise UsageError(f"{path.name}: not readable as XML: {cause}") from cause
    if root.getroottree().docinfo.internalDTD is not None:
        raise UsageError(f"{path.name}: it has a document type of its own, which nobody needs")
    tables = [root] if _local(root) == "table" else [e for e in root.iter() if _local(e) == "table"]
    if len(tables) != 1:
        raise UsageError(f"{path.name}: there are {len(tables)} definitions of tables", hint="send one")
    return tables[0]


def _column(node: etree._Element) -> SourceColumn:
    name = _name(node)
    types = _children(node, "dataType")
    if not name or len(types) != 1:
        raise UsageError(f"a column of the definition has no name or no dataType: {name or 'column'}")
    kind = types[0].get(_XSI_TYPE, "").rpartition(":")[2]
    word = (types[0].text or "").strip()
    size, xtype = types[0].get("arraysize"), types[0].get("extendedType")
    if kind == "TAPType" or (kind != "VOTableType" and word.upper() in _TAP_TYPES):
        bare = word.upper().removeprefix("ADQL:").partition("(")[0].strip()
        if bare not in _TAP_TYPES:
            raise UsageError(f"column {name}: there is no column type for {word[:40]!r}")
        word, size, xtype = _TAP_TYPES[bare]
    try:
        type_ = column_type(word, size, xtype)
    except DeclarationError as cause:
        raise UsageError(f"column {name}: {cause.message}") from cause
    return SourceColumn(
        name, type_, _text(node, "unit"), _text(node, "ucd"), _text(node, "utype"), _text(node, "description")
    )


def _name(node: etree._Element) -> str:
    """Without the double quotes in which ADQL writes some names."""
    name = _text(node, "name")
    delimited = len(name) > 2 and name.startswith('"') and name.endswith('"')
    return name[1:-1].replace('""', '"') if delimited else name


def _local(node: etree._Element) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def _children(node: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in node if _local(child) == name]


def _text(node: etree._Element, name: str) -> str:
    return next((" ".join((child.text or "").split()) for child in _children(node, name)), "")
