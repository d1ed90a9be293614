"""The files of a new plugin: one that works, with a test that passes, to be changed into what is wanted."""

from __future__ import annotations

import re
from string import Template

from archive.errors import UsageError

__all__ = ["skeleton"]

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST = 24


def skeleton(name: str) -> dict[str, str]:
    """Texts by file names. Raises UsageError for what is no name of a plugin."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise UsageError(
            f"{name[:60]!r} is no name of a plugin",
            hint="small letters, digits and hyphens, such as weather-mast",
        )
    module = f"{name.replace('-', '_')}_plugin"
    values = {"name": name, "module": module, "table": f"site.{name.replace('-', '_')}_measurement"}
    return {
        f"{module}.py": _PLUGIN.substitute(values),
        f"test_{module}.py": _TEST.substitute(values),
        "sample.csv": _SAMPLE,
        "pyproject.toml": _PROJECT.substitute(values),
    }


_PLUGIN = Template('''"""Reads measurements from CSV files into the table $table."""

from __future__ import annotations

from collections.abc import Iterator

from archive import DOUBLE, TEXT, TIMESTAMP, UTC, Column, Record, Table, UnreadableFile
from ingest import Accepts, Input, plugin

MEASUREMENT = Table(
    "$table",
    columns=(
        Column("station", TEXT, ucd="meta.id", nullable=False, description="Where it was measured"),
        Column(
            "measured",
            TIMESTAMP,
            ucd="time.epoch",
            timesys=UTC,
            nullable=False,
            indexed=True,
            description="When it was measured, UTC",
        ),
        Column("temperature", DOUBLE, unit="K", ucd="phys.temperature", description="Temperature of the air"),
    ),
    description="What the stations measured",
    # The same station at the same time is the same row, however often it comes.
    primary_key=("station", "measured"),
)


@plugin(
    "$name",
    accepts=Accepts(names=("$name*.csv", "sample.csv")),
    tables=MEASUREMENT,
)
def read_measurements(given: Input) -> Iterator[Record]:
    """Measurements of stations, from CSV files with the columns station, measured and celsius."""
    for number, row in given.rows("station", "measured", "celsius"):
        try:
            kelvin = float(row["celsius"]) + 273.15
        except ValueError as cause:
            raise UnreadableFile(f"line {number}: {row['celsius']!r} is no temperature") from cause
        yield MEASUREMENT.row(station=row["station"], measured=row["measured"], temperature=kelvin)
''')

_TEST = Template('''"""The plugin keeps its contract with the archive, and reads what its sample says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from archive.testing import ArchiveForTests, archive_for_tests, check_plugin

import $module

SAMPLE = Path(__file__).with_name("sample.csv")


@pytest.fixture(scope="module")
def archive() -> Iterator[ArchiveForTests]:
    with archive_for_tests($module) as made:
        yield made


def test_contract(archive: ArchiveForTests) -> None:
    check_plugin($module.read_measurements, SAMPLE, archive)


def test_rows(archive: ArchiveForTests) -> None:
    archive.read(SAMPLE)
    query = "SELECT station, temperature FROM $table ORDER BY measured"
    assert [(station, round(kelvin, 2)) for station, kelvin in archive.sql(query)] == [
        ("summit", 285.65),
        ("summit", 284.15),
        ("valley", 291.25),
    ]
''')

_SAMPLE = """station,measured,celsius
summit,2026-04-01T22:00:00,12.5
summit,2026-04-01T23:00:00,11.0
valley,2026-04-01T23:30:00,18.1
"""

_PROJECT = Template("""[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "uraniborg-$name"
version = "0.1.0"
description = "A plugin for Uraniborg"
requires-python = ">=3.11"
dependencies = ["uraniborg"]

# This is how Uraniborg finds it once it is installed.
[project.entry-points."archive.plugins"]
$name = "$module"

[tool.setuptools]
py-modules = ["$module"]

[tool.ruff]
line-length = 110

[tool.mypy]
strict = true

[[tool.mypy.overrides]]
module = ["archive.*", "ingest.*"]
follow_imports = "silent"

[tool.pytest.ini_options]
pythonpath = ["."]
""")
