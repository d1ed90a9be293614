"""The rules of the architecture that can be read off the code: who imports whom, what must not be written.

Each rule is a generator of complaints about one module's syntax tree; the examples show that it bites.
What ruff and mypy hold already is not repeated here.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "archive": set[str](),
    "tap": {"archive"},
    "sia": {"archive"},
    "ssa": {"archive"},
    "hips": {"archive"},
    "ingest": {"archive"},
    "calselector": {"archive"},
    "phase3": {"archive", "ingest"},
    "pipelines": {"archive", "calselector"},
    "frontdesk": {
        "archive", "calselector", "hips", "ingest", "phase3", "pipelines", "sia", "ssa", "tap",
    },
}  # fmt: skip

# Inside archive a room imports only such as stand before it.
ROOMS = (
    "errors", "config", "declare", "query", "wire", "database", "access", "store", "formats", "tablefiles",
    "pixels", "previews", "protocol", "plugins", "testing",
)  # fmt: skip


@dataclass(frozen=True)
class Module:
    name: str
    is_package: bool
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]

    @property
    def room(self) -> str:
        """The room of a module in archive; empty for archive itself, which offers what all rooms make."""
        return self.name.split(".")[1] if self.name.startswith("archive.") else ""


def read_module(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    tree = ast.parse(path.read_text("utf-8"), str(path))
    return Module(".".join(parts[:-1] if is_package else parts), is_package, tree)


def sources() -> list[Path]:
    return sorted(path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))


MODULES = [read_module(path) for path in sources()]


# --- rules -----------------------------------------------------------------------------------------------


def imported(module: Module) -> Iterator[tuple[ast.stmt, str, bool]]:
    """Every import of a module, those in functions too: statement, full name, whether written relative."""
    here = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node, f"{start}.{alias.name}", bool(node.level)) for alias in node.names)


def imports(module: Module) -> Iterator[str]:
    for node, target, relative in imported(module):
        package = target.partition(".")[0]
        if package == "tests":
            yield f"{node.lineno}: imports {target}"
        if package not in MAY_IMPORT:
            continue
        if package == module.package and not relative:
            yield f"{node.lineno}: imports {target} absolutely, though it lies in the same package"
        if package != module.package and (relative or package not in MAY_IMPORT[module.package]):
            yield f"{node.lineno}: {module.package} must not import {target}"


def rooms(module: Module) -> Iterator[str]:
    """Also: archive.testing is for tests only, and no room asks archive itself, which asks them all."""
    for node, target, _ in imported(module):
        parts = target.split(".")
        if parts[:2] == ["archive", "testing"] and module.room != "testing":
            yield f"{node.lineno}: imports {target}"
        if not module.room or parts[0] != "archive":
            continue
        if parts[1] not in ROOMS:
            yield f"{node.lineno}: imports {target} from the root of archive"
        elif ROOMS.index(parts[1]) > ROOMS.index(module.room):
            yield f"{node.lineno}: {module.room} must not import {target}, which stands above it"


def import_effects(module: Module) -> Iterator[str]:
    """A module's own level holds imports, definitions and values; what acts is a function somebody calls."""
    for node in module.tree.body:
        match node:
            case ast.For() | ast.While() | ast.With() | ast.Try():
                yield f"{node.lineno}: {type(node).__name__.lower()} at import"
            case ast.Expr(value=ast.Call(func=function)):
                yield f"{node.lineno}: calls {ast.unparse(function)} at import"
            case ast.Assign() | ast.AnnAssign() if node.value is not None:
                for call in ast.walk(node.value):
                    called = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
                    if re.search(
                        r"\b(create_app|load_config|Config|Starlette|connect|open\w*|Popen|getenv|now)$",
                        called,
                    ):
                        yield f"{node.lineno}: calls {called} at import"


