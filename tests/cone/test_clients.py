"""Cone searches as pyvo and STILTS make them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import pyvo
from pyvo.dal.exceptions import DALQueryError
from pyvo.utils.http import create_session


@pytest.fixture(scope="module")
def service(cone):
    with create_session() as session:
        yield pyvo.dal.SCSService(f"{cone.base_url}/cone/sky.stars", session=session)


def test_pyvo(service):
    results = service.search(pos=(10, 20), radius=0.2, verbosity=3)
    assert [record.id for record in results] == ["0", "2", "1"]
    assert results[0].pos.dec.deg == 20.0
    assert results[1]["mag"] == 1.0


def test_pyvo_hears_of_errors(service):
    with pytest.raises(DALQueryError, match="SR: there is no radius of -1"):
        service.search(pos=(10, 20), radius=-1)


def stilts(*arguments: str) -> str:
    ended = subprocess.run(["stilts", *arguments], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_stilts_cone(cone):
    said = stilts(
        "cone",
        "serviceurl=" + f"{cone.base_url}/cone/sky.stars?",
        "lon=10",
        "lat=20",
        "radius=0.2",
        "verb=3",
        "ofmt=csv",
        "ocmd=keepcols 'id ra dec distance'",
    )
    assert [line.split(",")[0] for line in said.splitlines()] == ["id", "0", "2", "1"]


def test_stilts_matches_many_positions(cone, tmp_path: Path):
    table = tmp_path / "targets.csv"
    table.write_text("name,ra,dec\na,10,20\nb,0.01,0.01\nnothing,77,7\n")
    said = stilts(
        "coneskymatch",
        f"in={table}",
        "ifmt=csv",
        f"serviceurl={cone.base_url}/cone/sky.stars",
        "ra=ra",
        "dec=dec",
        "sr=0.2",
        "find=best",
        "parallel=2",
        "ofmt=csv",
    )
    rows = [line.split(",") for line in said.splitlines()]
    assert {row[0]: row[3] for row in rows[1:]} == {"a": "0", "b": "4"}


def test_stilts_finds_nothing_to_complain_of(cone, tmp_path: Path):
    answer = cone.get("/cone/ivoa.ObsCore", params={"RA": 10, "DEC": 20, "SR": 5, "VERB": 3})
    file = tmp_path / "answer.vot"
    file.write_bytes(answer.content)
    assert stilts("votlint", f"votable={file}") == ""
