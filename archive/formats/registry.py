"""Which formats there are, what they are called, and which one a request means.

Nothing here encodes anything. The names follow DALI 1.2, 3.4.3 and what clients really send: pyvo and
TOPCAT media types, astroquery "votable_plain", ESO's scripts "json", DaCHS users "votable/td".
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from enum import Enum

from ..errors import BadParameter

__all__ = ["DEFAULT_FORMAT", "FORMATS", "Encoding", "Format", "find_format"]

_VOTABLE = "application/x-votable+xml"
_OUTPUT = "ivo://ivoa.net/std/TAPRegExt#output-votable-"

# Said about the bytes on the wire, not about which format is wanted (RFC 9110, 12.4.2 and 8.3.2).
_IGNORED_PARAMETERS = frozenset({"charset", "q"})


class Encoding(Enum):
    """The closed set of writers; several formats of the registry may share one."""

    TABLEDATA = "TABLEDATA"
    BINARY = "BINARY"
    BINARY2 = "BINARY2"
    CSV = "CSV"
    TSV = "TSV"
    FITS = "FITS"
    PARQUET = "PARQUET"
    JSON = "JSON"
    HTML = "HTML"


@dataclass(frozen=True, slots=True)
class Format:
    """A format a client can ask for.

    `media_type` goes into Content-Type; `media_types` are all that are understood, canonically spelled.
    `ivo_id` is TAPRegExt's name of the format, empty where it has none. `streams` is False when the whole
    result is spooled to disk before the first byte leaves, which also makes its length known.
    """

    name: str
    encoding: Encoding
    media_type: str
    aliases: tuple[str, ...]
    extension: str
    ivo_id: str = ""
    other_media_types: tuple[str, ...] = ()
    streams: bool = True

    @property
    def media_types(self) -> tuple[str, ...]:
        return (self.media_type, *self.other_media_types)


FORMATS: tuple[Format, ...] = (
    # TABLEDATA for whoever asks nothing special: the one serialization in which every reader takes text for
    # UTF-8, and which scripts in a browser can read. Whoever names text/xml may have only an XML library.
    Format(
        "VOTable",
        Encoding.TABLEDATA,
        _VOTABLE,
        ("votable",),
        "vot",
        other_media_types=("text/xml", "application/xml"),
    ),
    Format(
        "VOTable, TABLEDATA",
        Encoding.TABLEDATA,
        f"{_VOTABLE};serialization=TABLEDATA",
        ("votable/td", "votable_plain"),
        "vot",
        f"{_OUTPUT}td",
    ),
    Format(
        "VOTable, BINARY2",
        Encoding.BINARY2,
        f"{_VOTABLE};serialization=BINARY2",
        ("votable/b2",),
        "vot",
        f"{_OUTPUT}binary2",
    ),
    Format(
        "VOTable, BINARY",
        Encoding.BINARY,
        f"{_VOTABLE};serialization=BINARY",
        ("votable/b",),
        "vot",
        f"{_OUTPUT}binary",
    ),
    Format("CSV", Encoding.CSV, "text/csv;header=present", ("csv",), "csv", other_media_types=("text/csv",)),
    Format("TSV", Encoding.TSV, "text/tab-separated-values", ("tsv",), "tsv"),
    Format("FITS", Encoding.FITS, "application/fits", ("fits",), "fits", streams=False),
    Format("Parquet", Encoding.PARQUET, "application/vnd.apache.parquet", ("parquet",), "parquet"),
    Format("JSON", Encoding.JSON, "application/json", ("json",), "json"),
    Format("HTML", Encoding.HTML, "text/html", ("html",), "html"),
)

DEFAULT_FORMAT = FORMATS[0]


def find_format(text: str, parameter: str = "RESPONSEFORMAT") -> Format:
    """The format a request names by alias or media type, blanks and letter case aside.

    Media types are compared by type and parameters (DALI 1.2, 3.4.3). The `media_type` of the answer is
    the one that was named, canonically spelled, as DALI wants it back; for an alias the format's own.
    """
    wanted = text.strip().lower()
    for known in FORMATS:
        if wanted in known.aliases:
            return known
    parsed = _parse(wanted)
    for known in FORMATS:
        for media_type in known.media_types:
            if _parse(media_type.lower()) == parsed:
                return replace(known, media_type=media_type, other_media_types=())
    raise BadParameter(parameter, f"unknown format {text!r}", hint=_suggest(wanted))


def _parse(media_type: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """Type and parameters; an unescaped + in a query string arrives as a blank, and is meant all the same."""
    name, *parameters = media_type.split(";")
    pairs = [parameter.partition("=") for parameter in parameters if parameter.strip()]
    return name.strip().replace(" ", "+"), frozenset(
        (key.strip(), value.strip().strip('"'))
        for key, _, value in pairs
        if key.strip() not in _IGNORED_PARAMETERS
    )


def _suggest(wanted: str) -> str:
    names = [alias for known in FORMATS for alias in known.aliases]
    near = difflib.get_close_matches(wanted, names, n=1)
    return f"did you mean {near[0]}?" if near else "known are " + ", ".join(names) + " and their media types"