def evaluated_text(module: Module) -> Iterator[str]:
    """No text becomes code or a shell's command."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in {
            "eval",
            "exec",
            "os.system",
            "os.popen",
            "pickle.load",
            "pickle.loads",
            "yaml.load",
        }:
            yield f"{node.lineno}: {called}"
        if any(keyword.arg == "shell" and not is_false(keyword.value) for keyword in node.keywords):
            yield f"{node.lineno}: {called} with a shell"


def is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


# Verbs that ADQL does not have, so that an f-string beginning with one is SQL.
SQL_VERB = re.compile(
    r"\s*(INSERT\s+INTO|UPDATE\s|DELETE\s+FROM|TRUNCATE\s|COPY\s|GRANT\s|REVOKE\s|SET\s+(LOCAL|SESSION)\s"
    r"|(CREATE|ALTER|DROP)\s+(OR\s+REPLACE\s+)?(UNIQUE\s+)?(TABLE|SCHEMA|INDEX|ROLE|EXTENSION|DATABASE|FUNCTION|VIEW)\b)"
)
DIALECT = re.compile(r"\bs(point|circle|poly|box|ellipse)\b|<@|@>")


def assembled_sql(module: Module) -> Iterator[str]:
    """SQL is put together in archive.query and archive.database; elsewhere it is a constant with binds.

    A constant may be made of others of the same module, such as a list of columns that two queries share.
    """
    if module.room in {"query", "database"}:
        return
    constants = {
        target.id
        for node in module.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.isupper()
    }
    assembled = {
        target.id
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign) and is_assembled(node.value, constants)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            name = first.id if isinstance(first, ast.Name) else None
            if node.func.attr in {"execute", "executemany", "stream"} and (
                is_assembled(first, constants) or name in assembled
            ):
                yield f"{node.lineno}: executes a text put together here"
        if (
            isinstance(node, ast.JoinedStr)
            and is_assembled(node, constants)
            and SQL_VERB.match(leading_text(node))
        ):
            yield f"{node.lineno}: f-string with SQL"


def is_assembled(node: ast.expr, constants: Set[str]) -> bool:
    match node:
        case ast.JoinedStr():
            values = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
            return not all(isinstance(value, ast.Name) and value.id in constants for value in values)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod()):
            return isinstance(left, ast.Constant | ast.JoinedStr | ast.BinOp) and is_textual(left)
        case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant(value=str()))):
            return True
    return False


def is_textual(node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return isinstance(node.value, str)
        case ast.BinOp():
            return is_textual(node.left) or is_textual(node.right)
    return isinstance(node, ast.JoinedStr)


def leading_text(node: ast.JoinedStr) -> str:
    first = node.values[0] if node.values else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def dialect(module: Module) -> Iterator[str]:
    """PostgreSQL and pg_sphere are spelled in archive alone, and there only below the access rules."""
    if module.room in {"", *ROOMS[: ROOMS.index("access")], "testing"} and module.package == "archive":
        return
    documentation = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in documentation:
            continue
        if found := DIALECT.search(node.value):
            yield f"{node.lineno}: spells {found[0]!r}"


def first_lines(module: Module) -> Iterator[str]:
    if module.tree.body and not ast.get_docstring(module.tree):
        yield "1: does not say what belongs in it"


RULES: tuple[Callable[[Module], Iterator[str]], ...] = (
    imports, rooms, import_effects, evaluated_text, assembled_sql, dialect, first_lines,
)  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps(rule: Callable[[Module], Iterator[str]]) -> None:
    assert [f"{module.name}:{complaint}" for module in MODULES for complaint in rule(module)] == []


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (imports, "archive.config", "def late():\n    import frontdesk.app"),
        (imports, "tap.service", "from sia import service"),
        (imports, "tap.service", "from tap.adql import parse"),
        (imports, "ingest.harvest", "from ..archive import declare"),
        (imports, "pipelines.run", "from phase3 import check"),
        (imports, "frontdesk.cli", "from tests.xsd import validate"),
        (rooms, "archive.declare.tables", "from ..query import tree"),
        (rooms, "archive.query.sql", "from .. import Table"),
        (rooms, "archive.errors", "from . import config"),
        (rooms, "frontdesk.cli", "from archive import testing"),
        (import_effects, "frontdesk.app", "app = create_app(load_config())"),
        (import_effects, "frontdesk.app", "logging.basicConfig()"),
        (import_effects, "frontdesk.app", "with open('x') as file:\n    text = file.read()"),
        (evaluated_text, "tap.service", "value = eval(argument)"),
        (evaluated_text, "archive.database.cluster", "subprocess.run(command, shell=True)"),
        (assembled_sql, "ingest.harvest", "connection.execute(f'SELECT * FROM {table}')"),
        (assembled_sql, "ingest.harvest", "text = 'SELECT ' + name\nconnection.execute(text)"),
        (assembled_sql, "ingest.harvest", "connection.execute('SELECT %s' % name)"),
        (assembled_sql, "frontdesk.cli", "f'INSERT INTO {table} VALUES (1)'"),
        (dialect, "tap.cone", "condition = 'position <@ scircle(%s, %s)'"),
        (first_lines, "tap.cone", "x = 1"),
    ],
)
def test_the_rule_bites(rule: Callable[[Module], Iterator[str]], name: str, source: str) -> None:
    assert list(rule(Module(name, is_package=False, tree=ast.parse(source))))


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (imports, "frontdesk.cli", "from archive.config import Config\nfrom tap import service\nimport os"),
        (imports, "tap.adql.parser", "from .syntax import Select\nfrom ..service import sync"),
        (
            rooms,
            "archive.query.sql",
            "from ..declare import Table\nfrom ..errors import QueryError\nfrom . import tree",
        ),
        (rooms, "archive", "from .protocol import Service"),
        (import_effects, "tap.service", "WORD = re.compile('a')\nNAMES = frozenset({'a'})"),
        (assembled_sql, "tap.examples", "f'SELECT TOP 5 * FROM {table}'"),
        (
            assembled_sql,
            "archive.store.files",
            "_COLUMNS = 'a, b'\nc.execute(f'SELECT {_COLUMNS} FROM file')",
        ),
        (assembled_sql, "archive.database.ddl", "connection.execute(f'CREATE SCHEMA {name}')"),
        (assembled_sql, "ingest.harvest", "connection.execute('SELECT %s', [name])"),
        (dialect, "tap.cone", "'''Turns a cone into a condition that uses <@.'''"),
    ],
)
def test_the_rule_lets_pass(rule: Callable[[Module], Iterator[str]], name: str, source: str) -> None:
    assert not list(rule(Module(name, is_package=name == "archive", tree=ast.parse(source))))


# --- the tree as a whole ---------------------------------------------------------------------------------


def test_every_package_is_installed_and_has_content() -> None:
    """The list in pyproject.toml is explicit, so it can be forgotten, and so can a folder's __init__."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    listed = project["tool"]["setuptools"]["packages"]
    present = {".".join(path.parent.relative_to(ROOT).parts) for path in sources()}
    assert sorted(listed) == sorted(present)
    assert [
        package for package in listed if not (ROOT / package.replace(".", "/") / "__init__.py").exists()
    ] == []


