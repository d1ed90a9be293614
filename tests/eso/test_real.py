"""Answers that ESO's archive gave to astroquery, loaded here: the same questions have the same answers."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from archive import store as storage
from archive.config import Config
from archive.database import Database
from archive.database.copying import write_records
from archive.declare.columns import Column
from archive.declare.obscore import OBSCORE
from archive.declare.raw import RAW
from archive.declare.tables import Table
from archive.declare.types import TIMESTAMP
from archive.store import Store
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from ingest.catalogues_release import with_release
from tests.serving import listening, serving

pytestmark = pytest.mark.real

Row = dict[str, str]


def answer(name: str) -> list[Row]:
    with (Path(os.environ["URANIBORG_DATA"]) / "tap" / name).open(newline="") as file:
        return [{key: text for key, text in row.items() if key} for row in csv.DictReader(file)]


def value(column: Column, text: str) -> Any:
    """A cell of ESO's CSV, in which integers with NULLs beside them are written as fractions."""
    if not text:
        return None
    if column.type == TIMESTAMP:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    if column.type.is_integer:
        return int(float(text))
    return float(text) if column.type.is_numeric else text


@pytest.fixture(scope="module")
def address(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("answers")
    listener = listening()
    config = Config(data_folder=folder, port=listener.getsockname()[1])
    with test_cluster.database(config=config) as database:
        fill(database, RAW, answer("query_main_sgra.csv"))
        fill(database, OBSCORE, answer("query_coll_vvv_sgra.csv"))
        with serving(create_app(config, database, Store(folder / "files")), listener) as served:
            yield served


def fill(database: Database, table: Table, rows: list[Row]) -> None:
    with database.writer() as connection:
        storage.initialise(connection)
        records = [
            table.row(**{key: value(table.by_name[key], text) for key, text in row.items()}) for row in rows
        ]
        assert write_records(connection, table, records).rows == len(rows)


@pytest.mark.parametrize(
    ("file", "query"),
    [
        (
            "query_main_sgra.csv",
            "select * from dbo.raw where instrument in ('sinfoni') and target = 'sgr a'"
            " and intersects(s_region, circle('ICRS', 266.41683, -29.00781, 0.5))=1",
        ),
        (
            "query_coll_vvv_sgra.csv",
            "select * from ivoa.ObsCore where obs_collection in ('vvv')"
            " and intersects(s_region, circle('ICRS', 266.41683, -29.00781, 1.0))=1",
        ),
    ],
)
def test_the_same_rows(address: str, file: str, query: str) -> None:
    table = RAW if "dbo" in query else OBSCORE
    parameters = {"LANG": "ADQL", "FORMAT": "json", "QUERY": query}
    found = httpx.post(f"{address}/tap_obs/sync", data=parameters).json()
    names = [field["name"] for field in found["metadata"]]
    ours = {row[names.index("dp_id")]: dict(zip(names, row, strict=True)) for row in found["data"]}
    theirs = answer(file)
    assert len(ours) == len(theirs) > 20
    for row in theirs:
        for key, text in row.items():
            column, mine = table.by_name[key], ours[row["dp_id"]][key]
            if column.type == TIMESTAMP:
                assert datetime.fromisoformat(mine) == value(column, text), key
            elif column.type.is_numeric and text:
                assert mine == pytest.approx(value(column, text), rel=1e-6), key
            else:
                assert mine == value(column, text), key


def test_names_of_catalogues_become_titles_and_versions() -> None:
    for row in answer("query_list_catalogs_latest_versions.csv"):
        name = row["table_name"]
        table = with_release(
            Table(f"safcat.{name}", RAW.columns[:1], "A catalogue"), {}, datetime(2026, 1, 1, tzinfo=UTC)
        )
        assert table.release is not None
        assert name in {f"{table.title}_V{table.release.version}", table.title}
        assert not re.search(r"_V\d+$", table.title)
