"""A small archive as ESO's users see it: the simulated night, catalogues in two versions, site monitors."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import requests
from astropy.table import Table as Rows
from astroquery.eso import Eso, EsoClass, conf
from requests.adapters import HTTPAdapter

from archive import store as storage
from archive.config import Config
from archive.database import Database, write_records
from archive.declare import Record
from archive.declare.dataflow.asm import LHATPRO_PROFILE, MASS
from archive.store import Store
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from ingest.catalogues import load_catalogue
from ingest.run import ingest_paths
from ingest.simulator import Night, write_night
from tests.serving import listening, serving

ESO_HEADERS = "https://archive.eso.org"
EVENING = datetime.fromisoformat("2026-03-14T00:00:00")


@dataclass(frozen=True)
class Site:
    """The archive served at `address`, and what was put into it."""

    address: str
    database: Database
    config: Config
    night: Night

    def ask(self, query: str, service: str = "tap_obs", **more: str) -> dict[str, Any]:
        """The JSON answer to a query."""
        parameters = {"LANG": "ADQL", "FORMAT": "json", "QUERY": query, **more}
        answer = httpx.post(f"{self.address}/{service}/sync", data=parameters, timeout=60)
        assert answer.status_code == 200, f"{query}\n{answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def rows(self, query: str, service: str = "tap_obs") -> list[list[Any]]:
        rows: list[list[Any]] = self.ask(query, service)["data"]
        return rows

    def refusal(self, query: str, service: str = "tap_obs") -> str:
        parameters = {"LANG": "ADQL", "QUERY": query}
        answer = httpx.post(f"{self.address}/{service}/sync", data=parameters, timeout=60)
        assert answer.status_code == 400
        return answer.text


@pytest.fixture(scope="session")
def site(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("eso")
    listener = listening()
    config = Config(data_folder=folder, port=listener.getsockname()[1], upload_hosts=("127.0.0.1",))
    night = write_night(folder / "night")
    store = Store(folder / "files")
    with test_cluster.database(config=config) as database:
        with database.writer() as connection:
            storage.initialise(connection)
        assert ingest_paths(database, store, config, night.frames, collection="Night").failures == []
        for name, file in catalogues(folder):
            load_catalogue(database, name, [file])
        with database.writer() as connection:
            for record in measurements():
                write_records(connection, record.table, [record])
        with serving(create_app(config, database, store), listener) as address:
            yield Site(address, database, config, night)


def catalogues(folder: Path) -> Iterator[tuple[str, Path]]:
    """Catalogues under ESO's kind of names."""
    stars = Rows()
    stars["ID"] = [f"Star {number}" for number in range(20)]
    stars["RAJ2000"] = np.linspace(154.0, 155.0, 20)
    stars["DECJ2000"] = np.linspace(-46.5, -46.3, 20)
    stars["Jmag"] = np.linspace(10, 19, 20).astype("f4")
    stars["RAJ2000"].unit = stars["DECJ2000"].unit = "deg"
    versions = {
        "safcat.STARS_V1": stars[:10],
        "safcat.STARS_V2": stars,
        "safcat.SINGLE_V1": stars[:5],
        "elsewhere.stars": stars[:3],
    }
    for name, rows in versions.items():
        file = folder / f"{name}.vot"
        rows.write(file, format="votable")
        yield name, file


def measurements() -> Iterator[Record]:
    """What two site monitors told, every twelve minutes of the night."""
    for number in range(40):
        start = EVENING + number * timedelta(minutes=12)
        times = {"start_date": start, "midpoint_date": start, "valid": 1}
        yield MASS.row(**times, turbfwhm=0.7, tet=2.1)
        yield LHATPRO_PROFILE.row(**times, height=0.0, ra=154.4, dec=-46.4, alt=60.0, az=10.0)


class _Redirected(HTTPAdapter):
    """What a client asks of ESO's own host goes to the archive under test."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def send(self, request: requests.PreparedRequest, *arguments: Any, **named: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace(ESO_HEADERS, self._address)
        return super().send(request, *arguments, **named)


@pytest.fixture
def eso(site: Site, tmp_path: Path) -> Iterator[EsoClass]:
    """Astroquery's own client, with only its addresses changed."""
    client = Eso()
    client.CALSELECTOR_URL = f"{site.address}/calselector/v1/associations"
    client.DOWNLOAD_URL = f"{site.address}/dataPortal/file/"
    client.AUTH_URL = f"{site.address}/sso/oidc/token"
    client.cache_location = tmp_path / "cache"
    client._session.mount(ESO_HEADERS, _Redirected(site.address))
    with (
        conf.set_temp("tap_obs_url", f"{site.address}/tap_obs"),
        conf.set_temp("tap_cat_url", f"{site.address}/tap_cat"),
    ):
        yield client
    client._session.close()
    gc.collect()  # what the client leaves open belongs to the test that used it
