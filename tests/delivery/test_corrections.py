"""Headers corrected: what is recorded, what is delivered, and that everything adds up."""

from __future__ import annotations

import gzip
import hashlib
import warnings
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from astropy.io import fits

from archive.database import Database
from archive.errors import NotFound, UsageError
from archive.store import (
    Action,
    Change,
    Correction,
    Delivered,
    FileVersion,
    Store,
    correct,
    corrections,
    delivered,
    parse_header,
    read_headers,
    restore,
)
from tests.delivery.support import exposure

Put = Callable[..., FileVersion]
EXPTIME = Change(0, Action.SET, "EXPTIME", 45.5)
MANY = tuple(Change(1, Action.ADD, f"ESO QC PAR{number}", number / 3, "measured") for number in range(60))
SETS: dict[str, tuple[Change, ...]] = {
    "one value": (EXPTIME,),
    "a longer header": MANY,
    "several HDUs": (EXPTIME, *MANY, Change(3, Action.ADD, "TUCD1", "phot.flux")),
    "a shorter header": (Change(0, Action.DELETE, "HISTORY"), Change(0, Action.DELETE, "LONG")),
    "continued text": (
        Change(0, Action.SET, "LONG", "it's " * 60),
        Change(0, Action.ADD, "ESO OBS TARG NAME", "x y " * 50),
    ),
    "the last HDU": (Change(3, Action.ADD, "HISTORY", "calibrated anew " * 20),),
}


@pytest.fixture
def fix(archived: Database, store: Store) -> Callable[..., Correction]:
    def fix(dp_id: str, *changes: Change, version: int | None = None) -> Correction:
        with archived.writer() as connection:
            return correct(
                connection, store, dp_id, changes, who="tycho", why="the clock was wrong", version=version
            )

    return fix


@pytest.fixture
def get(archived: Database, store: Store) -> Callable[..., Delivered]:
    def get(dp_id: str, version: int | None = None, correction: int | None = None) -> Delivered:
        with archived.writer() as connection:
            return delivered(connection, store, dp_id, version, correction)

    return get


@pytest.mark.parametrize("changes", SETS.values(), ids=SETS)
def test_every_checksum_of_a_corrected_file_is_right(store, put, fix, get, changes):
    original = exposure()
    file = put(original)
    made = fix(file.dp_id, *changes)
    found = get(file.dp_id)
    content = found.read(0, found.size + 10)
    assert (len(content), hashlib.sha256(content).hexdigest()) == (found.size, found.sha256)
    assert (made.bytes, made.sha256) == (found.size, found.sha256)
    assert found.sha256 != file.sha256
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before, after = fits.open(BytesIO(original)), fits.open(BytesIO(content), checksum=True)
        after.verify("exception")
        for old, new in zip(before, after, strict=True):
            assert np.array_equal(old.data, new.data)
            assert new.header["DATASUM"] == old.header["DATASUM"]
            assert (new.verify_checksum(), new.verify_datasum()) == (1, 1)
    assert store.path(file.place).read_bytes() == original


def test_only_the_corrected_cards_change(put, fix, get):
    file = put(exposure())
    fix(file.dp_id, EXPTIME, Change(0, Action.SET, "eso.dpr.catg", "CALIB"))
    before = fits.open(BytesIO(exposure()))
    after = fits.open(BytesIO(get(file.dp_id).read(0, 1 << 20)))
    assert fits.HeaderDiff(before[1].header, after[1].header).identical
    difference = fits.HeaderDiff(before[0].header, after[0].header, ignore_keywords=["CHECKSUM"])
    assert difference.diff_keyword_values == {
        "EXPTIME": [(30.0, 45.5)],
        "ESO DPR CATG": [("SCIENCE", "CALIB")],
    }
    assert difference.diff_keyword_comments.keys() <= {"CHECKSUM"}


