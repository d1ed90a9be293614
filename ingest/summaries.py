"""util.collections and util.docurl: lists written anew when the rows that they sum up have changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archive.declare.instruments import Instrument, find_instrument
from archive.store import Connection

__all__ = ["renew_lists"]

_LOCK = 0x55_52_41_4E_49_42_05


def renew_lists(connection: Connection, base_url: str, instruments: Iterable[Instrument]) -> None:
    """Within one transaction: readers see the old lists until the new ones are complete."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    connection.execute("DELETE FROM util.collections")
    connection.execute(
        """
        INSERT INTO util.collections (
            collection, dataproduct_types, instruments, calib_level_min, calib_level_max, datasets, volume,
            t_min, t_max, em_min, em_max, last_mod_date, release_description)
        SELECT obs_collection, string_agg(DISTINCT dataproduct_type, ',' ORDER BY dataproduct_type),
            string_agg(DISTINCT instrument_name, ',' ORDER BY instrument_name), min(calib_level),
            max(calib_level), count(*), sum(access_estsize)::bigint, min(t_min), max(t_max), min(em_min),
            max(em_max), max(last_mod_date), max(release_description)
        FROM ivoa.obscore WHERE hidden_until IS NULL OR hidden_until <= now() GROUP BY obs_collection
        """
    )
    _renew_addresses(connection, base_url, tuple(instruments))


def _renew_addresses(connection: Connection, base_url: str, instruments: Sequence[Instrument]) -> None:
    connection.execute("DELETE FROM util.docurl")
    found = connection.execute("SELECT DISTINCT instrument FROM dbo.raw WHERE instrument IS NOT NULL")
    names = sorted(str(name) for (name,) in found)
    tables = [find_instrument(name, instruments).table.name for name in names]
    connection.execute(
        "INSERT INTO util.docurl (name, kind, url, description)"
        " SELECT name, 'instrument', url, 'The table of its raw frames: columns, and their FITS keywords'"
        " FROM unnest(%s::text[], %s::text[]) AS known (name, url)",
        (names, [f"{base_url}/tables/{table}" for table in tables]),
    )
    connection.execute(
        "INSERT INTO util.docurl (name, kind, url, description)"
        " SELECT collection, 'collection', release_description, 'Description of the release'"
        " FROM util.collections WHERE release_description IS NOT NULL"
    )
