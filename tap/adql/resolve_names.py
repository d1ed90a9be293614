"""What the columns of a result are called when nobody named them, or two have one name."""

from __future__ import annotations

from dataclasses import replace

from archive.query.tree import Output, QueryBody, SetOperation

from ..profiles import Profile
from . import syntax
from .resolve_types import renamed

__all__ = ["name_of", "names_given", "new_name", "with_unique_names"]


def names_given(node: syntax.SelectQuery, outputs: list[Output]) -> dict[str, int]:
    """The names in a result that the user chose, in lower case, for `new_name` to keep clear of."""
    taken = {output.field.name.lower(): 1 for output in outputs}
    for item in node.items:
        if isinstance(item, syntax.SelectItem):
            if item.alias is not None:
                taken[item.alias.text.lower()] = 1
            elif isinstance(item.value, syntax.ColumnReference):
                taken[item.value.name.text.lower()] = 1
    return taken


def name_of(node: syntax.Value, profile: Profile) -> str:
    match node:
        case syntax.Aggregate(argument=None):
            return profile.count_name
        case syntax.Call() | syntax.Aggregate():
            return str(node.function.value).lower()
        case syntax.UserCall():
            return node.name.text.lower()
        case syntax.Shape():
            return node.kind.value.lower()
        case syntax.Cast() | syntax.InUnit():
            return name_of(node.value, profile)
        case syntax.ColumnReference():
            return node.name.text
        case _:
            return "expression"


def new_name(wanted: str, taken: dict[str, int]) -> str:
    """A name that is not taken, which it then is; `taken` counts up to which number each name is used."""
    name = wanted
    while name.lower() in taken:
        taken[wanted.lower()] = count = taken.get(wanted.lower(), 1) + 1
        name = f"{wanted}_{count}"
    taken[name.lower()] = 1
    return name


def with_unique_names(body: QueryBody) -> QueryBody:
    """The whole query's result, where no two columns have one name, in any letter case."""
    names = [field.name.lower() for field in body.fields]
    if len(set(names)) == len(names):
        return body
    taken = dict.fromkeys(names, 1)
    seen: set[str] = set()
    fields = []
    for field in body.fields:
        if field.name.lower() in seen:
            field = renamed(field, new_name(field.name, taken))
        seen.add(field.name.lower())
        fields.append(field)
    if isinstance(body, SetOperation):
        return replace(body, fields=tuple(fields))
    pairs = zip(body.outputs, fields, strict=True)
    return replace(body, outputs=tuple([Output(output.value, field) for output, field in pairs]))
