"""votlint and datalinklint find nothing to complain of in the documents of any service."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.conformance.conftest import Site
from tests.conformance.stilts import lint, lint_links

# Of each service what it finds, what it says of itself where that is a VOTable, and an error.
VOTABLES = {
    "tap": "/tap/sync?LANG=ADQL&QUERY=SELECT+*+FROM+ivoa.ObsCore",
    "tap-tabledata": "/tap/sync?LANG=ADQL&FORMAT=votable/td&QUERY=SELECT+*+FROM+dbo.raw",
    "tap-binary2": "/tap/sync?LANG=ADQL&FORMAT=votable/b2&QUERY=SELECT+*+FROM+dbo.ssa",
    "tap-cut": "/tap/sync?LANG=ADQL&MAXREC=2&QUERY=SELECT+*+FROM+phase3v2.files",
    "tap-error": "/tap/sync?LANG=ADQL&QUERY=SELECT+what",
    "tap_obs": "/tap_obs/sync?LANG=ADQL&QUERY=SELECT+*+FROM+ivoa.ObsCore",
    "sia2": "/sia2/query",
    "sia2-description": "/sia2/query?MAXREC=0",
    "sia2-error": "/sia2/query?POS=SQUARE+1+2+3",
    "sia1": "/sia1/query?POS=0,0&SIZE=360,180",
    "sia1-description": "/sia1/query?FORMAT=METADATA",
    "sia1-error": "/sia1/query?POS=nowhere",
    "ssa": "/ssa/query?FORMAT=all",
    "ssa-cut": "/ssap?MAXREC=1",
    "ssa-description": "/ssa/query?FORMAT=METADATA",
    "ssa-error": "/ssa/query?BAND=blueish",
    "cone": "/cone/ivoa.ObsCore?RA=204.2&DEC=-29.9&SR=180&VERB=3",
    "cone-catalogue": "/cone/safcat.simulated_stars?RA=204.2&DEC=-29.9&SR=0.1",
    "cone-description": "/cone/dbo.raw?RA=0&DEC=0&SR=0",
    "cone-error": "/cone/ivoa.ObsCore?RA=0&DEC=100&SR=1",
    "links-description": "/datalink/links",
    "links-error": "/datalink/links?ID=nothing",
}


@pytest.mark.parametrize("path", VOTABLES.values(), ids=VOTABLES)
def test_votlint(site: Site, tmp_path: Path, path: str) -> None:
    answer = httpx.get(site.address + path, timeout=60)
    assert b"<VOTABLE" in answer.content
    assert lint(answer.content, tmp_path) == []


def test_votlint_of_spectra(site: Site, tmp_path: Path) -> None:
    (found,) = site.rows("SELECT TOP 1 dp_id FROM dbo.ssa ORDER BY dp_id")
    answer = httpx.get(f"{site.address}/spectrum/{found[0]}", params={"FORMAT": "votable"}, timeout=60)
    assert answer.status_code == 200
    assert lint(answer.content, tmp_path) == []


def test_links_of_everything(site: Site, tmp_path: Path) -> None:
    files = site.rows("SELECT dp_id FROM dbo.raw UNION SELECT archive_id FROM phase3v2.files")
    identifiers = [name for (name,) in files]
    answer = httpx.post(f"{site.address}/datalink/links", data={"ID": [*identifiers, "none"]}, timeout=60)
    assert answer.status_code == 200
    assert b'utype="adhoc:service"' in answer.content and b"NotFoundFault" in answer.content
    assert lint_links(answer.content, tmp_path) == []
    assert lint(answer.content, tmp_path) == []


@pytest.mark.parametrize(
    "path",
    [VOTABLES["tap"], VOTABLES["sia2"], "/ssa/query"],
    ids=["tap", "sia2", "ssa"],
)
def test_descriptors_of_results(site: Site, tmp_path: Path, path: str) -> None:
    """Datalinklint takes any document for links: only what it says of the services in it counts here."""
    answer = httpx.get(site.address + path, timeout=60)
    assert b'value="ivo://ivoa.net/std/DataLink#links-1.1"' in answer.content
    of_the_table = ("E-RCOL-", "E-DRID-", "E-DRS0-")  # columns that a table of links would have
    assert [line for line in lint_links(answer.content, tmp_path) if not line.startswith(of_the_table)] == []
