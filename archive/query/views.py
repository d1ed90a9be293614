"""The queries behind the views of schema prov: nothing is kept twice.

A table with hidden rows stands in brackets, so that the compiler can write in its place the rows that
somebody sees. Conditions on identifiers of files reach the indexes of the tables below. Which columns the
views have is declared in `archive.declare.prov`; `archive.database.provenance_views` makes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

__all__ = ["QUERIES", "view_query"]

_PAIRS = """[phase3v2.provenance] AS v JOIN [phase3v2.files] AS f ON f.file_id = v.product_file
    WHERE v.source_file <> f.archive_id"""
_REDUCTION = "f.archive_id || '#reduction'"
_AGENT = "i.programme_id || '#' || i.investigator_number"

QUERIES: Mapping[str, str] = {
    "prov.entity": """
        SELECT dp_id AS id, origfile AS name, dp_type AS type, access_url AS location,
               exp_start AS generated_at_time FROM [dbo.raw] AS r
        UNION ALL
        SELECT f.archive_id, f.name, f.category, o.access_url, o.obs_creation_date
        FROM [phase3v2.files] AS f LEFT JOIN [ivoa.obscore] AS o ON o.dp_id = f.archive_id""",
    "prov.activity": f"""
        SELECT execution_id AS id, 'observation'::text AS name, start_time, end_time,
               operator_comments AS comment FROM [dfs.execution] AS e
        UNION ALL
        SELECT {_REDUCTION}, 'reduction', NULL, NULL, NULL FROM [phase3v2.files] AS f
        WHERE EXISTS (SELECT FROM [phase3v2.provenance] AS v WHERE v.product_file = f.file_id)""",
    "prov.agent": f"""
        SELECT {_AGENT} AS id, full_name AS name, 'Person'::text AS type, institute AS affiliation
        FROM dfs.investigator AS i""",
    "prov.used": f"""
        SELECT {_REDUCTION} AS activity_id, v.source_file AS entity_id,
               coalesce(r.dp_type, s.category) AS role
        FROM [phase3v2.provenance] AS v JOIN [phase3v2.files] AS f ON f.file_id = v.product_file
        LEFT JOIN [dbo.raw] AS r ON r.dp_id = v.source_file
        LEFT JOIN [phase3v2.files] AS s ON s.archive_id = v.source_file
        WHERE v.source_file <> f.archive_id""",
    "prov.was_generated_by": f"""
        SELECT dp_id AS entity_id, execution_id AS activity_id, dp_cat AS role FROM [dfs.execution_file] AS x
        UNION ALL
        SELECT f.archive_id, {_REDUCTION}, f.category FROM [phase3v2.files] AS f
        WHERE EXISTS (SELECT FROM [phase3v2.provenance] AS v WHERE v.product_file = f.file_id)""",
    "prov.was_derived_from": f"""
        SELECT f.archive_id AS generated_id, v.source_file AS used_id FROM {_PAIRS}""",
    "prov.was_attributed_to": f"""
        SELECT r.dp_id AS entity_id, {_AGENT} AS agent_id, i.investigator_role AS role
        FROM [dbo.raw] AS r JOIN dfs.run AS u ON u.run_id = r.prog_id
        JOIN dfs.investigator AS i ON i.programme_id = u.programme_id""",
    "prov.was_associated_with": f"""
        SELECT e.execution_id AS activity_id, {_AGENT} AS agent_id, i.investigator_role AS role
        FROM [dfs.execution] AS e LEFT JOIN [dfs.ob] AS b ON b.ob_id = e.ob_id
        JOIN dfs.run AS u ON u.run_id = coalesce(e.run_id, b.run_id)
        JOIN dfs.investigator AS i ON i.programme_id = u.programme_id""",
}

_HIDING = re.compile(r"\[([a-z0-9_.]+)\]")


def view_query(name: str, table: Callable[[str], str] = str) -> str:
    """The query of a view; `table` spells a table with hidden rows, by its own name unless given."""
    return _HIDING.sub(lambda found: table(found[1]), QUERIES[name])
