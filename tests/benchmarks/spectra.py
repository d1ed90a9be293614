"""A million spectra for benchmarks: rows of dbo.ssa all over the sky, of 25 years and 40 set-ups.

Made by the database itself from the rows' numbers, as in `datasets`.
"""

from __future__ import annotations

from archive.database import Database
from archive.database.ddl import index_names, index_statements
from archive.declare.names import quote_identifier
from archive.declare.ssa import SSA

__all__ = ["load_spectra"]

_DICE = "abs(hashint8extended(i, {seed})::float8) / 9223372036854775808.0"

_FILL = f"""
INSERT INTO dbo.ssa (
    dp_id, "PUBDID", "CREATORDID", access_url, access_format, access_estsize, file_url, file_format,
    spectrum_url, preview_url, title, data_model, length, "COLLECTION", instrument_name, facility_name,
    bandpass, obs_id, last_mod_date, data_rights, "TARGETNAME", "SNR", s_ra, s_dec, "APERTURE", s_region,
    s_region__bounds, s_region__circles, t_min, t_max, t_mid, t_extent, t_exptime, "TIMERES", em_min, em_max,
    em_mid, em_extent, "SPECRP", em_resolution, em_binsize, "WAVECALIB", em_axis, em_ucd, em_unit, em_si,
    "FLUXCALIB", flux_axis, flux_ucd, flux_unit, flux_si)
SELECT
    'SIM.' || i, 'ivo://uraniborg.example/ID?SIM.' || i, 'ivo://uraniborg.example/origfile?s' || i || '.fits',
    'http://127.0.0.1/file/SIM.' || i, 'application/fits', 400, 'http://127.0.0.1/file/SIM.' || i,
    'application/fits', 'http://127.0.0.1/spectrum/SIM.' || i, 'http://127.0.0.1/preview/SIM.' || i,
    'spectrum number ' || i, 'SPECTRUM V2.0', 20000, 'COLLECTION ' || setup, 'INSTRUMENT ' || setup,
    'Telescope ' || setup %% 4, 'Optical', 'OB.' || i / 10, '2026-01-01', 'public', 'Target ' || i / 100,
    10 + 90 * {_DICE.format(seed=5)}, ra, "dec", 2 * aperture,
    'CIRCLE ICRS ' || concat_ws(' ', ra, "dec", aperture),
    scircle(spoint(radians(ra), radians("dec")), radians(aperture + 3e-7)),
    ARRAY[scircle(spoint(radians(ra), radians("dec")), radians(aperture))],
    start, start + exposure / 86400, start + exposure / 172800, exposure, exposure, exposure,
    (300 + 40 * setup) * 1e-9, (500 + 40 * setup) * 1e-9, (400 + 40 * setup) * 1e-9, 200e-9,
    1000 * (1 + setup), 1e-11, 1e-11, 'absolute', 'wavelength', 'em.wl', 'nm', '1E-9 L', 'absolute', 'flux',
    'phot.flux.density;em.wl', 'erg.Angstrom**-1.s**-1.cm**-2', '1E7 L-1MT-3'
FROM (
    SELECT i, i %% 40 AS setup, 1 + 358 * {_DICE.format(seed=1)} AS ra,
        degrees(asin(1.96 * {_DICE.format(seed=2)} - 0.98)) AS "dec", 0.000125 AS aperture,
        51544 + 9131 * {_DICE.format(seed=3)} AS start, 10 + 3000 * {_DICE.format(seed=4)} AS exposure
    FROM generate_series(1, %(count)s) AS i
) AS made
"""


def load_spectra(database: Database, count: int = 1_000_000) -> None:
    """Fills dbo.ssa, which was empty."""
    schema = quote_identifier(SSA.physical_schema)
    with database.writer() as connection:
        for name in index_names(SSA)[1:]:
            connection.execute(f"DROP INDEX {schema}.{quote_identifier(name)}".encode())
        connection.execute(_FILL.encode(), {"count": count})
        for statement in index_statements(SSA):
            connection.execute(statement.encode())
        connection.execute(b"ANALYZE dbo.ssa")
    database.refresh_row_counts()
