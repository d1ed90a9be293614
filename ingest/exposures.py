"""dfs.exposure derived from raw files, executions and the site monitors, whichever of them comes last.

The rows of just those files are derived anew that what was written concerns. Which columns there are is in
`archive.declare.dataflow.exposures`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

import pyarrow as pa

from archive.declare.dataflow.asm import AMBIENT_LASILLA, DIMM, HISTORICAL
from archive.declare.dataflow.execution import EXECUTION, EXECUTION_FILE
from archive.store import Connection

__all__ = ["complete_exposures", "derive_exposures", "follow_exposures"]

Batches = Mapping[str, Iterable[pa.RecordBatch]]

# Of two transactions that each bring one part of a row, the later must see the earlier.
_DERIVING = 0x55_52_41_4E_49_42_06
_OLDEST = timedelta(minutes=10)  # of a measurement, when the exposure begins
# The monitors of seeing; which telescopes (TELESCOP) they stand beside is told below.
_MONITORS = (DIMM, HISTORICAL, AMBIENT_LASILLA)
_DERIVE = """
INSERT INTO dfs.exposure AS there (
    dp_id, exp_start, instrument, dp_cat, run_id, ob_id, execution_id, seeing, seeing_date)
SELECT r.dp_id, r.exp_start, r.instrument, r.dp_cat, coalesce(e.run_id, r.prog_id),
    coalesce(e.ob_id, r.ob_id), e.execution_id, seen.fwhm, seen.start_date
FROM dbo.raw AS r
LEFT JOIN LATERAL (
    SELECT e.execution_id, e.run_id, e.ob_id
    FROM dfs.execution_file AS x JOIN dfs.execution AS e ON e.execution_id = x.execution_id
    WHERE x.dp_id = r.dp_id ORDER BY e.start_time DESC, e.execution_id DESC LIMIT 1
) AS e ON true
LEFT JOIN LATERAL (
    SELECT fwhm, start_date FROM (
        (SELECT m.fwhm, m.start_date FROM asm.dimm_paranal AS m
            WHERE r.telescope ~ '^(ESO-)?(VLT|VST|VISTA)' AND m.start_date <= r.exp_start
            AND m.start_date > r.exp_start - %(oldest)s AND m.valid = 1 AND m.fwhm IS NOT NULL
            ORDER BY m.start_date DESC LIMIT 1)
        UNION ALL
        (SELECT m.fwhm, m.start_date FROM asm.historical_ambient_paranal AS m
            WHERE r.telescope ~ '^(ESO-)?(VLT|VST|VISTA)' AND m.start_date <= r.exp_start
            AND m.start_date > r.exp_start - %(oldest)s AND m.valid = 1 AND m.fwhm IS NOT NULL
            ORDER BY m.start_date DESC LIMIT 1)
        UNION ALL
        (SELECT m.fwhm, m.start_date FROM asm.ambient_lasilla AS m
            WHERE r.telescope ~ '^(ESO-(NTT|1|2|3)|MPI-)' AND m.start_date <= r.exp_start
            AND m.start_date > r.exp_start - %(oldest)s AND m.valid = 1 AND m.fwhm IS NOT NULL
            ORDER BY m.start_date DESC LIMIT 1)
    ) AS measured ORDER BY start_date DESC LIMIT 1
) AS seen ON true
"""
_RENEW = """
ON CONFLICT (dp_id) DO UPDATE SET exp_start = EXCLUDED.exp_start, instrument = EXCLUDED.instrument,
    dp_cat = EXCLUDED.dp_cat, run_id = EXCLUDED.run_id, ob_id = EXCLUDED.ob_id,
    execution_id = EXCLUDED.execution_id, seeing = EXCLUDED.seeing, seeing_date = EXCLUDED.seeing_date
    WHERE there IS DISTINCT FROM EXCLUDED
"""
_ALL = f"{_DERIVE} {_RENEW}"
_OF_FILES = f"{_DERIVE} WHERE r.dp_id = ANY (%(files)s) {_RENEW}"
_OF_TIMES = f"{_DERIVE} WHERE r.exp_start >= %(begin)s AND r.exp_start < %(end)s {_RENEW}"
_GONE = (
    "DELETE FROM dfs.exposure AS e WHERE e.dp_id = ANY (%s)"
    " AND NOT EXISTS (SELECT FROM dbo.raw AS r WHERE r.dp_id = e.dp_id)"
)


def follow_exposures(connection: Connection, batches: Batches, _moment: datetime) -> None:
    """Brings the rows up to date that executions or measurements concern which were just written."""
    files = set(_values(batches, EXECUTION_FILE.name, "dp_id"))
    executions = set(_values(batches, EXECUTION.name, "execution_id"))
    if executions:
        told = "SELECT dp_id FROM dfs.execution_file WHERE execution_id = ANY (%s)"
        files |= {row[0] for row in connection.execute(told, (sorted(map(str, executions)),))}
    if files:
        derive_exposures(connection, {str(name) for name in files})
    for monitor in _MONITORS:
        for begin, end in _periods(_values(batches, monitor.name, "start_date")):
            _derive(connection, _OF_TIMES, begin=begin, end=end)


def complete_exposures(connection: Connection) -> None:
    """Derives all rows of an archive that has raw files and no exposures: it is older than they are."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM dbo.raw) AND NOT EXISTS (SELECT FROM dfs.exposure)"
    ).fetchone()
    if row == (True,):
        derive_exposures(connection)


def derive_exposures(connection: Connection, dp_ids: Collection[str] | None = None) -> None:
    """Derives the rows of these files, or of all, in the caller's transaction.

    Holds a lock that other derivations wait for until the transaction ends: call it last.
    """
    if dp_ids is None:
        _derive(connection, _ALL)
        return
    _derive(connection, _OF_FILES, files=sorted(dp_ids))
    connection.execute(_GONE, (sorted(dp_ids),))


def _derive(connection: Connection, statement: str, **binds: object) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_DERIVING,))
    connection.execute(statement.encode(), {"oldest": _OLDEST, **binds})


def _periods(starts: Iterable[object]) -> Iterable[tuple[datetime, datetime]]:
    """The times for which measurements of these starts hold, without the days between them."""
    days: dict[object, tuple[datetime, datetime]] = {}
    for start in starts:
        assert isinstance(start, datetime)
        begin, end = days.get(start.date(), (start, start))
        days[start.date()] = min(begin, start), max(end, start)
    return [(begin, end + _OLDEST) for begin, end in days.values()]


def _values(batches: Batches, table: str, column: str) -> Iterable[object]:
    for batch in batches.get(table, ()):
        yield from batch.column(column).to_pylist()
