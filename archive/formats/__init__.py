"""Formats: record batches in, bytes out. Which there are is in `registry`; each writer has its module.

What a format cannot carry is listed in docs/formats.md and tested as listed.
"""

from __future__ import annotations

from typing import assert_never

from .delimited import encode_csv, encode_tsv
from .document import Document, Result, Stream
from .fits import encode_fits
from .html import encode_html
from .jsontable import encode_json
from .parquet import encode_parquet
from .registry import DEFAULT_FORMAT, FORMATS, Encoding, Format, find_format
from .votable import error_document, field_ids, in_namespace
from .votable_rows import encode_binary, encode_tabledata

__all__ = [
    "DEFAULT_FORMAT",
    "FORMATS",
    "Document",
    "Encoding",
    "Format",
    "Result",
    "Stream",
    "encode",
    "error_document",
    "field_ids",
    "find_format",
    "in_namespace",
]


def encode(format_: Format, result: Result, document: Document) -> Stream:
    """The result in a format, as it comes out of the database.

    Nothing is read from the result before the stream is, and the head of the document leaves before the
    first row; but FITS reads all of it here, into a temporary file. An ArchiveError from the result ends
    a VOTable with a last INFO; every other stream raises it, and the transfer has to be broken off.
    """
    match format_.encoding:
        case Encoding.TABLEDATA:
            return Stream(encode_tabledata(result, document))
        case Encoding.BINARY:
            return Stream(encode_binary(result, document, masked=False))
        case Encoding.BINARY2:
            return Stream(encode_binary(result, document, masked=True))
        case Encoding.CSV:
            return Stream(encode_csv(result))
        case Encoding.TSV:
            return Stream(encode_tsv(result))
        case Encoding.FITS:
            return encode_fits(result, document)
        case Encoding.PARQUET:
            return Stream(encode_parquet(result, document))
        case Encoding.JSON:
            return Stream(encode_json(result, document))
        case Encoding.HTML:
            return Stream(encode_html(result, document))
        case _:
            assert_never(format_.encoding)