def test_any_range_is_a_part_of_the_whole(put, fix, get):
    file = put(exposure())
    fix(file.dp_id, *SETS["several HDUs"])
    found = get(file.dp_id)
    whole = found.read(0, found.size)
    edges = {0, found.size}
    for patch in found.patches:
        edges |= {whole.index(patch.header), whole.index(patch.header) + len(patch.header)}
    places = sorted({edge + step for edge in edges for step in (-1, 0, 1, 700)} - {-1})
    for first in places:
        for last in places:
            if first < last:
                assert found.read(first, last - first) == whole[first:last]
    with found.file() as view:
        view.seek(-100, 2)
        assert view.read() == whole[-100:]
        view.seek(0)
        with fits.open(view) as hdus:
            assert hdus[0].header["EXPTIME"] == 45.5


def test_header_versions_are_kept_and_told(archived, put, fix, get):
    file = put(exposure())
    fix(file.dp_id, EXPTIME)
    fix(file.dp_id, Change(0, Action.SET, "EXPTIME", 46), Change(1, Action.DELETE, "CRVAL1"))
    assert [get(file.dp_id, correction=n).etag for n in (0, 1, 2)] == [
        f'"{file.sha256}"',
        f'"{file.sha256}-h1"',
        f'"{file.sha256}-h2"',
    ]
    values = [parse_header(get(file.dp_id, correction=n).read(0, 1 << 20)).get("EXPTIME") for n in (0, 1, 2)]
    assert values == [30.0, 45.5, 46.0]
    assert get(file.dp_id, correction=0).sha256 == file.sha256
    with archived.writer() as connection:
        kept = [read_headers(connection, file.dp_id, None, n)[0].get("EXPTIME") for n in (0, 1, 2, None)]
        first, second = corrections(connection, file.dp_id)
    assert kept == [30.0, 45.5, 46.0, 46.0]
    assert (first.who, first.why, first.correction) == ("tycho", "the clock was wrong", 1)
    assert [
        (one.hdu, one.keyword, one.before[10:30].strip(), one.after[10:30].strip()) for one in second.changes
    ] == [
        (0, "EXPTIME", "45.5", "46.0"),
        (1, "CRVAL1", "53.4", ""),
    ]
    with pytest.raises(NotFound, match="no correction 3"):
        get(file.dp_id, correction=3)


def test_restoring_takes_corrections_back(archived, store, put, fix, get):
    file = put(exposure())
    fix(file.dp_id, EXPTIME)
    fix(file.dp_id, *MANY)
    with archived.writer() as connection:
        assert restore(connection, store, file.dp_id, 1, who="tycho", why="too much").correction == 3
    assert get(file.dp_id).size == get(file.dp_id, correction=1).size
    with archived.writer() as connection:
        made = restore(connection, store, file.dp_id, 0, who="tycho", why="all wrong")
    assert (made.sha256, made.bytes) == (file.sha256, file.bytes)
    assert [(one.action, one.keyword) for one in made.changes] == [("delete", "EXPTIME"), ("add", "EXPTIME")]
    found = get(file.dp_id)
    assert found.etag == f'"{file.sha256}"' and found.modified == made.at
    assert found.read(0, found.size) == exposure()
    with archived.writer() as connection, pytest.raises(UsageError, match="already"):
        restore(connection, store, file.dp_id, 0, who="tycho", why="again")


@pytest.mark.parametrize("ending", [".fits.gz", ".fits.fz"])
def test_compressed_originals_are_delivered_as_they_are(archived, put, fix, get, ending):
    content = gzip.compress(exposure())
    if ending == ".fits.fz":
        packed = BytesIO()
        image = fits.CompImageHDU(np.arange(900, dtype="i2").reshape(30, 30))
        image.header["EXPTIME"] = 30.0
        fits.HDUList([fits.PrimaryHDU(), image]).writeto(packed, checksum=True)
        content = packed.getvalue()
    file = put(content, name=f"packed{ending}")
    made = fix(file.dp_id, Change(1 if ending == ".fits.fz" else 0, Action.SET, "EXPTIME", 45.5))
    assert (made.bytes, made.sha256) == (file.bytes, file.sha256)
    found = get(file.dp_id)
    assert found.read(0, found.size) == content and found.etag == f'"{file.sha256}"'
    with archived.writer() as connection:
        headers = read_headers(connection, file.dp_id)
    assert 45.5 in {header.get("EXPTIME") for header in headers}