def test_importing_everything_does_nothing() -> None:
    """No process, connection, thread or file is made by an import, whatever the library below."""
    names = [module.name for module in MODULES if not module.name.endswith(".__main__")]
    program = f"""
import importlib, sys, threading

def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes or event in {{"subprocess.Popen", "os.system", "socket.connect", "socket.bind", "os.mkdir"}}:
        raise SystemExit(f"{{event}} {{arguments}} at import")

sys.addaudithook(watch)
for name in {names}:
    importlib.import_module(name)
assert threading.active_count() == 1, threading.enumerate()
"""
    run = subprocess.run(
        [sys.executable, "-B", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")


def libraries(modules: Iterable[Module]) -> set[str]:
    """The distributions whose modules are imported somewhere, by their normalised names."""
    distributions = packages_distributions()
    names = {target.partition(".")[0] for module in modules for _, target, _ in imported(module)}
    ours = {*MAY_IMPORT, "tests", *sys.stdlib_module_names}
    return {
        re.sub(r"[-_.]+", "-", distribution).lower()
        for name in names - ours
        for distribution in distributions.get(name, [f"nothing installed for {name}"])
    }


def test_every_imported_library_is_declared() -> None:
    """What arrives only because another library wants it may go with that library."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    needed = names_of([*project["project"]["dependencies"], *(name for extra in extras for name in extra)])
    assert libraries(MODULES) - needed == set()
    tests = [read_module(path) for path in (ROOT / "tests").rglob("*.py")]
    assert libraries(tests) - needed - names_of(project["dependency-groups"]["development"]) == set()


def names_of(requirements: Iterable[str]) -> set[str]:
    """The distributions named, and those that an extra is made of: psycopg[pool] brings psycopg-pool."""
    names = set()
    for requirement in requirements:
        name, *extras = words_of(requirement)
        names |= {name, *(f"{name}-{extra}" for extra in extras)}
    return names


def words_of(requirement: str) -> list[str]:
    """The name and its extras."""
    return re.findall(r"[\w.-]+", re.split(r"[<>=~ ]", requirement)[0])


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / lock).read_text("utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


def test_locks_agree_and_cover_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    runtime, development = pins("runtime.txt"), pins("development.txt")
    assert runtime.items() <= development.items()

    assert {words_of(each)[0] for each in project["project"]["dependencies"]} <= runtime.keys()
    assert {words_of(each)[0] for each in project["dependency-groups"]["development"]} <= development.keys()


# Whatever can be made again is not committed, and not looked at.
MADE = {
    ".git",
    ".venv",
    "var",
    "build",
    "__pycache__",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
}


def committed() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in MADE and not name.endswith(".egg-info")]
        yield from (Path(folder, name) for name in files)


def test_no_file_names_this_machine_or_a_package_index() -> None:
    forbidden = re.compile(
        rb"(?<![\w.~])/(?:root|work|home/\w+)/\w|file:///\w|(?:pypi|npmjs|pythonhosted)\.org"
        rb"|^\s*--(?:extra-)?index-url|^\s*--find-links",
        re.MULTILINE,
    )
    found = [
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in committed()
        if path != Path(__file__)
        for match in forbidden.finditer(path.read_bytes())
    ]
    assert found == []
