"""Image, spectrum and cone searches among a million datasets, 100 rows each, beside their SQL alone.

The limit is what psycopg takes for the very statement that the service runs, rows fetched, together with what
an empty route of the same server takes: all in turn, so that a busy machine is as busy for all.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias
from urllib.parse import urlencode

import psycopg
import pytest

from archive.config import Config
from archive.database.server import reader_settings
from archive.declare.parameters import parse_arguments
from archive.query import Query, compile
from sia.parameters import PARAMETERS as SIA_2
from sia.query import images_query
from sia.sia1_parameters import PARAMETERS as SIA_1
from sia.sia1_query import sia1_query
from ssa.forms import wanted
from ssa.parameters import PARAMETERS as SSA
from ssa.query import spectra_query
from tap.cone import PARAMETERS as CONE
from tap.cone import Cone, cone_query
from tap.cone_target import cone_target
from tests.benchmarks.beside import Beside, Request, server_beside
from tests.benchmarks.datasets import load_datasets
from tests.benchmarks.figures import Figure, Figures
from tests.benchmarks.spectra import load_spectra

pytestmark = pytest.mark.bench

ROWS, TIMES = 100, 100
# How much longer than SQL and route together a search may take at most.
MOST = 3.0
GROUP = "Images and cones among a million datasets"

Pairs: TypeAlias = Sequence[tuple[str, str]]

SEARCHES: dict[str, tuple[str, Pairs]] = {
    "SIA 2, circle of 5 degrees": ("/sia2/query", [("POS", "CIRCLE 204 -29 5")]),
    "SIA 2, range of 10 by 10 degrees": ("/sia2/query", [("POS", "RANGE 200 210 -30 -20")]),
    "SIA 2, wavelength": ("/sia2/query", [("BAND", "500e-9")]),
    "SIA 2, ten days": ("/sia2/query", [("TIME", "60000 60010")]),
    "SIA 2, circle, wavelength and year": (
        "/sia2/query",
        [("POS", "CIRCLE 204 -29 20"), ("BAND", "500e-9"), ("TIME", "60000 60365")],
    ),
    "SIA 2, collection": ("/sia2/query", [("COLLECTION", "COLLECTION 7"), ("DPTYPE", "image")]),
    "SIA 1, 10 by 10 degrees": ("/sia1/query", [("POS", "204,-29"), ("SIZE", "10")]),
    "cone of a degree": ("/cone/ivoa.ObsCore", [("RA", "204"), ("DEC", "-29"), ("SR", "1")]),
    "cone of 20 degrees": ("/cone/ivoa.ObsCore", [("RA", "204"), ("DEC", "-29"), ("SR", "20")]),
}

SPECTRA: dict[str, tuple[str, Pairs]] = {
    "SSA, circle of 5 degrees": ("/ssa/query", [("POS", "204,-29"), ("SIZE", "10")]),
    "SSA, wavelength": ("/ssa/query", [("BAND", "5e-7")]),
    "SSA, ten days": ("/ssa/query", [("TIME", "2023-02-25/2023-03-07")]),
    "SSA, circle, wavelength and year": (
        "/ssa/query",
        [("POS", "204,-29"), ("SIZE", "40"), ("BAND", "5e-7"), ("TIME", "2023")],
    ),
    "SSA, target": ("/ssa/query", [("TARGETNAME", "target 77")]),
}


@pytest.fixture(scope="module")
def spectra_site() -> Iterator[Beside]:
    with server_beside() as site:
        load_spectra(site.database)
        time.sleep(1.5)  # as below
        yield site


@pytest.fixture(scope="module")
def site() -> Iterator[Beside]:
    with server_beside() as site:
        load_datasets(site.database)
        time.sleep(1.5)  # the server looks once a second for what is new
        yield site


def searched(site: Beside, path: str, pairs: Pairs) -> Query:
    """What the service makes of it."""
    catalogue, config = site.database.catalogue, Config()
    match path:
        case "/sia2/query":
            return images_query(parse_arguments(SIA_2, pairs), catalogue, config.authority)
        case "/sia1/query":
            return sia1_query(parse_arguments(SIA_1, pairs), catalogue, config.base_url)
        case "/ssa/query":
            return spectra_query(parse_arguments(SSA, pairs), wanted(None), catalogue, config.authority)
        case _:
            target = cone_target(catalogue.table(path.removeprefix("/cone/")))
            assert target is not None
            return cone_query(target, Cone.of(parse_arguments(CONE, pairs)))


@pytest.mark.parametrize("name", SEARCHES)
def test_a_hundred_rows(site: Beside, name: str, figures: Figures) -> None:
    measure(site, name, *SEARCHES[name], figures)


@pytest.mark.parametrize("name", SPECTRA)
def test_a_hundred_spectra(spectra_site: Beside, name: str, figures: Figures) -> None:
    measure(spectra_site, name, *SPECTRA[name], figures)


def measure(site: Beside, name: str, path: str, pairs: Pairs, figures: Figures) -> None:
    statement = compile(searched(site, path, pairs), limit=ROWS + 1)
    request = Request(f"{path}?{urlencode([*pairs, ('MAXREC', str(ROWS))])}")
    taken = beside(site, request, statement.sql)
    figures.add(
        Figure(
            GROUP,
            name,
            taken["search"],
            limit=taken["sql"] + taken["route"],
            against="SQL and empty route",
            most=MOST,
        )
    )


def beside(site: Beside, request: Request, sql: str) -> dict[str, float]:
    """Median seconds of the search, its SQL, and the empty route, asked in turn."""
    assert site.database.cluster is not None
    dsn = site.database.cluster.server("archive", reader_settings(Config())).reader
    # No two requests have the same statement, so it is planned each time here too.
    connecting = psycopg.connect(dsn, autocommit=True, prepare_threshold=None)
    with connecting as connection, site.client() as client:
        # Rows are fetched, or the query would not have ended.
        actions: dict[str, Callable[[], object]] = {
            "search": lambda: client.seconds(request),
            "sql": lambda: connection.execute(sql.encode()).fetchall(),
            "route": lambda: client.seconds(Request("/floor/static")),
        }
        taken: dict[str, list[float]] = {name: [] for name in actions}
        for turn in range(TIMES + 10):
            for name, act in actions.items():
                begin = time.perf_counter()
                act()
                if turn >= 10:
                    taken[name].append(time.perf_counter() - begin)
    return {name: statistics.median(each) for name, each in taken.items()}
