"""Links as STILTS and pyvo see them."""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path

import astropy.units as u
import httpx
import pytest
import pyvo

from archive.query.vocabularies import matching_terms
from tests.datalink.small_archive import BIAS, IMAGE, KEPT, LOST, SCI, SPECTRUM, STRANGE, did

# Without a network, datalinklint knows the terms of 2015 only; those that have come since are its errors.
_UNKNOWN_TERM = re.compile(
    r"E-SMCO-\w+ (Unknown predicate '([\w-]+)' from core DataLink vocabulary|\(\d+ more\)).*"
)


def lint(tool: str, source: Path) -> list[str]:
    """The warnings and errors of a validator."""
    limit = ["maxrepeat=1000"] if tool == "datalinklint" else []
    command = ["stilts", tool, f"votable={source}", *limit]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert not done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith(("E", "W", "F"))]


@pytest.mark.parametrize(
    "ids",
    [
        [did(dp_id) for dp_id in (IMAGE, SCI, BIAS, SPECTRUM, KEPT, LOST, "none")],
        [STRANGE, "ivo:nonsense"],
        [],
    ],
    ids=["several", "strange", "none"],
)
def test_stilts_finds_nothing_wrong(site: httpx.Client, tmp_path: Path, ids: list[str]) -> None:
    source = tmp_path / "links.vot"
    source.write_bytes(site.get("/datalink/links", params={"ID": ids}).content)
    faults = lint("datalinklint", source)
    terms = [found[2] for fault in faults if (found := _UNKNOWN_TERM.fullmatch(fault))]
    assert len(terms) == len(faults), faults
    assert all(matching_terms("datalink/core", term) for term in terms)
    assert lint("votlint", source) == []


@pytest.fixture
def datasets(site: httpx.Client) -> pyvo.dal.TAPResults:
    service = pyvo.dal.TAPService(f"{site.base_url}".rstrip("/") + "/tap")
    return service.search("SELECT * FROM ivoa.ObsCore WHERE dp_id <> 'ADP.lost' ORDER BY dp_id")


@pytest.mark.usefixtures("vocabulary")
@pytest.mark.parametrize("preserve_order", [False, True])
def test_pyvo_iterates_over_the_links_of_a_result(
    datasets: pyvo.dal.TAPResults, preserve_order: bool
) -> None:
    found = list(datasets.iter_datalinks(preserve_order=preserve_order))
    assert len(found) == len(datasets)
    for links in found:
        (this,) = links.bysemantics("#this")
        assert this.id == links.original_row["obs_publisher_did"]
        assert this.access_url.endswith(f"/file/{links.original_row['dp_id']}")
        assert this.content_length == 2880
    by_name = {links.original_row["dp_id"]: links for links in found}
    assert {row.semantics for row in by_name[IMAGE].bysemantics("#calibration")} == {"#bias", "#flat"}
    assert by_name[SCI].get_first_proc().semantics == "#cutout"


@pytest.mark.usefixtures("vocabulary")
def test_pyvo_follows_one_record(site: httpx.Client, datasets: pyvo.dal.TAPResults) -> None:
    record = next(row for row in datasets if row["dp_id"] == IMAGE)
    links = record.getdatalink()
    (cutout,) = links.iter_procs()
    parameters = {parameter.name: parameter for parameter in cutout.input_params}
    assert {"ID", "CIRCLE", "POLYGON"} <= parameters.keys()
    assert parameters["ID"].value == did(IMAGE)
    query = pyvo.dal.adhoc.SodaQuery.from_resource(
        cutout,
        links.get_adhocservice_by_id(cutout.service_def),
        circle=(10.25 * u.deg, -29.75 * u.deg, 0.1 * u.deg),
    )
    assert query["ID"] == did(IMAGE)
    assert query["CIRCLE"] == "10.25 -29.75 0.1"
    assert query.queryurl == f"{site.base_url}".rstrip("/") + "/soda/sync"


def test_pyvo_follows_access_url_without_a_descriptor(site: httpx.Client) -> None:
    base = f"{site.base_url}".rstrip("/")
    (row,) = pyvo.dal.TAPService(f"{base}/tap").search(
        f"SELECT TOP 1 'application/x-votable+xml;content=datalink' AS access_format, "
        f"'{base}/datalink/links?ID=' || dp_id AS access_url FROM dbo.raw WHERE dp_id = '{SCI}'"
    )
    links = row.getdatalink()
    assert links.getrecord(0).access_url == f"{base}/file/{SCI}"


def test_the_links_service_of_pyvo(site: httpx.Client) -> None:
    service = pyvo.dal.adhoc.DatalinkService(f"{site.base_url}".rstrip("/") + "/datalink/links")
    results = service.run_sync(did(IMAGE))
    assert {row.semantics for row in results} >= {"#this", "#preview", "#cutout", "#weight"}


def test_astropy_reads_all_serializations(site: httpx.Client) -> None:
    from astropy.io.votable import parse_single_table

    tables = [
        parse_single_table(
            io.BytesIO(site.get("/datalink/links", params={"ID": IMAGE, "RESPONSEFORMAT": format_}).content)
        ).to_table()
        for format_ in ("votable", "votable/b2", "votable/b")
    ]
    semantics = [list(table["semantics"]) for table in tables]
    assert semantics[0] == semantics[1] == semantics[2]
