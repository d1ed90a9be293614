"""Finding plugins: in the folder, by entry points, and everything that is wrong with any of them at once."""

from __future__ import annotations

import re
import sys
from importlib import invalidate_caches
from pathlib import Path

import pytest

import ingest
from archive import Table
from archive.config import Config
from archive.declare.builtin import builtin_schemas
from archive.declare.catalogue import Catalogue
from archive.errors import ConfigurationError
from archive.plugins import find_plugins, load_plugins
from archive.plugins.packages import check_packages

HEAD = """from archive import INTEGER, TEXT, Column, Key, Schema, Table, history_table
from ingest import Accepts, plugin
"""
GOOD = (
    HEAD
    + """
STARS = Table(
    "site.stars",
    (Column("star", INTEGER, description="Its number"), Column("name", TEXT, description="Its name")),
    "Stars",
    primary_key=("star",),
)

@plugin("stars", accepts=Accepts(names=("*.stars",)), tables=STARS)
def read_stars(given):
    \"\"\"Stars, one
    on each line.

    More of this.
    \"\"\"
    yield STARS.row(star=1)
"""
)


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('names=("*.stars",)', 'names="*.stars"', "Accepts: names is no tuple; write names=('*.stars',)"),
        (
            "tables=STARS",
            'tables="site.stars"',
            "'site.stars' is among its tables, and is none; make a Table",
        ),
        ('star", INTEGER', 'star", int', "column star: <class 'int'> is no type of a column; use TEXT,"),
        ('("star",)', '("star")', "table site.stars: primary_key is no tuple"),
        ("\nSTARS = Table", "\nraise SystemExit('enough')\nSTARS = Table", "SystemExit: enough"),
    ],
)
def test_slips_of_authors(folder: Path, before: str, after: str, complaint: str) -> None:
    assert before in GOOD
    (folder / "stars.py").write_text(GOOD.replace(before, after))
    [said] = found(folder)
    assert complaint in said and said.startswith("stars.py:")


def test_the_archives_own_plugins_come_first(folder: Path) -> None:
    """Whoever takes a name of theirs is told, not they; and a table of theirs is told once."""
    text = GOOD.replace('"stars"', '"night-log"', 1).replace('"site.stars"', '"dfs.ob"')
    (folder / "stars.py").write_text(text)
    complaints = [str(one) for one in find_plugins(Config(plugins_folder=folder), ingest.BUILTIN).problems]
    assert [one.removeprefix(f"{folder}/").partition(" already")[0] for one in complaints] == [
        "stars.py:11: there is a plugin night-log",
        "stars.py:4: table dfs.ob is one of the archive's own; choose another name",
    ]


def test_plugins_may_share_a_table(folder: Path) -> None:
    """Each for a part of it; the table is published once, whole."""
    (folder / "stars.py").write_text(
        GOOD.replace("import INTEGER", "import INTEGER, part_of")
        + """
NAMES = part_of(STARS, "name")

@plugin("names", accepts=Accepts(names=("*.names",)), tables=NAMES)
def read_names(given):
    \"\"\"Names of stars.\"\"\"
    yield NAMES.row(star=1, name="Vega")
"""
    )
    plugins = load_plugins(Config(plugins_folder=folder))
    assert [plugin.name for plugin in plugins.ingests] == ["stars", "names"]
    [table] = plugins.tables
    assert list(table.by_name) == ["star", "name"]


