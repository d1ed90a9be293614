"""Whole runs against a real database: each file once, whole, and with a reason where there is one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from archive.config import Config
from archive.database import Database
from archive.database.server import reader_settings
from archive.errors import ConfigurationError, UnreadableFile
from archive.store import Store, checksum, find_file, initialise, lock_identifiers, read_headers
from archive.testing import ClusterForTests
from ingest import Outcome, Summary, ingest_paths
from tests.ingest.support import RAW, TAN, image, table, write
from tests.ingest.test_hostile import no_room

COUNTED = ("archive.file", "archive.header", "archive.ingest_outcome", "dbo.raw", "ivoa.obscore")


class Archive:
    """A database, a store and a folder for what comes in."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.store = Store(folder / "store")
        self.incoming = folder / "in"
        self.incoming.mkdir()

    def ingest(self, *paths: Path, collection: str | None = None, refresh: bool = False) -> Summary:
        return ingest_paths(
            self.database,
            self.store,
            Config(authority="archive.example"),
            paths or [self.incoming],
            collection=collection,
            refresh=refresh,
        )

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.database.writer() as connection:
            return connection.execute(query.encode()).fetchall()

    def counts(self) -> list[object]:
        return [self.rows(f"SELECT count(*) FROM {table}")[0][0] for table in COUNTED]


@pytest.fixture(scope="module")
def own_database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        with database.writer() as connection:
            initialise(connection)
        yield database


@pytest.fixture
def archive(own_database: Database, tmp_path: Path) -> Archive:
    with own_database.writer() as connection:
        connection.execute(
            "TRUNCATE archive.file, archive.header, archive.ingest_outcome, dbo.raw, ivoa.obscore,"
            " ist.other, phase3v2.files, adql.header_keywords CASCADE"
        )
    return Archive(own_database, tmp_path)


def frame(second: int, **more: object) -> bytes:
    name = f"ISAAC.2006-04-13T06:32:{second:02}.000.fits"
    return image(RAW | TAN | {"ARCFILE": name} | more)


def test_every_kind_of_file_finds_its_place(archive: Archive) -> None:
    write(archive.incoming, "science.fits", frame(1))
    write(
        archive.incoming, "dark.fits.gz", frame(2, **{"ESO DPR CATG": "CALIB", "RA": -596.5, "DEC": -596.5})
    )
    write(archive.incoming, "tile.fits", image(TAN))
    write(archive.incoming, "catalogue.fits", image({}, ()), table({"RA": ([1.0], "deg")}))
    write(archive.incoming, "broken.fits", frame(3)[:4000])
    (archive.incoming / "deep" / "er").mkdir(parents=True)
    write(archive.incoming / "deep" / "er", "no ending", image(TAN | {"OBJECT": "deep"}))
    write(archive.incoming, "readme.txt", b"Read me")
    summary = archive.ingest(collection="NIGHT")
    assert summary.counts == {Outcome.INGESTED: 4, Outcome.STORED: 1, Outcome.UNREADABLE: 1}
    assert (summary.total, summary.ignored, len(summary.failures)) == (6, 1, 1)
    assert archive.counts() == [5, 6, 6, 2, 3]
    assert archive.rows(
        "SELECT outcome, reason FROM archive.ingest_outcome WHERE outcome <> 'ingested' ORDER BY 1"
    ) == [
        ("stored", "tables only, and no PRODCATG"),
        ("unreadable", "truncated: HDU 0 announces 10000 bytes of data and has 1120"),
    ]
    assert archive.rows("SELECT DISTINCT obs_collection FROM ivoa.obscore") == [("NIGHT",)]
    assert archive.rows("SELECT ra, dec FROM dbo.raw WHERE dp_cat = 'CALIB'") == [(-596.5, -596.5)]
    assert archive.rows("SELECT count(*) FROM ivoa.obscore WHERE s_region__bounds IS NULL") == [(0,)]
    text = "\n".join(summary.lines())
    assert "1 unreadable" in text and "broken.fits: truncated" in text and "1 other ignored" in text


