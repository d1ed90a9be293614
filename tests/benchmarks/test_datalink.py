"""Links of many datasets at once: a thousand identifiers must take less than a second.

The archive has 200,000 images, each made of a raw frame, a bias and a master flat, with a weight map; every
answer is read through the wire, rows and descriptors of cut-outs and all.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import pytest

from archive.declare.obscore import OBSCORE
from tests.benchmarks.beside import Beside, Request, server_beside
from tests.benchmarks.figures import Figure, Figures
from tests.datalink.small_archive import did, obscore, write

pytestmark = pytest.mark.bench

COUNT, ASKED, TIMES = 200_000, 1000, 9
MOST = 1.0  # seconds for a thousand
STEP = COUNT // ASKED
FILL = (
    """INSERT INTO dbo.raw (dp_id, dp_cat, dp_type, instrument)
    SELECT 'CAM.' || i, 'SCIENCE', 'OBJECT', 'CAM' FROM generate_series(1, %(count)s) AS i
    UNION ALL SELECT 'BIAS.' || i, 'CALIB', 'BIAS', 'CAM' FROM generate_series(0, %(count)s / 100) AS i""",
    """INSERT INTO ivoa.obscore (dp_id, obs_publisher_did, dataproduct_type, calib_level, obs_collection,
      obs_id, instrument_name, obs_title, em_min, em_max)
    SELECT 'ADP.' || i, 'ivo://uraniborg.example/ID?ADP.' || i, 'image', 2, 'CAM', i::text, 'CAM', 'M 83 CAM',
      1e-6, 2e-6 FROM generate_series(1, %(count)s) AS i""",
    """INSERT INTO phase3v2.files (file_id, archive_id, category, name)
    SELECT i, 'ADP.' || i, 'SCIENCE.IMAGE', i || '.fits' FROM generate_series(1, %(count)s) AS i
    UNION ALL SELECT -i, 'ADP.' || i || '.weight', 'ANCILLARY.WEIGHTMAP', i || '.weight.fits'
      FROM generate_series(1, %(count)s) AS i
    UNION ALL SELECT -10000000 - i, 'FLAT.' || i, 'MASTER_FLAT', 'flat.fits'
      FROM generate_series(0, %(count)s / 100) AS i""",
    """INSERT INTO phase3v2.product_files (product_id, archive_id, eso_category)
    SELECT 'ADP.' || i, 'ADP.' || i || '.weight', 'ANCILLARY.WEIGHTMAP'
    FROM generate_series(1, %(count)s) AS i""",
    """INSERT INTO phase3v2.provenance (source_file, product_file)
    SELECT unnest(ARRAY['CAM.' || i, 'BIAS.' || i / 100, 'FLAT.' || i / 100]), i
    FROM generate_series(1, %(count)s) AS i""",
    """INSERT INTO archive.file (dp_id, version, name, place, sha256, bytes, media_type, source)
    SELECT dp_id, 1, dp_id, '', '', 2880, 'image/fits', '' FROM dbo.raw
    UNION ALL SELECT archive_id, 1, archive_id, '', '', 2880, 'image/fits', '' FROM phase3v2.files""",
    """INSERT INTO archive.header (dp_id, version, hdu, name, cards, block)
    SELECT dp_id, version, 0, '', 0, '' FROM archive.file""",
    "ANALYZE",
)


@pytest.fixture(scope="module")
def site() -> Iterator[Beside]:
    with server_beside() as site:
        with site.database.writer() as connection:
            for statement in FILL:
                connection.execute(statement.encode(), {"count": COUNT} if "%(" in statement else None)
            # Those that are asked for have footprints, which take the longest to describe.
            region = "POLYGON ICRS 10 -30 10.5 -30 10.5 -29.5 10 -29.5"
            rows = (obscore(f"ADP.{i * STEP}", "image", s_region=region) for i in range(1, ASKED + 1))
            write(connection, OBSCORE, rows)
        yield site


def links(count: int, **more: str) -> Request:
    return Request("/datalink/links", {"ID": [did(f"ADP.{i * STEP}") for i in range(1, count + 1)], **more})


def test_a_thousand_identifiers(site: Beside, figures: Figures) -> None:
    asked = {1: links(1), 50: links(50), ASKED: links(ASKED)}
    with site.client() as client:
        _, content = client.ask(asked[ASKED])
        assert content.count(b"#cutout") == content.count(b'utype="adhoc:service"') == ASKED
        assert content.count(b"<TR>") == 13 * ASKED
        for count, request in asked.items():
            taken = [client.seconds(request) for _ in range(TIMES)]
            figures.add(
                Figure(
                    "Links",
                    f"{count} identifiers in one request",
                    statistics.median(taken),
                    most=MOST if count == ASKED else None,
                )
            )
