"""phase3v2: links between files are made whichever of them comes first, and follow what is known last."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.config import Config
from archive.database import Database
from archive.store import Store, initialise
from archive.testing import ClusterForTests
from ingest import Outcome, Publication, Summary, ingest_paths
from ingest.lineage import Member, prepare_lineage, write_lineage
from ingest.naming import naming
from tests.ingest.support import RAW, TAN, image, keywords, write

SOURCES = (
    "SELECT f.archive_id, p.source_file FROM phase3v2.provenance AS p, phase3v2.files AS f"
    " WHERE p.product_file = f.file_id ORDER BY 1, 2"
)
FILES = (
    "SELECT product_id, archive_id, eso_category, original_filename, extension FROM phase3v2.product_files"
    " ORDER BY 1, 2"
)


class Archive:
    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.store = Store(folder / "store")
        self.folder = folder / "in"
        self.folder.mkdir()

    def ingest(self, *paths: Path, refresh: bool = False) -> Summary:
        config = Config(authority="archive.example")
        return ingest_paths(self.database, self.store, config, paths or [self.folder], refresh=refresh)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.database.writer() as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="module")
def own_database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        with database.writer() as connection:
            initialise(connection)
            prepare_lineage(connection)
        yield database


@pytest.fixture
def archive(own_database: Database, tmp_path: Path) -> Archive:
    with own_database.writer() as connection:
        connection.execute(
            "TRUNCATE archive.file, archive.header, archive.ingest_outcome, archive.copy, archive.file_name,"
            " archive.file_reference, phase3v2.files, phase3v2.provenance, phase3v2.product_files, dbo.raw,"
            " ivoa.obscore, ist.other, adql.header_keywords CASCADE"
        )
    return Archive(own_database, tmp_path)


def raw(archive: Archive, second: int, original: str = "", **more: object) -> Path:
    name = f"ISAAC.2006-04-13T06:32:{second:02}.000.fits"
    own = {"ARCFILE": name, "ORIGFILE": original or f"ISAAC_{second}.fits"}
    return write(archive.folder, name, image(RAW | TAN | own | more))


def product(archive: Archive, number: int, **more: object) -> Path:
    name = f"ADP.2026-01-01T00:00:{number:02}.000.fits"
    own = {"ARCFILE": name, "ORIGFILE": f"deep_{number}.fits", "PRODCATG": "SCIENCE.IMAGE"}
    return write(archive.folder, name, image(TAN | own | {"MJD-OBS": 53838.0} | more))


RAW_1, RAW_2 = "ISAAC.2006-04-13T06:32:01.000", "ISAAC.2006-04-13T06:32:02.000"
DEEP_1, DEEP_2 = "ADP.2026-01-01T00:00:01.000", "ADP.2026-01-01T00:00:02.000"


@pytest.mark.parametrize("first", ["raw", "product"])
def test_links_are_made_whichever_file_comes_first(archive: Archive, first: str) -> None:
    frames = [raw(archive, 1), raw(archive, 2)]
    made = product(archive, 1, PROV1=f"{RAW_1}.fits", PROV2="ISAAC_2.fits", PROV3="lost.fits")
    order = [frames, [made]] if first == "raw" else [[made], frames]
    for paths in order:
        archive.ingest(*paths)
    assert archive.rows(SOURCES) == [(DEEP_1, RAW_1), (DEEP_1, RAW_2)]
    # Again, and anew, nothing changes.
    before = archive.rows("SELECT * FROM phase3v2.files")
    archive.ingest()
    archive.ingest(refresh=True)
    assert archive.rows(SOURCES) == [(DEEP_1, RAW_1), (DEEP_1, RAW_2)]
    assert archive.rows("SELECT * FROM phase3v2.files") == before
    assert archive.rows("SELECT name, target FROM archive.file_reference WHERE target IS NULL") == [
        ("lost", None)
    ]


def test_a_name_that_means_several_files_means_none(archive: Archive) -> None:
    """Original names occur again every night; identifiers do not, and win."""
    archive.ingest(product(archive, 1, PROV1="ISAAC_0001.fits", PROV2=f"{RAW_2}.fits"))
    archive.ingest(raw(archive, 1, "ISAAC_0001.fits"))
    assert archive.rows(SOURCES) == [(DEEP_1, RAW_1)]
    archive.ingest(raw(archive, 2, "ISAAC_0001.fits"))
    assert archive.rows(SOURCES) == [(DEEP_1, RAW_2)]
    archive.ingest(raw(archive, 2, "ISAAC_0002.fits"))
    assert archive.rows(SOURCES) == [(DEEP_1, RAW_1), (DEEP_1, RAW_2)]


def test_original_names_of_raw_frames_mean_those_of_the_same_night(archive: Archive) -> None:
    """Instruments begin to count anew every night; an identifier is right whenever it was taken."""
    later = {"DATE-OBS": "2006-04-20T06:32:38.9441", "MJD-OBS": 53845.27267296}
    raw(archive, 1, "ISAAC_0001.fits")
    raw(archive, 2, "ISAAC_0001.fits", **later)
    raw(archive, 3, "ISAAC_0003.fits", **later)
    product(archive, 1, PROV1="ISAAC_0001.fits", PROV2="ISAAC_0003.fits")
    product(archive, 2, PROV1="ISAAC.2006-04-13T06_32_03.000.fits")
    archive.ingest()
    assert archive.rows(SOURCES) == [(DEEP_1, RAW_1), (DEEP_2, "ISAAC.2006-04-13T06:32:03.000")]


def test_a_new_version_tells_its_own_sources_and_keeps_its_number(archive: Archive) -> None:
    raw(archive, 1)
    raw(archive, 2)
    product(archive, 1, PROV1=f"{RAW_1}.fits")
    product(archive, 2, PROV1="deep_1.fits")
    archive.ingest()
    number = archive.rows("SELECT archive_id, file_id FROM phase3v2.files ORDER BY 1")
    assert archive.rows(SOURCES) == [(DEEP_1, RAW_1), (DEEP_2, DEEP_1)]
    summary = archive.ingest(product(archive, 1, PROV1=f"{RAW_2}.fits", FILTER="K"))
    assert summary.counts == {Outcome.NEW_VERSION: 1}
    assert archive.rows(SOURCES) == [(DEEP_1, RAW_2), (DEEP_2, DEEP_1)]
    assert archive.rows("SELECT archive_id, file_id FROM phase3v2.files ORDER BY 1") == number


def test_users_find_what_was_made_of_a_frame(archive: Archive) -> None:
    raw(archive, 1)
    product(archive, 1, PROV1=f"{RAW_1}.fits")
    archive.ingest()
    found = archive.rows(
        "SELECT source_file, archive_id, category, name FROM phase3v2.provenance AS p, phase3v2.files AS f"
        f" WHERE p.product_file = f.file_id AND source_file = '{RAW_1}'"
    )
    assert found == [(RAW_1, DEEP_1, "SCIENCE.IMAGE", "deep_1.fits")]


def test_products_list_their_files(archive: Archive) -> None:
    made = product(
        archive,
        1,
        ASSON1="deep_1.weight.fits",
        ASSOC1="ANCILLARY.WEIGHTMAP",
        ASSON2="deep_1.png",
        ASSOC2="ANCILLARY.PREVIEW",
        ASSON3="deep_1.tar",
        ASSOC3="ANCILLARY.TAR",
    )
    weight = image(TAN | {"PRODCATG": "ANCILLARY.WEIGHTMAP", "ORIGFILE": "deep_1.weight.fits"})
    write(archive.folder, "ADP.2026-01-01T00:00:03.000.fits", weight)
    write(archive.folder, "deep_1.png", b"\x89PNG")
    write(archive.folder, "others.png", b"\x89PNG nobody asked for")
    summary = archive.ingest()
    assert summary.ignored == 1
    science = (DEEP_1, DEEP_1, "SCIENCE.IMAGE", "deep_1.fits", "fits")
    preview = (DEEP_1, "deep_1.png", "ANCILLARY.PREVIEW", "deep_1.png", "png")
    mask = ("ADP.2026-01-01T00:00:03.000", "ANCILLARY.WEIGHTMAP", "deep_1.weight.fits", "fits")
    assert archive.rows(FILES) == [science, (DEEP_1, *mask), preview]
    assert archive.rows(
        "SELECT size_kb, access_url FROM phase3v2.product_files WHERE archive_id = 'deep_1.png'"
    ) == [(1, "http://127.0.0.1:8000/file/deep_1.png")]
    assert archive.rows("SELECT name, media_type FROM archive.file WHERE dp_id = 'deep_1.png'") == [
        ("deep_1.png", "image/png")
    ]
    # A larger preview is told in the row of its product.
    write(archive.folder, "deep_1.png", b"\x89PNG" + bytes(5000))
    assert archive.ingest(archive.folder / "deep_1.png").counts == {Outcome.NEW_VERSION: 1}
    assert archive.rows("SELECT size_kb FROM phase3v2.product_files WHERE archive_id = 'deep_1.png'") == [
        (6,)
    ]
    # A product that no longer names it has it no longer.
    made.unlink()
    archive.ingest(product(archive, 1))
    assert archive.rows(FILES) == [science]


def test_files_of_other_names_are_known_by_their_sums(archive: Archive) -> None:
    """ESO's archive gives a preview another name; the product still tells the sum of its bytes."""
    content = b"\x89PNG of the archive"
    sum_ = hashlib.md5(content, usedforsecurity=False).hexdigest()
    renamed = write(archive.folder, "ADP.2026-01-01T00:00:09.000.png", content)
    assert archive.ingest(renamed).counts == {Outcome.UNREADABLE: 1}
    assert archive.ingest().ignored == 1
    product(archive, 1, ASSON1="r.deep_0000.fits_1.png", ASSOC1="ANCILLARY.PREVIEW", ASSOM1=sum_)
    assert archive.ingest().counts == {Outcome.INGESTED: 1, Outcome.STORED: 1}
    [_, preview] = archive.rows(FILES)
    assert preview == (
        DEEP_1,
        "ADP.2026-01-01T00:00:09.000",
        "ANCILLARY.PREVIEW",
        "ADP.2026-01-01T00:00:09.000.png",
        "png",
    )
    assert archive.ingest().counts == {Outcome.UNCHANGED: 2}


def test_of_two_transactions_the_later_sees_the_earlier(archive: Archive) -> None:
    """Each brings one end of a link, at the same time."""
    publication = Publication.of(Config())
    frame = naming(keywords(RAW), (), "frame", "frame.fits", raw=True)
    deep = naming(
        keywords({"PROV1": "frame.fits", "PRODCATG": "SCIENCE.IMAGE"}), (), "deep", "deep.fits", raw=False
    )
    begun = threading.Event()

    def bring_frame() -> None:
        with archive.database.writer() as connection:
            begun.set()
            write_lineage(connection, [Member("frame", frame, False)], publication)

    other = threading.Thread(target=bring_frame)
    with archive.database.writer() as connection:
        write_lineage(connection, [Member("deep", deep, True)], publication)
        other.start()
        begun.wait(30)
    other.join(30)
    assert archive.rows(SOURCES) == [("deep", "frame")]
