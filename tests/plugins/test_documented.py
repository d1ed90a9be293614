"""docs/plugins: the code that it shows is run, and no hook is left out."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

import archive
import ingest
from archive.plugins import Accepts, Input, Poll
from archive.testing import ArchiveForTests, ClusterForTests, archive_for_tests, check_plugin
from frontdesk.app import create_app
from ingest import Inputs, ingest_paths
from tests.documentation import Page

TUTORIAL = Page.read("plugins/tutorial.md")
REFERENCE = Page.read("plugins/reference.md")
NIGHT = "seeing_2026-04-01.txt"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin of the tutorial, and its sample."""
    made = tmp_path_factory.mktemp("tutorial")
    (made / "seeing_monitor.py").write_text(TUTORIAL.blocks("python")[0])
    (made / NIGHT).write_text(TUTORIAL.blocks("text")[0])
    return made


@pytest.fixture(scope="module")
def module(folder: Path) -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("seeing_monitor", folder / "seeing_monitor.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["seeing_monitor"] = made
    spec.loader.exec_module(made)
    yield made
    del sys.modules["seeing_monitor"]


def test_the_plugin_of_the_tutorial_is_short() -> None:
    lines = [line for line in TUTORIAL.blocks("python")[0].splitlines() if line.strip()]
    assert len(lines) < 30


@pytest.fixture(scope="module")
def made(module: ModuleType, test_cluster: ClusterForTests) -> Iterator[ArchiveForTests]:
    assert test_cluster  # which archive_for_tests uses
    with archive_for_tests(module) as shared:
        yield shared


def test_the_plugin_of_the_tutorial_works(made: ArchiveForTests, folder: Path) -> None:
    summary = ingest_paths(
        made.database,
        made.store,
        made.config,
        [folder / NIGHT],
        inputs=Inputs(made.database, made.store, made.config, made.plugins),
    )
    assert list(summary.lines())[2:] == ["           1 by plugin seeing-monitor"]
    with made.tap(create_app) as service:
        query, outcome = TUTORIAL.blocks("sql")
        assert list(service.search(query)["fwhm"]) == [0.62, 0.58]
        [row] = service.search(outcome)
        assert tuple(row.values()) == ("read", 3, "line 4: no measurement")
        [failed] = Page.read("plugins/index.md").blocks("sql")
        assert len(service.search(failed)) == 0


def test_the_test_of_the_tutorial_passes(
    module: ModuleType, folder: Path, test_cluster: ClusterForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module and test_cluster
    monkeypatch.chdir(folder)
    exec(TUTORIAL.blocks("python")[1], {})  # noqa: S102  # our own page


def test_the_tests_that_are_shown_pass(made: ArchiveForTests, folder: Path) -> None:
    shown: dict[str, object] = {"__file__": str(folder / "test_seeing.py")}
    [block] = Page.read("plugins/testing.md").blocks("python")
    exec(block, shown)  # noqa: S102  # our own page
    for name in ("test_rows", "test_what_a_user_sees"):
        test = shown[name]
        assert callable(test)
        test(made)


def test_the_code_of_the_reference_runs() -> None:
    for block in REFERENCE.blocks("python"):
        exec(block, {})  # noqa: S102  # our own page


def test_every_hook_is_documented() -> None:
    wanted = {field.name for hook in (Accepts, Poll) for field in fields(hook)}
    wanted |= set(inspect.signature(ingest.plugin).parameters)
    views = {name for name in vars(Input) if not name.startswith("_")}
    views |= {"name", "path", "dp_id", "received", "media_type", "source"}
    missing = [name for name in sorted(wanted | views) if f"`{name}" not in REFERENCE.text and name != "url"]
    assert missing == []
    testing = Page.read("plugins/testing.md").text
    public = [name for name in vars(ArchiveForTests) if not name.startswith("_")]
    assert [name for name in public if f"archive.{name}" not in testing] == []
    assert check_plugin.__name__ in testing


def test_what_the_roots_offer_is_there() -> None:
    for root in (archive, ingest):
        assert [name for name in root.__all__ if getattr(root, name, None) is None] == []
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        archive.nothing  # noqa: B018  # asking is the test
