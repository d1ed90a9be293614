"""The manual in docs/tables is what the declarations say."""

from __future__ import annotations

from pathlib import Path

from archive.declare.builtin import builtin_schemas
from archive.declare.columns import Column
from archive.declare.manual import manual_page, manual_pages, write_manual
from archive.declare.tables import Example, Key, Table
from archive.declare.types import DOUBLE, LONG

PAGES = Path(__file__).parents[2] / "docs" / "tables"


def test_the_pages_in_docs_are_up_to_date() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert written == manual_pages(builtin_schemas()), "run: uraniborg manual docs/tables"


def test_writing_makes_the_folder(tmp_path: Path) -> None:
    paths = write_manual(tmp_path / "a" / "b")
    assert {path.name for path in paths} >= {"index.md", "ivoa.ObsCore.md", "dbo.raw.md"}
    assert all(path.read_text(encoding="utf-8").startswith("# ") for path in paths)


def test_a_page() -> None:
    table = Table(
        "cat.stars",
        (
            Column("id", LONG, description="Number", nullable=False),
            Column("size", DOUBLE, unit="deg", ucd="phys.angSize", description="a|b", keyword="SIZE"),
        ),
        "Stars",
        primary_key=("id",),
        keys=(Key(("id",), "cat.names", ("star",), "Their names"),),
        examples=(Example("stars", "All", "SELECT * FROM cat.stars", "Every star."),),
    )
    assert manual_page(table).splitlines() == [
        "# cat.stars",
        "",
        "Stars.",
        "",
        "A row is identified by `id`. Conditions on these columns are fast: `id`.",
        "",
        "## Columns",
        "",
        "| column | type | unit | UCD | description |",
        "|---|---|---|---|---|",
        "| `id` | BIGINT |  |  | Number; never NULL |",
        '| `"size"` | DOUBLE PRECISION | deg | phys.angSize | a\\|b; from `SIZE` |',
        "",
        "## Keys",
        "",
        "- `id` to `cat.names` (star): Their names",
        "",
        "## Examples",
        "",
        "### All",
        "",
        "Every star.",
        "",
        "```sql",
        "SELECT * FROM cat.stars",
        "```",
    ]
