"""The table of links: its columns, and rows on their way to an encoder.

Columns are DataLink 1.1's, 3.2, in its order, and then three of ESO's. What is in them is told in `dataset`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter

import pyarrow as pa

from ...declare.columns import Field
from ...declare.types import BOOLEAN, LONG, TEXT

__all__ = ["FIELDS", "Link", "batches"]

FIELDS = (
    Field("ID", TEXT, ucd="meta.id;meta.main", description="Identifier that was asked for"),
    Field("access_url", TEXT, ucd="meta.ref.url", description="Address of what is linked"),
    Field(
        "service_def",
        TEXT,
        ucd="meta.ref",
        description="ID of the RESOURCE in this document that describes a service to be called instead",
    ),
    Field("error_message", TEXT, ucd="meta.code.error", description="Why there is no link"),
    Field(
        "semantics",
        TEXT,
        ucd="meta.code",
        description="What the link is to the identifier: a term of http://www.ivoa.net/rdf/datalink/core, or "
        "a URI",
    ),
    Field("description", TEXT, ucd="meta.note", description="What is linked, in words"),
    Field("content_type", TEXT, ucd="meta.code.mime", description="Media type of what is linked"),
    Field("content_length", LONG, unit="byte", ucd="phys.size;meta.file", description="Size of the download"),
    Field(
        "content_qualifier",
        TEXT,
        ucd="meta.code",
        description="Nature of what is linked: a term of http://www.ivoa.net/rdf/product-type",
    ),
    Field(
        "local_semantics",
        TEXT,
        ucd="meta.id.assoc",
        description="What tells links of the same semantics apart, the same for all identifiers",
    ),
    Field(
        "link_auth",
        TEXT,
        ucd="meta.code",
        description="Whether one has to say who one is: false, optional or true",
    ),
    Field("link_authorized", BOOLEAN, ucd="meta.code", description="Whether the caller may follow the link"),
    Field(
        "eso_category",
        TEXT,
        ucd="meta.code.class",
        description="Category of the file: PRODCATG or PRO CATG of products, DPR TYPE of raw frames",
    ),
    Field(
        "eso_origfile",
        TEXT,
        ucd="meta.title;meta.file",
        description="Name of the file before it was archived",
    ),
    Field(
        "eso_datalink",
        TEXT,
        ucd="meta.ref.url",
        description="Address of the links of what is linked, when that is a file of this archive",
    ),
)

_ROWS = 4096  # in a batch
_SCHEMA = pa.schema([pa.field(field.name, field.type.arrow) for field in FIELDS])


@dataclass(frozen=True, slots=True)
class Link:
    """A row; just one of access_url, service_def and error_message is set (DataLink 1.1, 3.2)."""

    id: str
    semantics: str
    description: str | None = None
    access_url: str | None = None
    service_def: str | None = None
    error_message: str | None = None
    content_type: str | None = None
    content_length: int | None = None
    content_qualifier: str | None = None
    local_semantics: str | None = None
    link_auth: str | None = None
    link_authorized: bool | None = None
    eso_category: str | None = None
    eso_origfile: str | None = None
    eso_datalink: str | None = None


_values = attrgetter(*(field.name.lower() for field in FIELDS))


def batches(links: Iterable[Link]) -> Iterator[pa.RecordBatch]:
    """The rows as the encoders want them."""
    rest = iter(links)
    while some := list(islice(rest, _ROWS)):
        columns = zip(*map(_values, some), strict=True)
        arrays = [pa.array(values, field.type.arrow) for values, field in zip(columns, FIELDS, strict=True)]
        yield pa.record_batch(arrays, schema=_SCHEMA)
