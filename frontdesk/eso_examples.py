"""Example queries of the ESO profile: what its services understand beyond plain ADQL, each with an answer."""

from __future__ import annotations

from archive.declare import Example

__all__ = ["CATALOGUE_EXAMPLES", "OBSERVATION_EXAMPLES"]

OBSERVATION_EXAMPLES = (
    Example(
        "eso-letter-case",
        "Names in any letter case",
        "SELECT instrument, dp_cat, COUNT(*)\n"
        "FROM dbo.raw\n"
        "WHERE instrument IN ('hawki', 'uves') AND dp_cat = 'science'\n"
        "GROUP BY instrument, dp_cat\n"
        "ORDER BY 3 DESC",
        "=, <>, IN, LIKE and joins of texts do not tell letter cases apart here. The column of COUNT(*) is "
        "called COUNT_ALL.",
    ),
    Example(
        "eso-distance",
        "Products by their distance from a position",
        "SELECT TOP 100 dp_id, instrument_name, dataproduct_type, s_region,\n"
        "  3600 * DISTANCE(s_region, POINT('', 154.403, -46.412)) AS arcsec\n"
        "FROM ivoa.ObsCore\n"
        "WHERE INTERSECTS(s_region, CIRCLE('', 154.403, -46.412, 0.5)) = 1\n"
        "ORDER BY arcsec",
        "The distance of a position from a footprint is 0 inside of it.",
    ),
    Example(
        "eso-dates",
        "Frames of three hours",
        "SELECT dp_id, object, exp_start\n"
        "FROM dbo.raw\n"
        "WHERE exp_start BETWEEN '2026-03-14 00:00' AND eso_dateadd_sec(10800, '2026-03-14T00:00:00')\n"
        "ORDER BY exp_start",
        "Timestamps are compared with texts: days, or times with T or a blank after the day.",
    ),
)

CATALOGUE_EXAMPLES = (
    Example(
        "eso-latest-catalogues",
        "The latest version of every catalogue",
        "SELECT table_name, title, version, number_rows, number_columns\n"
        "FROM TAP_SCHEMA.tables\n"
        "WHERE schema_name = 'safcat' AND cat_id IN (\n"
        "  SELECT t1.cat_id\n"
        "  FROM TAP_SCHEMA.tables t1 LEFT JOIN TAP_SCHEMA.tables t2\n"
        "    ON (t1.title = t2.title AND t1.version < t2.version)\n"
        "  WHERE t2.title IS NULL)\n"
        "ORDER BY table_name",
    ),
    Example(
        "eso-main-columns",
        "Identifier and position of every catalogue",
        "SELECT table_name, column_name, ucd\n"
        "FROM TAP_SCHEMA.columns\n"
        "WHERE ucd IN ('meta.id;meta.main', 'pos.eq.ra;meta.main', 'pos.eq.dec;meta.main')\n"
        "ORDER BY table_name, ucd",
    ),
)
