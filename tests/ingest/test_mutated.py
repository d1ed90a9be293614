"""No damage to a file makes the harvester fail in any other way than by saying so."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ingest import Publication, harvest
from tests.ingest.mutation import harvest_mutated, originals

MOMENT = datetime.fromisoformat("2026-01-01")
PUBLICATION = Publication("archive.example", "https://archive.example", None, MOMENT)


def test_the_originals_are_good(tmp_path: Path) -> None:
    for content in originals():
        (tmp_path / "good.fits").write_bytes(content)
        found = harvest(tmp_path / "good.fits", PUBLICATION)
        assert found.records and found.problems == ()


def test_mutated_files(tmp_path: Path) -> None:
    read, refused = harvest_mutated(tmp_path, PUBLICATION, 600, seed=1576)
    assert read > 100 and refused > 100
