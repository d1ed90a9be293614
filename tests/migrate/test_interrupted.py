"""Killed, locked out, or in the middle of things: the archive goes on working, and the next time mends it."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from archive.database.migration_indexes import builder
from archive.database.migration_steps import SAFE, Terms
from archive.declare import types
from archive.declare.columns import Column
from archive.declare.tables import Table
from archive.errors import ConfigurationError
from tests.migrate.support import THINGS, Site, adding, column, words

ROOT = Path(__file__).parents[2]
ADDED = adding(Column("plx", types.DOUBLE), positions=(("ra", "dec"),))
BIG = Terms(destructive=False, long=True, big=0)  # for which every table is a big one
INDEX = "things_ra_dec_position_idx"

_MIGRATING = """
import pickle, sys
from archive.database.migration_indexes import builder
from archive.database.preparation import migrate
server, wanted, terms = pickle.load(sys.stdin.buffer)
done = migrate(server, wanted, terms, 30.0)
with builder(server) as indexes:
    for step in done.left:
        indexes.take(step)
"""


@contextmanager
def migrating(site: Site, table: Table, terms: Terms) -> Iterator[subprocess.Popen[bytes]]:
    """`uraniborg migrate` in a process of its own, which is dead at the end."""
    given = pickle.dumps((site.server, site.wanted(table), terms))
    with subprocess.Popen([sys.executable, "-c", _MIGRATING], cwd=ROOT, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(given)
        process.stdin.close()
        try:
            yield process
        finally:
            process.kill()


def wait_for(site: Site, condition: str) -> None:
    """Until some session of this database is in this condition, or none is if it begins with NOT."""
    wanted = not condition.startswith("NOT ")
    query = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND "
        + condition.removeprefix("NOT ")
    )
    deadline = time.monotonic() + 60
    while (site.run(f"SELECT EXISTS ({query})") == [(True,)]) != wanted:
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)


def test_kill_in_the_middle_of_the_transaction(site: Site) -> None:
    before = site.shapes()
    # Whoever adds a column falls asleep, with all that came before it done.
    site.run(
        "CREATE FUNCTION public.doze() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF EXISTS (SELECT FROM pg_attribute WHERE attname = 'plx'"
        " AND attrelid = to_regclass('cat.things')) THEN PERFORM pg_sleep(60); END IF; END $$;"
        "CREATE EVENT TRIGGER doze ON ddl_command_end WHEN TAG IN ('ALTER TABLE')"
        " EXECUTE FUNCTION public.doze()"
    )
    with migrating(site, ADDED, SAFE) as process:
        wait_for(site, "wait_event = 'PgSleep'")
        process.send_signal(signal.SIGKILL)
    # PostgreSQL sees by itself that nobody is there any more.
    wait_for(site, "NOT wait_event = 'PgSleep'")
    site.run("DROP EVENT TRIGGER doze; DROP FUNCTION public.doze")
    assert site.shapes() == before
    assert site.run("SELECT id FROM cat.things ORDER BY id") == [(1,), (2,)]
    site.prepare(ADDED)
    assert words(site.shown(ADDED)) == []


def test_kill_while_an_index_is_made(site: Site) -> None:
    with psycopg.connect(site.server.owner) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT FROM cat.things").fetchall()  # what was before must not be forgotten
        with migrating(site, replace(ADDED, columns=THINGS.columns), BIG) as process:
            wait_for(site, "query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'")
            # Meanwhile the table is read and written.
            site.run("INSERT INTO cat.things (id, ra, dec) VALUES (3, 1, 1)")
            assert site.run("SELECT count(*) FROM cat.things") == [(3,)]
            with (
                pytest.raises(ConfigurationError, match="another process makes indexes"),
                builder(site.server),
            ):
                pass
            process.send_signal(signal.SIGKILL)
        wait_for(site, "NOT query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active'")
    changed = replace(ADDED, columns=THINGS.columns)
    assert site.shapes_of("cat.things").indexes[INDEX] == ""  # broken
    [step] = site.shown(changed, terms=BIG).left
    assert step.apart and step.words == f"index {INDEX} is made anew, while the table is in use"
    # The archive works, and a second attempt makes it.
    assert site.migrate(changed, terms=BIG).left == (step,)
    with builder(site.server) as indexes:
        indexes.take(step)
    assert words(site.shown(changed)) == []


def test_a_start_leaves_long_steps(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.database.preparation.START", Terms(destructive=False, long=False, big=0))
    # Without an index the archive works, and is told at each start.
    indexed = replace(THINGS, positions=(("ra", "dec"),))
    site.prepare(indexed)
    assert INDEX not in site.shapes_of("cat.things").indexes
    assert site.run("SELECT fingerprint FROM archive.catalogue_version") == [("",)]
    # With another type of a column it does not.
    with pytest.raises(ConfigurationError, match="flux becomes double precision") as raised:
        site.prepare(column("flux", type=types.DOUBLE))
    assert "`uraniborg migrate --apply` does this" in str(raised.value.hint)
    site.migrate(column("flux", type=types.DOUBLE))
    site.prepare(column("flux", type=types.DOUBLE))
    assert site.run("SELECT flux FROM cat.things ORDER BY id") == [(0.5,), (1.5,)]


def test_a_table_in_use_is_waited_for(site: Site) -> None:
    before = site.shapes()
    with psycopg.connect(site.server.owner) as reader:
        reader.execute("SELECT FROM cat.things").fetchall()
        with pytest.raises(ConfigurationError, match=r"table cat\.things is in use, and was for 0"):
            site.migrate(ADDED, patience=0.0)
        assert site.shapes() == before
        waiting = threading.Thread(target=site.migrate, args=(ADDED,), kwargs={"patience": 60.0})
        waiting.start()
        wait_for(site, "query LIKE 'LOCK TABLE%' AND wait_event_type = 'Lock'")
        # Others who read it are let through again and again.
        site.run("SELECT FROM cat.things")
        assert waiting.is_alive()
        reader.rollback()
        waiting.join()
    assert words(site.shown(ADDED)) == []


def test_a_broken_index_is_made_anew_at_the_next_start(site: Site) -> None:
    indexed = replace(THINGS, spans=(("low", "high"),))
    site.prepare(indexed)
    site.run(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'cat.things_low_high_span_idx'::regclass"
    )
    site.run("UPDATE archive.catalogue_version SET fingerprint = ''")
    site.prepare(indexed)
    assert "span" in site.shapes_of("cat.things").indexes["things_low_high_span_idx"]
