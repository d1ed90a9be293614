"""Links to what can be read about a file: its headers, its instrument, its collection and release."""

from __future__ import annotations

from collections.abc import Iterator

from ...declare.addresses import dataset_url, header_page_url, header_url, lineage_url
from .authorising import LinkAuth
from .facts import Facts
from .rows import Link
from .terms import Term

__all__ = ["documents"]


_TEXT, _PAGE, _JSON = "text/plain", "text/html", "application/json"


def documents(base_url: str, facts: Facts, identifier: str, dp_id: str) -> Iterator[Link]:
    """Headers and pages of this server are public, whoever may have the data."""
    listed = list(_descriptions(facts, dp_id))
    file = facts.files.get(dp_id)
    if file is not None and file.has_headers:
        listed.insert(0, (header_page_url(base_url, dp_id), "The headers on a page", "header-page"))
        yield _link(
            identifier,
            Term.DETACHED_HEADER,
            "All headers of the file as text",
            header_url(base_url, dp_id),
            "header",
            _TEXT,
        )
    if dp_id in facts.raw or dp_id in facts.products or dp_id in facts.datasets:
        yield _link(
            identifier,
            Term.DOCUMENTATION,
            "The chain from its proposal to what was made of it",
            lineage_url(base_url, dp_id),
            "lineage",
            _JSON,
        )
    if file is not None:
        listed.insert(0, (dataset_url(base_url, dp_id), "What is known of it, on a page", "page"))
    for url, description, local_semantics in listed:
        # Of pages elsewhere nobody here knows what they are, nor whom they let in.
        media_type = _PAGE if url.startswith(f"{base_url}/") else None
        yield _link(identifier, Term.DOCUMENTATION, description, url, local_semantics, media_type)


def _link(
    identifier: str, term: Term, description: str, url: str, local_semantics: str, media_type: str | None
) -> Link:
    return Link(
        identifier,
        term.value,
        description,
        access_url=url,
        content_type=media_type,
        local_semantics=local_semantics,
        link_auth=LinkAuth.OPTIONAL.value if media_type else None,
        link_authorized=True if media_type else None,
    )


def _descriptions(facts: Facts, dp_id: str) -> Iterator[tuple[str, str, str]]:
    """Addresses, each once, what is there, and what tells it apart."""
    dataset, raw = facts.datasets.get(dp_id, {}), facts.raw.get(dp_id, {})
    collection = dataset.get("obs_collection") or ""
    instrument = raw.get("instrument") or dataset.get("instrument_name") or ""
    offered = (
        (dataset.get("release_description"), "Description of the data release", "release-description"),
        (facts.documents.get(("collection", collection)), f"The collection {collection}", "collection"),
        (facts.documents.get(("instrument", instrument)), f"The instrument {instrument}", "instrument"),
    )
    seen: set[str] = set()
    for url, description, local_semantics in offered:
        if url and url not in seen:
            seen.add(url)
            yield url, description, local_semantics
