"""VOSI 1.1: what a service can do, whether it is up, and which tables it has, as XML documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from lxml import etree

from ..declare.catalogue import Catalogue
from ..declare.columns import Column
from ..declare.names import adql_name
from ..declare.tables import Key, Schema, Table
from ..declare.types import Type
from .health import Health
from .xml import E, clean, document, optional, root, typed

__all__ = [
    "availability",
    "capabilities",
    "one_table",
    "secured",
    "standard_capabilities",
    "tableset",
    "whole_site",
]

_CAPABILITIES = "http://www.ivoa.net/xml/VOSICapabilities/v1.0"
_AVAILABILITY = "http://www.ivoa.net/xml/VOSIAvailability/v1.0"
_TABLES = "http://www.ivoa.net/xml/VOSITables/v1.0"


# IVOA SSO 2.0, 2.2: HTTP Basic, a cookie of the pages, a bearer token.
_METHODS = ("BasicAA", "cookie", "OAuth")


def capabilities(children: Iterable[etree._Element]) -> bytes:
    """The document; interfaces that do not say who may use them are for everybody, identified or not."""
    element = root(_CAPABILITIES, "capabilities", children)
    for interface in element.iterfind("capability/interface"):
        if interface.find("securityMethod") is None:
            secured(interface)
    return document(element)


def secured(interface: etree._Element, *, anonymous: bool = True) -> etree._Element:
    """The interface, saying in which ways its users can identify themselves (VOResource 1.1, 3.2.2)."""
    place = max(interface.index(child) for child in interface if child.tag in {"accessURL", "mirrorURL"}) + 1
    # One without a standard says that nobody has to.
    methods = [E.securityMethod()] if anonymous else []
    methods += [E.securityMethod(standardID=f"ivo://ivoa.net/sso#{name}") for name in _METHODS]
    interface[place:place] = methods
    return interface


_DOCUMENTS = {
    "capabilities": "ivo://ivoa.net/std/VOSI#capabilities",
    "availability": "ivo://ivoa.net/std/VOSI#availability",
    "tables": "ivo://ivoa.net/std/VOSI#tables",
    "examples": "ivo://ivoa.net/std/DALI#examples",
}


def standard_capabilities(base_url: str, names: Iterable[str] = tuple(_DOCUMENTS)) -> list[etree._Element]:
    """The capabilities, below its base URL, that a service shares with others: all of them, or the named."""
    return [
        E.capability(
            {"standardID": _DOCUMENTS[name]},
            E.interface(
                typed("vs:ParamHTTP"), {"role": "std"}, E.accessURL(f"{base_url}/{name}", use="full")
            ),
        )
        for name in names
    ]


def whole_site(site: str) -> etree._Element:
    """The capability that says: what results of this service lead to takes the same credentials.

    pyvo sends some only to addresses below those of capabilities that it has read, which are those of TAP,
    SIA 2 and DataLink. No standard has addresses of files, so the archive's own names what stands here;
    clients expect every capability to have such a name.
    """
    address = E.accessURL(f"{site}/", use="base")
    return E.capability(
        {"standardID": f"{site}/#files"},
        E.description("Pages, files, links, previews, cut-outs and spectra of the archive."),
        E.interface(typed("vr:WebBrowser"), address),
    )


def availability(state: Health) -> bytes:
    children = [
        E.available("true" if state.available else "false"),
        E.upSince(_moment(state.up_since)),
        *(E.downAt(_moment(moment)) for moment in (state.down_at,) if moment is not None),
        *(E.backAt(_moment(moment)) for moment in (state.back_at,) if moment is not None),
        *(E.note(clean(note)) for note in state.notes),
    ]
    vosi = [_renamed(child, _AVAILABILITY) for child in children]
    return document(root(_AVAILABILITY, "availability", vosi))


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _renamed(element: etree._Element, namespace: str) -> etree._Element:
    """The element in the namespace: this one schema has qualified children."""
    element.tag = etree.QName(namespace, str(element.tag)).text
    return element


_Rows = Mapping[str, int]  # how many there are, by the table's name, where it is known
_UNKNOWN: _Rows = MappingProxyType({})


def tableset(catalogue: Catalogue, *, columns: bool, rows: _Rows = _UNKNOWN) -> bytes:
    """All published tables but restricted ones.

    Without `columns`, as for `detail=min`, only what tables say of themselves.
    """
    schemas = (_schema(schema, columns, rows) for schema in catalogue.schemas)
    return document(root(_TABLES, "tableset", schemas))


def one_table(table: Table, rows: _Rows = _UNKNOWN) -> bytes:
    return document(root(_TABLES, "table", _table_children(table, True, rows), type=table.kind))


def _schema(schema: Schema, columns: bool, rows: _Rows) -> etree._Element:
    return E.schema(
        E.name(schema.name),
        *optional("title", schema.title),
        *optional("description", schema.description),
        *optional("utype", schema.utype),
        *(E.table({"type": table.kind}, *_table_children(table, columns, rows)) for table in schema.listed),
    )


def _table_children(table: Table, columns: bool, rows: _Rows) -> list[etree._Element]:
    children = [
        E.name(table.name),
        *optional("title", table.title),
        *optional("description", table.published_description),
        *optional("utype", table.utype),
        # VODataService 1.2, 3.3; TOPCAT shows it.
        *optional("nrows", "" if table.name not in rows else str(rows[table.name])),
    ]
    if columns:
        children += [_column(table, column) for column in table.columns]
        children += [_foreign_key(key) for key in table.keys]
    return children


def _column(table: Table, column: Column) -> etree._Element:
    flags = {
        "indexed": table.is_indexed(column.name),
        "primary": column.name in table.primary_key,
        "nullable": column.nullable,
    }
    return E.column(
        {"std": "true" if column.std else "false"},
        E.name(column.adql_name),
        *optional("description", column.published_description),
        *optional("unit", column.unit),
        *optional("ucd", column.ucd),
        *optional("utype", column.utype),
        _data_type(column.type),
        *(E.flag(flag) for flag, holds in flags.items() if holds),
    )


def _data_type(type_: Type) -> etree._Element:
    attributes = typed("vs:VOTableType")
    if type_.published_arraysize is not None:
        attributes["arraysize"] = type_.published_arraysize
    if type_.xtype is not None:
        attributes["extendedType"] = type_.xtype
    return E.dataType(type_.datatype, attributes)


def _foreign_key(key: Key) -> etree._Element:
    pairs = zip(key.columns, key.target_columns, strict=True)
    return E.foreignKey(
        E.targetTable(key.target),
        *(E.fkColumn(E.fromColumn(adql_name(own)), E.targetColumn(adql_name(other))) for own, other in pairs),
        *optional("description", key.description),
    )
