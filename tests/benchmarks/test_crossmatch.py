"""A hundred thousand rows of a user's matched with a million stars, end to end from pyvo, as a job.

Beside it: psql loading the same rows with COPY into a table of its own, and the same join written by hand,
its result thrown away. How long pyvo itself takes to write the table and to read the result is in ours.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvo
from astropy.table import Table
from pyvo.utils.http import create_session

from archive.database.account import find_account
from archive.database.bulk import load_table
from archive.database.programs import find_programs
from tests.benchmarks.beside import Beside, server_beside
from tests.benchmarks.figures import Figure, Figures
from tests.benchmarks.test_sky_index import rows
from tests.query.sky import SKY, STARS

pytestmark = pytest.mark.bench

STAR_COUNT, TARGETS = 1_000_000, 100_000
ARCSECOND = 1 / 3600
JOINS = {
    "stars in circles of targets": f"1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(t.ra, t.dec, {ARCSECOND!r}))",
    "targets in circles of stars": f"1 = CONTAINS(POINT(t.ra, t.dec), CIRCLE(s.ra, s.dec, {ARCSECOND!r}))",
    "distance": f"DISTANCE(POINT(t.ra, t.dec), POINT(s.ra, s.dec)) < {ARCSECOND!r}",
}
BY_HAND = f"""
CREATE TEMP TABLE targets (number int, ra float8, dec float8);
\\copy targets FROM '{{file}}' WITH (FORMAT csv)
ANALYZE targets;
\\o /dev/null
SELECT t.number, s.id FROM targets t JOIN sky.hand_stars s
    ON s.place <@ public.scircle(public.spoint(radians(t.ra), radians(t.dec)), radians({ARCSECOND!r}));
"""
HAND_TABLE = """
CREATE TABLE sky.hand_stars AS SELECT id, public.spoint(radians(ra), radians("dec")) AS place FROM sky.stars;
CREATE INDEX ON sky.hand_stars USING gist (place);
"""
TIMES = 3


@pytest.fixture(scope="module")
def site() -> Iterator[Beside]:
    with server_beside() as site:
        with site.database.writer() as connection:
            load_table(connection, STARS, [rows(STARS, STAR_COUNT, 1)], schema=SKY)
        with site.database.writer() as connection:
            connection.execute(HAND_TABLE.encode())
            connection.execute(b"ANALYZE sky.stars, sky.hand_stars")
        site.database.refresh_row_counts()
        time.sleep(1.5)  # the server looks once a second for what is new
        yield site


@pytest.fixture(scope="module")
def targets(site: Beside) -> Table:
    """Every tenth star, moved by less than an arcsecond."""
    with site.database.writer() as connection:
        found = connection.execute(
            "SELECT id, ra, dec FROM sky.stars WHERE id % 10 = 0 ORDER BY id"
        ).fetchall()
    number, ra, dec = (np.array(column) for column in zip(*found, strict=True))
    moved = dec + np.random.default_rng(5).uniform(-0.9, 0.9, len(dec)) * ARCSECOND
    return Table({"number": number.astype("i4"), "ra": ra, "dec": moved})


def by_hand(site: Beside, targets: Table, folder: Path) -> float:
    file, script = folder / "targets.csv", folder / "join.sql"
    targets.write(file, format="ascii.no_header", delimiter=",", overwrite=True)
    script.write_text(BY_HAND.format(file=file))
    assert site.database.cluster is not None
    where = site.database.cluster.socket_folder
    psql = find_programs(None).path("psql")
    begin = time.perf_counter()
    done = find_account("postgres").run(
        str(psql), "-q", "-h", str(where), "-p", "5432", "-U", "uraniborg", "-d", "archive", "-f", str(script)
    )
    took = time.perf_counter() - begin
    assert done.returncode == 0, done.stderr
    return took


def from_pyvo(site: Beside, targets: Table, condition: str) -> float:
    query = f"SELECT t.number, s.id FROM tap_upload.t AS t JOIN sky.stars AS s ON {condition}"
    with contextlib.closing(create_session()) as session:
        service = pyvo.dal.TAPService(f"http://127.0.0.1:{site.port}/tap", session=session)
        begin = time.perf_counter()
        result = service.run_async(query, uploads={"t": targets}, maxrec=1_000_000)
        took = time.perf_counter() - begin
    assert len(result) >= TARGETS - 1
    return took


def writing(targets: Table) -> float:
    """What astropy alone takes to write the table as pyvo does."""
    begin = time.perf_counter()
    targets.write(io.BytesIO(), format="votable")
    return time.perf_counter() - begin


# pyvo leaves the connections of its answers to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_hundred_thousand_rows_against_a_million(site: Beside, targets: Table, figures: Figures) -> None:
    folder = Path("/tmp") / f"uraniborg-crossmatch-{time.monotonic_ns()}"
    folder.mkdir(mode=0o755)
    try:
        taken: dict[str, list[float]] = {name: [] for name in ("by hand", *JOINS)}
        for _ in range(TIMES):
            taken["by hand"].append(by_hand(site, targets, folder))
            for name, condition in JOINS.items():
                taken[name].append(from_pyvo(site, targets, condition))
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    figures.add(
        Figure("Crossmatch of 100,000 with 1,000,000 rows", "astropy writing the upload", writing(targets))
    )
    limit = min(taken["by hand"])
    for name in JOINS:
        figures.add(
            Figure(
                "Crossmatch of 100,000 with 1,000,000 rows",
                f"pyvo, run_async, {name}",
                min(taken[name]),
                limit=limit,
                against="COPY and join in psql",
                most=2.0,
            )
        )
