"""From the observatory's folders to the archive: order, refusals, repetitions, what is shown of it."""

from __future__ import annotations

import hashlib

import pytest

from archive.errors import ConfigurationError
from ingest.transfer import State
from tests.transfer.local import write_fits
from tests.waiting import eventually

_QUERY = (
    "SELECT priority, COUNT(*) AS n FROM dfs.transfer WHERE acknowledged_at >= received_at"
    " AND waiting_time > 0 AND file_name LIKE 'order%' GROUP BY priority ORDER BY priority DESC"
)


def test_files_arrive_by_priority_and_are_put_away(archive, tmp_path):
    rules = ("90 ESO OBS PROG ID = *.ToO", "50 ESO DPR CATG = SCIENCE")
    kinds = {
        "calib": {"ESO_DPR_CATG": "CALIB"},
        "science": {"ESO_DPR_CATG": "SCIENCE"},
        "alert": {"ESO_DPR_CATG": "SCIENCE", "ESO_OBS_PROG_ID": "116.20AB.ToO"},
    }
    daemon = archive.daemon(tmp_path, ingestd_priorities=rules, ingestd_connections=1)
    contents = {
        f"order-{kind}-{number}.fits": write_fits(
            tmp_path / "raw" / f"order-{kind}-{number}.fits", 10 * i + number, **cards
        )
        for i, (kind, cards) in enumerate(kinds.items())
        for number in range(3)
    }
    with daemon:
        daemon.wait()
    arrived = archive.transfers("order-%")
    assert set(arrived.values()) == {"ingested"}
    assert [name.split("-")[1] for name in arrived] == ["alert"] * 3 + ["science"] * 3 + ["calib"] * 3
    assert archive.versions("order-%") == sorted(
        (name, 1, hashlib.sha256(content).hexdigest()) for name, content in contents.items()
    )
    assert list((tmp_path / "raw").iterdir()) == []
    assert {path.name: path.read_bytes() for path in (tmp_path / "spool/sent").iterdir()} == contents
    assert not any(
        (archive.config.data_folder / "incoming" / name).exists() for name in _ids(archive, "order-%")
    )
    with archive.client("") as client:
        query = {"LANG": "ADQL", "RESPONSEFORMAT": "csv", "QUERY": _QUERY}
        table = client.get("/tap/sync", params=query)
    assert table.text.splitlines()[1:] == ["90,3", "50,3", "20,3"]


def _ids(archive, pattern):
    with archive.database.writer() as connection:
        rows = connection.execute("SELECT transfer_id FROM dfs.transfer WHERE file_name LIKE %s", (pattern,))
        return [name for (name,) in rows]


def test_what_the_archive_refuses_stays_and_can_be_tried_again(archive, tmp_path):
    daemon = archive.daemon(tmp_path, ingestd_after="delete")
    bad, good = tmp_path / "raw/refused.fits", tmp_path / "raw/taken.fits"
    bad.write_bytes(b"SIMPLE  =                    T".ljust(2880) + b"no end")
    write_fits(good, 1)
    with daemon:
        daemon.wait()
        [item] = daemon.queue.items(State.REFUSED)
        assert item.path == bad and "BITPIX" in item.reason
    assert bad.exists() and not good.exists()
    assert archive.transfers("refused.fits") == {"refused.fits": "refused"}
    # Once more, with what the archive still has of it; it finds the same again.
    again = archive.daemon(tmp_path)
    assert again.queue.try_again() == 1
    with again:
        again.wait()
        assert [one.path for one in again.queue.items(State.REFUSED)] == [bad]


def test_something_urgent_overtakes_what_is_being_sent(archive, tmp_path):
    daemon = archive.daemon(
        tmp_path, ingestd_priorities=("90 URGENT = 1",), ingestd_connections=1, ingestd_rate=40_000
    )
    write_fits(tmp_path / "raw/overtaken.fits", 1, size=80_000)
    with daemon:
        eventually(lambda: archive.transfers("overtaken.fits") == {"overtaken.fits": "receiving"}, str)
        write_fits(tmp_path / "raw/overtaking.fits", 2, URGENT=1)
        daemon.wait()
    assert list(archive.transfers("overtak%.fits")) == ["overtaking.fits", "overtaken.fits"]


def test_the_same_file_twice_is_one_and_another_of_its_name_a_version(archive, tmp_path):
    with archive.daemon(tmp_path, ingestd_after="keep") as daemon:
        content = write_fits(tmp_path / "raw/same.fits", 1)
        daemon.wait()
        (tmp_path / "raw/below").mkdir()
        (tmp_path / "raw/below/same.fits").write_bytes(content)
        daemon.wait()
        assert len(daemon.queue.items(State.PUT_AWAY)) == 2
        assert [version for _, version, _ in archive.versions("same.fits")] == [1]
        write_fits(tmp_path / "raw/same.fits", 2)
        daemon.wait()
    assert [version for _, version, _ in archive.versions("same.fits")] == [1, 2]
    # Whoever comes after finds nothing to do.
    with archive.daemon(tmp_path, ingestd_after="keep") as daemon:
        daemon.wait()
    assert len(archive.versions("same.fits")) == 2


