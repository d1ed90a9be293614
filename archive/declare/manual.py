"""Manual pages: one Markdown page per table, from its declaration and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from .builtin import builtin_schemas
from .columns import Column
from .tables import Schema, Table

__all__ = ["manual_page", "manual_pages", "write_manual"]


def manual_page(table: Table) -> str:
    """The page of one table: what it holds, its columns, its keys and queries that run."""
    return "\n".join(_lines(table)).rstrip() + "\n"


def manual_pages(schemas: Iterable[Schema]) -> dict[str, str]:
    """All pages by file name, with an index.md that lists them."""
    shown = tuple(schemas)
    pages = {f"{table.name}.md": manual_page(table) for schema in shown for table in schema.tables}
    index = ["# Tables", ""]
    for schema in shown:
        index += [f"## {schema.name}", "", f"{schema.description}.", ""]
        index += [f"- [{table.name}]({table.name}.md): {_first(table)}" for table in schema.tables]
        index.append("")
    return {"index.md": "\n".join(index).rstrip() + "\n"} | pages


def write_manual(folder: Path, schemas: Iterable[Schema] | None = None) -> tuple[Path, ...]:
    """Writes the pages of `schemas`, or of those every archive has, into `folder`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = manual_pages(builtin_schemas() if schemas is None else schemas)
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in pages)


def _first(table: Table) -> str:
    return table.title or table.description.partition(". ")[0].rstrip(".")


def _lines(table: Table) -> Iterator[str]:
    yield f"# {table.name}"
    yield ""
    yield table.published_description.rstrip(".") + "."
    yield ""
    if table.utype:
        yield f"Data model: `{table.utype}`."
        yield ""
    if table.primary_key:
        yield f"A row is identified by {_names(table.primary_key)}. {_fast(table)}".rstrip()
        yield ""
    yield from _columns(table)
    yield from _keys(table)
    yield from _examples(table)


def _fast(table: Table) -> str:
    names = [column.adql_name for column in table.columns if table.is_indexed(column.name)]
    return f"Conditions on these columns are fast: {_names(names)}." if names else ""


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _columns(table: Table) -> Iterator[str]:
    yield "## Columns"
    yield ""
    yield "| column | type | unit | UCD | description |"
    yield "|---|---|---|---|---|"
    for column in table.columns:
        cells = (
            f"`{column.adql_name}`",
            column.type.adql,
            column.unit,
            column.ucd,
            _description(column),
        )
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
    yield ""


def _description(column: Column) -> str:
    text = column.description
    if column.keyword:
        text += f"; from `{column.keyword}`"
    return text if column.nullable else f"{text}; never NULL"


def _keys(table: Table) -> Iterator[str]:
    if not table.keys:
        return
    yield "## Keys"
    yield ""
    for key in table.keys:
        target = f"`{key.target}` ({', '.join(key.target_columns)})"
        yield f"- {_names(key.columns)} to {target}: {key.description}"
    yield ""


def _examples(table: Table) -> Iterator[str]:
    if not table.examples:
        return
    yield "## Examples"
    yield ""
    for example in table.examples:
        yield f"### {example.name}"
        yield ""
        if example.description:
            yield example.description
            yield ""
        yield from ("```sql", example.query, "```", "")
