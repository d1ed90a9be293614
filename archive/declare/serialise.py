"""Declarations as JSON, there and back: how the database remembers the tables that were loaded into it.

`decoded(encoded(table)) == table` for every table. Types are kept by name, so that a later version
may store them differently without touching what was written.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ..errors import DeclarationError
from .columns import Column
from .releases import Release
from .semantics import CooSys, TimeSys
from .tables import Example, Key, Table
from .types import Type, find_type

__all__ = ["table_from_json", "table_to_json"]

_VERSION = 1
_TEXTS = ("unit", "ucd", "utype", "description", "keyword")
_FLAGS = {"nullable": True, "indexed": False, "principal": False, "std": False, "folded": False}


def table_to_json(table: Table) -> str:
    """One line of JSON; what has its default value is left out."""
    return json.dumps(_table_document(table), ensure_ascii=False, separators=(",", ":"))


def table_from_json(text: str) -> Table:
    """The table that `table_to_json` wrote; DeclarationError for any other text."""
    try:
        return _table(json.loads(text))
    except (KeyError, TypeError, ValueError) as cause:
        raise DeclarationError(f"not the declaration of a table: {cause}") from cause


def _table_document(table: Table) -> dict[str, Any]:
    document: dict[str, Any] = {"version": _VERSION, "name": table.name}
    for name in ("description", "title", "utype"):
        if getattr(table, name):
            document[name] = getattr(table, name)
    if table.kind != "table":
        document["kind"] = table.kind
    for name in (
        *("primary_key", "positions", "indexes", "spans", "covering", "whole", "history"),
        *("hides", "hidden_with"),
    ):
        if getattr(table, name):
            document[name] = getattr(table, name)
    for name in ("restricted", "hidden_at_first"):
        if getattr(table, name):
            document[name] = True
    document["columns"] = [_column_document(column) for column in table.columns]
    if table.keys:
        document["keys"] = [
            [key.columns, key.target, key.target_columns, key.description, key.enforced] for key in table.keys
        ]
    if table.examples:
        document["examples"] = [[e.id, e.name, e.query, e.description] for e in table.examples]
    if table.release is not None:
        document["release"] = table.release.document()
    return document


def _column_document(column: Column) -> dict[str, Any]:
    type_ = column.type
    document: dict[str, Any] = {"name": column.name, "type": [type_.datatype, type_.arraysize, type_.xtype]}
    document |= {name: getattr(column, name) for name in _TEXTS if getattr(column, name)}
    document |= {
        name: getattr(column, name) for name, usual in _FLAGS.items() if getattr(column, name) != usual
    }
    if column.coosys:
        document["coosys"] = [column.coosys.id, column.coosys.system, column.coosys.epoch]
    if column.timesys:
        timesys = column.timesys
        document["timesys"] = [timesys.id, timesys.timescale, timesys.refposition, timesys.timeorigin]
    return document


def _table(document: dict[str, Any]) -> Table:
    if document["version"] != _VERSION:
        raise ValueError(f"version {document['version']} is not known")
    return Table(
        document["name"],
        columns=tuple(_column(column) for column in document["columns"]),
        description=document.get("description", ""),
        title=document.get("title", ""),
        utype=document.get("utype", ""),
        kind=document.get("kind", "table"),
        primary_key=tuple(document.get("primary_key", ())),
        keys=tuple(
            Key(tuple(columns), target, tuple(target_columns), description, enforced)
            for columns, target, target_columns, description, enforced in document.get("keys", ())
        ),
        positions=tuple((lon, lat) for lon, lat in document.get("positions", ())),
        indexes=tuple(tuple(index) for index in document.get("indexes", ())),
        spans=tuple((low, high) for low, high in document.get("spans", ())),
        covering=tuple((tuple(columns), tuple(more)) for columns, more in document.get("covering", ())),
        whole=tuple(document.get("whole", ())),
        history=document.get("history", ""),
        restricted=document.get("restricted", False),
        hides=document.get("hides", ""),
        hidden_with=tuple((column, other) for column, other in document.get("hidden_with", ())),
        hidden_at_first=document.get("hidden_at_first", False),
        examples=tuple(Example(*example) for example in document.get("examples", ())),
        release=Release(**document["release"]) if "release" in document else None,
    )


def _column(document: dict[str, Any]) -> Column:
    settings = {name: document[name] for name in (*_TEXTS, *_FLAGS) if name in document}
    if "coosys" in document:
        settings["coosys"] = CooSys(*document["coosys"])
    if "timesys" in document:
        settings["timesys"] = TimeSys(*document["timesys"])
    return Column(document["name"], _type(*document["type"]), **settings)


def _type(datatype: str, arraysize: str | None, xtype: str | None) -> Type:
    found = find_type(datatype, arraysize, xtype)
    # One that means nothing here stays with the column all the same.
    return replace(found, xtype=xtype) if xtype and found.xtype is None else found