def test_what_waits_is_shown_while_it_cannot_be_sent(archive, tmp_path):
    daemon = archive.daemon(tmp_path)
    write_fits(tmp_path / "raw/too-large.fits", 1, size=4_000_000)
    with daemon:
        eventually(lambda: archive.transfers("too-large.fits") == {"too-large.fits": "waiting"}, str)
        eventually(
            lambda: any("3000000 are the most" in row[8] for row in _rows(archive)), lambda: _rows(archive)
        )
        # Other files are not kept waiting by it.
        write_fits(tmp_path / "raw/small-enough.fits", 2)
        eventually(lambda: archive.transfers("small-enough.fits") == {"small-enough.fits": "ingested"}, str)
        (tmp_path / "raw/too-large.fits").unlink()
    with archive.client("") as client:
        page = client.get("/transfers")
        assert 'href="/transfers"' in client.get("/").text
    assert "too-large.fits" in page.text and 'src="/static/transfers.js"' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


def _rows(archive):
    with archive.client("") as client:
        return client.get("/transfers/state").json()["rows"]


def test_no_archive_and_later_one(archive, tmp_path):
    """An address where nobody answers: nothing is lost, and a daemon with the right one goes on."""
    write = tmp_path / "raw/patient.fits"
    with archive.daemon(tmp_path, ingestd_archive="http://127.0.0.1:9") as daemon:
        write_fits(write, 1)
        eventually(lambda: any(one.attempts for one in daemon.queue.items(State.WAITING)), str)
    assert write.exists()
    with archive.daemon(tmp_path) as daemon:
        daemon.wait()
    assert archive.transfers("patient.fits") == {"patient.fits": "ingested"}


def test_other_files_are_read_by_the_same_plugins(archive, tmp_path):
    lines = "Telescope,Start,End,Mode\n"
    with archive.daemon(tmp_path) as daemon:
        (tmp_path / "raw/P116.slots.csv").write_text(lines + "UT1,2025-10-01T23:00Z,2025-10-02T09:00Z,SM\n")
        (tmp_path / "raw/P117.slots.csv").write_text(lines + "UT1,tomorrow,the day after,SM\n")
        daemon.wait()
        assert daemon.queue.items(State.REFUSED) == []
    assert set(archive.transfers("%.slots.csv").values()) == {"ingested"}
    with archive.database.writer() as connection:
        slots = connection.execute("SELECT telescope, slot_mode FROM dfs.time_slot").fetchall()
        transfers = connection.execute(
            "SELECT file_name, dp_id, reason IS NULL FROM dfs.transfer"
            " WHERE file_name LIKE '%.slots.csv' ORDER BY 1"
        ).fetchall()
    assert slots == [("UT1", "Service")]
    # What its plugin could not read is safe all the same, for `uraniborg ingest --retry`.
    assert [(name, is_plain) for name, _, is_plain in transfers] == [
        ("P116.slots.csv", True),
        ("P117.slots.csv", False),
    ]
    assert all(dp_id.endswith(f".{name}") for name, dp_id, _ in transfers)


def test_it_is_not_acknowledged_while_a_copy_is_missing(archive, tmp_path):
    """A file that was taken in some time ago by other means, and of which a copy has gone bad since."""
    content = write_fits(tmp_path / "copies.fits", 1)
    with archive.daemon(tmp_path, ingestd_after="delete") as daemon:
        (tmp_path / "raw/copies.fits").write_bytes(content)
        daemon.wait()
        _execute(archive, "DELETE FROM dfs.transfer WHERE file_name = 'copies.fits'")
        _execute(archive, _COPY, "bad")
        (tmp_path / "raw/copies.fits").write_bytes(content)
        eventually(lambda: archive.transfers("copies.fits") == {"copies.fits": "stored"}, str)
        eventually(
            lambda: any(row[8] == "a copy is missing" for row in _rows(archive)), lambda: _rows(archive)
        )
        assert (tmp_path / "raw/copies.fits").exists()
        _execute(archive, _COPY, "good")
        daemon.wait()
    assert archive.transfers("copies.fits") == {"copies.fits": "ingested"}
    assert [version for _, version, _ in archive.versions("copies.fits")] == [1]


_COPY = (
    "UPDATE archive.copy SET state = %s FROM archive.file AS f"
    " WHERE f.place = copy.place AND f.name = 'copies.fits'"
)


def _execute(archive, statement, *values):
    with archive.database.writer() as connection:
        assert connection.execute(statement, values).rowcount == 1


def test_one_daemon_for_a_spool(archive, tmp_path):
    with archive.daemon(tmp_path), pytest.raises(ConfigurationError, match="another ingestd"):
        archive.daemon(tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ingestd_archive": "archive.example"}, "names no archive"),
        ({"ingestd_folders": ("/nonexistent",)}, "no folder"),
        ({"ingestd_priorities": ("soon ESO OBS ID = 1",)}, "is no rule"),
        ({"ingestd_priority": 5000}, "not from 0"),
    ],
)
def test_settings_that_make_no_sense(archive, tmp_path, settings, message):
    with pytest.raises(ConfigurationError, match=message):
        archive.daemon(tmp_path, **settings)
