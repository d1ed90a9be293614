"""A small archive for tests of links: one raw science frame, its calibrations, and what was made of them.

SCI, BIAS, MFLAT (made of FLAT and BIAS) -> IMAGE (with WEIGHT and README) -> CATALOGUE
SCI, BIAS                                -> SPECTRUM
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from archive import store
from archive.database import Database, write_records
from archive.declare.obscore import OBSCORE
from archive.declare.phase3v2 import FILES, PRODUCT_FILES, PROVENANCE
from archive.declare.raw import RAW
from archive.declare.ssa import SSA
from archive.declare.tables import Table
from archive.declare.util import DOCURL
from archive.store import Connection, FileVersion, record_files

AUTHORITY = "uraniborg.example"
FOOTPRINT = "POLYGON ICRS 10 -30 10.5 -30 10.5 -29.5 10 -29.5"

SCI, BIAS, FLAT = "CAM.2026-01-01T01:00:00", "CAM.2026-01-01T20:00:00", "CAM.2026-01-01T21:00:00"
MFLAT, IMAGE, WEIGHT = "MASTER_FLAT_1", "ADP.2026-01-02T00:00:01", "ADP.2026-01-02T00:00:02"
README, SPECTRUM, CATALOGUE = "ADP.2026-01-02T00:00:03", "ADP.2026-01-02T00:00:04", "ADP.2026-01-02T00:00:05"
KEPT, STRANGE, LOST = "tables only", "a+b & <c>%41", "ADP.lost"

NAMES = {IMAGE: "m83_h.fits", WEIGHT: "m83_h.weight.fits", README: "readme.txt"}
_CATEGORIES = {
    MFLAT: "MASTER_FLAT",
    IMAGE: "SCIENCE.IMAGE",
    WEIGHT: "ANCILLARY.WEIGHTMAP",
    README: "ANCILLARY.README",
    SPECTRUM: "SCIENCE.SPECTRUM",
    CATALOGUE: "SCIENCE.CATALOG",
}
_SOURCES = {
    MFLAT: (FLAT, BIAS),
    IMAGE: (SCI, BIAS, MFLAT),
    SPECTRUM: (SCI, BIAS),
    CATALOGUE: (IMAGE,),
}
_RAW = {SCI: ("SCIENCE", "OBJECT"), BIAS: ("CALIB", "BIAS"), FLAT: ("CALIB", "FLAT,LAMP")}


def did(dp_id: str) -> str:
    return f"ivo://{AUTHORITY}/ID?{dp_id}"


def fill(database: Database) -> None:
    with database.writer() as connection:
        store.initialise(connection)
        keep(connection, [*_RAW, *_CATEGORIES, KEPT, STRANGE])
        connection.execute(
            "INSERT INTO archive.header (dp_id, version, hdu, name, cards, block) "
            "SELECT dp_id, version, 0, '', 0, '' FROM archive.file WHERE dp_id <> %s",
            (README,),
        )
        for table, rows in _rows().items():
            write(connection, table, rows)
    database.refresh_row_counts()


def keep(connection: Connection, dp_ids: Iterable[str], version: int = 1, size: int = 2880) -> None:
    """Files of `size` bytes, of which only the archive's tables know."""
    digest = hashlib.sha256(b"").hexdigest()
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    record_files(
        connection,
        [
            FileVersion(
                dp_id, version, f"{dp_id}.fits", "nowhere", digest, size, "application/fits", "/", moment
            )
            for dp_id in dp_ids
        ],
    )


def write(connection: Connection, table: Table, rows: Iterable[Mapping[str, object]]) -> None:
    written = write_records(connection, table, [table.row(**row) for row in rows])
    assert not written.problems


def obscore(dp_id: str, product_type: str, **more: object) -> dict[str, object]:
    return {
        "dp_id": dp_id,
        "obs_publisher_did": did(dp_id),
        "dataproduct_type": product_type,
        "calib_level": 2,
        "obs_collection": "CAM",
        "obs_id": dp_id,
        "instrument_name": "CAM",
        "access_url": "https://archive.example/",
        "s_ra": 10.25,
        "s_dec": -29.75,
        **more,
    }


def _rows() -> dict[Table, list[dict[str, object]]]:
    ids = {dp_id: number for number, dp_id in enumerate(_CATEGORIES, 1)}
    page = "https://www.example.org/cam"
    return {
        RAW: [
            {"dp_id": dp_id, "dp_cat": category, "dp_type": kind, "instrument": "CAM", "object": "M 83"}
            for dp_id, (category, kind) in _RAW.items()
        ],
        OBSCORE: [
            obscore(SCI, "image", s_region=FOOTPRINT, calib_level=1),
            obscore(
                IMAGE, "image", s_region=FOOTPRINT, obs_title="M 83 in H", release_description=f"{page}/7"
            ),
            obscore(SPECTRUM, "spectrum", em_min=4e-7, em_max=9e-7),
            obscore(CATALOGUE, "measurements"),
            obscore(LOST, "image"),
        ],
        FILES: [
            {
                "file_id": ids[dp_id],
                "archive_id": dp_id,
                "category": category,
                "name": NAMES.get(dp_id, f"{dp_id}.fits"),
            }
            for dp_id, category in _CATEGORIES.items()
        ],
        PRODUCT_FILES: [
            {
                "product_id": IMAGE,
                "archive_id": dp_id,
                "eso_category": _CATEGORIES[dp_id],
                "original_filename": NAMES[dp_id],
            }
            for dp_id in (IMAGE, WEIGHT, README)
        ],
        PROVENANCE: [
            {"source_file": source, "product_file": ids[product]}
            for product, sources in _SOURCES.items()
            for source in sources
        ],
        SSA: [
            _needed() | {"dp_id": SPECTRUM, "spectrum_url": f"https://archive.example/spectrum/{SPECTRUM}"}
        ],
        DOCURL: [{"name": "CAM", "kind": "instrument", "url": page}],
    }


def _needed() -> dict[str, object]:
    """Something in all columns of dbo.ssa that must not be empty."""
    needed = [column for column in SSA.columns if not column.nullable]
    return {column.name: "" if column.type.is_text else 0 for column in needed}