def test_the_stored_bytes_and_headers_are_those_of_the_file(archive: Archive) -> None:
    content = frame(1)
    path = write(archive.incoming, "science.fits", content)
    archive.ingest()
    with archive.database.writer() as connection:
        file = find_file(connection, "ISAAC.2006-04-13T06:32:01.000")
        (header,) = read_headers(connection, file.dp_id)
    assert archive.store.path(file.place).read_bytes() == content
    assert (file.sha256, file.bytes, file.name) == (checksum(path), len(content), "science.fits")
    assert (file.media_type, file.source, file.version) == ("image/fits", str(path), 1)
    assert header.raw == content[: len(header.raw)] and header.text("OBJECT") == "PSR-J1740-3052"


def test_the_same_file_twice_changes_nothing(archive: Archive) -> None:
    for second in range(3):
        write(archive.incoming, f"{second}.fits", frame(second))
    write(archive.incoming, "broken.fits", b"SIMPLE")
    archive.ingest()
    state = "SELECT dp_id, version, stored_at, xmin::text FROM archive.file ORDER BY 1"
    rows = "SELECT dp_id, last_mod_date, xmin::text FROM ivoa.obscore ORDER BY 1"
    before = archive.counts(), archive.rows(state), archive.rows(rows)
    summary = archive.ingest()
    assert summary.counts == {Outcome.UNCHANGED: 3, Outcome.UNREADABLE: 1}
    assert (archive.counts(), archive.rows(state), archive.rows(rows)) == before
    # Moved elsewhere, it is still the same file.
    (archive.incoming / "moved").mkdir()
    (archive.incoming / "0.fits").rename(archive.incoming / "moved" / "0.fits")
    assert archive.ingest().counts == {Outcome.UNCHANGED: 3, Outcome.UNREADABLE: 1}
    assert archive.rows(state) == before[1]


def test_a_changed_file_is_a_new_version(archive: Archive) -> None:
    path = write(archive.incoming, "a.fits", frame(1))
    archive.ingest()
    first = path.read_bytes()
    path.write_bytes(frame(1, OBJECT="corrected"))
    assert archive.ingest().counts == {Outcome.NEW_VERSION: 1}
    assert archive.rows("SELECT object FROM dbo.raw") == [("corrected",)]
    assert archive.rows("SELECT target_name FROM ivoa.obscore") == [("corrected",)]
    with archive.database.writer() as connection:
        old, new = (
            find_file(connection, "ISAAC.2006-04-13T06:32:01.000", 1),
            find_file(connection, "ISAAC.2006-04-13T06:32:01.000"),
        )
    assert archive.store.path(old.place).read_bytes() == first
    assert (new.version, archive.store.path(new.place).read_bytes()) == (2, path.read_bytes())
    # Back to what it was: a third version, with the bytes of the first.
    path.write_bytes(first)
    assert archive.ingest().counts == {Outcome.NEW_VERSION: 1}
    assert archive.rows("SELECT version, place FROM archive.file ORDER BY 1")[2] == (3, old.place)


def test_a_version_that_is_no_science_any_more_loses_its_row(archive: Archive) -> None:
    path = write(archive.incoming, "a.fits", frame(1))
    archive.ingest()
    path.write_bytes(frame(1, **{"ESO DPR CATG": "CALIB"}))
    archive.ingest()
    assert archive.counts()[3:] == [1, 0]


def test_two_files_of_one_name_are_not_versions_of_each_other(archive: Archive) -> None:
    for folder in ("north", "south"):
        (archive.incoming / folder).mkdir()
        write(archive.incoming / folder, "tile.fits", image(TAN | {"OBJECT": folder}))
    summary = archive.ingest()
    assert summary.counts == {Outcome.INGESTED: 1, Outcome.REFUSED: 1}
    assert "only file names tell them apart" in str(summary.failures[0].reason)
    assert archive.rows("SELECT target_name FROM ivoa.obscore") == [("north",)]
    # When the first is gone, the other is its successor.
    (archive.incoming / "north" / "tile.fits").unlink()
    assert archive.ingest().counts == {Outcome.NEW_VERSION: 1}


