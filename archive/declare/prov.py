"""prov: the data flow seen as the IVOA's Provenance Data Model 1.0 sees it, and the W3C's PROV.

Views of what other tables hold, with the classes of the model as tables and its attributes as columns, small
letters, `_id` where one refers to another. Their queries are in `archive.query.views`.
"""

from __future__ import annotations

from dataclasses import replace

from .columns import Column
from .semantics import UTC
from .tables import Key, Schema, Table
from .types import TEXT, TIMESTAMP

__all__ = ["PROV"]


def _text(name: str, description: str, ucd: str, utype: str, *, indexed: bool = False) -> Column:
    return Column(
        name, TEXT, ucd=ucd, utype=f"voprov:{utype}", description=description, indexed=indexed, principal=True
    )


def _moment(name: str, description: str, ucd: str, utype: str) -> Column:
    return replace(_text(name, description, ucd, utype), type=TIMESTAMP, timesys=UTC)


def _view(
    name: str, columns: tuple[Column, ...], description: str, utype: str, keys: tuple[Key, ...] = ()
) -> Table:
    return Table(
        f"prov.{name}",
        columns,
        description,
        title=utype,
        utype=f"voprov:{utype}",
        kind="view",
        keys=keys,
    )


_ENTITY = Key(("entity_id",), "prov.entity", ("id",), "The entity")
_ACTIVITY = Key(("activity_id",), "prov.activity", ("id",), "The activity")
_AGENT = Key(("agent_id",), "prov.agent", ("id",), "The agent")


def _entity_id(utype: str) -> Column:
    return _text("entity_id", "dp_id of the file", "meta.id;meta.file", f"{utype}.entity", indexed=True)


def _activity_id(utype: str) -> Column:
    return _text("activity_id", "Identifier of the activity", "meta.id", f"{utype}.activity")


def _agent_id(utype: str) -> Column:
    return _text("agent_id", "Identifier of the agent", "meta.id", f"{utype}.agent")


def _role(description: str, utype: str) -> Column:
    return _text("role", description, "meta.code", f"{utype}.role")


_ENTITIES = _view(
    "entity",
    (
        _text("id", "dp_id of the file", "meta.id;meta.file", "Entity.id", indexed=True),
        _text("name", "Name of the file before it was archived", "meta.title;meta.file", "Entity.name"),
        _text("type", "DPR TYPE, PRODCATG or PRO CATG", "meta.code.class", "Entity.type"),
        _text("location", "Address of the file", "meta.ref.url", "Entity.location"),
        _moment(
            "generated_at_time", "When it was taken or made, UTC", "time.creation", "Entity.generatedAtTime"
        ),
    ),
    "Files: raw frames and products",
    "Entity",
)
_ACTIVITIES = _view(
    "activity",
    (
        _text(
            "id",
            "An execution_id, or a product's dp_id and #reduction",
            "meta.id",
            "Activity.id",
        ),
        _text("name", "observation or reduction", "meta.title", "Activity.name"),
        _moment("start_time", "When it began, UTC", "time.start", "Activity.startTime"),
        _moment("end_time", "When it ended, UTC", "time.end", "Activity.endTime"),
        _text("comment", "What the operator said", "meta.note", "Activity.comment"),
    ),
    "Executions of observation blocks, and reductions of which something is known",
    "Activity",
)
_AGENTS = _view(
    "agent",
    (
        _text("id", "Programme and number of the investigator", "meta.id", "Agent.id"),
        _text("name", "Name of the investigator", "meta.id.PI", "Agent.name"),
        _text("type", "Person", "meta.code.class", "Agent.type"),
        _text("affiliation", "Institute", "meta.id;meta.curation", "Agent.affiliation"),
    ),
    "People who asked for observations, once for each programme",
    "Agent",
)
_USED = _view(
    "used",
    (_activity_id("Used"), _entity_id("Used"), _role("As what it was used: category of the file", "Used")),
    "Which files went into a reduction",
    "Used",
    keys=(_ACTIVITY, _ENTITY),
)
_GENERATED = _view(
    "was_generated_by",
    (
        _entity_id("WasGeneratedBy"),
        _activity_id("WasGeneratedBy"),
        _role("As what it was made: category of the file", "WasGeneratedBy"),
    ),
    "Which execution took a frame, which reduction made a product",
    "WasGeneratedBy",
    keys=(_ENTITY, _ACTIVITY),
)
_DERIVED = _view(
    "was_derived_from",
    (
        _text("generated_id", "dp_id of the product", "meta.id;meta.file", "WasDerivedFrom.generatedEntity"),
        _text(
            "used_id",
            "dp_id of the file that it was made of",
            "meta.id;meta.file",
            "WasDerivedFrom.usedEntity",
        ),
    ),
    "Which file was made of which",
    "WasDerivedFrom",
    keys=(
        Key(("generated_id",), "prov.entity", ("id",), "The product"),
        Key(("used_id",), "prov.entity", ("id",), "The file that it was made of"),
    ),
)
_ATTRIBUTED = _view(
    "was_attributed_to",
    (
        _entity_id("WasAttributedTo"),
        _agent_id("WasAttributedTo"),
        _role("PI, CoI or what else the proposal calls him", "WasAttributedTo"),
    ),
    "Whose frames they are",
    "WasAttributedTo",
    keys=(_ENTITY, _AGENT),
)
_ASSOCIATED = _view(
    "was_associated_with",
    (
        _activity_id("WasAssociatedWith"),
        _agent_id("WasAssociatedWith"),
        _role("PI, CoI or what else the proposal calls him", "WasAssociatedWith"),
    ),
    "For whom an observation block was executed",
    "WasAssociatedWith",
    keys=(_ACTIVITY, _AGENT),
)

PROV = Schema(
    "prov",
    (_ENTITIES, _ACTIVITIES, _AGENTS, _USED, _GENERATED, _DERIVED, _ATTRIBUTED, _ASSOCIATED),
    "The data flow in the terms of the IVOA's Provenance Data Model 1.0 and of W3C PROV",
    title="Provenance",
)
