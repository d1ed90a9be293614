"""`uraniborg ingest` and `uraniborg load` as an operator types them: options, what is said, exit status."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive.database import Database
from archive.testing import ClusterForTests
from tests.ingest.support import TAN, image, write

_COMMAND = "import sys; from frontdesk.cli import main; sys.exit(main(sys.argv[1:]))"
_HEAD = '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'


@dataclass(frozen=True)
class Desk:
    """A database, and a folder that root's commands can still enter as the database's account."""

    database: Database
    folder: Path

    def run(self, *words: object) -> tuple[int, str, str]:
        config = self.folder / "uraniborg.toml"
        found = subprocess.run(
            [sys.executable, "-c", _COMMAND, "--config", str(config), *map(str, words)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=Path(__file__).parents[2],
        )
        return found.returncode, found.stdout, found.stderr

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.database.writer() as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture
def desk(test_cluster: ClusterForTests) -> Iterator[Desk]:
    with (
        tempfile.TemporaryDirectory(prefix="uraniborg-commands-") as name,
        test_cluster.database() as database,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        made = Desk(database, folder)
        server = test_cluster.cluster.server(str(made.rows("SELECT current_database()")[0][0]), {})
        (folder / "uraniborg.toml").write_text(f'data_folder = "data"\ndsn = "{server.owner}"\n')
        yield made


def test_refresh(desk: Desk) -> None:
    path = write(desk.folder, "a.fits", image(TAN))
    collection = "SELECT obs_collection FROM ivoa.obscore"
    assert desk.run("ingest", path)[:2] == (0, "1 file\n       1 ingested\n")
    assert desk.rows(collection) == [("other",)]
    again = desk.run("ingest", "--collection", "MASH", "--refresh", path)
    assert again[:2] == (0, "1 file\n       1 unchanged\n")
    assert desk.rows(collection) == [("MASH",)]
    assert desk.rows("SELECT max(version) FROM archive.file") == [(1,)]


def test_all_tables(desk: Desk) -> None:
    tables = "".join(
        f"<RESOURCE><TABLE name='{name}'><FIELD name='n' datatype='int'/><DATA><TABLEDATA>{rows}"
        "</TABLEDATA></DATA></TABLE></RESOURCE>"
        for name, rows in (("I/34/a", "<TR><TD>1</TD></TR>"), ("b", "<TR><TD>2</TD></TR>"), ("c", ""))
    )
    path = write(desk.folder, "viz.vot", f"{_HEAD}{tables}</VOTABLE>".encode())
    status, said, _ = desk.run("load", "--all-tables", "cat.viz", path)
    assert status == 0
    assert said.splitlines() == [
        "2 tables, from cat.viz__i_34_a to cat.viz__b",
        "1 of 3 tables has no rows and is left out",
        "1 rows loaded into cat.viz__i_34_a",
        "1 rows loaded into cat.viz__b",
    ]
    assert desk.rows("SELECT n FROM cat.viz__i_34_a UNION SELECT n FROM cat.viz__b ORDER BY 1") == [
        (1,),
        (2,),
    ]
    status, said, complaint = desk.run("load", "--all-tables", "cat.viz", path)
    assert status == 2 and complaint.count("exists already") == 2 and "rows loaded" not in said
