"""The links service on a real server, over a small archive."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyvo.dal import adhoc

from archive.config import Config
from archive.database import Database
from archive.query.vocabularies import matching_terms
from archive.store import Store
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from tests.datalink.small_archive import AUTHORITY, fill
from tests.serving import listening, serving


@contextlib.contextmanager
def served(database: Database, folder: Path, **settings: object) -> Iterator[httpx.Client]:
    listener = listening()
    base = Config(data_folder=folder, port=listener.getsockname()[1], authority=AUTHORITY)
    app = create_app(replace(base, **settings), database, Store(folder / "files"))
    plain = {"Accept-Encoding": "identity"}
    with (
        serving(app, listener) as address,
        httpx.Client(base_url=address, timeout=30, headers=plain) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def small_archive(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        fill(database)
        yield database


@pytest.fixture(scope="session")
def site(small_archive: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(small_archive, tmp_path_factory.mktemp("datalink")) as client:
        yield client


@pytest.fixture
def vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pyvo would fetch from www.ivoa.net to find narrower terms."""

    def get_vocabulary(name: str) -> dict[str, Any]:
        terms = ("this", "preview", "calibration", "weight", "progenitor", "derivation")
        narrower = {term: [other for other in matching_terms(name, term) if other != term] for term in terms}
        return {"terms": {term: {"narrower": narrower[term]} for term in terms}}

    monkeypatch.setattr(adhoc.vocabularies, "get_vocabulary", get_vocabulary)