def test_equal_files_of_one_name_are_one(archive: Archive) -> None:
    for folder in ("north", "south"):
        (archive.incoming / folder).mkdir()
        write(archive.incoming / folder, "tile.fits", image(TAN))
    assert archive.ingest().counts == {Outcome.INGESTED: 1, Outcome.UNCHANGED: 1}


def test_named_paths_that_are_no_fits_files_are_failures(archive: Archive) -> None:
    text = write(archive.incoming, "readme.txt", b"Read me, I am not FITS at all.")
    summary = archive.ingest(text, archive.incoming / "missing.fits", archive.incoming / "empty")
    # What might belong to a product is looked at last.
    assert [report.reason for report in summary.failures] == [
        "no such file or folder",
        "no such file or folder",
        "not FITS: it does not begin with SIMPLE",
    ]
    assert summary.exit_status == 0
    strict = ingest_paths(archive.database, archive.store, Config(), [text], strict=True)
    assert strict.exit_status == 1


def test_a_file_that_was_repaired_is_no_failure_any_more(archive: Archive) -> None:
    path = write(archive.incoming, "a.fits", frame(1)[:3000])
    archive.ingest()
    path.write_bytes(frame(1))
    assert archive.ingest().counts == {Outcome.INGESTED: 1}
    assert archive.rows("SELECT outcome, reason FROM archive.ingest_outcome") == [("ingested", None)]


def test_refresh_derives_rows_anew_without_a_new_version(archive: Archive) -> None:
    write(archive.incoming, "a.fits", image(TAN))
    archive.ingest()
    assert archive.ingest(collection="MASH").counts == {Outcome.UNCHANGED: 1}
    assert archive.rows("SELECT obs_collection FROM ivoa.obscore") == [("other",)]
    assert archive.ingest(collection="MASH", refresh=True).counts == {Outcome.UNCHANGED: 1}
    assert archive.rows("SELECT obs_collection FROM ivoa.obscore") == [("MASH",)]
    assert archive.rows("SELECT max(version) FROM archive.file") == [(1,)]


def test_one_file_that_the_database_refuses_spoils_no_other(archive: Archive) -> None:
    for second in range(5):
        write(archive.incoming, f"{second}.fits", frame(second))
    archive.ingest(archive.incoming / "0.fits")
    with archive.database.writer() as connection:
        connection.execute("ALTER TABLE dbo.raw ADD CONSTRAINT odd CHECK (dp_id NOT LIKE '%:03.000')")
    summary = archive.ingest()
    assert summary.counts == {Outcome.UNCHANGED: 1, Outcome.INGESTED: 3, Outcome.UNREADABLE: 1}
    assert "refused by the database" in str(summary.failures[0].reason)
    assert archive.counts() == [4, 4, 5, 4, 4]
    with archive.database.writer() as connection:
        connection.execute("ALTER TABLE dbo.raw DROP CONSTRAINT odd")


def test_names_that_are_not_utf_8(archive: Archive) -> None:
    name = os.fsencode(archive.incoming) + b"/caf\xe9.fits"
    Path(os.fsdecode(name)).write_bytes(image(TAN))
    assert archive.ingest().counts == {Outcome.INGESTED: 1}
    assert archive.ingest().counts == {Outcome.UNCHANGED: 1}


def test_unreadable_for_want_of_rights_or_by_a_loop(archive: Archive) -> None:
    (archive.incoming / "loop.fits").symlink_to("loop.fits")
    (archive.incoming / "self").symlink_to(archive.incoming)
    write(archive.incoming, "a.fits", image(TAN))
    summary = archive.ingest()
    assert summary.counts[Outcome.INGESTED] == 1


def test_progress_is_told(archive: Archive) -> None:
    for number in range(70):
        write(archive.incoming, f"{number}.fits", image(TAN | {"OBJECT": f"t{number}"}))
    told: list[tuple[int, int]] = []
    ingest_paths(
        archive.database,
        archive.store,
        Config(),
        [archive.incoming],
        progress=lambda done, all_: told.append((done, all_)),
    )
    assert told == [(64, 70), (70, 70)]


