"""An archive whose every text wants to be something else: markup, SQL, a formula, a path, a line of the log.

Its server is in the process of the test, so that thousands of requests take seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from archive import store as storage
from archive.access import Accounts, Administration, Role
from archive.config import Config
from archive.database import Database
from archive.plugins import load_plugins
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from ingest import BUILTIN, Inputs, ingest_paths
from tests.access.asgi import InProcess, in_process
from tests.ingest.support import RAW, TAN, image
from tests.security.hostile import ABSTRACT, FORMULA, MARKUP
from tests.ssa.spectra import phase3

AUTHORITY = "archive.example"
RAW_FILE = "HAWKI.2026-10-01T02:00:00.000"
PRODUCT = "ADP.2026-10-02T00:00:01.000"
SPECTRUM = "ADP.2026-10-02T00:00:02.000"
PASSWORD = "stjerneborg and uraniborg"
PROGRAMME = "116.25XS"


@dataclass(frozen=True)
class Site:
    """`tycho` is somebody, `olga` an operator; the tokens are theirs."""

    app: ASGIApp
    asking: InProcess
    database: Database
    config: Config
    tycho: dict[str, str]
    olga: dict[str, str]

    @property
    def router(self) -> Starlette:
        """What is inside of what stands before it."""
        inner = self.app
        while not isinstance(inner, Starlette):
            inner = vars(inner)["_app"]
        return inner


@pytest.fixture(scope="session")
def site(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("security")
    config = replace(
        test_cluster.config,
        data_folder=folder,
        authority=AUTHORITY,
        incoming_users=("olga",),
        user_active_jobs=1000,
        anonymous_active_jobs=1000,
        mail_folder=str(folder),
    )
    with test_cluster.database() as made, Database(made.server, config) as database:
        store = _filled(database, config)
        tycho, olga = _people(database, config)
        app = create_app(config, database, store)
        with in_process(app) as asking:
            yield Site(app, asking, database, config, tycho, olga)


def _people(database: Database, config: Config) -> tuple[dict[str, str], dict[str, str]]:
    administration, accounts = Administration(database, config), Accounts(database, config)
    tokens = []
    for name, role in (("tycho", Role.USER), ("olga", Role.OPERATOR)):
        administration.add(
            name,
            email=f"{name}@observatory.example",
            password=PASSWORD,
            full_name=MARKUP,
            institute=FORMULA,
            roles=(role,),
        )
        tokens.append({"Authorization": f"Bearer {accounts.log_in(name, PASSWORD).access}"})
    accounts.close()
    return tokens[0], tokens[1]


def _filled(database: Database, config: Config) -> storage.Store:
    folder = Path(config.data_folder, "offered")
    folder.mkdir()
    for name, content in _files().items():
        (folder / name).write_bytes(content)
    with database.writer() as connection:
        storage.initialise(connection)
    store = storage.open_store(database, config)
    inputs = Inputs(database, store, config, load_plugins(config, BUILTIN))
    summary = ingest_paths(database, store, config, sorted(folder.iterdir()), inputs=inputs)
    assert not summary.failures, summary.failures
    return store


def _files() -> dict[str, bytes]:
    run = f"{PROGRAMME}.001"
    common = {**TAN, "INSTRUME": "HAWKI", "TELESCOP": "ESO-VLT-U4", "OBJECT": MARKUP}
    raw = {
        **RAW,
        **common,
        "ARCFILE": f"{RAW_FILE}.fits",
        "ORIGFILE": "HAWKI_IMG.fits",
        "DATE-OBS": RAW_FILE.removeprefix("HAWKI."),
        "MJD-OBS": 61314.0,
        "RA": 150.0,
        "DEC": 2.0,
        "OBSERVER": MARKUP,
        "ESO OBS NAME": FORMULA,
        "ESO OBS PROG ID": run,
    }
    product = {
        **common,
        "ARCFILE": f"{PRODUCT}.fits",
        "ORIGFILE": "image.fits",
        "PRODCATG": "SCIENCE.IMAGE",
        "DATE-OBS": "2026-10-01T02:00:00",
        "MJD-OBS": 61314.0,
        "MJD-END": 61314.01,
        "EXPTIME": 60.0,
        "PROG_ID": run,
        "PROV1": f"{RAW_FILE}.fits",
        "REFERENC": "javascript:alert(1)",
    }
    spectrum = {"ARCFILE": f"{SPECTRUM}.fits", "OBJECT": FORMULA, "PROG_ID": run}
    proposal = {
        "progId": PROGRAMME,
        "periodNumber": 116,
        "title": MARKUP,
        "programmeType": "Normal",
        "abstract": ABSTRACT,
        "investigators": [
            {"firstName": MARKUP, "lastName": FORMULA, "role": "PI", "email": "tycho@observatory.example"}
        ],
        "obsRuns": [{"runCode": run, "instrument": "HAWKI", "proprietaryDays": 0}],
    }
    return {
        "a.p1.json": json.dumps(proposal).encode(),
        "raw.fits": image(raw),
        "product.fits": image(product),
        "spectrum.fits": phase3(spectrum),
    }
