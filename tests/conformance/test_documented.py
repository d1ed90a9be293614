"""What docs/users/clients.md shows runs as it stands, but for the address."""

from __future__ import annotations

import re
import runpy
import subprocess
from pathlib import Path

import pytest

from tests.conformance.conftest import DEMONSTRATION, Site
from tests.documentation import ADDRESS, Page

# The page is about the demonstration archive. pyvo leaves its connections to the collector, and so does
# astroquery; VOUnits deprecates units in which most spectra are written.
pytestmark = [
    pytest.mark.parametrize("site", [DEMONSTRATION], indirect=True),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:The unit '.*' has been deprecated"),
]

PAGE = Page.read("users/clients.md")


# tests/tap/test_taplint.py looks at what taplint says, all of it.
COMMANDS = [block for block in PAGE.blocks("sh") if "taplint" not in block]


def test_python(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "page.py"
    script.write_text("\n".join(PAGE.blocks("python", site.address)))
    names = runpy.run_path(str(script))
    assert len(names["images"]) and len(names["spectrum"]) > 100
    said = capsys.readouterr().out
    for expected in ("ivoa.ObsCore - ", "#this", "/preview/", "No. ", "Angstrom", "jmag", "13h37m"):
        assert expected in said
    assert (tmp_path / "spectrum.fits").read_bytes().startswith(b"SIMPLE  =")


def test_commands(site: Site, tmp_path: Path) -> None:
    assert len(COMMANDS) == 6
    for command in COMMANDS:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command.replace(ADDRESS, site.address)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert not re.search("^[EWF]-(?!SMCO-)", done.stdout, re.MULTILINE)
    for name in ("bright.fits", "stars.fits", "images.fits", "near.fits"):
        assert (tmp_path / name).read_bytes().startswith(b"SIMPLE  =")
    assert len((tmp_path / "spectrum.csv").read_text().splitlines()) > 100


def test_queries(site: Site) -> None:
    for query in PAGE.blocks("sql"):
        assert site.rows(query)
