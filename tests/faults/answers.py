"""Queries whose answers are known without asking the archive: what is asked under load, and what is right."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
from dataclasses import dataclass, replace

from astropy.io import fits
from astropy.io.votable import parse_single_table

from tests.faults.site import STARS
from tests.uploads.documents import field, tabledata, votable

__all__ = [
    "ENDLESS",
    "FORMATS",
    "Asked",
    "count_slowly",
    "count_uploaded",
    "digest_of",
    "everything",
    "rows",
    "rows_in",
]

FORMATS = ("csv", "tsv", "json", "votable", "votable/td", "votable/b2", "fits")
_SLOW = 3000  # rows that are joined with one another, which takes a second
_UPLOADED = 3000


@dataclass(frozen=True)
class Asked:
    """A query, the table that goes with it if any, and the rows that are the right answer.

    `digest`: of the right answer, where it is too large to be read each time.
    """

    parameters: dict[str, str]
    answer: list[tuple[object, ...]]
    upload: bytes | None = None
    digest: str = ""

    def is_right(self, content: bytes) -> bool:
        if self.digest:
            return digest_of(content) == self.digest
        return rows_in(self.parameters["RESPONSEFORMAT"], content) == self.answer


def _asked(query: str, form: str, answer: list[tuple[object, ...]], upload: bytes | None = None) -> Asked:
    parameters = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": form, "MAXREC": str(STARS)}
    if upload is not None:
        parameters["UPLOAD"] = "mine,param:table"
    return Asked(parameters, answer, upload)


def digest_of(content: bytes) -> str:
    """Where the lines of base64 end depends on how fast the rows came."""
    return hashlib.sha256(content.translate(None, b"\n ")).hexdigest()


def rows(count: int, form: str) -> Asked:
    query = f"SELECT TOP {count} id, weight, name FROM faults.stars ORDER BY id"
    return _asked(query, form, [(i, i / 8.0, f"star {i}") for i in range(1, count + 1)])


def everything(form: str, digest: str) -> Asked:
    """More than fits into what lies between the database and a client."""
    asked = rows(STARS, form)
    return replace(asked, answer=[], digest=digest)


_PAIRS = "SELECT COUNT(*) AS n FROM faults.stars AS a, faults.stars AS b WHERE a.weight < b.weight"
ENDLESS = _asked(_PAIRS, "csv", [])


def count_slowly(form: str) -> Asked:
    query = (
        "SELECT COUNT(*) AS n FROM faults.stars AS a, faults.stars AS b"
        f" WHERE a.id <= {_SLOW} AND b.id <= {_SLOW} AND a.weight < b.weight"
    )
    return _asked(query, form, [(_SLOW * (_SLOW - 1) // 2,)])


def count_uploaded(chance: random.Random, form: str) -> Asked:
    """Half of the uploaded numbers are those of stars."""
    ids = chance.sample(range(1, STARS), _UPLOADED // 2) + [STARS + i for i in range(1, _UPLOADED // 2)]
    query = (
        "SELECT COUNT(*) AS n, SUM(s.id) AS total FROM faults.stars AS s"
        " JOIN TAP_UPLOAD.mine AS m ON m.number = s.id"
    )
    document = votable([field("number", "long")], tabledata([[str(i)] for i in ids]))
    found = [i for i in ids if i <= STARS]
    return _asked(query, form, [(len(found), sum(found))], document)


def rows_in(form: str, content: bytes) -> list[tuple[object, ...]]:
    """The rows of a result. Raises what the format's reader does when it is not whole."""
    match form:
        case "csv" | "tsv":
            lines = csv.reader(io.StringIO(content.decode()), delimiter="," if form == "csv" else "\t")
            next(lines)
            return [tuple(_value(text) for text in line) for line in lines]
        case "json":
            return [tuple(row) for row in json.loads(content)["data"]]
        case "fits":
            with fits.open(io.BytesIO(content)) as file:
                # Blanks at the end of a text mean nothing there.
                return [
                    tuple(v.rstrip() if isinstance(v, str) else v for v in row)
                    for row in file[1].data.tolist()
                ]
        case _:
            table = parse_single_table(io.BytesIO(content))
            return [tuple(_plain(value) for value in row) for row in table.array.tolist()]


def _value(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _stripped(value: object) -> object:
    return value.rstrip() if isinstance(value, str) else value


def _plain(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value
