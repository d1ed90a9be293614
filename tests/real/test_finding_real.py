"""Every real Parquet file, VOTable and table in FITS is found, and can become a table."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest import find_catalogues
from ingest.catalogues import read_declaration

pytestmark = pytest.mark.real


def test_every_catalogue_is_found_and_readable() -> None:
    folder = Path(os.environ["URANIBORG_DATA"])
    found = {str(path.relative_to(folder)): name for name, path in find_catalogues(folder)}
    # What is called VOTable and is none: the capabilities of a service.
    expected = {path for path in folder.glob("votable/*") if path.name != "tap-capabilities.xml"}
    expected |= {*folder.glob("moc/*.fits*"), *folder.rglob("*.parquet")}
    assert found.keys() == {str(path.relative_to(folder)) for path in expected}
    assert found["catalogues/hipparcos_tycho_126k.parquet"] == "safcat.hipparcos_tycho_126k"
    for path, name in found.items():
        assert read_declaration(name, folder / path).columns
