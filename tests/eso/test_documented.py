"""What docs/users/eso.md shows: its script and its queries find something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from astropy.io import fits

from tests.documentation import ADDRESS, Page
from tests.eso.conftest import Site

PAGE = Page.read("users/eso.md")
[SCRIPT] = PAGE.blocks("python")
QUERIES = PAGE.blocks("sql")


def test_the_script_runs(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(SCRIPT.replace(ADDRESS, site.address))
    done = subprocess.run(
        [sys.executable, file], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=True
    )
    assert "hawki" in done.stdout
    names = {fits.getheader(frame)["INSTRUME"] for frame in (tmp_path / "frames").iterdir()}
    assert names <= {"HAWKI", "UVES"}
    assert len(list((tmp_path / "frames").iterdir())) == 2


@pytest.mark.parametrize("query", QUERIES)
def test_queries_find_something(site: Site, query: str) -> None:
    assert site.rows(query)
