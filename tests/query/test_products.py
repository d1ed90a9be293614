"""Which queries join tables without saying how."""

from __future__ import annotations

import pytest

from archive.declare.catalogue import Catalogue
from archive.query import unlinked_tables
from tap.adql.resolve import translate
from tests.query.sky import SKY

CATALOGUE = Catalogue((SKY,))
FROM = "SELECT COUNT(*) AS n FROM"
LINKED = [
    "sky.stars",
    "sky.stars AS a, sky.targets AS b WHERE a.id = b.id",
    "sky.stars AS a JOIN sky.targets AS b ON a.id = b.id",
    "sky.stars AS a JOIN sky.targets AS b USING (id)",
    "sky.stars AS a, sky.targets AS b WHERE a.mag > 3 AND (a.id = b.id OR a.ra < b.lon)",
    "sky.stars AS a, sky.targets AS b WHERE 1 = CONTAINS(POINT(a.ra, a.dec), CIRCLE(b.lon, b.lat, 0.1))",
    "sky.stars AS a, sky.targets AS b WHERE DISTANCE(a.ra, a.dec, b.lon, b.lat) < 0.1",
    "sky.stars AS a, sky.targets AS b, sky.stars AS c WHERE a.id = b.id AND c.id = b.n",
    "sky.stars AS a, sky.targets AS b, sky.stars AS c WHERE a.id + b.id = c.id",
    "(SELECT id FROM sky.stars) AS a JOIN sky.targets AS b ON a.id = b.id",
    "sky.stars AS a, sky.targets AS b "
    "WHERE EXISTS (SELECT 1 FROM sky.stars AS c WHERE c.id = a.id AND c.id = b.id)",
]
UNLINKED = [
    "sky.stars AS a, sky.targets AS b",
    "sky.stars AS a, sky.targets AS b WHERE a.id = 5 AND b.id = 6",
    "sky.stars AS a, sky.stars AS b, sky.targets AS c WHERE a.id = c.id",
    "sky.stars AS a JOIN sky.targets AS b ON a.id = 5",
    "(SELECT a.id FROM sky.stars AS a, sky.targets AS b) AS x",
    "sky.stars AS x WHERE x.id > 1 UNION ALL SELECT a.id FROM sky.stars AS a, sky.targets AS b",
]


@pytest.mark.parametrize("tables", LINKED)
def test_linked(tables):
    assert unlinked_tables(translate(f"{FROM} {tables}", CATALOGUE)) is None


@pytest.mark.parametrize("tables", UNLINKED)
def test_unlinked(tables):
    assert unlinked_tables(translate(f"{FROM} {tables}", CATALOGUE)) is not None


def test_common_tables_are_looked_into():
    query = "WITH pairs AS (SELECT a.id FROM sky.stars AS a, sky.targets AS b) SELECT * FROM pairs"
    assert unlinked_tables(translate(query, CATALOGUE)) == ("sky.stars", "sky.targets")