def test_the_packages_come_from_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names as short as `tap` and `hips` have been used by others."""
    check_packages()
    (tmp_path / "hips").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    check_packages()  # a mere folder hides nothing
    (tmp_path / "tap.py").write_text("")
    (tmp_path / "hips" / "__init__.py").write_text("")
    for name in ("tap", "hips"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ConfigurationError, match=f"the package hips comes from {tmp_path}/hips, while"):
        load_plugins(Config(plugins_folder=tmp_path))
    (tmp_path / "hips" / "__init__.py").unlink()
    invalidate_caches()
    with pytest.raises(ConfigurationError, match=f"the package tap comes from {tmp_path}, while"):
        check_packages()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def found(folder: Path) -> list[str]:
    """What is wrong, as file, line and words."""
    plugins = find_plugins(Config(plugins_folder=folder))
    return [str(problem).removeprefix(f"{folder}/") for problem in plugins.problems]


def test_a_module_of_the_folder(folder: Path) -> None:
    (folder / "stars.py").write_text(GOOD)
    plugins = load_plugins(Config(plugins_folder=folder))
    [stars] = plugins.ingests
    assert (stars.name, stars.description) == ("stars", "Stars, one on each line.")
    assert stars.origin == f"{folder}/stars.py:11"
    assert [(schema.name, [table.name for table in schema.tables]) for schema in plugins.schemas] == [
        ("site", ["site.stars"])
    ]
    assert Catalogue(plugins.beside(builtin_schemas())).find("site.stars") == stars.tables[0]


def test_a_package_of_the_folder_and_what_is_none(folder: Path) -> None:
    package = folder / "night"
    package.mkdir()
    (package / "__init__.py").write_text("from .stars import STARS, read_stars\n")
    (package / "stars.py").write_text(GOOD)
    for name in ("_draft.py", ".hidden.py", "notes.txt"):
        (folder / name).write_text("this is no Python")
    (folder / "empty").mkdir()
    plugins = load_plugins(Config(plugins_folder=folder))
    assert [plugin.name for plugin in plugins.ingests] == ["stars"]


def test_a_folder_that_is_not_there_has_no_plugins(folder: Path) -> None:
    assert load_plugins(Config(plugins_folder=folder / "none")).ingests == ()


def test_the_built_in_ones_are_sound() -> None:
    plugins = load_plugins(Config(plugins_folder=Path("none")), ingest.BUILTIN)
    assert plugins.ingests == ingest.BUILTIN
    assert plugins.schemas == ()


def test_an_installed_distribution(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "star_catalogue.py").write_text(GOOD)
    info = folder / "star_catalogue-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: star-catalogue\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[archive.plugins]\nstars = star_catalogue\nsame = star_catalogue:read_stars\nlost = no_such_module\n"
    )
    monkeypatch.syspath_prepend(folder)
    plugins = find_plugins(Config(plugins_folder=folder / "none"))
    sys.modules.pop("star_catalogue", None)
    assert [plugin.name for plugin in plugins.ingests] == ["stars"]
    [problem] = plugins.problems
    assert "no_such_module" in problem.text and "No module named" in problem.text


def test_everything_that_is_wrong_is_told_at_once(folder: Path) -> None:
    (folder / "a_sound.py").write_text(GOOD)
    (folder / "b_syntax.py").write_text("import os\ndef (:\n")
    (folder / "c_raises.py").write_text("import os\n\nos.environ['NO SUCH THING']\n")
    (folder / "d_declares.py").write_text(HEAD + '\nT = Table("site.t", (), "No columns")\n')
    (folder / "e_same.py").write_text(GOOD.replace('"Stars"', '"Other stars"'))
    (folder / "f-name.py").write_text(GOOD)
    (folder / "g_tables.py").write_text(
        HEAD
        + """
NAMELESS = Table(
    "site.nameless",
    (
        Column("a", INTEGER, description="A number"),
        Column("b", INTEGER),
    ),
    " ",
    keys=(
        Key(("a",), "site.nowhere", ("x",)),
        Key(("a",), "site.stars", ("nothing",)),
        Key(("a",), "dbo.raw", ("dp_id",)),
    ),
)
OURS = Table("tap_schema.more", (Column("a", INTEGER, description="A"),), "Ours")
BUILTIN = Table("dbo.RAW", (Column("a", INTEGER, description="A"),), "Ours")
VERSIONED = Table(
    "site.v", (Column("a", INTEGER, description="A"),), "V", primary_key=("a",), history="site.v_versions"
)

