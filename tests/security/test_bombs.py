"""Files and documents that want more than they bring: entities, layers of packing, sizes that nobody has.

What VOTable uploads do with them is in tests/uploads, what the scanner of FITS does in tests/ingest. Here is
every other reader, each with little time and memory.
"""

from __future__ import annotations

import base64
import gzip
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.errors import ArchiveError, Unauthenticated
from archive.pixels.spectra import open_spectrum
from archive.plugins.inputs import Input
from archive.previews import Form, make_preview
from archive.tablefiles import open_catalogue
from frontdesk.openid import Pending
from tap.user_tables_definition import indexed_columns
from tests.ingest.support import card, header_bytes
from tests.readers.phase2_support import RECEIVED
from tests.security.conftest import Site

_MOST = 100_000_000  # bytes of memory


class Memory:
    """The bytes of a file as the store gives them."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.size = len(content)

    def read(self, offset: int, length: int) -> bytes:
        return self.content[offset : offset + length]


@contextmanager
def in_little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < _MOST
    finally:
        tracemalloc.stop()


def refused(work: Callable[[], object]) -> str:
    """What is said about it, "" when it is read after all; anything but our errors is a failure."""
    with in_little_memory():
        try:
            work()
        except ArchiveError as error:
            return error.message
    return ""


# --- XML --------------------------------------------------------------------------------------------------

_LAUGHS = "<!ENTITY a '" + "ha" * 50 + "'>" + "".join(
    f"<!ENTITY {name} '{f'&{before};' * 10}'>"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)  # fmt: skip
DECLARATIONS = {
    "billion laughs": (_LAUGHS, "&i;"),
    "quadratic blow-up": (f"<!ENTITY i '{'x' * 50_000}'>", "&i;" * 10_000),
    "file": ("<!ENTITY i SYSTEM 'file:/etc/passwd'>", "&i;"),
    "address": ("<!ENTITY i SYSTEM 'http://127.0.0.1:9/x'>", "&i;"),
    "parameter": ("<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'> %p;", ""),
    "itself": ("<!ENTITY i '&j;'><!ENTITY j '&i;'>", "&i;"),
    "attribute's default": ("<!ATTLIST column evil CDATA 'x'>", ""),
}
_DOCUMENTS = {
    "voevent": "<!DOCTYPE x [{}]><VOEvent ivorn='ivo://x/y#{}'><Why>{}</Why></VOEvent>",
    "vosi": "<!DOCTYPE x [{}]><table><name>{}</name><column><name>{}</name></column></table>",
}


def document(tmp_path: Path, kind: str, declared: str) -> Path:
    declarations, use = DECLARATIONS[declared]
    path = tmp_path / f"a.{kind}.xml"
    path.write_text(_DOCUMENTS[kind].format(declarations, use, use))
    return path


@pytest.mark.parametrize("declared", DECLARATIONS)
def test_entities_in_inputs_of_plugins(tmp_path: Path, declared: str) -> None:
    path = document(tmp_path, "voevent", declared)
    said = refused(lambda: Input(path, path.name, "a", RECEIVED).xml)
    assert said and "root:" not in said


@pytest.mark.parametrize("declared", DECLARATIONS)
def test_entities_in_definitions_of_tables(tmp_path: Path, declared: str) -> None:
    path = document(tmp_path, "vosi", declared)
    said = refused(lambda: indexed_columns(path))
    assert said and "root:" not in said


@pytest.mark.parametrize("declared", DECLARATIONS)
def test_entities_in_tables_that_users_send(site: Site, tmp_path: Path, declared: str) -> None:
    for kind in ("text/xml", "application/x-votable+xml"):
        content = document(tmp_path, "vosi", declared).read_bytes()
        headers = {**site.tycho, "Content-Type": kind}
        answer = site.asking.request("PUT", "/tap/tables/my_tycho.t", headers=headers, content=content)
        assert answer.status == 400, answer.text
        assert "root:" not in answer.text


CELLS = {
    "many digits": ("datatype='int'", "9" * 100_000),
    "many hexadecimal digits": ("datatype='int'", "0x" + "f" * 100_000),
    "many of them in a list": ("datatype='long' arraysize='*'", "1 -0x" + "f" * 100_000),
    "sizes that are nothing together": ("datatype='int' arraysize='4294967296x4294967296x*'", "1 2"),
    "sizes beyond 64 bits": ("datatype='int' arraysize='2147483648x4294967296x2*'", "1 2"),
    "a size of nothing": ("datatype='int' arraysize='0x*'", "1 2"),
    "a size without number": (f"datatype='int' arraysize='{'9' * 10_000}'", "1"),
    "many axes": (f"datatype='int' arraysize='{'9x' * 10_000}*'", "1"),
    "an instant": ("datatype='char' arraysize='*' xtype='timestamp'", "99999-99-99T99:99:99"),
}


@pytest.mark.parametrize(("declared", "cell"), CELLS.values(), ids=CELLS)
def test_absurd_cells(site: Site, declared: str, cell: str) -> None:
    content = (
        "<VOTABLE version='1.4'><RESOURCE><TABLE><FIELD name='a' " + declared + "/><DATA><TABLEDATA><TR><TD>"
        f"{cell}</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    ).encode()
    headers = {**site.tycho, "Content-Type": "application/x-votable+xml"}
    answer = site.asking.request("PUT", "/tap/tables/my_tycho.cells", headers=headers, content=content)
    assert answer.status == 400, answer.text


# --- YAML, in which astropy describes the columns of tables ------------------------------------------------

_COLUMN = "datatype:\n- {name: a, datatype: int64}\n"
YAML = {
    "merges of merges": _COLUMN
    + "m0: &m0 {k: 1}\n"
    + "".join(f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}]}}\n" for n in range(1, 12)),
    "lists of lists as a description": _COLUMN.replace("}", ", description: *l9}").replace(
        "datatype:\n",
        "l0: &l0 [x]\n"
        + "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 10))
        + "datatype:\n",
        1,
    ),
    "itself": _COLUMN + "meta: &m {description: *m}\n",
    "objects": _COLUMN + "meta: {x: !!python/object/apply:os.system ['false']}\n",
    "objects of astropy": _COLUMN + f"meta: {{x: !astropy.units.Unit {{unit: '{'m*' * 5000}m'}}}}\n",
    "deep": _COLUMN + "meta: " + "[" * 1000 + "\n",
    "long": _COLUMN + "#" * 3_000_000,
    "nothing": "a",
    "no columns": "datatype: {a: b}\n",
}


@pytest.mark.parametrize("text", YAML.values(), ids=YAML)
def test_descriptions_of_columns_are_texts_only(site: Site, tmp_path: Path, text: str) -> None:
    begun = time.monotonic()
    table = pa.table({"a": [1]}).replace_schema_metadata({"table_meta_yaml": text})
    pq.write_table(table, tmp_path / "a.parquet")
    headers = {**site.tycho, "Content-Type": "application/vnd.apache.parquet"}
    content = (tmp_path / "a.parquet").read_bytes()
    answer = site.asking.request("PUT", "/tap/tables/my_tycho.described", headers=headers, content=content)
    assert answer.status in {200, 201, 400}, answer.text
    lines = "".join(f"# {line}\n" for line in ("%ECSV 1.0", "---", *text.splitlines()))
    (tmp_path / "a.ecsv").write_text(f"{lines}a\n1\n")
    with suppress(ArchiveError), open_catalogue(tmp_path / "a.ecsv") as source:
        assert [column.name for column in source.columns] == ["a"]
        assert len(source.description) < 100
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 50_000, "1" * 100_000, '"\\ud800"'])
def test_log_ins_elsewhere_are_begun_here(text: str) -> None:
    """What the browser brings back of one, in a cookie."""
    with pytest.raises(Unauthenticated, match="was not begun here"):
        Pending.unpacked(base64.urlsafe_b64encode(text.encode()).decode())


# --- layers of packing ------------------------------------------------------------------------------------


def test_packed_bodies_are_not_unpacked(site: Site) -> None:
    """A hundred kilobytes that would be a hundred megabytes."""
    bomb = gzip.compress(b"LANG=ADQL&QUERY=" + bytes(100_000_000))
    for path in ("/tap/sync", "/tap/async", "/login", "/incoming/queue"):
        headers = {
            **site.olga,
            "Content-Encoding": "gzip",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer = site.asking.request("POST", path, headers=headers, content=bomb)
        assert answer.status in {400, 403, 413, 415}, (path, answer.text)


def test_tables_that_unpack_to_more_than_may_be_sent(site: Site) -> None:
    bomb = gzip.compress(gzip.compress(b"a,b\n" + b"1,2\n" * 10_000_000))
    headers = {**site.tycho, "Content-Type": "text/csv"}
    answer = site.asking.request("PUT", "/tap/tables/my_tycho.t", headers=headers, content=bomb)
    assert answer.status == 400, answer.text


@pytest.mark.parametrize("kind", ["text/csv", "text/tab-separated-values"])
def test_lines_of_names_without_end(site: Site, kind: str) -> None:
    comma = "," if kind == "text/csv" else "\t"
    headers = {**site.tycho, "Content-Type": kind}
    for content in (f"a{comma}" * 1_000_000 + "\n1\n", "a" * 20_000_000):
        with in_little_memory():
            sent = content.encode()
            answer = site.asking.request("PUT", "/tap/tables/my_tycho.t", headers=headers, content=sent)
        assert answer.status == 400, answer.text


# --- FITS -------------------------------------------------------------------------------------------------


def image(*cards: str) -> bytes:
    return header_bytes([card("SIMPLE", True), *cards])


def packed(shape: tuple[int, ...], tile: tuple[int, ...], algorithm: str, **cards: object) -> bytes:
    """A tile-compressed image of one row: twenty bytes that say they are all its pixels."""
    heap = b"\1" * 20
    data = np.array([len(heap), 0], ">i4").tobytes() + heap
    told: dict[str, object] = {
        "BITPIX": 8,
        "NAXIS": 2,
        "NAXIS1": 8,
        "NAXIS2": 1,
        "PCOUNT": len(heap),
        "GCOUNT": 1,
        "TFIELDS": 1,
        "TTYPE1": "COMPRESSED_DATA",
        "TFORM1": f"1PB({len(heap)})",
        "ZIMAGE": True,
        "ZBITPIX": 16,
        "ZNAXIS": len(shape),
        **{f"ZNAXIS{axis}": length for axis, length in enumerate(shape, 1)},
        **{f"ZTILE{axis}": length for axis, length in enumerate(tile, 1)},
        "ZCMPTYPE": algorithm,
        "ZNAME1": "BLOCKSIZE",
        "ZVAL1": 32,
        **cards,
    }
    head = header_bytes([card("XTENSION", "BINTABLE"), *(card(*pair) for pair in told.items())])
    return image(card("BITPIX", 8), card("NAXIS", 0)) + head + data.ljust(2880, b"\0")


_ALGORITHMS = ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "NOCOMPRESS", "EVIL_1")
ABSURD = {
    **{
        f"NAXIS1 = {length}": image(
            card("BITPIX", 16), card("NAXIS", 2), card("NAXIS1", length), card("NAXIS2", length)
        )
        for length in (-1, 2**31 - 1, 2**31, 2**62, 2**64, 10**30)
    },
    "NAXIS = 1000000": image(card("BITPIX", 8), card("NAXIS", 1_000_000)),
    "NAXIS = 999, each of 2": image(
        card("BITPIX", 8), card("NAXIS", 999), *(card(f"NAXIS{axis}", 2) for axis in range(1, 1000))
    ),
    "BITPIX = 1000000000": image(card("BITPIX", 10**9), card("NAXIS", 1), card("NAXIS1", 1)),
    "GCOUNT below nothing": image(
        card("BITPIX", 8), card("NAXIS", 1), card("NAXIS1", 1), card("GCOUNT", -5), card("PCOUNT", 10**9)
    ),
    **{f"rubbish in {name}": packed((1000, 1000), (1000, 1000), name) for name in _ALGORITHMS},
    **{f"one tile of gigabytes, {name}": packed((60_000,) * 2, (60_000,) * 2, name) for name in _ALGORITHMS},
    "tiles without number": packed((2**31 - 1, 2**31 - 1), (1, 1), "RICE_1"),
    "sizes beyond 64 bits": packed((10**30, 10**30), (10**30, 10**30), "RICE_1"),
    "a line of gigabytes": packed((10**10,), (10**10,), "RICE_1"),
    "tiles of no size": packed((1000, 1000), (0, 0), "RICE_1"),
    "axes of the image without number": packed((10, 10), (10, 10), "RICE_1", ZNAXIS=10**9),
    "an image below nothing": packed((-5, 1000), (-1, 1), "RICE_1"),
    **{f"ZBITPIX = {bits}": packed((9, 9), (9, 1), "GZIP_1", ZBITPIX=bits) for bits in (0, 7, 10**9)},
}  # fmt: skip


@pytest.mark.parametrize("content", ABSURD.values(), ids=ABSURD)
def test_absurd_sizes_have_no_picture(content: bytes) -> None:
    assert refused(lambda: make_preview(Memory(content), Form.PNG, 256))


@pytest.mark.parametrize("content", ABSURD.values(), ids=ABSURD)
def test_absurd_sizes_are_no_spectrum(content: bytes) -> None:
    assert refused(lambda: open_spectrum(Memory(content)))