_CHILD = """
import sys
from pathlib import Path
from archive.config import Config
from archive.database.server import Server
from archive.database import Database
from archive.store import Store
from ingest import ingest_paths
owner, writer, reader, store, folder = sys.argv[1:]
database = Database(Server(owner, writer, reader, reader), Config())
print("ready", flush=True)
for path in sorted(Path(folder).iterdir()):
    ingest_paths(database, Store(Path(store)), Config(), [path])
database.close()
"""


def test_killed_in_the_middle_it_leaves_whole_files_or_nothing(
    archive: Archive, test_cluster: ClusterForTests
) -> None:
    for number in range(40):
        write(archive.incoming, f"{number:02}.fits", frame(number))
    ((name,),) = archive.rows("SELECT current_database()")
    server = test_cluster.cluster.server(str(name), reader_settings(Config()))
    random.seed(1)
    for _ in range(2):
        command = [sys.executable, "-c", _CHILD, server.owner, server.writer, server.reader]
        with subprocess.Popen(
            [*command, str(archive.store.folder), str(archive.incoming)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        ) as child:
            assert child.stdout is not None and child.stdout.readline() == b"ready\n"
            time.sleep(random.uniform(0.05, 0.6))
            child.send_signal(signal.SIGKILL)
        check_whole(archive)
    archive.ingest()
    check_whole(archive)
    assert archive.counts() == [40, 40, 40, 40, 40]


_COMMAND = """
import signal, sys
from frontdesk.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Root's commands continue as the database's account, which cannot enter the folders of pytest."""
    with tempfile.TemporaryDirectory(prefix="uraniborg-ingest-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_interrupted_it_tells_what_it_did(
    own_database: Database,
    archive: Archive,
    test_cluster: ClusterForTests,
    open_folder: Path,
    number: int,
    status: int,
) -> None:
    archive = Archive(own_database, open_folder)
    for place in range(100):
        write(archive.incoming, f"{place:03}.fits", image(TAN | {"OBJECT": f"t{place}"}, (4, 4)))
    server = test_cluster.cluster.server(str(archive.rows("SELECT current_database()")[0][0]), {})
    config = open_folder / "uraniborg.toml"
    config.write_text(f'data_folder = "data"\ndsn = "{server.owner}"\n')
    command = [sys.executable, "-c", _COMMAND, "--config", str(config), "ingest", str(archive.incoming)]
    # The first 64 files go in; the transaction of the others waits for us.
    with archive.database.writer() as connection:
        lock_identifiers(connection, ["099"])
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        ) as process:
            while process.poll() is None and not waits_for_a_lock(archive):
                time.sleep(0.05)
            process.send_signal(number)
            told, complaints = process.communicate(timeout=120)
    assert process.returncode == status, complaints
    assert "Traceback" not in complaints
    assert told.split()[:2] == ["64", "files"] and "36 not reached" in told
    archive.store = Store(open_folder / "data" / "files")
    check_whole_datasets(archive, 64)
    assert archive.ingest().counts == {Outcome.UNCHANGED: 64, Outcome.INGESTED: 36}
    check_whole_datasets(archive, 100)


def waits_for_a_lock(archive: Archive) -> bool:
    return archive.rows(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())"
    ) != [(0,)]


def check_whole_datasets(archive: Archive, count: int) -> None:
    assert archive.counts() == [count, count, count, 0, count]
    for place, sha256 in archive.rows("SELECT place, sha256 FROM archive.file"):
        assert checksum(archive.store.path(str(place))) == sha256


def test_two_runs_over_the_same_files_at_the_same_time(
    archive: Archive, test_cluster: ClusterForTests
) -> None:
    folder = archive.incoming / "night"
    folder.mkdir()
    for number in range(60):
        write(folder, f"{number:02}.fits", frame(number))
        write(folder, f"{number:02} broken.fits", frame(number)[:3000])
    name = str(archive.rows("SELECT current_database()")[0][0])
    server = test_cluster.cluster.server(name, reader_settings(Config()))
    arguments = [server.owner, server.writer, server.reader, archive.store.folder, archive.incoming]
    command = [sys.executable, "-c", _CHILD, *map(str, arguments)]
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
            )
            for _ in range(2)
        ]
        assert [process.wait(timeout=120) for process in running] == [0, 0]
    assert archive.counts() == [60, 60, 120, 60, 60]
    for place, sha256 in archive.rows("SELECT place, sha256 FROM archive.file"):
        assert checksum(archive.store.path(str(place))) == sha256