@plugin("silent", accepts=Accepts(names=("*.silent",)), tables=VERSIONED)
def read_nothing(given):
    return ()
"""
    )
    history = "its history site.v_versions is not declared; make it a public value by history_table(...)"
    assert found(folder) == [
        "b_syntax.py:2: not Python: invalid syntax",
        "c_raises.py:3: KeyError: 'NO SUCH THING'",
        "d_declares.py:4: table site.t has no columns",
        "f-name.py:1: 'f-name' is no name of a module: letters, digits and _",
        f"e_same.py:11: there is a plugin stars already, at {folder}/a_sound.py:11",
        f"e_same.py:4: there is another table site.stars already, at {folder}/a_sound.py:4",
        "g_tables.py:23: plugin silent has no description",
        "g_tables.py:4: table site.nameless has no description",
        "g_tables.py:8: table site.nameless: column b has no description",
        "g_tables.py:4: table site.nameless: a key leads to site.nowhere, which does not exist",
        "g_tables.py:4: table site.nameless: a key leads to site.stars.nothing, which does not exist",
        "g_tables.py:17: table tap_schema.more: schema tap_schema is the archive's own",
        "g_tables.py:18: table dbo.RAW is one of the archive's own; choose another name",
        f"g_tables.py:19: table site.v: {history}",
    ]
    with pytest.raises(ConfigurationError) as refusal:
        load_plugins(Config(plugins_folder=folder))
    assert all(told in str(refusal.value) for told in found(folder))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"stars", accepts', '"Stars!", accepts', "plugin name 'Stars!' is not allowed"),
        ('Accepts(names=("*.stars",))', "Accepts()", "accepts everything"),
        ('tables=STARS)', 'tables=())', "plugin stars has no tables"),
        ('primary_key=("star",),', "", "has no primary key"),
        ('tables=STARS)', 'tables=STARS, polls=(Poll("ftp://a/b", "c"),))', "cannot be polled"),
        ('tables=STARS)', 'tables=STARS, polls=(Poll("https://u:p@a/b", "c"),))', "no passwords in"),
        ('tables=STARS)', 'tables=STARS, polls=(Poll("https://a/b", "../c"),))', "no name of a file"),
        ('tables=STARS)', 'tables=STARS, polls=(Poll("https://a/b", "c", 0),))', "every 0 s"),
        ("import Accepts", "import Nothing, Accepts", "cannot import name 'Nothing'"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_told_with_its_line(folder: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    (folder / "stars.py").write_text(GOOD.replace(old, new).replace("import Accepts", "import Accepts, Poll"))
    [problem] = found(folder)
    assert re.match(r"stars\.py:\d+: ", problem) and told in problem


def test_tables_are_described_by_a_schema_that_is_public(folder: Path) -> None:
    (folder / "stars.py").write_text(GOOD + 'SITE = Schema("site", (STARS,), "Our site", title="Site")\n')
    [site] = load_plugins(Config(plugins_folder=folder)).schemas
    assert (site.description, site.title) == ("Our site", "Site")


def test_a_table_of_another_plugin_may_be_named(folder: Path) -> None:
    (folder / "stars.py").write_text(GOOD)
    (folder / "planets.py").write_text(
        HEAD
        + """
PLANETS = Table(
    "dfs.planets",
    (Column("planet", INTEGER, description="P"), Column("star", INTEGER, description="S")),
    "Planets",
    primary_key=("planet",),
    keys=(Key(("star",), "site.stars", ("star",)),),
)
"""
    )
    plugins = load_plugins(Config(plugins_folder=folder))
    assert isinstance(plugins.tables[0], Table)
    assert [table.name for table in plugins.tables] == ["dfs.planets", "site.stars"]
    joined = {schema.name: schema for schema in plugins.beside(builtin_schemas())}
    assert joined["dfs"].tables[-1].name == "dfs.planets" and joined["dfs"].title == "Data flow"
