"""Rows derived anew from what the archive keeps: stored files, and their headers as corrected last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from archive.config import Config
from archive.declare.obscore import OBSCORE
from archive.store import Connection, Description, Store, described, lock_identifiers, read_headers
from archive.tablefiles.fits_scan import scan

from .corrected import with_headers
from .harvest import Harvest, derive, is_read, offered
from .publication import Publication
from .rows import write_rows
from .summaries import renew_lists

__all__ = ["rederive"]


def rederive(connection: Connection, store: Store, config: Config, dp_ids: Iterable[str]) -> list[str]:
    """Write the rows of these files anew, within the caller's transaction; what was wrong with them.

    Published tables, links and keywords become what an ingest of the corrected files would make them; their
    identifiers, collections and dates of publication stay. Files without headers are left alone. Raises
    NotFound, UnreadableFile and CopyMissing.
    """
    wanted = sorted(set(dp_ids))
    lock_identifiers(connection, wanted)
    publication = Publication.of(config)
    latest = {}
    for dp_id in wanted:
        found = described(connection, dp_id)
        if read_headers(connection, found.dp_id, found.version):
            latest[found.dp_id] = _harvest(connection, store, found, publication)
    problems = [problem for one in latest.values() for problem in one.problems]
    problems += write_rows(connection, latest, publication)
    renew_lists(connection, config.base_url, publication.instruments)
    return problems


def _harvest(connection: Connection, store: Store, found: Description, publication: Publication) -> Harvest:
    with store.fetched(found.archived) as path:
        archived = scan(path, is_read)
        offer = replace(offered(path, found.name), size=found.size)

    def corrected(correction: int, collection: str | None) -> Harvest:
        headers = read_headers(connection, found.dp_id, found.version, correction)
        collected = replace(publication, collection=collection)
        return derive(with_headers(archived, headers), offer, collected, found.dp_id)

    before = (corrected(correction, None) for correction in {0, max(found.correction - 1, 0)})
    return corrected(found.correction, _chosen_collection(connection, found.dp_id, before))


def _chosen_collection(connection: Connection, dp_id: str, before: Iterable[Harvest]) -> str | None:
    """The collection that the operator gave a file: what its row has and no headers of it have told."""
    row = connection.execute("SELECT obs_collection FROM ivoa.obscore WHERE dp_id = %s", (dp_id,)).fetchone()
    place = list(OBSCORE.by_name).index("obs_collection")
    records = [record for one in before for record in one.records if record.table is OBSCORE]
    told = {record.values[place] for record in records}
    return None if row is None or row[0] in told else str(row[0])