def test_a_file_that_is_written_while_it_is_read_is_for_later(archive: Archive) -> None:
    path = write(archive.incoming, "a.fits", image(TAN, (4000, 2000)))
    ended = threading.Event()

    def touch() -> None:
        moment = 0
        while not ended.is_set():
            moment += 1
            os.utime(path, ns=(moment, moment))

    writer = threading.Thread(target=touch)
    writer.start()
    summary = archive.ingest()
    ended.set()
    writer.join()
    assert [report.reason for report in summary.failures] == [
        "the file changed while it was being read; ingest it again"
    ]
    assert archive.counts() == [0, 0, 1, 0, 0]
    assert archive.ingest().counts == {Outcome.INGESTED: 1}


def test_a_store_without_room_ends_the_run_and_keeps_what_was_done(archive: Archive) -> None:
    for number in range(70):
        write(archive.incoming, f"{number:02}.fits", image(TAN | {"OBJECT": f"t{number}"}, (4, 4)))
    write(archive.incoming, "large.fits", image(TAN | {"OBJECT": "large"}, (1000, 1000)))
    summary = Summary()
    with no_room(1 << 20), pytest.raises(ConfigurationError, match="takes no files"):
        ingest_paths(archive.database, archive.store, Config(), [archive.incoming], summary=summary)
    assert (summary.total, summary.remaining) == (64, 7)
    check_whole_datasets(archive, 64)
    assert archive.rows("SELECT nrows FROM tap_schema.tables WHERE table_name = 'ivoa.ObsCore'") == [(64,)]
    assert archive.ingest().counts == {Outcome.UNCHANGED: 64, Outcome.INGESTED: 7}


def test_texts_too_long_for_an_index_spoil_no_other_file(archive: Archive) -> None:
    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20_000))
    lines = [f"OBJECT  = '{noise[:66]}&'"]
    lines += [f"CONTINUE  '{noise[start : start + 66]}&'" for start in range(66, 20_000, 66)]
    write(archive.incoming, "long.fits", image(TAN, lines=lines))
    write(archive.incoming, "short.fits", image(TAN))
    summary = archive.ingest()
    assert summary.counts[Outcome.INGESTED] >= 1 and summary.total == 2


def test_pipes_closed_folders_and_dead_links(archive: Archive) -> None:
    os.mkfifo(archive.incoming / "pipe.fits")
    (archive.incoming / "dead.fits").symlink_to("nowhere")
    (archive.incoming / "zero.fits").symlink_to("/dev/zero")
    write(archive.incoming, "a.fits", image(TAN))
    summary = archive.ingest()
    assert summary.counts == {Outcome.INGESTED: 1, Outcome.UNREADABLE: 1} and summary.ignored == 2
    named = archive.ingest(archive.incoming / "pipe.fits", archive.incoming / "zero.fits", Path("/dev/null"))
    assert {report.reason for report in named.failures} == {"not a file, but a device, a pipe or the like"}


def check_whole(archive: Archive) -> None:
    with archive.database.writer() as connection:
        if connection.execute("SELECT to_regclass('archive.file')").fetchone() == (None,):
            return
    assert len(set(archive.counts())) == 1
    for place, sha256 in archive.rows("SELECT place, sha256 FROM archive.file"):
        assert checksum(archive.store.path(str(place))) == sha256


def test_a_folder_without_files(archive: Archive) -> None:
    summary = archive.ingest()
    assert summary.total == 0 and list(summary.lines()) == ["0 files"]


def test_a_file_that_grows_while_it_is_read_is_reported(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(archive.incoming, "a.fits", frame(1))
    before = checksum(path)
    path.write_bytes(frame(1, OBJECT="other"))
    with pytest.raises(UnreadableFile, match="changed"):
        archive.store.keep(path, "a", before)
