"""What docs/users/cutouts.md shows runs as it stands, but for the address and the dataset."""

from __future__ import annotations

import re
import runpy
import subprocess

import pytest

from archive.protocol.soda.parameters import SODA_PARAMETERS
from tests.documentation import ADDRESS, Page
from tests.soda.files import CENTRE
from tests.soda.support import opened

# pyvo leaves its connections to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

PAGE = Page.read("users/cutouts.md")
IMAGE = "ADP.2026-01-01T00:00:01.000"


def _here(code: str, url: str) -> str:
    code = code.replace(ADDRESS, url).replace("ADP.2026-10-31T03:12:45.123", IMAGE)
    return re.sub(r"274\.\d([ +])-13\.8[ +]", rf"{CENTRE[0]}\g<1>{CENTRE[1]}\g<1>", code)


def test_python(site, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = PAGE.blocks("python")
    assert len(blocks) == 2
    script = tmp_path / "page.py"
    script.write_text(_here("\n".join(blocks), site.url))
    names = runpy.run_path(str(script))
    assert opened(names["pixels"])[-1].shape in {(10, 10), (11, 11)}
    said = capsys.readouterr().out
    assert "PRIMARY" in said and "'CIRCLE'" in said


@pytest.mark.parametrize("number", [0, 1])
def test_shell(site, tmp_path, number):
    block = PAGE.blocks("sh")[number]
    done = subprocess.run(
        ["bash", "-ec", _here(block, site.url)], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    if number == 0:
        assert opened((tmp_path / f"{IMAGE}_cutout.fits").read_bytes())[0].shape == (101, 101)
    else:
        assert re.search(r"/soda/async/[0-9a-f]{32}", done.stdout)


def test_every_parameter_is_told():
    told = set(re.findall(r"^\| `([A-Z]+)` \|", PAGE.text, re.MULTILINE))
    assert told == {parameter.name for parameter in SODA_PARAMETERS} - {"RUNID"}
