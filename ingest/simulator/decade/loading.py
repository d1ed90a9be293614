"""The rows of many years put into an archive by COPY: all of them at once, or none."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context

import pyarrow as pa

from archive.config import Config
from archive.database import Database, copy_arrow, filling, settle
from archive.declare.dataflow.allocation import OUTCOME
from archive.declare.dataflow.asm import DIMM, METEO_PARANAL
from archive.declare.dataflow.execution import EXECUTION, EXECUTION_FILE
from archive.declare.dataflow.exposures import EXPOSURE
from archive.declare.dataflow.phase1 import ABSTRACT, INVESTIGATOR, PROGRAMME, RUN
from archive.declare.dataflow.phase2 import OB
from archive.declare.phase3v2 import FILES, PROVENANCE
from archive.declare.raw import RAW
from archive.errors import UnreadableFile

from ...lineage import prepare_lineage
from ...publication import Publication
from . import Part, simulate_rows

__all__ = ["TABLES", "load_parts"]

TABLES = (
    PROGRAMME, ABSTRACT, INVESTIGATOR, RUN, OUTCOME, OB, EXECUTION, EXECUTION_FILE, EXPOSURE, DIMM,
    METEO_PARANAL, RAW, FILES, PROVENANCE,
)  # fmt: skip

Made = list[tuple[str, pa.RecordBatch]]


def load_parts(
    database: Database,
    config: Config,
    seed: int,
    parts: Sequence[Part],
    *,
    processes: int = 1,
    progress: Callable[[int], None] = lambda rows: None,
) -> dict[str, int]:
    """How many rows there are in each table now. Raises UsageError for an archive that is not new.

    With several `processes` these make rows while others are written; of each there is one part in memory.
    `progress` is told how many rows are written, from time to time.
    """
    counts: Counter[str] = Counter()
    known = {table.name: table for table in TABLES}
    making = _made(seed, parts, Publication.of(config), processes)
    with closing(making), database.writer() as connection:
        with filling(connection, TABLES):
            for name, batch in making:
                written = copy_arrow(connection, known[name], iter([batch]))
                if written.problems:
                    raise UnreadableFile(written.problems[0])
                counts[name] += written.rows
                progress(counts.total())
        # Products that come later are numbered after these.
        prepare_lineage(connection)
        connection.execute(
            "SELECT setval('archive.phase3_file', greatest(1, max(file_id))) FROM phase3v2.files"
        )
    with database.connect() as connection:
        settle(connection, TABLES)
    database.refresh_row_counts()
    return dict(counts)


def _made(
    seed: int, parts: Sequence[Part], publication: Publication, processes: int
) -> Generator[tuple[str, pa.RecordBatch], None, None]:
    """In the order of the parts, however many are made at once."""
    if processes == 1:
        for part in parts:
            yield from _rows(seed, part, publication)
        return
    # Forked, since root's Python cannot be started again by the account that root has become.
    pool = ProcessPoolExecutor(processes, mp_context=get_context("fork"))
    try:
        waiting, made = deque(parts), deque[Future[Made]]()
        while waiting or made:
            while waiting and len(made) < processes:
                made.append(pool.submit(_rows, seed, waiting.popleft(), publication))
            yield from made.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _rows(seed: int, part: Part, publication: Publication) -> Made:
    return [(table.name, batch) for table, batch in simulate_rows(seed, part, publication)]
