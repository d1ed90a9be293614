"""ivoa.obsplan derived from observation blocks, executions, raw files and the schedule once they are written.

Here is what is asked of the database and what is written; how a row comes about is in `obsplan_rows`. Only
rows that differ are written, so that t_planning tells when an observation really changed in the plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path

import psycopg
import pyarrow as pa
from psycopg.rows import dict_row

from archive.access.clock import lock_rights
from archive.access.hidden_rows import hide_named
from archive.database import lock_tables, records_batch, upsert
from archive.declare.dataflow.allocation import OUTCOME
from archive.declare.dataflow.containers import CONTAINER
from archive.declare.dataflow.execution import EXECUTION
from archive.declare.dataflow.phase1 import RUN
from archive.declare.dataflow.phase2 import OB, P2_RUN
from archive.declare.dataflow.schedule import TIME_SLOT
from archive.declare.obsplan import OBSPLAN
from archive.declare.tables import Record
from archive.store import Connection

from .obsplan_rows import Block, Execution, aborted_row, planned_row
from .times import as_mjd

__all__ = ["blocks_after", "derive_obsplan", "follow_clock", "follow_frames", "follow_obsplan"]

Batches = Mapping[str, Iterable[pa.RecordBatch]]

_AT_ONCE = 500  # observation blocks that are derived together
_T_PLANNING = list(OBSPLAN.by_name).index("t_planning")
_OBS_ID = list(OBSPLAN.by_name).index("obs_id")
# Which observation blocks rows of other tables concern, by the column that names them.
_OF_RUNS = """
SELECT ob_id FROM dfs.ob LEFT JOIN dfs.p2_run USING (p2_run_id)
WHERE coalesce(ob.run_id, p2_run.run_id) = ANY (%s)"""
_CONCERNED = {
    RUN.name: ("run_id", _OF_RUNS),
    OUTCOME.name: ("run_id", _OF_RUNS),
    P2_RUN.name: ("p2_run_id", "SELECT ob_id FROM dfs.ob WHERE p2_run_id = ANY (%s)"),
    CONTAINER.name: ("container_id", "SELECT ob_id FROM dfs.ob WHERE container_id = ANY (%s)"),
}
# Of a schedule also those concern the plan that have lost their time.
_OF_SCHEDULE = f"""{_OF_RUNS}
UNION SELECT ob.ob_id FROM ivoa.obsplan JOIN dfs.ob ON ob.ob_id::text = obsplan.obs_id
WHERE obsplan.execution_status = 'Scheduled'"""

# Not all of the blocks that raw files name are known here.
_OF_FRAMES = """
SELECT DISTINCT ob_id FROM dbo.raw AS r WHERE dp_id = ANY (%s) AND ob_id IS NOT NULL
AND (EXISTS (SELECT FROM dfs.ob WHERE ob.ob_id = r.ob_id)
    OR EXISTS (SELECT FROM dfs.execution AS e WHERE e.ob_id = r.ob_id))"""
_OVER = """
SELECT ob.ob_id FROM ivoa.obsplan AS p JOIN dfs.ob ON ob.ob_id::text = p.obs_id
WHERE p.execution_status = 'Scheduled' AND p.t_max <= %s"""
_NEXT = """
SELECT ob_id FROM (
    (SELECT ob_id FROM dfs.ob WHERE ob_id > %(block)s ORDER BY ob_id LIMIT %(limit)s)
    UNION (SELECT DISTINCT ob_id FROM dfs.execution WHERE ob_id > %(block)s ORDER BY ob_id LIMIT %(limit)s)
) AS known ORDER BY ob_id LIMIT %(limit)s"""


def follow_obsplan(connection: Connection, batches: Batches, moment: datetime) -> None:
    """Brings the plan up to date with rows that were just written; hook of the plugins that write them."""
    blocks = {*_column(batches, OB.name, "ob_id"), *_column(batches, EXECUTION.name, "ob_id")}
    for table, (column, query) in _CONCERNED.items():
        values = sorted({value for value in _column(batches, table, column) if value is not None}, key=str)
        if values:
            blocks |= {row[0] for row in connection.execute(query.encode(), (values,))}
    if TIME_SLOT.name in batches:
        runs = sorted({str(run) for run in _column(batches, TIME_SLOT.name, "run_id") if run is not None})
        blocks |= {row[0] for row in connection.execute(_OF_SCHEDULE.encode(), (runs,))}
    if blocks:
        derive_obsplan(connection, moment, blocks=sorted(int(str(block)) for block in blocks))


def follow_frames(connection: Connection, dp_ids: Iterable[str]) -> None:
    """Brings the plan up to date with raw files that were just written, or written anew."""
    known = connection.execute(_OF_FRAMES.encode(), (sorted(dp_ids),))
    blocks = sorted(int(str(row[0])) for row in known)
    if blocks:
        derive_obsplan(connection, datetime.now(UTC).replace(tzinfo=None), blocks=blocks)


def follow_clock(connection: Connection, moment: datetime) -> int:
    """Derives the blocks anew whose time on the schedule has passed; how many rows were changed."""
    now = as_mjd(moment.replace(tzinfo=UTC))
    blocks = sorted(int(str(row[0])) for row in connection.execute(_OVER.encode(), (now,)))
    return derive_obsplan(connection, moment, blocks=blocks) if blocks else 0


def blocks_after(connection: Connection, block: int, limit: int) -> list[int]:
    """The next ones that the plan has to tell of, in the order of their numbers."""
    rows = connection.execute(_NEXT.encode(), {"block": block, "limit": limit})
    return [int(str(row[0])) for row in rows]


def derive_obsplan(connection: Connection, moment: datetime, *, blocks: Sequence[int] | None = None) -> int:
    """Derives the rows of these observation blocks, or of all; how many rows are new, changed or gone.

    In the caller's transaction; `moment` (UTC, without a zone) becomes the t_planning of what changed. Rows
    of other origin, whose obs_id is no block's, stay as they are.
    """
    lock_rights(connection)
    lock_tables(connection, (OBSPLAN,))
    if blocks is None:
        known = connection.execute("SELECT ob_id FROM dfs.ob UNION SELECT ob_id FROM dfs.execution")
        blocks = sorted(int(str(row[0])) for row in known)
    remaining, changed = iter(blocks), 0
    while some := list(islice(remaining, _AT_ONCE)):
        changed += _derive_some(connection, some, moment)
    return changed


def _derive_some(connection: Connection, blocks: Sequence[int], moment: datetime) -> int:
    executions = _executions(connection, blocks)
    records: dict[str, Record] = {}
    for block in _blocks(connection, blocks, moment):
        complete = replace(block, executions=tuple(executions[block.ob_id]))
        for record in _rows(complete, moment):
            records[str(record.values[_OBS_ID])] = record
    candidates = {*map(str, blocks)} | {one.execution_id for told in executions.values() for one in told}
    before = _present(connection, candidates)
    gone = sorted(before.keys() - records.keys())
    if gone:
        connection.execute("DELETE FROM ivoa.obsplan WHERE obs_id = ANY (%s)", (gone,))
    changed = [record for obs_id, record in records.items() if before.get(obs_id) != _compared(record.values)]
    if changed:
        batch = records_batch(OBSPLAN, changed)
        upsert(connection, OBSPLAN, [batch], [], input_id="", moment=moment)
        hide_named(connection, OBSPLAN, {"obs_id": records.keys()})
    return len(changed) + len(gone)


def _rows(block: Block, moment: datetime) -> Iterator[Record]:
    own = planned_row(block, moment)
    aborted = (aborted_row(block, execution, moment) for execution in block.executions)
    yield from (record for record in (own, *aborted) if record is not None)


def _executions(connection: Connection, blocks: Sequence[int]) -> Mapping[int, list[Execution]]:
    """In the order of their starts."""
    found: dict[int, list[Execution]] = defaultdict(list)
    rows = connection.execute(
        "SELECT ob_id, execution_id, start_time, end_time, ob_status FROM dfs.execution"
        " WHERE ob_id = ANY (%s) ORDER BY ob_id, start_time, execution_id",
        (blocks,),
    )
    for ob_id, *values in rows:
        found[ob_id].append(Execution(*values))
    return found


def _blocks(connection: Connection, blocks: Sequence[int], moment: datetime) -> Iterator[Block]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(_facts(), {"blocks": blocks, "moment": moment})
        for row in cursor:
            slot = (row.pop("slot_start"), row.pop("slot_end"))
            taken = (row.pop("first_start"), row.pop("last_end"))
            yield Block(**row, slot=slot if slot[0] else None, taken=taken if taken[0] else None)


@cache
def _facts() -> bytes:
    return Path(__file__).with_name("obsplan.sql").read_bytes()


def _present(connection: Connection, obs_ids: set[str]) -> Mapping[str, tuple[object, ...]]:
    """The rows that there are, for a comparison."""
    columns = psycopg.sql.SQL(", ").join(
        psycopg.sql.Identifier(column.physical_name) for column in OBSPLAN.columns
    )
    query = psycopg.sql.SQL("SELECT {} FROM ivoa.obsplan WHERE obs_id = ANY (%s)").format(columns)
    rows = connection.execute(query, (sorted(obs_ids),))
    return {str(row[_OBS_ID]): _compared(row) for row in rows}


def _compared(values: Sequence[object]) -> tuple[object, ...]:
    """All but the time of the change itself."""
    return (*values[:_T_PLANNING], *values[_T_PLANNING + 1 :])


def _column(batches: Batches, table: str, name: str) -> Iterator[object]:
    for batch in batches.get(table, ()):
        yield from batch.column(name).to_pylist()
