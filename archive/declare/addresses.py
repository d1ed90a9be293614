"""Addresses of what belongs to a file, below the archive's base URL: where tables and links send people.

The routes themselves are declared by their services.
"""

from __future__ import annotations

from urllib.parse import quote

from .identifiers import publisher_did

__all__ = [
    "LINKS_TYPE",
    "dataset_url",
    "file_url",
    "header_page_url",
    "header_url",
    "lineage_url",
    "links_url",
    "preview_url",
    "spectrum_url",
]

# Of links documents (DataLink 1.1, 3.1). Clients compare the text, so there is no blank in it.
LINKS_TYPE = "application/x-votable+xml;content=datalink"
_PATH = ":@,;()$!*"


def file_url(base_url: str, dp_id: str) -> str:
    """The file itself, with the newest headers."""
    return f"{base_url}/file/{quote(dp_id, safe=_PATH)}"


def dataset_url(base_url: str, dp_id: str) -> str:
    """The page that shows a dataset to people."""
    return f"{base_url}/dataset/{quote(dp_id, safe=_PATH)}"


def header_url(base_url: str, dp_id: str) -> str:
    return f"{base_url}/header/{quote(dp_id, safe=_PATH)}"


def header_page_url(base_url: str, dp_id: str) -> str:
    """ESO's address of the page with a file's header."""
    return f"{base_url}/hdr?DpId={quote(dp_id, safe=':')}"


def preview_url(base_url: str, dp_id: str) -> str:
    return f"{base_url}/preview/{quote(dp_id, safe=_PATH)}"


def spectrum_url(base_url: str, dp_id: str) -> str:
    """A one-dimensional spectrum in the Spectrum model, with FORMAT=votable or fits."""
    return f"{base_url}/spectrum/{quote(dp_id, safe=_PATH)}"


def lineage_url(base_url: str, dp_id: str) -> str:
    """The chain from its proposal to its products, as JSON."""
    return f"{base_url}/lineage/{quote(dp_id, safe=_PATH)}"


def links_url(base_url: str, authority: str, dp_id: str) -> str:
    """The links document, its ID as readable as a query allows (RFC 3986, 3.4)."""
    return f"{base_url}/datalink/links?ID={quote(publisher_did(authority, dp_id), safe=':/?@,()$!*')}"
