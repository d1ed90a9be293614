"""Millions of rows of eleven columns over HTTP beside psql's COPY: time, first byte, memory of the server.

curl takes each format over the loopback interface; in turn with it psql writes the same rows to nowhere, in
binary for formats of bytes and as text for formats of text. The server is a process of its own, so that its
memory is its own. docs/performance.md holds the figures; `make soak` sends many requests at once.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from archive.config import Config
from archive.database import Database, open_database
from archive.database.account import find_account
from archive.database.programs import find_programs
from archive.declare.columns import Column
from archive.declare.tables import Schema, Table
from archive.declare.types import DOUBLE, FLOAT, LONG, TEXT, TIMESTAMP
from archive.formats import Encoding
from archive.testing import SessionFolder
from tests.benchmarks.figures import Figure, Figures
from tests.formats.samples import format_of
from tests.serving import listening

ROOT = Path(__file__).parents[2]
MILLION = 1_000_000
STARS = Table(
    "bench.stars",
    (
        Column("source_id", LONG, nullable=False),
        Column("ra", DOUBLE, unit="deg", ucd="pos.eq.ra;meta.main"),
        Column("dec", DOUBLE, unit="deg", ucd="pos.eq.dec;meta.main"),
        *(Column(f"mag_{band}", FLOAT, unit="mag", ucd="phot.mag") for band in "ugrizy"),
        Column("designation", TEXT),
        Column("observed", TIMESTAMP),
    ),
    description="Stars that nobody has seen",
)
FILL = """
INSERT INTO bench.stars
SELECT 4611686018427387904 + i, 360 * random(), degrees(asin(2 * random() - 1)),
    (10 + 10 * random())::real, (10 + 10 * random())::real, (10 + 10 * random())::real,
    (10 + 10 * random())::real, (10 + 10 * random())::real, (10 + 10 * random())::real,
    'Uraniborg J' || lpad(i::text, 9, '0'), timestamp '2016-01-01' + i * interval '1.000123 s'
FROM generate_series(1, 5000000) AS i
"""
# How many times as long as COPY a format may take.
LIMITS = {Encoding.BINARY2: 1.2, Encoding.CSV: 1.3}
OTHERS = 2.2
TEXTS = {Encoding.TABLEDATA, Encoding.CSV, Encoding.TSV, Encoding.JSON, Encoding.HTML}
FIRST_BYTE = 0.06  # seconds, where the format does not have to know all rows
MEMORY = 300  # resident megabytes of the server, whatever it sends
MEMORY_OF_ALL = 350  # while nine results of a million rows are on their way together
# After twenty at a time, half of them of five million rows; freed, but not given back. 530 to 601 were seen
# after 1,000 to 9,000 requests, in no order.
MEMORY_OF_TWENTY = 700


@dataclass(frozen=True)
class Site:
    """A running server over five million stars."""

    port: int
    process: subprocess.Popen[bytes]
    database: Database

    def resident(self) -> int:
        """Megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found
        return int(found[1]) // 1024

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def copy_seconds(self, rows: int, *, binary: bool) -> float:
        """What psql takes to write the same rows to nowhere."""
        assert self.database.cluster is not None
        socket_folder = self.database.cluster.socket_folder
        account, psql = find_account("postgres"), find_programs(None).path("psql")
        form = " (FORMAT binary)" if binary else ""
        query = f"COPY (SELECT * FROM bench.stars LIMIT {rows}) TO STDOUT{form}"
        begin = time.monotonic()
        command = f"{psql} -h {socket_folder} -p 5432 -U uraniborg -d archive -c '{query}' > /dev/null"
        done = account.run("sh", "-c", command)
        assert done.returncode == 0, done.stderr
        return time.monotonic() - begin


@dataclass(frozen=True)
class Transfer:
    first: float
    seconds: float
    bytes: int


def fetch(site: Site, rows: int, encoding: Encoding, coding: str | None = None) -> Transfer:
    query = f"SELECT TOP {rows} * FROM bench.stars"
    wanted = format_of(encoding).media_type
    form = urlencode({"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": wanted, "MAXREC": str(rows)})
    figures = "%{http_code} %{time_starttransfer} %{time_total} %{size_download}"
    url = f"http://127.0.0.1:{site.port}/tap/sync"
    done = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", figures, "-d", form, *_accepting(coding), url],
        capture_output=True,
        text=True,
        check=True,
    )
    status, first, seconds, size = done.stdout.split()
    assert status == "200"
    return Transfer(float(first), float(seconds), int(size))


def _accepting(coding: str | None) -> list[str]:
    return [] if coding is None else ["-H", f"Accept-Encoding: {coding}"]


