"""Uploads matched with catalogues, and with each other, by position: whichever way round, by the index."""

from __future__ import annotations

import io
from contextlib import ExitStack

import numpy as np
import pytest
from astropy.table import Table

from archive.config import Config
from archive.declare.uploads import with_uploads
from archive.query import compile
from archive.query.crossmatches import positions_to_index, positions_to_sort
from tap.adql.resolve import translate
from tap.upload_tables import OpenUploads
from tap.uploads import Upload
from tests.uploads.conftest import STARS

ARCSECOND = "1. / 3600"
CONDITIONS = [
    f"1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(t.ra, t.dec, {ARCSECOND}))",
    f"1 = CONTAINS(POINT(t.ra, t.dec), CIRCLE(s.ra, s.dec, {ARCSECOND}))",
    f"CONTAINS(POINT('ICRS', t.ra, t.dec), CIRCLE('ICRS', s.ra, s.dec, {ARCSECOND})) = 1",
    f"DISTANCE(POINT(t.ra, t.dec), POINT(s.ra, s.dec)) < {ARCSECOND}",
    f"{ARCSECOND} > DISTANCE(POINT(s.ra, s.dec), POINT(t.ra, t.dec))",
    f"DISTANCE(t.ra, t.dec, s.ra, s.dec) <= {ARCSECOND}",
    f"1 = INTERSECTS(CIRCLE(t.ra, t.dec, {ARCSECOND}), POINT(s.ra, s.dec))",
    "1 = CONTAINS(POINT(t.ra, t.dec), CIRCLE(s.ra, s.dec, t.r))",
    "1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(t.ra, t.dec, t.r))",
]


@pytest.fixture(scope="module")
def targets(stars) -> bytes:
    """Half of the stars, moved by up to half an arcsecond, in another order."""
    random = np.random.default_rng(3)
    with stars.writer() as connection:
        rows = connection.execute("SELECT id, ra, dec FROM sky.stars WHERE id % 2 = 0").fetchall()
    random.shuffle(rows)
    ids, ra, dec = (np.array(column) for column in zip(*rows, strict=True))
    table = Table(
        {
            "target": ids.astype("i4"),
            "ra": ra,
            "dec": dec + random.uniform(-0.5, 0.5, len(dec)) / 3600,
            "r": np.full(len(ra), 1 / 3600),
        }
    )
    document = io.BytesIO()
    table.write(document, format="votable", tabledata_format="binary2")
    return document.getvalue()


@pytest.mark.parametrize(
    "order", ["sky.stars AS s JOIN TAP_UPLOAD.t AS t", "TAP_UPLOAD.t AS t JOIN sky.stars AS s"]
)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_target_finds_its_star(ask, targets, condition, order):
    query = f"SELECT COUNT(*), MAX(ABS(s.id - t.target)) FROM {order} ON {condition}"
    answer = ask(query, t=targets)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == [[STARS // 2, 0]]


def plan(stars, tmp_path, query: str, documents: dict[str, bytes]) -> str:
    """PostgreSQL's plan of a query with uploads."""
    with ExitStack() as stack:
        schema = stack.enter_context(stars.upload_schema())
        uploads, files = [], []
        for name, document in documents.items():
            (tmp_path / name).write_bytes(document)
            uploads.append(Upload(name, tmp_path / name))
            files.append(tmp_path / name)
        opened = OpenUploads(tuple(uploads), files, schema, Config(), stack)
        translated = translate(query, with_uploads(stars.catalogue, opened.tables))
        opened.index(positions_to_index(translated))
        translated = translate(query, with_uploads(stars.catalogue, opened.tables))
        opened.sort(positions_to_sort(translated))
        opened.load(stars, lambda: None)
        with stars.writer() as connection:
            explained = connection.execute(f"EXPLAIN {compile(translated).sql}".encode())
            return "\n".join(str(line) for (line,) in explained)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_catalogue_is_searched_by_its_index(stars, tmp_path, targets, condition):
    query = f"SELECT s.id FROM sky.stars AS s JOIN TAP_UPLOAD.t AS t ON {condition}"
    text = plan(stars, tmp_path, query, {"t": targets})
    assert "Index Scan on stars" in text or "Index Scan using stars" in text, text
    assert "Seq Scan on stars" not in text
    assert "t1_" not in text  # no index of the upload's own, which would only take time


@pytest.mark.parametrize("condition", [c.replace("s.", "u.") for c in CONDITIONS[:7]])
def test_two_uploads_are_matched_by_an_index_made_for_it(stars, tmp_path, ask, targets, condition):
    query = f"SELECT COUNT(*) FROM TAP_UPLOAD.u AS u, TAP_UPLOAD.t AS t WHERE {condition}"
    assert ask(query, "t,param:t;u,param:t", t=targets).json()["data"] == [[STARS // 2]]
    text = plan(stars, tmp_path, query, {"t": targets, "u": targets})
    assert "_position_idx" in text, text


def test_an_upload_matched_with_itself(ask, targets):
    pairs = "TAP_UPLOAD.t AS a, TAP_UPLOAD.t AS b WHERE DISTANCE(a.ra, a.dec, b.ra, b.dec) < 1e-9"
    query = f"SELECT COUNT(*) FROM {pairs}"
    assert ask(query, t=targets).json()["data"] == [[STARS // 2]]


def test_a_cone_on_an_upload_needs_none(stars, tmp_path, targets):
    query = "SELECT target FROM TAP_UPLOAD.t WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 1))"
    assert "Seq Scan on t1" in plan(stars, tmp_path, query, {"t": targets})
