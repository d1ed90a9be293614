"""Inputs on their way: kept, read apart, written whole or not at all, each with an outcome to ask for."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from archive import store as storage
from archive.config import Config
from archive.database import Database
from archive.plugins import Plugins
from archive.plugins.loading import checked
from archive.plugins.modules import Source, public_values
from archive.store import Store, checksum
from archive.testing import ClusterForTests
from ingest import Inputs, Outcome, Summary, ingest_paths, retry_inputs
from tests.ingest.support import RAW, TAN, image, write
from tests.waiting import eventually

from . import readers

PLUGINS = checked([Source(Path(readers.__file__), public_values(readers))])
LIMITS = Config(plugin_seconds=60.0, plugin_memory_bytes=200 << 20, plugin_rows=20_000)


@dataclass(frozen=True)
class Site:
    database: Database
    store: Store
    config: Config
    folder: Path

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def inputs(self, plugins: Plugins = PLUGINS, chosen: str = "", **settings: float) -> Inputs:
        config = replace(self.config, **settings)  # type: ignore[arg-type]  # only numbers
        return Inputs(self.database, self.store, config, plugins, chosen=chosen)

    def ingest(self, *paths: Path, inputs: Inputs | None = None, refresh: bool = False) -> Summary:
        inputs = inputs or Inputs(self.database, self.store, self.config, PLUGINS, refresh=refresh)
        return ingest_paths(self.database, self.store, self.config, paths, inputs=inputs, refresh=refresh)

    def retry(self) -> Summary:
        summary = Summary()
        retry_inputs(self.inputs(), summary)
        return summary

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.database.writer() as connection:
            return connection.execute(query.encode()).fetchall()

    @property
    def notes(self) -> list[tuple[object, ...]]:
        return self.rows("SELECT number, words FROM site.note ORDER BY number")


@pytest.fixture(scope="module")
def published(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        database.publish(PLUGINS.tables, PLUGINS.schemas)
        with database.writer() as connection:
            storage.initialise(connection)
        yield database


@pytest.fixture
def site(published: Database) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="uraniborg-inputs-") as name:
        config = replace(LIMITS, data_folder=Path(name, "data"))
        folder = Path(name, "offered")
        folder.mkdir()
        yield Site(published, storage.open_store(published, config), config, folder)
    with published.writer() as connection:
        # Some rows are gone sooner than tables are made anew.
        for table in ("note", "note_version", "frame"):
            connection.execute(f"DELETE FROM site.{table}".encode())
        connection.execute("DELETE FROM dbo.raw")
        connection.execute("DELETE FROM dfs.input_file")
        for table in ("file", "copy", "ingest_outcome"):
            connection.execute(f"DELETE FROM archive.{table}".encode())


def told(site: Site) -> list[tuple[object, ...]]:
    return site.rows(
        "SELECT input_id, version, outcome, row_count, changed_count, attempts FROM dfs.input_file"
        " ORDER BY received, input_id"
    )


def test_an_input_becomes_rows_and_stays_a_file(site: Site) -> None:
    path = site.file("a.note", "1 first\n2 second\n!problem\n!print\n")
    summary = site.ingest(site.folder)
    assert list(summary.lines()) == ["1 file", "       1 ingested", "           1 by plugin notes"]
    assert site.notes == [(1, "first"), (2, "second")]
    assert told(site) == [("notes.a.note", 1, "read", 2, 2, 1)]
    assert site.rows("SELECT problems, problem_count, reason FROM dfs.input_file") == [
        ("the second page is missing", 1, None)
    ]
    assert site.rows("SELECT name, media_type, source FROM archive.file") == [
        ("a.note", "application/octet-stream", str(path))
    ]
    assert site.rows("SELECT path, outcome, problems FROM archive.ingest_outcome") == [
        (str(path), "ingested", ["the second page is missing"])
    ]
    assert site.rows("SELECT input_id FROM site.note_version WHERE number = 1") == [("notes.a.note",)]


def test_the_same_input_twice_changes_nothing(site: Site) -> None:
    path = site.file("a.note", "1 first\n")
    site.ingest(path)
    before = told(site), site.rows("SELECT * FROM site.note_version")
    assert site.ingest(path).counts == {Outcome.UNCHANGED: 1}
    assert (told(site), site.rows("SELECT * FROM site.note_version")) == before
    assert site.ingest(path, refresh=True).counts == {Outcome.UNCHANGED: 1}
    assert told(site) == [("notes.a.note", 1, "read", 1, 0, 2)]


def test_another_content_is_another_version(site: Site) -> None:
    path = site.file("a.note", "1 first\n")
    site.ingest(path)
    path.write_text("1 second\n")
    assert site.ingest(path).counts == {Outcome.NEW_VERSION: 1}
    assert site.rows("SELECT row_version, words FROM site.note_version ORDER BY 1") == [
        (1, "first"),
        (2, "second"),
    ]
    assert [row[:3] for row in told(site)] == [("notes.a.note", 1, "read"), ("notes.a.note", 2, "read")]


def test_two_files_of_one_name_do_not_take_turns(site: Site) -> None:
    one, other = site.file("x/a.note", "1 here\n"), site.file("y/a.note", "2 there\n")
    site.ingest(one, other)
    assert site.ingest(one, other).counts == {Outcome.UNCHANGED: 2}
    assert site.notes == [(1, "here"), (2, "there")]


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("raise", "KeyError: 'RA' (readers.py:"),
        ("hang", "took more than 1 seconds"),
        ("spin", "took more than 1 seconds"),
        ("flood", "it wanted more memory than it may have"),
        ("exit", "SystemExit: enough"),
        ("die", "died of SIGSEGV"),
        ("leave", "ended by itself"),
    ],
)
def test_what_goes_wrong_harms_one_input_only(site: Site, order: str, reason: str) -> None:
    site.file("a.note", "1 before\n")
    site.file("b.note", f"2 lost\n!{order}\n")
    site.file("c.note", "3 after\n")
    begun = time.monotonic()
    summary = site.ingest(site.folder, inputs=site.inputs(plugin_seconds=1.0))
    assert time.monotonic() - begun < 30
    assert summary.counts == {Outcome.INGESTED: 2, Outcome.UNREADABLE: 1}
    assert site.notes == [(1, "before"), (3, "after")]
    [(outcome, said, rows)] = site.rows(
        "SELECT outcome, reason, row_count FROM dfs.input_file WHERE input_id = 'notes.b.note'"
    )
    assert (outcome, rows) == ("failed", None)
    assert reason.replace("readers.py", str(readers.__file__)) in str(said)
    assert summary.failures[0].reason == said


def pids(site: Site) -> list[str]:
    """Which process read each input, by the names of the inputs."""
    found = site.rows("SELECT problems FROM dfs.input_file ORDER BY input_id")
    return [str(problems) for (problems,) in found]


def test_a_process_reads_one_input_after_the_other(site: Site) -> None:
    for number in range(12):
        site.file(f"{number:02}.note", f"{number} here\n!pid\n")
    inputs = site.inputs()
    site.ingest(site.folder, inputs=inputs)
    assert len(set(pids(site))) <= inputs._pool.size
    assert inputs._pool._processes == set()  # after the run there are none


def test_what_an_input_leaves_behind_harms_no_other(site: Site) -> None:
    """A reader with a memory, which fails on its second input, is asked again in a process of its own."""
    for number in range(4):
        site.file(f"{number}.note", f"{number} here\n!once\n!pid\n")
    assert site.ingest(site.folder).counts == {Outcome.INGESTED: 4}
    assert len(set(pids(site))) == 4


def test_a_process_that_has_grown_is_replaced(site: Site) -> None:
    for number in range(4):
        site.file(f"{number}.note", f"{number} here\n!keep\n!pid\n")
    assert site.ingest(site.folder).counts == {Outcome.INGESTED: 4}
    assert len(set(pids(site))) == 4


def test_inputs_are_written_in_their_order(site: Site) -> None:
    site.file("a.note", "!slow\n1 first\n")
    site.file("b.note", "1 second\n")
    site.file("c.note", "!slow\n1 third\n")
    site.ingest(site.folder)
    assert site.notes == [(1, "third")]
    assert site.rows("SELECT words FROM site.note_version ORDER BY row_version") == [
        ("first",),
        ("second",),
        ("third",),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("type", "column stars (INTEGER): Could not convert 'many' with type str"),
        ("type", "(row number='2')"),
        ("fraction", "1.5 is no whole number"),
        ("column", "table site.note has no column colour"),
        ("missing", "table site.note: a row needs number"),
        ("nul", "table site.note: "),
        ("table", "a row of site.frame, which is not among its tables"),
        ("object", "gave tuple instead of a row"),
        ("many", "it has more than 20,000 rows; raise plugin_rows"),
    ],
)
def test_a_bad_row_is_told_and_nothing_written(site: Site, row: str, reason: str) -> None:
    summary = site.ingest(site.file("a.rows", row))
    assert summary.counts == {Outcome.UNREADABLE: 1}
    assert reason in str(summary.failures[0].reason)
    assert site.notes == []
    assert [row[2] for row in told(site)] == ["failed"]


@pytest.mark.parametrize(("what", "reason"), [("row", "returned Record"), ("none", "returned NoneType")])
def test_a_reader_that_forgets_to_yield(site: Site, what: str, reason: str) -> None:
    assert site.ingest(site.file("a.returned", "list")).counts == {Outcome.INGESTED: 1}
    summary = site.ingest(site.file("b.returned", what))
    assert f"the reader {reason} instead of rows; let it yield each row" in str(summary.failures[0].reason)


def test_an_input_without_rows_is_read(site: Site) -> None:
    assert site.ingest(site.file("a.rows", "nothing")).counts == {Outcome.INGESTED: 1}
    assert told(site) == [("rows.a.rows", 1, "read", 0, 0, 1)]


def test_what_failed_is_read_again_from_the_store(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    path = site.file("a.note", "1 treasure\n!secret\n")
    assert site.ingest(path).counts == {Outcome.UNREADABLE: 1}
    path.unlink()
    assert list(site.retry().lines()) == [
        "1 file",
        "       1 unreadable",
        "           1 by plugin notes",
        f"unreadable: {path}: the door is locked",
    ]
    monkeypatch.setenv("OPEN", "1")
    assert site.retry().counts == {Outcome.INGESTED: 1}
    assert (site.notes, told(site)) == ([(1, "treasure")], [("notes.a.note", 1, "read", 1, 1, 3)])
    assert site.rows("SELECT reason FROM dfs.input_file") == [(None,)]
    assert site.retry().total == 0
    assert site.rows("SELECT outcome FROM archive.ingest_outcome") == [("ingested",)]


def test_what_is_outdated_is_not_read_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    path = site.file("a.note", "1 old\n!secret\n")
    site.ingest(path)
    path.write_text("1 new\n")
    site.ingest(path)
    monkeypatch.setenv("OPEN", "1")
    assert site.retry().total == 0
    assert site.notes == [(1, "new")]


def test_an_input_whose_plugin_is_gone_waits_for_it(site: Site) -> None:
    site.ingest(site.file("a.note", "1 treasure\n!secret\n"))
    summary = Summary()
    retry_inputs(site.inputs(Plugins()), summary)
    assert [report.reason for report in summary.failures] == ["there is no plugin notes any more"]
    assert told(site)[0][2] == "failed"


def test_which_plugin_is_told_by_the_content_too(site: Site) -> None:
    site.file("a.txt", "7 sages\n")
    site.file("b.txt", "8 bells\n")
    summary = site.ingest(site.folder)
    assert (summary.counts, summary.ignored) == ({Outcome.INGESTED: 1}, 1)
    assert site.notes == [(7, "sages")]


def test_several_plugins_for_one_file_are_told(site: Site) -> None:
    path = site.file("both.text", "7 sages\n")
    summary = site.ingest(path)
    assert [report.reason for report in summary.failures] == [
        "the plugins notes and looker take it; say which by --plugin, or let one accept less"
    ]
    assert site.ingest(path, inputs=site.inputs(chosen="looker")).counts == {Outcome.INGESTED: 1}
    assert [row[0] for row in told(site)] == ["looker.both.text"]


def test_a_named_file_goes_to_the_chosen_plugin_whatever_it_accepts(site: Site) -> None:
    path = site.file("minutes", "9 lives\n")
    site.ingest(path, inputs=site.inputs(chosen="notes"))
    assert site.notes == [(9, "lives")]
    site.file("other", "10 lives\n")
    assert site.ingest(site.folder, inputs=site.inputs(chosen="notes")).ignored == 2


def test_a_look_that_raises_is_told(site: Site) -> None:
    summary = site.ingest(site.file("a.broken", "short"))
    assert [report.reason for report in summary.failures] == ["IndexError: index out of range"]


def test_a_name_that_no_address_should_have(site: Site) -> None:
    path = site.folder / "a b\n\udcff.note"
    path.write_bytes(b"1 odd\n")
    assert site.ingest(site.folder).counts == {Outcome.INGESTED: 1}
    assert told(site)[0][0] == "notes.a_b_?.note"


def test_a_fits_file_is_harvested_and_read_by_its_plugin(site: Site) -> None:
    write(site.folder, "a.fits", image({**RAW, **TAN, "NOTED": True}))
    write(
        site.folder,
        "b.fits",
        image({**RAW, **TAN, "NOTED": 1, "ARCFILE": "ISAAC.2006-04-13T06:33:00.000.fits"}),
    )
    summary = site.ingest(site.folder)
    assert list(summary.lines()) == ["2 files", "       2 ingested", "           1 by plugin frames"]
    [(dp_id,)] = site.rows("SELECT dp_id FROM site.frame")
    assert dp_id == "ISAAC.2006-04-13T06:32:38.944"
    assert told(site) == [(dp_id, 1, "read", 1, 1, 1)]
    assert site.ingest(site.folder).plugins == {}


def test_a_plugin_that_comes_later_gets_what_is_there(site: Site) -> None:
    write(site.folder, "a.fits", image({**RAW, **TAN, "NOTED": True}))
    assert site.ingest(site.folder, inputs=site.inputs(Plugins())).counts == {Outcome.INGESTED: 1}
    assert site.rows("SELECT count(*) FROM site.frame") == [(0,)]
    assert site.ingest(site.folder).counts == {Outcome.UNCHANGED: 1}
    assert site.rows("SELECT count(*) FROM site.frame") == [(1,)]


def test_killed_between_store_and_database(site: Site) -> None:
    """The kept input waits, nothing of it is written, its reader is gone; the next run takes it up."""
    path = site.file("a.note", f"1 first\n!wait {site.folder}\n")
    gate = site.folder / "gate"
    gate.touch()
    process = get_context("fork").Process(target=offer_apart, args=(site, path))
    process.start()
    reader = int(content_of(site.folder / "reading"))
    process.kill()
    process.join()
    eventually(lambda: is_gone(reader))
    assert [row[:3] for row in told(site)] == [("notes.a.note", 1, "waiting")]
    assert site.notes == []
    gate.unlink()
    assert site.retry().counts == {Outcome.INGESTED: 1}
    assert (site.notes, told(site)) == ([(1, "first")], [("notes.a.note", 1, "read", 1, 1, 2)])
    assert site.ingest(path).counts == {Outcome.UNCHANGED: 1}


def test_killed_and_offered_again(site: Site) -> None:
    """Bytes that are in the store, without anybody knowing, are found by the next run too."""
    path = site.file("a.note", "1 first\n")
    site.store.keep(path, "notes.a.note", checksum(path))
    assert site.ingest(path).counts == {Outcome.INGESTED: 1}
    with site.database.writer() as connection:
        connection.execute("UPDATE dfs.input_file SET outcome = 'waiting'")
        connection.execute("TRUNCATE site.note")
    assert site.ingest(path).counts == {Outcome.INGESTED: 1}
    assert site.notes == [(1, "first")]
    assert site.rows("SELECT count(*) FROM archive.file") == [(1,)]


def offer_apart(site: Site, path: Path) -> None:
    with Database(site.database.server, site.config) as database:
        Inputs(database, storage.open_store(database, site.config), site.config, PLUGINS).offer(path)


def content_of(path: Path) -> str:
    eventually(lambda: path.exists() and path.read_text() != "")
    return path.read_text()


def is_gone(pid: int) -> bool:
    """Also one that nobody has waited for."""
    try:
        return "(zombie)" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