@contextlib.contextmanager
def watching(site: Site) -> Iterator[list[int]]:
    """The server's memory again and again while the block runs."""
    seen, ended = [site.resident()], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            seen.append(site.resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    folder = SessionFolder()
    with listening() as listener:
        port = listener.getsockname()[1]
    settings = folder.path / "uraniborg.toml"
    settings.write_text(f'port = {port}\ndata_folder = "data"\n')
    settings.chmod(0o644)
    data = folder.path / "data"
    find_account("postgres").make_folder(data, 0o755)
    database = open_database(Config(data_folder=data, port=port))
    try:
        database.publish([STARS], [Schema("bench", (), "Made up")])
        with database.writer() as connection:
            connection.execute(FILL)
            connection.execute("ANALYZE bench.stars")
        command = "import sys; from frontdesk.cli import main; sys.exit(main())"
        process = subprocess.Popen(
            [sys.executable, "-c", command, "--config", str(settings), "serve"],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        site = Site(port, process, database)
        _wait_for(port)
        fetch(site, 100_000, Encoding.TABLEDATA)  # so that nothing is measured that happens once only
        yield site
        process.terminate()
        process.wait(60)
    finally:
        database.close()
        folder.close()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while True:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            try:
                connection.request("GET", "/tap/availability")
            except ConnectionRefusedError:
                assert time.monotonic() < end
                time.sleep(0.2)
            else:
                assert connection.getresponse().status == 200
                return


def measure(
    site: Site, rows: int, encoding: Encoding, times: int, figures: Figures, coding: str | None = None
) -> None:
    """Medians of `times` turns, in each of which psql comes first."""
    copies, transfers = [], []
    binary = encoding not in TEXTS
    with watching(site) as seen:
        for _ in range(times):
            copies.append(site.copy_seconds(rows, binary=binary))
            transfers.append(fetch(site, rows, encoding, coding))
    group = f"Streaming {rows // MILLION} million rows"
    name = encoding.name if coding is None else f"{encoding.name} in {coding}"
    first = statistics.median(transfer.first for transfer in transfers)
    most_first = None if encoding is Encoding.FITS else FIRST_BYTE
    figures.add(Figure(group, f"{name}, first byte", first, most=most_first))
    figures.add(Figure(group, f"{name}, memory of the server", max(seen), "MiB", most=MEMORY))
    figures.add(
        Figure(
            group,
            f"{name}, {transfers[0].bytes / 1e6:.0f} MB",
            statistics.median(transfer.seconds for transfer in transfers),
            limit=statistics.median(copies),
            against=f"psql, {'binary' if binary else 'text'} COPY",
            most=OTHERS if coding else LIMITS.get(encoding, OTHERS),
        )
    )


every_format = pytest.mark.parametrize("encoding", Encoding, ids=lambda encoding: encoding.name)


@pytest.mark.bench
@every_format
def test_a_million_rows_over_http(site: Site, encoding: Encoding, figures: Figures) -> None:
    measure(site, MILLION, encoding, 5, figures)


@pytest.mark.bench
@every_format
def test_five_million_rows_over_http(site: Site, encoding: Encoding, figures: Figures) -> None:
    measure(site, 5 * MILLION, encoding, 1, figures)


@pytest.mark.bench
@pytest.mark.parametrize("coding", ["zstd", "gzip"])
@pytest.mark.parametrize(
    "encoding", [Encoding.TABLEDATA, Encoding.BINARY2, Encoding.CSV], ids=lambda encoding: encoding.name
)
def test_a_million_rows_compressed(site: Site, encoding: Encoding, coding: str, figures: Figures) -> None:
    measure(site, MILLION, encoding, 3, figures, coding)


@pytest.mark.bench
def test_all_formats_at_once_in_little_memory(site: Site, figures: Figures) -> None:
    with watching(site) as seen:
        threads = [threading.Thread(target=fetch, args=(site, MILLION, encoding)) for encoding in Encoding]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    figures.add(Figure("Memory", "all formats at once", max(seen), "MiB", most=MEMORY_OF_ALL))


@pytest.mark.soak
def test_two_thousand_requests_leave_nothing_behind(site: Site) -> None:
    """Whole results, refusals, late failures and clients that leave, twenty at a time."""
    late = 4611686018427387904 + 100_000
    queries = (
        "SELECT TOP 1000 * FROM bench.stars",
        "SELECT TOP 20000 * FROM bench.stars",
        f"SELECT 1 / (source_id - {late}) AS x, designation FROM bench.stars",
        "SELECT nothing FROM bench.stars",
        "SELECT COUNT(*) AS n FROM bench.stars AS a, bench.stars AS b",
        "SELECT * FROM bench.stars",
    )
    formats = [format_of(encoding).media_type for encoding in Encoding]

    def work(begin: int) -> None:
        for number in range(begin, begin + 50):
            query = queries[number % len(queries)]
            connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
            form = urlencode({"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": formats[number % 7]})
            with contextlib.suppress(http.client.HTTPException, TimeoutError):
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                connection.request("POST", "/tap/sync", form, headers)
                if "COUNT" not in query:
                    connection.getresponse().read(None if "TOP" in query else 1000)
            connection.close()

    def twenty(times: int) -> tuple[int, int]:
        for turn in range(times):
            threads = [threading.Thread(target=work, args=(turn * 7 + i,)) for i in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        time.sleep(8)  # connections kept alive end
        return site.resident(), site.descriptors()

    memory, descriptors = twenty(1)
    later_memory, later_descriptors = twenty(2)
    print(f"after 1000 requests {memory} MB, {descriptors} files; after 3000 {later_memory} MB")
    assert later_memory < min(memory + 100, MEMORY_OF_TWENTY)
    assert later_descriptors <= descriptors + 5
