"""The proprietary clock: from when it counts, what moves it, what products and rows say of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from archive import store as storage
from archive.access.clock import lock_rights, pass_time
from archive.access.files import guarded_files
from archive.access.protection import (
    FAR,
    Protected,
    Protection,
    complete_rights,
    find_kind,
    forget,
    protect,
    set_period,
    show_all,
)
from archive.database import Database, records_batch, write_records
from archive.database.server import given_server, reader_settings
from archive.declare.dataflow.night_log import NIGHT_LOG
from archive.declare.dataflow.phase2 import OB
from archive.errors import NotFound, UsageError
from archive.testing import ClusterForTests
from ingest.continuing import Opening
from ingest.following_rights import follow_rights
from tests.access.rights_support import Observatory, Told

PUBLIC = Told(None, "public", None)
YEAR = Told(365, "proprietary", None)
AT_ONCE = Told(0, "public", None)


@pytest.fixture(scope="module")
def observatory(
    test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Observatory]:
    folder = tmp_path_factory.mktemp("clock")
    config = replace(test_cluster.config, data_folder=folder)
    with test_cluster.database() as made, Database(made.server, config) as database:
        with database.writer() as connection:
            storage.initialise(connection)
        found = Observatory(database, storage.open_store(database, config), config, folder)
        yield found
        found.inputs.rest()


def test_what_is_proprietary_from_its_arrival(observatory: Observatory) -> None:
    observatory.proposal("116.01AA", {"001": {}})
    before = datetime.now(UTC)
    science = observatory.raw("116.01AA.001")
    acquisition = observatory.raw("116.01AA.001", "ACQUISITION")
    assert observatory.told(science) == YEAR
    assert before < observatory.arrived(science) < datetime.now(UTC)
    calibration = observatory.raw("116.01AA.001", "CALIB")
    for table in ("dbo.raw", "ist.hawki"):
        with observatory.database.writer() as connection:
            rows = connection.execute(
                f"SELECT dp_id, release_date > now() FROM {table} WHERE dp_id = ANY (%s) ORDER BY 1".encode(),
                ([science, acquisition, calibration],),
            ).fetchall()
        assert rows == [(science, True), (acquisition, True), (calibration, False)]


def test_every_row_tells_since_when_its_file_is_public(observatory: Observatory) -> None:
    calibration, of_nobody = observatory.raw("116.01AA.001", "CALIB"), observatory.raw(None)
    product = observatory.product("116.99XY.001")
    for dp_id in (calibration, of_nobody, product):
        arrived = observatory.arrived(dp_id).replace(tzinfo=None)
        observatory.again(dp_id, None, "CALIB", EXPTIME=7.0)  # another version does not move it
        with observatory.database.writer() as connection:
            rows = connection.execute(
                "SELECT release_date FROM dbo.raw WHERE dp_id = %(file)s"
                " UNION ALL SELECT release_date FROM ist.hawki WHERE dp_id = %(file)s"
                " UNION ALL SELECT obs_release_date FROM ivoa.obscore WHERE dp_id = %(file)s",
                {"file": dp_id},
            ).fetchall()
        assert rows == [(arrived,)] * 2


@pytest.mark.parametrize(
    ("name", "cards"),
    [
        ("beside_1", {"PRODCATG": "ANCILLARY.WEIGHTMAP", "PROG_ID": "116.17AA.001"}),
        ("beside_2", {"ESO PRO CATG": "CCF", "ESO DPR CATG": "SCIENCE", "ESO OBS PROG ID": "116.17AA.001"}),
        ("beside_3", {"ESO PRO CATG": "RED", "ESO DPR CATG": "ACQUISITION", "PROG_ID": "116.17AA.001"}),
        ("beside_4", {"PRODCATG": "ANCILLARY.MASK", "PROG_ID": "MULTI", "PROGID1": "116.17AA.001"}),
    ],
)
def test_files_without_rows_are_of_their_run(
    observatory: Observatory, name: str, cards: dict[str, str]
) -> None:
    run = "116.17AA.001"
    observatory.kept(name, cards)
    observatory.proposal("116.17AA", {"001": {"proprietaryDays": 3}})
    with observatory.database.writer() as connection:
        assert not connection.execute("SELECT FROM ivoa.obscore WHERE dp_id = %s", (name,)).fetchone()
        guarded = guarded_files(connection, [name])[name]
    assert guarded.key == run and guarded.until == observatory.arrived(name) + timedelta(days=3)


def test_reduced_calibrations_without_rows_are_public(observatory: Observatory) -> None:
    observatory.proposal("116.18AA", {"001": {}})
    of_run = {"ESO OBS PROG ID": "116.18AA.001"}
    observatory.kept("reduced_flat", {"ESO PRO CATG": "MASTER_FLAT", "ESO DPR CATG": "CALIB", **of_run})
    observatory.kept("reduced_dark", {"ESO PRO CATG": "MASTER_DARK", "ESO PRO SCIENCE": False, **of_run})
    with observatory.database.writer() as connection:
        assert not guarded_files(connection, ["reduced_flat", "reduced_dark"])


def test_an_exception_for_a_product_holds_for_what_belongs_to_it(observatory: Observatory) -> None:
    observatory.proposal("116.19AA", {"001": {"proprietaryDays": 3}})
    source = observatory.raw("116.19AA.001")
    product = observatory.product("116.19AA.001", source)
    made_of_it = observatory.product("116.19AA.001", product)
    embargo = Protection(Protected.FILE, product, proprietary_days=9, hidden_until=FAR)
    assert observatory.protect(embargo) == 1
    everything = [source, product, made_of_it]
    with observatory.database.writer() as connection:
        ours = guarded_files(connection, everything)
        dates = connection.execute(
            "SELECT release_date - (SELECT arrived FROM archive.file_right WHERE dp_id = %s)"
            " FROM archive.file_right WHERE dp_id = ANY (%s)",
            (product, [product, made_of_it]),
        ).fetchall()
        forget(connection, list(observatory.database.catalogue), Protected.FILE, product)
        after = guarded_files(connection, everything)
    assert [ours[dp_id].hidden for dp_id in everything] == [False, True, True]
    assert dates == [(timedelta(days=9),)] * 2
    assert [after[dp_id].hidden for dp_id in everything] == [False] * 3
    assert {one.until for one in after.values()} == {observatory.arrived(source) + timedelta(days=3)}


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ({"proprietaryDays": 0}, 0),
        ({"proprietaryDays": 100}, 100),
        ({"proprietaryMonths": 12}, 365),
        ({"proprietaryMonths": 6, "proprietaryDays": 30}, 30),
    ],
)
def test_the_proposal_says_for_how_long(observatory: Observatory, said: dict[str, int], days: float) -> None:
    programme = f"116.02A{'ABCDEFG'[days % 7]}"
    observatory.proposal(programme, {"001": said})
    told = observatory.told(observatory.raw(f"{programme}.001"))
    assert told == Told(days, "proprietary" if days else "public", None)


def test_nothing_moves_the_arrival(observatory: Observatory) -> None:
    observatory.proposal("116.03AA", {"001": {}})
    dp_id = observatory.raw("116.03AA.001")
    arrived = observatory.arrived(dp_id)
    observatory.again(dp_id, "116.03AA.001")
    observatory.again(dp_id, "116.03AA.001", EXPTIME=5.0)  # another version
    observatory.proposal("116.03AA", {"001": {"title": "the same run"}})
    assert observatory.arrived(dp_id) == arrived and observatory.told(dp_id) == YEAR


def test_a_proposal_that_comes_later_finds_the_files(observatory: Observatory) -> None:
    dp_id = observatory.raw("116.04AA.001")
    arrived = observatory.arrived(dp_id)
    assert observatory.told(dp_id) == PUBLIC
    observatory.proposal("116.04AA", {"001": {"proprietaryDays": 50}})
    assert observatory.told(dp_id) == Told(50, "proprietary", None)
    observatory.proposal("116.04AA", {"001": {"proprietaryDays": 60}})
    assert observatory.told(dp_id) == Told(60, "proprietary", None)
    # Who leaves out a run with data does not mean to publish them.
    observatory.proposal("116.04AA", {"002": {}})
    assert observatory.told(dp_id) == Told(60, "proprietary", None)
    assert observatory.arrived(dp_id) == arrived


def test_a_corrected_category_counts(observatory: Observatory) -> None:
    observatory.proposal("116.05AA", {"001": {}})
    dp_id = observatory.raw("116.05AA.001")
    observatory.again(dp_id, "116.05AA.001", "CALIB")
    with observatory.database.writer() as connection:
        row = connection.execute(
            "SELECT f.release_date, r.release_date = f.arrived AT TIME ZONE 'UTC'"
            " FROM archive.file_right AS f JOIN dbo.raw AS r USING (dp_id) WHERE dp_id = %s",
            (dp_id,),
        ).fetchone()
    assert row == (None, True)
    # And back again: the clock has run since it arrived.
    arrived = observatory.arrived(dp_id)
    observatory.again(dp_id, "116.05AA.001")
    assert observatory.told(dp_id) == YEAR and observatory.arrived(dp_id) == arrived


def test_a_product_has_the_latest_date_of_its_sources(observatory: Observatory) -> None:
    observatory.proposal("116.06AA", {"001": {"proprietaryDays": 10}, "002": {"proprietaryDays": 20}})
    early, late = observatory.raw("116.06AA.001"), observatory.raw("116.06AA.002")
    flat = observatory.raw("116.06AA.001", "CALIB")
    product = observatory.product("116.06AA.001", early, late, flat)
    made_of_it = observatory.product("116.06AA.001", product)
    released = observatory.arrived(late) + timedelta(days=20)
    for dp_id in (product, made_of_it):
        assert observatory.arrived(dp_id) + timedelta(
            days=observatory.told(dp_id).days or 0
        ) == pytest.approx(released, abs=timedelta(seconds=1))
    with observatory.database.writer() as connection:
        key = connection.execute(
            "SELECT runs, run_id FROM archive.file_right WHERE dp_id = %s", (product,)
        ).fetchone()
    # Of two runs of one programme: who has rights on all of it.
    assert key == (["116.06AA.001", "116.06AA.002"], "116.06AA")
    observatory.protect(Protection(Protected.RUN, "116.06AA.002", release_date=FAR))
    for dp_id in (late, product, made_of_it):
        assert (observatory.told(dp_id).days or 0) > 2_000_000


def test_a_product_before_its_sources_and_one_without(observatory: Observatory) -> None:
    observatory.proposal("116.07AA", {"001": {"proprietaryDays": 10}, "002": {"proprietaryDays": 0}})
    alone = observatory.product("116.07AA.001")
    assert observatory.told(alone).days == 10
    flat = observatory.raw("116.07AA.001", "CALIB")
    master = observatory.product("116.07AA.001", flat, category="MASTER_FLAT")
    assert observatory.told(master) == PUBLIC
    later = f"HAWKI.2026-10-01T23:{observatory._count % 60:02d}:00.000"
    product = observatory.product("116.07AA.001", later)
    assert observatory.told(product).days == 10
    observatory.again(later, "116.07AA.002")
    assert observatory.told(product).data_rights == "public"


def test_exceptions_before_and_after_the_file(observatory: Observatory) -> None:
    observatory.protect(Protection(Protected.RUN, "116.08AA.001", proprietary_days=7))
    observatory.proposal("116.08AA", {"001": {"proprietaryDays": 100}, "002": {"proprietaryDays": 100}})
    first, second = observatory.raw("116.08AA.001"), observatory.raw("116.08AA.002")
    assert (observatory.told(first).days, observatory.told(second).days) == (7, 100)
    # The programme is less than its run, the file is more.
    observatory.protect(Protection(Protected.PROGRAMME, "116.08AA", proprietary_days=8))
    assert (observatory.told(first).days, observatory.told(second).days) == (7, 8)
    assert observatory.protect(Protection(Protected.FILE, first, proprietary_days=0)) == 1
    assert observatory.told(first) == AT_ONCE
    third = observatory.raw("116.08AA.001")
    assert observatory.told(third).days == 7
    with observatory.database.writer() as connection:
        forget(connection, list(observatory.database.catalogue), Protected.RUN, "116.08AA.001")
    assert (observatory.told(first).days, observatory.told(third).days) == (0, 8)
    observatory.protect(show_all(Protected.PROGRAMME, "116.08AA", "", "olga"))
    assert observatory.told(second).data_rights == observatory.told(third).data_rights == "public"


def test_an_exception_for_a_run_that_nobody_told_of(observatory: Observatory) -> None:
    dp_id = observatory.raw("60.A-9999(A)")
    observatory.protect(Protection(Protected.PROGRAMME, "60.A-9999", proprietary_days=5))
    assert observatory.told(dp_id).days == 5
    with observatory.database.writer() as connection:
        forget(connection, list(observatory.database.catalogue), Protected.PROGRAMME, "60.A-9999")
    assert observatory.told(dp_id) == PUBLIC


@pytest.mark.parametrize(
    "wanted",
    [
        Protection(Protected.RUN, "116.08AA.001", FAR, 3),
        Protection(Protected.RUN, "116.08AA.001", proprietary_days=-1),
        Protection(Protected.RUN, "116.08AA.001", datetime(9999, 1, 1, tzinfo=UTC)),
        Protection(Protected.RUN, "", proprietary_days=3),
        Protection(Protected.RUN, "116.\x0008AA", proprietary_days=3),
    ],
)
def test_exceptions_that_make_no_sense(observatory: Observatory, wanted: Protection) -> None:
    with pytest.raises(UsageError):
        observatory.protect(wanted)


def test_an_embargo_hides_rows_before_and_after_the_file(observatory: Observatory) -> None:
    observatory.proposal("116.09AA", {"001": {}, "002": {"proprietaryDays": 0}})
    before = observatory.raw("116.09AA.001")
    observatory.protect(Protection(Protected.PROGRAMME, "116.09AA", hidden_until=FAR))
    after = observatory.raw("116.09AA.002")
    calibration = observatory.raw("116.09AA.001", "CALIB")
    product = observatory.product("116.09AA.001", before)
    hidden = {before: "116.09AA.001", after: "116.09AA.002", product: "116.09AA.001"}
    assert {dp_id: observatory.told(dp_id).hidden_for for dp_id in hidden} == hidden
    tables = ("dbo.raw", "ist.hawki", "dfs.exposure", "adql.header_keywords")
    assert _hidden(observatory, calibration, *tables) == ["116.09AA.001"] * 4
    assert _hidden(observatory, after, *tables) == ["116.09AA.002"] * 4
    observatory.protect(show_all(Protected.PROGRAMME, "116.09AA", "it is out", "olga"))
    for dp_id in (before, after, calibration):
        assert _hidden(observatory, dp_id, "dbo.raw", "adql.header_keywords") != [None]
        assert _shown(observatory, dp_id)


def _hidden(observatory: Observatory, dp_id: str, *tables: str) -> list[str | None]:
    with observatory.database.writer() as connection:
        rows = [
            connection.execute(
                f"SELECT hidden_for FROM {table} WHERE dp_id = %s AND hidden_until > now()".encode(), (dp_id,)
            ).fetchone()
            for table in tables
        ]
    return [row[0] if row else None for row in rows]


def _shown(observatory: Observatory, dp_id: str) -> bool:
    return _hidden(observatory, dp_id, "dbo.raw", "ist.hawki", "adql.header_keywords") == [None] * 3


def test_an_embargo_hides_rows_without_files_too(observatory: Observatory) -> None:
    database, run = observatory.database, "116.16AA.001"
    observatory.proposal("116.16AA", {"001": {}})
    blocks = [OB.row(ob_id=number, run_id=run, ob_name="B", item_type="OB") for number in (161, 162)]
    night = NIGHT_LOG.row(dp_id=observatory.raw(run), run_id=run, log_text="clear")
    with database.writer() as connection:
        write_records(connection, OB, blocks[:1])
        write_records(connection, NIGHT_LOG, [night])
    observatory.protect(Protection(Protected.RUN, run, hidden_until=FAR))
    with database.writer() as connection:
        write_records(connection, OB, blocks[1:])
        batches = {OB.name: [records_batch(OB, blocks[1:])]}
        follow_rights(connection, "p2-bundle.x.json", batches, database.catalogue)
        hidden = connection.execute("SELECT hidden_for FROM dfs.ob WHERE run_id = %s", (run,)).fetchall()
        logged = connection.execute(
            "SELECT hidden_for FROM dfs.night_log WHERE run_id = %s", (run,)
        ).fetchall()
    assert hidden == [(run,), (run,)] and logged == [(run,)]
    with database.writer() as connection:
        forget(connection, list(database.catalogue), Protected.RUN, run)
        shown = connection.execute("SELECT hidden_for FROM dfs.ob WHERE run_id = %s", (run,)).fetchall()
    assert shown == [(None,), (None,)]


def test_abstracts_are_hidden_as_long_as_the_data(observatory: Observatory) -> None:
    observatory.proposal("116.10AA", {"001": {"proprietaryDays": 3}, "002": {"proprietaryDays": 9}})
    assert _abstract(observatory, "116.10AA") == ("116.10AA", "infinity")
    observatory.raw("116.10AA.001", "CALIB")
    assert _abstract(observatory, "116.10AA") == ("116.10AA", "infinity")
    observatory.raw("116.10AA.001")
    late = observatory.raw("116.10AA.002")
    released = observatory.arrived(late) + timedelta(days=9)
    assert _abstract(observatory, "116.10AA") == ("116.10AA", f"{released:%F %T.%f}")
    # The same proposal again does not show it.
    observatory.proposal(
        "116.10AA", {"001": {"proprietaryDays": 3}, "002": {"proprietaryDays": 9}}, title="Suns"
    )
    assert _abstract(observatory, "116.10AA")[1] != "infinity"
    observatory.protect(Protection(Protected.PROGRAMME, "116.10AA", hidden_until=FAR))
    assert _abstract(observatory, "116.10AA")[1].startswith("9000-01-01")
    with observatory.database.writer() as connection:
        columns = connection.execute(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'dfs'"
            " AND column_name = 'abstract' AND table_name <> 'abstract'"
        ).fetchone()
    assert columns == (0,)


def _abstract(observatory: Observatory, programme: str) -> tuple[str, str]:
    with observatory.database.writer() as connection:
        row = connection.execute(
            "SELECT hidden_for, CASE WHEN isfinite(hidden_until) THEN"
            " to_char(hidden_until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') ELSE 'infinity' END"
            " FROM dfs.abstract WHERE programme_id = %s",
            (programme,),
        ).fetchone()
    assert row is not None
    return str(row[0]), str(row[1])


def test_time_passes(observatory: Observatory) -> None:
    observatory.proposal("116.11AA", {"001": {}})
    dp_id = observatory.raw("116.11AA.001")
    assert _pass(observatory) == 0 and observatory.told(dp_id).data_rights == "proprietary"
    with observatory.database.writer() as connection:
        connection.execute(
            "UPDATE archive.file_right SET release_date = now() - interval '1 second' WHERE dp_id = %s",
            (dp_id,),
        )
    with observatory.database.writer() as connection:
        connection.execute("UPDATE ivoa.obscore SET last_mod_date = '2020-01-01' WHERE dp_id = %s", (dp_id,))
    assert _pass(observatory) == 1 and observatory.told(dp_id).data_rights == "public"
    with observatory.database.writer() as connection:
        changed = connection.execute(
            "SELECT now() AT TIME ZONE 'UTC' - last_mod_date FROM ivoa.obscore WHERE dp_id = %s", (dp_id,)
        ).fetchone()
    # Who harvests what has changed gets it.
    assert changed is not None and changed[0] < timedelta(minutes=5)
    assert _pass(observatory) == 0


def test_a_day_has_24_hours_wherever_the_server_stands(test_cluster: ClusterForTests) -> None:
    given = conninfo_to_dict(given_server("dbname=x options='-c timezone=America/Santiago'", {}).writer)
    assert str(given["options"]).endswith("-c timezone=UTC")
    assert reader_settings(test_cluster.config)["timezone"] == "UTC"


def test_a_server_follows_the_clock(observatory: Observatory) -> None:
    observatory.proposal("116.14AA", {"001": {}})
    dp_id = observatory.raw("116.14AA.001")
    with observatory.database.writer() as connection:
        connection.execute(
            "UPDATE archive.file_right SET release_date = now() - interval '1 second' WHERE dp_id = %s",
            (dp_id,),
        )
        opening = Opening(observatory.database)
    with observatory.database.writer() as connection:
        assert opening.step(connection) == 0.0  # at once again, as there may be more
        assert opening.step(connection) > 0.0
    assert observatory.told(dp_id).data_rights == "public"


def test_a_new_rule_waits_for_files_that_are_being_taken_in(observatory: Observatory) -> None:
    database = observatory.database
    wanted = Protection(Protected.RUN, "116.15AA.001", proprietary_days=1)
    with database.writer() as taking, database.writer() as ruling:
        lock_rights(taking)
        ruling.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable), ruling.transaction():
            protect(ruling, list(database.catalogue), wanted)
    with database.writer() as taking, database.writer() as another:
        lock_rights(taking)
        another.execute("SET LOCAL lock_timeout = '50ms'")
        lock_rights(another)  # files are taken in beside each other


def _pass(observatory: Observatory) -> int:
    with observatory.database.writer() as connection:
        return pass_time(connection, list(observatory.database.catalogue))


def test_the_archives_own_rule(observatory: Observatory) -> None:
    observatory.proposal("116.12AA", {"001": {}, "002": {"proprietaryDays": 4}})
    own, said = observatory.raw("116.12AA.001"), observatory.raw("116.12AA.002")
    tables = list(observatory.database.catalogue)
    try:
        with observatory.database.writer() as connection:
            set_period(connection, tables, 30)
        assert (observatory.told(own).days, observatory.told(said).days) == (30, 4)
        assert observatory.told(observatory.raw("116.12AA.001")).days == 30
    finally:
        with observatory.database.writer() as connection:
            set_period(connection, tables, 365)
    assert observatory.told(own).days == 365


def test_an_older_archive_gets_its_dates(observatory: Observatory) -> None:
    observatory.proposal("116.13AA", {"001": {}})
    dp_id = observatory.raw("116.13AA.001")
    tables = list(observatory.database.catalogue)
    with observatory.database.writer() as connection:
        connection.execute("DELETE FROM archive.file_right")
        connection.execute("DELETE FROM archive.file_right_version")
        connection.execute("UPDATE dbo.raw SET release_date = NULL")
        before = connection.execute("DELETE FROM dfs.protection RETURNING kind").fetchall()
        connection.execute("UPDATE archive.file SET stored_at = '2025-01-01' WHERE dp_id = %s", (dp_id,))
        complete_rights(connection, tables)
        undated = connection.execute("SELECT FROM dbo.raw WHERE release_date IS NULL").fetchone()
        # Once is enough.
        connection.execute("DELETE FROM archive.file_right WHERE dp_id <> %s", (dp_id,))
        complete_rights(connection, tables)
        rights = connection.execute("SELECT dp_id FROM archive.file_right").fetchall()
        known = connection.execute("SELECT kind, key FROM archive.protection ORDER BY 1, 2").fetchall()
        told = connection.execute(
            "SELECT kind, coalesce(protected_key, '') FROM dfs.protection ORDER BY 1, 2"
        ).fetchall()
    assert undated is None and rights == [(dp_id,)] and before and told == known
    assert f"{observatory.arrived(dp_id):%F}" == "2025-01-01"
    assert observatory.told(dp_id) == Told(365, "public", None)


def test_what_is_nothing_is_told(observatory: Observatory) -> None:
    unknown = pytest.raises(NotFound, match="knows no programme, run or file")
    with observatory.database.writer() as connection, unknown:
        find_kind(connection, "116.99ZZ.001")
