"""The figures that all benchmarks of a run share, written when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .figures import Figures

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def figures() -> Iterator[Figures]:
    measured = Figures()
    yield measured
    measured.write(ROOT / "var" / "bench", ROOT / "docs" / "performance.md")
