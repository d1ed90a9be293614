"""The same as tests/ingest/test_mutated.py, fifty thousand times."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from ingest import Publication
from tests.ingest.mutation import harvest_mutated

pytestmark = pytest.mark.soak


def test_mutated_files(tmp_path: Path) -> None:
    moment = datetime.fromisoformat("2026-01-01")
    publication = Publication("archive.example", "https://archive.example", None, moment)
    read, refused = harvest_mutated(tmp_path, publication, 50_000, seed=1546)
    assert read + refused == 50_000
