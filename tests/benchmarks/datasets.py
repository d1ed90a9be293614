"""A million datasets for benchmarks: images, cubes and spectra all over the sky, of 25 years and 40 set-ups.

They are made by the database itself, footprints and all, as reading a million headers would take hours. All
comes from the row's number, so that every run asks the same of the same rows.
"""

from __future__ import annotations

from archive.database import Database
from archive.database.ddl import index_names, index_statements
from archive.declare.names import quote_identifier
from archive.declare.obscore import OBSCORE

__all__ = ["COUNT", "load_datasets"]

COUNT = 1_000_000

# Numbers from 0 to 1 that look random, several for each row.
_DICE = "abs(hashint8extended(i, {seed})::float8) / 9223372036854775808.0"

_FILL = f"""
INSERT INTO ivoa.obscore (
    dp_id, dataproduct_type, calib_level, obs_id, obs_collection, obs_title, obs_publisher_did, target_name,
    facility_name, instrument_name, access_url, access_format, access_estsize, s_ra, s_dec, s_fov, s_region,
    s_region__bounds, s_region__points, s_region__polygons, s_resolution, s_pixel_scale, s_xel1, s_xel2,
    t_min, t_max, t_exptime, em_min, em_max, em_res_power, filter, snr, data_rights)
SELECT
    'SIM.' || i, kind, 2, 'OB.' || i / 10, 'COLLECTION ' || setup, kind || ' number ' || i,
    'ivo://uraniborg.example/ID?SIM.' || i, 'Target ' || i / 100, 'Telescope ' || setup %% 4,
    'INSTRUMENT ' || setup, 'http://127.0.0.1/datalink/links?ID=ivo://uraniborg.example/ID?SIM.' || i,
    'application/x-votable+xml;content=datalink', 16000, ra, "dec",
    CASE WHEN kind <> 'spectrum' THEN 2.9 * half END,
    CASE WHEN kind <> 'spectrum' THEN 'POLYGON ICRS ' || concat_ws(' ', ra - half, "dec" - half, ra - half,
        "dec" + half, ra + half, "dec" + half, ra + half, "dec" - half)
        ELSE 'POSITION ICRS ' || ra || ' ' || "dec" END,
    scircle(spoint(radians(ra), radians("dec")), radians(CASE WHEN kind <> 'spectrum' THEN 1.5 * half + 3e-7
        ELSE 3e-7 END)),
    CASE WHEN kind = 'spectrum' THEN ARRAY[spoint(radians(ra), radians("dec"))] END,
    CASE WHEN kind <> 'spectrum' THEN ARRAY[format('{{(%%sd,%%sd),(%%sd,%%sd),(%%sd,%%sd),(%%sd,%%sd)}}',
        ra - half, "dec" - half, ra - half, "dec" + half, ra + half, "dec" + half, ra + half,
        "dec" - half)::spoly] END,
    0.7, 0.36, 2048, 2048, start, start + exposure / 86400, exposure,
    (300 + 40 * setup) * 1e-9, (380 + 40 * setup + CASE kind WHEN 'image' THEN 0 ELSE 400 END) * 1e-9,
    CASE kind WHEN 'image' THEN 5 ELSE 3000 END, 'FILTER ' || setup, 20, 'public'
FROM (
    SELECT i, CASE WHEN i %% 20 < 12 THEN 'image' WHEN i %% 20 < 13 THEN 'cube' ELSE 'spectrum' END AS kind,
        i %% 40 AS setup, 1 + 358 * {_DICE.format(seed=1)} AS ra,
        degrees(asin(1.96 * {_DICE.format(seed=2)} - 0.98)) AS "dec", 0.05 AS half,
        51544 + 9131 * {_DICE.format(seed=3)} AS start, 10 + 3000 * {_DICE.format(seed=4)} AS exposure
    FROM generate_series(1, %(count)s) AS i
) AS made
"""


def load_datasets(database: Database, count: int = COUNT) -> None:
    """Fills ivoa.ObsCore, which was empty."""
    schema = quote_identifier(OBSCORE.physical_schema)
    keys = 1 if OBSCORE.primary_key else 0
    with database.writer() as connection:
        for name in index_names(OBSCORE)[keys:]:
            connection.execute(f"DROP INDEX {schema}.{quote_identifier(name)}".encode())
        connection.execute(_FILL.encode(), {"count": count})
        for statement in index_statements(OBSCORE):
            connection.execute(statement.encode())
        connection.execute(b"ANALYZE ivoa.obscore")
    database.refresh_row_counts()
