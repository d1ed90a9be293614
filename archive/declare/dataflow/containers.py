"""dfs: containers of observation blocks, nested as they are, and what they say about their contents."""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..tables import Example, Key, Table
from ..types import DOUBLE, INTEGER, LONG, TEXT
from .joins import CONTAINER_ID, OB_ID, OF_RUN, RUN_ID

__all__ = ["CONTAINER", "CONTAINER_ITEM", "P2_RUN_ID", "TABLES", "TO_P2_RUN"]

P2_RUN_ID = Column(
    "p2_run_id",
    LONG,
    ucd="meta.id;obs.proposal",
    indexed=True,
    description="Number that the Phase 2 API has for the run; dfs.p2_run tells which run it is",
)
TO_P2_RUN = Key(("p2_run_id",), "dfs.p2_run", ("p2_run_id",), "The run, by its number")
_CONTAINER_ID = replace(CONTAINER_ID, indexed=False, nullable=False, principal=True)
_ITEM_TYPE = Column(
    "item_type",
    TEXT,
    ucd="meta.code.class",
    indexed=True,
    principal=True,
    description="Folder; Group (each observation block contributes to a score, and groups that have begun "
    "are preferred); TimeLink (in this order, with delays between them); Concatenation (one after the "
    "other without an interruption)",
)

CONTAINER = Table(
    "dfs.container",
    columns=(
        _CONTAINER_ID,
        _ITEM_TYPE,
        Column("container_name", TEXT, ucd="meta.title", principal=True, description="Name"),
        Column(
            "parent_container_id",
            LONG,
            ucd="meta.id.parent",
            indexed=True,
            principal=True,
            description="Container that it lies in; NULL for the folder of a run",
        ),
        RUN_ID,
        P2_RUN_ID,
        Column(
            "container_status",
            TEXT,
            ucd="meta.code.status",
            principal=True,
            description="Where it stands, letters as in dfs.ob; NULL for folders",
        ),
        Column("user_priority", INTEGER, ucd="meta.number", description="Priority among the run's own"),
        Column(
            "item_count", INTEGER, ucd="meta.number", principal=True, description="How many things lie in it"
        ),
    ),
    description="Containers of observation blocks: folders, groups, time links and concatenations, which "
    "may lie in one another",
    title="Containers",
    primary_key=("container_id",),
    hides="run_id",
    hidden_with=(("p2_run_id", "dfs.p2_run"),),
    keys=(
        Key(("parent_container_id",), "dfs.container", ("container_id",), "The container that it lies in"),
        OF_RUN,
        TO_P2_RUN,
    ),
)

CONTAINER_ITEM = Table(
    "dfs.container_item",
    columns=(
        _CONTAINER_ID,
        Column(
            "item_number",
            INTEGER,
            ucd="meta.number",
            nullable=False,
            principal=True,
            description="Place in the container, from 1",
        ),
        replace(_ITEM_TYPE, description="OB, CB, Folder, Group, TimeLink or Concatenation"),
        replace(OB_ID, description="The observation block that lies there; NULL for a container"),
        Column(
            "item_container_id",
            LONG,
            ucd="meta.id.assoc",
            indexed=True,
            principal=True,
            description="The container that lies there; NULL for an observation block",
        ),
        Column(
            "group_contribution",
            DOUBLE,
            ucd="stat.weight",
            principal=True,
            description="What it contributes to the score of its group, in percent",
        ),
        Column(
            "earliest_after_previous",
            DOUBLE,
            unit="d",
            ucd="time.interval;stat.min",
            principal=True,
            description="Shortest delay after the one before it in a time link",
        ),
        Column(
            "latest_after_previous",
            DOUBLE,
            unit="d",
            ucd="time.interval;stat.max",
            principal=True,
            description="Longest delay after the one before it in a time link",
        ),
    ),
    description="What lies in containers, in its order: observation blocks and other containers, with "
    "contributions to groups and delays of time links",
    title="Contents of containers",
    primary_key=("container_id", "item_number"),
    whole=("container_id",),
    hides="container_id",
    hidden_with=(
        ("container_id", "dfs.container"),
        ("item_container_id", "dfs.container"),
        ("ob_id", "dfs.ob"),
    ),
    keys=(
        Key(("container_id",), "dfs.container", ("container_id",), "The container that it lies in"),
        Key(("ob_id",), "dfs.ob", ("ob_id",), "The observation block"),
        Key(("item_container_id",), "dfs.container", ("container_id",), "The container inside"),
    ),
    examples=(
        Example(
            "time-links",
            "Which observation blocks have to wait for another one, and how long?",
            "SELECT TOP 50 c.container_name, i.item_number, o.ob_name, i.earliest_after_previous, "
            "i.latest_after_previous\nFROM dfs.container AS c\n"
            "JOIN dfs.container_item AS i ON i.container_id = c.container_id\n"
            "JOIN dfs.ob AS o ON o.ob_id = i.ob_id\nWHERE c.item_type = 'TimeLink'\n"
            "ORDER BY container_name, item_number",
        ),
    ),
)

TABLES: tuple[Table, ...] = (CONTAINER, CONTAINER_ITEM)
