"""Every setting, command and option is documented, and what the documents say of them is true.

The tables' pages are made from their declarations; `tests/declare/test_manual.py` holds them to that.
"""

from __future__ import annotations

import argparse
import ast
import re
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from archive.config import Config, load_config
from frontdesk import demo
from frontdesk.cli import parser

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- settings ---------------------------------------------------------------------------------------------


def test_every_setting_is_documented_with_its_default() -> None:
    page = (DOCS / "operators/configuration.md").read_text("utf-8").partition("## Environment")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \| (.+) \|$", page, re.MULTILINE)
    documented = {name: tomllib.loads(f"value = {default}")["value"] for name, default, _ in rows}
    settings = {field.name: field.default for field in fields(Config)}
    assert documented == {name: as_written(default) for name, default in settings.items()}


def as_written(default: object) -> object:
    match default:
        case Path():
            return str(default)
        case tuple():
            return list(default)
        case _:
            return default


def test_the_example_configuration_is_one(tmp_path: Path) -> None:
    page = (DOCS / "operators/configuration.md").read_text("utf-8")
    [example] = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "archive.toml").write_text(example)
    assert load_config(tmp_path / "archive.toml", {}).authority == "nightcam.example"


# --- commands ---------------------------------------------------------------------------------------------


def commands() -> dict[str, argparse.ArgumentParser]:
    [choices] = [
        action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    ]
    return dict(choices)


def test_every_command_is_documented_and_no_other() -> None:
    page = (DOCS / "operators/commands.md").read_text("utf-8")
    assert re.findall(r"^## uraniborg ([\w-]+)$", page, re.MULTILINE) == list(commands())


@pytest.mark.parametrize("name", commands())
def test_every_option_is_documented_and_no_other(name: str) -> None:
    page = (DOCS / "operators/commands.md").read_text("utf-8")
    section = re.split(r"^## ", page.partition(f"## uraniborg {name}\n")[2], maxsplit=1, flags=re.MULTILINE)[
        0
    ]
    documented = set(re.findall(r"^\| `([^` ]+)", section, re.MULTILINE))
    wanted = {
        max(action.option_strings, key=len) if action.option_strings else metavar(action)
        for action in commands()[name]._actions
        if not isinstance(action, argparse._HelpAction)
    }
    assert documented == wanted


def metavar(action: argparse.Action) -> str:
    return action.metavar if isinstance(action.metavar, str) else action.dest.upper()


# --- the texts --------------------------------------------------------------------------------------------


def links(page: Path) -> Iterator[str]:
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    local = [link.partition("#")[0] for link in links(page) if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_python_in_the_texts_is_python(page: Path) -> None:
    for snippet in re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        ast.parse(snippet)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_make_targets_in_the_texts_exist(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"[`\n]make ([\w-]+)", page.read_text("utf-8"))) <= targets


def test_the_readme_shows_what_the_demonstration_prints() -> None:
    [snippet] = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert textwrap.indent(snippet, "    ") in demo.greeting(Config(), "")
