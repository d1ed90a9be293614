"""Whatever is published of a run under embargo is hidden with it, in every table that there is.

Every table gets a row of the run, made from its declaration, and one of a run that is public; nobody's query
finds anything of the first. What stays public of a run is listed here, so that of a new table it has to be
decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from archive import store as storage
from archive.access import Caller, Guarded, guarded_files
from archive.access.clock import derive_files
from archive.access.hidden_rows import complete_hiding, hide_rows
from archive.access.protection import FAR, Protected, Protection, forget, protect
from archive.database import Database, records_batch
from archive.database.copying import copy_records
from archive.declare.builtin import builtin_schemas
from archive.declare.dataflow.transfer import TRANSFER, TransferStatus
from archive.declare.tables import Record, Table
from archive.declare.types import REGION, TIMESTAMP
from archive.protocol.incoming.records import lately, settle
from archive.query import compile
from archive.query.viewer import PUBLIC, Viewer
from archive.store.copies import record_event
from archive.testing import ClusterForTests
from ingest.following_rights import follow_rights
from tap.adql.resolve import translate
from tests.database.support import rows

PROGRAMME, RUN = "116.99ZZ", "116.99ZZ.007"
HOLDER, OPERATOR = Viewer("kirsten", keys=(RUN,)), Viewer("olga", operator=True)
# What is told of a run whatever is hidden: that it was proposed and by whom, what became of that, and when it
# is on the schedule, as an observatory publishes it. Besides, what only operators read.
PUBLIC_PART = {
    "dfs.programme", "dfs.programme_version", "dfs.investigator", "dfs.run", "dfs.run_version",
    "dfs.outcome", "dfs.outcome_version", "dfs.time_slot", "dfs.time_slot_version",
}  # fmt: skip
# What is of no run: events of the sky, packages of instruments, the weather, lists of what is public.
OF_NO_RUN = {"dfs.voevent", "dfs.voevent_param", "dfs.voevent_citation", "dfs.ranking"}
# Columns by which rows could be found to belong to a run.
TELLING = {
    *("run_id", "prog_id", "proposal_id", "ob_id", "p2_run_id", "container_id", "execution_id", "dp_id"),
    *("obs_id", "archive_id", "product_id", "product_file", "file_id", "source_file", "entry_dp_id"),
    "target_name",
}  # fmt: skip
TABLES = [table for schema in builtin_schemas() for table in schema.tables]
HIDING = [t for t in TABLES if t.hides and not t.hidden_at_first]
VIEWS = [t for t in TABLES if t.kind == "view"]


def test_every_table_of_things_of_runs_hides_them() -> None:
    telling = {
        t.name for t in TABLES if t.kind == "table" and not t.restricted and TELLING & t.by_name.keys()
    }
    assert telling - PUBLIC_PART - OF_NO_RUN == {t.name for t in TABLES if t.hides} - {
        "dfs.abstract", "dfs.input_file"
    }  # fmt: skip


def test_what_rows_are_hidden_with_hides_rows_itself() -> None:
    hiding = {table.name: table for table in TABLES}
    for table in HIDING:
        for column, parent in table.hidden_with:
            assert hiding[parent].hides and len(hiding[parent].primary_key) == 1
            assert column in table.by_name


# --- an archive in which every table tells of a run ---------------------------------------------------------


@dataclass(frozen=True)
class Traces:
    """What rows of a run say; `run` is None where they do not name it."""

    run: str | None
    number: int  # of OB, container, and so on
    dp_id: str

    @property
    def word(self) -> str:
        return f"traceof{self.number}"

    def row(self, table: Table) -> Record:
        values: dict[str, object] = {}
        for column in table.columns:
            name = column.name
            if name in {"run_id", "prog_id", "proposal_id"}:
                values[name] = self.run
            elif name in {"dp_id", "archive_id", "product_id", "source_file", "entry_dp_id"}:
                values[name] = self.dp_id
            elif name == "input_id" and table.hides == name:
                values[name] = f"inputs.{self.number}"
            elif name in {
                "ob_id",
                "container_id",
                "item_container_id",
                "p2_run_id",
                "file_id",
                "product_file",
            }:
                values[name] = self.number
            elif name == "obs_id" and table.name == "ivoa.obsplan":
                values[name] = str(self.number)
            elif column.type == TIMESTAMP:
                values[name] = "2026-01-01T00:00:00"
            elif column.type == REGION:
                values[name] = None
            elif column.type.is_integer:
                values[name] = 1
            elif column.type.is_numeric:
                values[name] = 1.0
            elif column.type.datatype == "boolean":
                values[name] = False
            else:
                values[name] = {"dp_cat": "SCIENCE", "outcome": "read"}.get(name, self.word)
        return table.row(**values)

    def found_in(self, text: str) -> bool:
        return any(mark in text for mark in (self.word, str(self.number), self.dp_id, self.run or self.word))


SECRET = Traces(RUN, 990700123, "HAWKI.2026-01-01T00:00:07.000")
OPEN = Traces("116.11AA.001", 110100456, "HAWKI.2026-01-01T00:00:01.000")


@pytest.fixture(scope="module")
def database(test_cluster: ClusterForTests) -> Iterator[Database]:
    with test_cluster.database() as database:
        with database.writer() as connection:
            storage.initialise(connection)
        yield database


@pytest.fixture(autouse=True)
def empty(database: Database) -> None:
    with database.writer() as connection:
        names = ", ".join(f"{t.physical_schema}.{t.physical_name}" for t in HIDING)
        connection.execute(
            f"TRUNCATE {names}, archive.file_right, archive.protection, archive.input_run, archive.hiding"
            f", dfs.run, dfs.programme".encode()
        )


def embargo(database: Database, kind: Protected = Protected.RUN, key: str = RUN) -> None:
    wanted = Protection(kind, key, hidden_until=FAR, reason="until the press release", set_by="olga")
    with database.writer() as connection:
        protect(connection, list(database.catalogue), wanted)


def fill(database: Database) -> None:
    """As two inputs that have rows of all tables, and two files."""
    every = list(database.catalogue)
    with database.writer() as connection:
        for table in HIDING:
            copy_records(connection, table, [one.row(table) for one in (SECRET, OPEN)])
        derive_files(connection, [SECRET.dp_id, OPEN.dp_id], every, arriving=True)
        for one in (SECRET, OPEN):
            batches = {table.name: [records_batch(table, [one.row(table)])] for table in HIDING}
            follow_rights(connection, f"inputs.{one.number}", batches, every)


def seen(database: Database, table: Table, viewer: Viewer = PUBLIC, *, second: bool = False) -> str:
    """All values that a viewer is given of a table; `second`: by what PostgreSQL withholds alone."""
    asker = replace(viewer, operator=True) if second else viewer
    statement = compile(translate(f"SELECT * FROM {table.name}", database.catalogue), viewer=asker)
    return repr(sorted(map(repr, rows(database, replace(statement, viewer=viewer)))))


def assert_hidden(database: Database, traces: Traces = SECRET) -> None:
    for table in (*HIDING, *VIEWS):
        for second in (False, True):
            told = seen(database, table, second=second)
            assert not traces.found_in(told), f"{table.name} tells of it: {told}"
        if table in HIDING:
            assert OPEN.found_in(told), f"{table.name} tells nothing at all"
            assert traces.found_in(seen(database, table, HOLDER)), f"{table.name} is hidden from its owner"
            assert traces.found_in(seen(database, table, OPERATOR))


def test_rows_that_are_there(database: Database) -> None:
    fill(database)
    embargo(database)
    assert_hidden(database)


def test_rows_that_come_later(database: Database) -> None:
    embargo(database)
    fill(database)
    assert_hidden(database)


def test_rows_that_name_the_run_by_others_only(database: Database) -> None:
    """Observation blocks whose run the number of Phase 2 tells, and all that belongs to them."""
    unnamed = replace(SECRET, run=None)
    with database.writer() as connection:
        for table in HIDING:
            can_be = all(c.nullable for c in table.columns if c.name in {"run_id", "prog_id", "proposal_id"})
            one = unnamed if can_be and table.hidden_with else SECRET
            copy_records(connection, table, [one.row(table)])
    embargo(database)
    for table in HIDING:
        # The file is not among those that the archive knows.
        if table.hidden_with and not {"product_file", "dp_id"} & {column for column, _ in table.hidden_with}:
            assert not SECRET.found_in(seen(database, table)), table.name


@pytest.mark.parametrize("kind", [Protected.RUN, Protected.PROGRAMME])
def test_an_embargo_that_is_taken_back(database: Database, kind: Protected) -> None:
    key = RUN if kind is Protected.RUN else PROGRAMME
    fill(database)
    before = {table.name: seen(database, table) for table in (*HIDING, *VIEWS)}
    embargo(database, kind, key)
    assert_hidden(database)
    with database.writer() as connection:
        forget(connection, list(database.catalogue), kind, key)
    assert {table.name: seen(database, table) for table in (*HIDING, *VIEWS)} == before


def test_a_file_alone(database: Database) -> None:
    """Everything that names it, and nothing else of its run."""
    fill(database)
    embargo(database, Protected.FILE, SECRET.dp_id)
    for table in HIDING:
        assert SECRET.dp_id not in seen(database, table), table.name
    ob = next(table for table in HIDING if table.name == "dfs.ob")
    assert SECRET.found_in(seen(database, ob))


def test_an_embargo_that_is_over_asks_for_no_rights(database: Database) -> None:
    """An exception that ended long ago, of the file, beside one of the run that holds."""
    fill(database)
    embargo(database)
    past = Protection(Protected.FILE, SECRET.dp_id, hidden_until=FAR.replace(year=2001), set_by="olga")
    with database.writer() as connection:
        protect(connection, list(database.catalogue), past)
        connection.execute(
            "UPDATE archive.file_right SET run_id = 'another' WHERE dp_id = %s", (SECRET.dp_id,)
        )
        hide_rows(connection, list(database.catalogue), files=[SECRET.dp_id])
        found = connection.execute(
            "SELECT hidden_until > now(), hidden_for FROM dfs.execution_file WHERE dp_id = %s",
            (SECRET.dp_id,),
        ).fetchone()
    assert found == (True, RUN)


def test_what_the_archive_itself_writes_later(database: Database) -> None:
    embargo(database)
    fill(database)
    event = next(table for table in HIDING if table.name == "dfs.storage_event")
    with database.writer() as connection:
        connection.execute("DELETE FROM dfs.storage_event")
        connection.execute("UPDATE dfs.transfer SET dp_id = NULL, hidden_until = NULL")
        connection.execute(
            "INSERT INTO archive.file (dp_id, version, name, place, sha256, bytes, media_type, source)"
            " VALUES (%s, 1, 'x', 'a/place', '', 1, 'application/fits', '/x')",
            (SECRET.dp_id,),
        )
        record_event(connection, "repaired", "first", "a/place", SECRET.word)
        settle(connection, SECRET.word, TransferStatus.INGESTED, None, SECRET.dp_id, 1)
        connection.execute("DELETE FROM archive.file")
        shown, _ = lately(connection, 10)
    assert [one.file_name for one in shown] == [OPEN.word]
    for table in (event, TRANSFER):
        assert not SECRET.found_in(seen(database, table))
        assert SECRET.found_in(seen(database, table, HOLDER))


def test_inputs_of_plugins_are_files_of_the_runs_that_they_tell_of(database: Database) -> None:
    fill(database)
    name = f"inputs.{SECRET.number}"

    def guarded() -> Guarded | None:
        with database.writer() as connection:
            return guarded_files(connection, [name]).get(name)

    assert guarded() is None
    embargo(database)
    file = guarded()
    assert file is not None and file.hidden
    assert not file.is_open_to(Caller("stranger", keys=("116.11AA.001",)))
    assert file.is_open_to(Caller("kirsten", keys=(RUN,)))
    # Another version, which nobody has read yet, may tell of any run.
    with database.writer() as connection:
        connection.execute("UPDATE dfs.input_file SET outcome = 'waiting'")
    file = guarded()
    assert file is not None and file.hidden and not file.is_open_to(Caller("kirsten", keys=(RUN,)))


def test_an_archive_that_hid_less(database: Database) -> None:
    """As after an upgrade: embargoes are there, and rows that were never hidden."""
    fill(database)
    embargo(database)
    with database.writer() as connection:
        for table in HIDING:
            name = f"{table.physical_schema}.{table.physical_name}"
            connection.execute(f"UPDATE {name} SET hidden_until = NULL, hidden_for = NULL".encode())
        connection.execute("TRUNCATE archive.input_run")
        connection.execute("UPDATE dfs.ob_version SET input_id = 'inputs.' || ob_id")
    with database.writer() as connection:
        complete_hiding(connection, list(database.catalogue))
    for table in HIDING:
        assert not SECRET.found_in(seen(database, table)), table.name
