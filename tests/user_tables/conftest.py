"""A TAP service whose users keep tables: tycho and sophie have tokens, everybody else is nobody."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from astropy.io.votable import from_table, writeto
from astropy.table import MaskedColumn
from astropy.table import Table as Rows
from pyvo.utils.http import create_session

from archive.database import Database
from archive.testing import ClusterForTests
from tests.uws.conftest import TOKENS, job_service, tokens

__all__ = ["Ask", "as_user", "stars", "tokens", "votable"]


@pytest.fixture(scope="module")
def kept_database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as own:
        yield own


@pytest.fixture(scope="module")
def service(kept_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with job_service(kept_database, tmp_path_factory.mktemp("kept")) as client:
        yield client


def as_user(client: httpx.Client, name: str) -> httpx.Client:
    """A client that is `name`; nobody without."""
    headers = {"Authorization": f"Bearer {TOKENS[name]}"} if name else {}
    return httpx.Client(base_url=client.base_url, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def tycho(service: httpx.Client) -> Iterator[httpx.Client]:
    with as_user(service, "tycho") as client:
        yield client


@pytest.fixture(scope="module")
def sophie(service: httpx.Client) -> Iterator[httpx.Client]:
    with as_user(service, "sophie") as client:
        yield client


@pytest.fixture(scope="module")
def nobody(service: httpx.Client) -> Iterator[httpx.Client]:
    with as_user(service, "") as client:
        yield client


@pytest.fixture
def session() -> Iterator[Any]:
    """What pyvo takes to be tycho."""
    with create_session() as own:
        own.headers["Authorization"] = f"Bearer {TOKENS['tycho']}"
        yield own


Ask = Callable[[httpx.Client, str], list[list[object]]]


@pytest.fixture
def ask() -> Ask:
    def rows(client: httpx.Client, query: str) -> list[list[object]]:
        answer = client.post("/sync", data={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "json"})
        assert answer.status_code == 200, answer.text
        found: list[list[object]] = answer.json()["data"]
        return found

    return rows


def stars(count: int = 5) -> Rows:
    """Every kind of column, with a NULL in each but the first three."""
    table = Rows()
    table["id"] = np.arange(count, dtype="i4")
    table["ra"] = np.linspace(10.0, 11.0, count)
    table["dec"] = np.linspace(-1.0, 1.0, count)
    hidden = [False] * (count - 1) + [True]
    table["mag"] = MaskedColumn(np.arange(count, dtype="f4"), mask=hidden)
    table["long"] = MaskedColumn(np.arange(count, dtype="i8") + 2**40, mask=hidden)
    table["name"] = [f"star {n}" for n in range(count)]
    table["ra"].unit = table["dec"].unit = "deg"
    table["mag"].unit = "mag"
    table["ra"].meta["ucd"], table["dec"].meta["ucd"] = "pos.eq.ra;meta.main", "pos.eq.dec;meta.main"
    table["mag"].meta["ucd"] = "phot.mag;em.opt.V"
    table["mag"].description = "Brightness"
    table.meta["description"] = "Some stars"
    return table


def votable(rows: Rows, form: str = "binary2") -> bytes:
    if form == "binary":  # which has no way to say that an integer is NULL
        rows = rows.copy()
        rows["long"] = rows["long"].filled(0)
    document = from_table(rows)
    for field in document.get_first_table().fields:
        field.ucd = rows[field.name].meta.get("ucd")
    out = io.BytesIO()
    writeto(document, out, tabledata_format=form)
    return out.getvalue()