def test_a_new_version_of_the_file_has_headers_of_its_own(put, fix, get):
    file = put(exposure())
    fix(file.dp_id, EXPTIME)
    newer = put(exposure() + b"\0" * 2880, file.dp_id, 2)
    assert get(file.dp_id).etag == f'"{newer.sha256}"'
    assert get(file.dp_id, 1).etag == f'"{file.sha256}-h1"'
    assert fix(file.dp_id, EXPTIME, version=1).correction == 2


def test_files_without_checksums_get_none(put, fix, get):
    plain = BytesIO()
    fits.PrimaryHDU(np.zeros((3, 4))).writeto(plain)
    file = put(plain.getvalue())
    fix(file.dp_id, Change(0, Action.ADD, "OBJECT", "M 1"))
    assert b"CHECKSUM" not in get(file.dp_id).read(0, 2880)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Change(0, Action.SET, "NAXIS1", 3), "how the file is written"),
        (Change(0, Action.DELETE, "BITPIX"), "how the file is written"),
        (Change(0, Action.ADD, "CHECKSUM", "0"), "how the file is written"),
        (Change(0, Action.SET, "EXPTIM", 3.0), "did you mean EXPTIME"),
        (Change(0, Action.SET, "EXPTIME", "long"), "is a number"),
        (Change(0, Action.SET, "OBJECT", 5), "is text"),
        (Change(0, Action.ADD, "EXPTIME", 5), "already"),
        (Change(0, Action.ADD, "OBSERVER", "Åse"), "ASCII"),
        (Change(0, Action.ADD, "A=B", 1), "ASCII"),
        (Change(0, Action.ADD, "ESO VERY LONG NAME " * 4, 1), "80"),
        (Change(0, Action.DELETE, "ESO INS MODE"), "no card"),
        (Change(0, Action.SET, "HISTORY", "x"), "has no value"),
        (Change(9, Action.SET, "EXPTIME", 3.0), "no HDU 9"),
    ],
)
def test_what_cannot_be_corrected(archived, put, fix, get, change, reason):
    file = put(exposure())
    with pytest.raises(UsageError, match=reason):
        fix(file.dp_id, EXPTIME, change)
    assert get(file.dp_id).correction == 0


def test_a_correction_names_somebody_and_a_reason(archived, store, put):
    file = put(exposure())
    with archived.writer() as connection:
        for who, why in (("", "x"), ("x", " ")):
            with pytest.raises(UsageError, match="who made it and why"):
                correct(connection, store, file.dp_id, [EXPTIME], who=who, why=why)
        with pytest.raises(UsageError, match="without changes"):
            correct(connection, store, file.dp_id, [], who="x", why="y")


def test_files_that_are_no_fits_have_nothing_to_correct(put, fix):
    file = put(b"a text", name="notes.txt")
    with pytest.raises(UsageError, match="no FITS headers"):
        fix(file.dp_id, EXPTIME)


@pytest.mark.parametrize("ending", [".fits", ".fits.fz", ".fits.Z", ".FITS", ".gz"])
def test_endings_of_file_names_do_not_matter(put, get, ending):
    file = put(exposure())
    assert get(file.dp_id + ending).dp_id == file.dp_id


def test_an_identifier_with_an_ending_of_its_own_comes_first(put, get):
    plain = put(exposure())
    other = put(exposure() + b"\0" * 2880, f"{plain.dp_id}.fits")
    assert get(f"{plain.dp_id}.fits").sha256 == other.sha256
    with pytest.raises(NotFound):
        get(".fits")
