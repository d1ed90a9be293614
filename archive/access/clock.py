"""The proprietary clock: until when each file is for those with rights on its run alone (archive.file_right).

Dates follow from what is published of files and runs, and from the exceptions in archive.protection; here
they are derived, in the transaction of whatever changes one of those. Files of the sky (SCIENCE, ACQUISITION)
have a date, counted from their arrival; products have the latest of what they were made of; calibrations are
public at once. Files that have no rows tell their run by their header alone. What dates are good for is told
in `files`; the rows that show them are `rows_of_files`'.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..database.bookkeeping import Connection
from ..declare.tables import Table
from .hidden_rows import hide_rows
from .rows_of_files import show_dates

__all__ = [
    "derive_abstracts",
    "derive_files",
    "files_of",
    "lock_rights",
    "pass_time",
]

DAYS = 365  # where the database has not been told of the configuration
_LOCK = 0x55_52_41_4E_49_42_0A
_AT_ONCE = 5000  # files
# What a file was made of: the sources of a product, and the product that a file is ancillary to.
_MADE = """
    SELECT p.source_file AS source, f.archive_id AS dp_id
    FROM phase3v2.provenance AS p JOIN phase3v2.files AS f ON f.file_id = p.product_file {0}
    UNION SELECT product_id, archive_id FROM phase3v2.product_files WHERE product_id <> archive_id {1}"""
_FROM_SOURCES = _MADE.format("WHERE p.source_file = ANY (%(files)s)", "AND product_id = ANY (%(files)s)")
_TO_PRODUCTS = _MADE.format("WHERE f.archive_id = ANY (%(files)s)", "AND archive_id = ANY (%(files)s)")

# Whether a file without rows is of the sky: extracted spectra, weight maps and the like inherit the run of
# what they were made of, and are no calibrations unless their headers say so.
_KEPT_OF_SKY = """k.words IS NOT NULL AND coalesce(
            upper(btrim(k.words ->> 'ESO DPR CATG')) IN ('SCIENCE', 'ACQUISITION'),
            k.words ->> 'ESO PRO SCIENCE' = 'true',
            upper(coalesce(k.words ->> 'PRODCATG', k.words ->> 'ESO PRO CATG')) SIMILAR TO
                '(SCIENCE|ANCILLARY)%%',
            true)"""
# Each file by itself. Its rule is its own one, else that of its run, of its programme, of the proposal, or of
# the archive. A run that nobody knows has none, so that its files are public: but a date once found stays
# when a run becomes unknown, unless the exception that it came from was taken back (%(forgotten)s).
_BY_THEMSELVES = f"""
    SELECT f.dp_id, f.runs, f.of_sky, f.of_calibrations, f.is_listed, f.arrived,
        CASE WHEN own.key IS NOT NULL
            THEN coalesce(own.release_date, f.arrived + own.proprietary_days * '1 day'::interval)
            WHEN f.of_sky THEN coalesce(rule.release_date, f.before) END,
        own.key IS NOT NULL,
        coalesce(hidden.hidden_until, archive.embargo_of(f.runs))
    FROM (
        SELECT given.dp_id, coalesce(nullif(told.runs, '{{}}'), known.runs, '{{}}') AS runs,
            CASE WHEN r.dp_id IS NOT NULL THEN upper(r.dp_cat) IN ('SCIENCE', 'ACQUISITION')
                ELSE o.dp_id IS NOT NULL OR told.runs <> '{{}}' AND {_KEPT_OF_SKY} END AS of_sky,
            coalesce(r.dp_id IS NULL AND p.category NOT SIMILAR TO '(SCIENCE|ANCILLARY)%%', false)
                AS of_calibrations,
            r.dp_id IS NOT NULL OR o.dp_id IS NOT NULL OR known.dp_id IS NOT NULL AND told.runs <> '{{}}'
                AS is_listed,
            coalesce(known.arrived, CASE WHEN %(arriving)s THEN now() END,
                (SELECT min(stored_at) FROM archive.file AS kept WHERE kept.dp_id = given.dp_id),
                now()) AS arrived,
            CASE WHEN NOT %(forgotten)s AND known.runs = told.runs THEN known.release_date END AS before
        FROM unnest(%(files)s::text[]) AS given (dp_id)
        LEFT JOIN dbo.raw AS r ON r.dp_id = given.dp_id
        LEFT JOIN ivoa.obscore AS o ON o.dp_id = given.dp_id
        LEFT JOIN phase3v2.files AS p ON p.archive_id = given.dp_id
        LEFT JOIN adql.header_keywords AS k
            ON k.dp_id = given.dp_id AND r.dp_id IS NULL AND o.dp_id IS NULL
        LEFT JOIN archive.file_right AS known ON known.dp_id = given.dp_id
        CROSS JOIN LATERAL (SELECT archive.runs_of(
            coalesce(r.prog_id, o.proposal_id, archive.run_named(k.words))) AS runs) AS told
    ) AS f
    LEFT JOIN archive.protection AS own ON own.kind = 'file' AND own.key = f.dp_id
        AND (own.release_date IS NOT NULL OR own.proprietary_days IS NOT NULL)
    LEFT JOIN archive.protection AS hidden ON hidden.kind = 'file' AND hidden.key = f.dp_id
    LEFT JOIN LATERAL (
        SELECT max(coalesce(p.release_date, f.arrived + '1 day'::interval * coalesce(
            p.proprietary_days, run.proprietary_days, whole.proprietary_days, %(days)s))) AS release_date
        FROM unnest(f.runs) AS one
        LEFT JOIN dfs.run AS run ON run.run_id = one
        LEFT JOIN archive.protection AS whole ON whole.kind = 'archive'
        LEFT JOIN LATERAL (
            SELECT * FROM archive.protection AS p
            WHERE (p.kind = 'run' AND p.key = one OR p.kind = 'programme'
                AND p.key = coalesce(run.programme_id, archive.programme_of(one)))
                AND (p.release_date IS NOT NULL OR p.proprietary_days IS NOT NULL)
            ORDER BY p.kind = 'run' DESC LIMIT 1
        ) AS p ON true
        WHERE run.run_id IS NOT NULL OR p.key IS NOT NULL
    ) AS rule ON true"""
_WRITE = """
    INSERT INTO archive.file_right AS known
        (dp_id, runs, run_id, programme_id, arrived, release_date, hidden_until, is_open)
    SELECT dp_id, runs, archive.key_of(runs),
        (SELECT min(coalesce(run.programme_id, archive.programme_of(one))) FROM unnest(runs) AS one
            LEFT JOIN dfs.run AS run ON run.run_id = one
            HAVING count(DISTINCT coalesce(run.programme_id, archive.programme_of(one))) = 1),
        arrived, release_date, hidden_until, release_date IS NULL OR release_date <= clock_timestamp()
    FROM (SELECT dp_id, archive.runs_of(runs) AS runs, arrived, release_date, hidden_until
        FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
        AS given (dp_id, runs, arrived, release_date, hidden_until)) AS given
    ON CONFLICT (dp_id) DO UPDATE SET runs = EXCLUDED.runs, run_id = EXCLUDED.run_id,
        programme_id = EXCLUDED.programme_id, release_date = EXCLUDED.release_date,
        hidden_until = EXCLUDED.hidden_until, is_open = EXCLUDED.is_open
    WHERE (known.runs, known.programme_id, known.release_date, known.hidden_until, known.is_open)
        IS DISTINCT FROM (EXCLUDED.runs, EXCLUDED.programme_id, EXCLUDED.release_date,
            EXCLUDED.hidden_until, EXCLUDED.is_open)"""
_ABSTRACTS = """
    UPDATE dfs.abstract AS a SET hidden_for = a.programme_id, hidden_until = coalesce(
        (SELECT max(greatest(f.release_date, f.hidden_until)) FROM archive.file_right AS f
            WHERE f.programme_id = a.programme_id AND f.release_date IS NOT NULL), 'infinity')
    WHERE a.programme_id = ANY (%s)"""


@dataclass
class _File:
    """What is known of a file by itself.

    `of_calibrations`: it is a reduced calibration, if all that it was made of are. `is_listed`: rows show its
    date, or it has had one. `own`: it has a rule of its own, which its sources do not change. `sources` are
    what it was made of in the end, `embargoes` those of all that it was made of.
    """

    runs: list[str]
    of_sky: bool
    of_calibrations: bool
    is_listed: bool
    arrived: datetime
    release_date: datetime | None
    own: bool
    hidden_until: datetime | None
    sources: set[str] = field(default_factory=set)
    embargoes: list[datetime] = field(default_factory=list)


def lock_rights(connection: Connection, *, alone: bool = False) -> None:
    """Held until the transaction ends; take it before any row. `alone`: who changes the rules for many files.

    Otherwise a file that is being taken in would not see a new rule, and the rule not the file.
    """
    mode = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    connection.execute(f"SELECT {mode}(%s)".encode(), (_LOCK,))


def derive_files(
    connection: Connection,
    dp_ids: Collection[str],
    tables: Iterable[Table],
    *,
    arriving: bool = False,
    forgotten: bool = False,
) -> None:
    """Dates of these files and of all that was made of them, and what `tables` show of them.

    The clock of what is `arriving` begins now, as file and metadata are safe; other files that have none yet
    arrived when they were stored. `forgotten`: an exception was taken back.
    """
    shown = list(tables)
    listed = sorted(_with_products(connection, dp_ids))
    # Everything of ten years may be derived at once.
    for first in range(0, len(listed), _AT_ONCE):
        some = listed[first : first + _AT_ONCE]
        hidden = _hidden(connection, some)
        known = _derive(connection, some, arriving, forgotten)
        if known:
            derive_abstracts(connection, _programmes(connection, known))
            show_dates(connection, shown, known)
        hidden |= _hidden(connection, some)
        if hidden:
            hide_rows(connection, shown, files=hidden)


def derive_abstracts(connection: Connection, programmes: Collection[str]) -> None:
    """Abstracts of these programmes are hidden as long as the last of their data, without data for ever."""
    connection.execute(_ABSTRACTS, (sorted(programmes),))


def files_of(connection: Connection, runs: Collection[str]) -> list[str]:
    """All files of these runs."""
    rows = connection.execute(
        "SELECT dp_id FROM archive.file_right WHERE runs && %(runs)s::text[]"
        " UNION SELECT dp_id FROM dbo.raw WHERE prog_id = ANY (%(runs)s)",
        {"runs": sorted(runs)},
    )
    return [str(dp_id) for (dp_id,) in rows]


def pass_time(connection: Connection, tables: Iterable[Table]) -> int:
    """Says in the rows of files that they are public now, if their date has passed. Returns how many."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM archive.file_right WHERE NOT is_open AND release_date <= now())"
    ).fetchone()
    if row != (True,):
        return 0
    # It goes through dates and rows in another order than who takes files in.
    lock_rights(connection, alone=True)
    rows = connection.execute(
        "UPDATE archive.file_right SET is_open = true WHERE dp_id IN (SELECT dp_id FROM archive.file_right"
        " WHERE NOT is_open AND release_date <= now() ORDER BY dp_id LIMIT %s) RETURNING dp_id",
        (_AT_ONCE,),
    )
    opened = [str(dp_id) for (dp_id,) in rows]
    if opened:
        show_dates(connection, list(tables), opened)
    return len(opened)


def _with_products(connection: Connection, dp_ids: Collection[str]) -> set[str]:
    """The files, and all that was made of them, directly or not."""
    found, new = set(dp_ids), set(dp_ids)
    while new:
        rows = connection.execute(_FROM_SOURCES.encode(), {"files": sorted(new)})
        new = {str(dp_id) for _, dp_id in rows} - found
        found |= new
    return found


def _derive(connection: Connection, dp_ids: list[str], arriving: bool, forgotten: bool) -> list[str]:
    """Writes the dates of these files; those of them that have a clock."""
    direct = _sources(connection, dp_ids)
    everything = sorted({*dp_ids, *(one for found in direct.values() for one in found)})
    rows = connection.execute(
        _BY_THEMSELVES.encode(),
        {"files": everything, "arriving": arriving, "forgotten": forgotten, "days": DAYS},
    )
    known = {str(dp_id): _File(*facts) for dp_id, *facts in rows}
    for dp_id in dp_ids:
        _trace(dp_id, direct, known)
    given = [(dp_id, *_protected(dp_id, known)) for dp_id in dp_ids if _has_clock(dp_id, known)]
    if given:
        connection.execute(_WRITE, [list(column) for column in zip(*given, strict=True)])
    return [dp_id for dp_id, *_ in given]


def _hidden(connection: Connection, dp_ids: list[str]) -> set[str]:
    # Each is looked up: who goes through all hidden ones compares every one with the whole list.
    rows = connection.execute(
        "SELECT f.dp_id FROM unnest(%s::text[]) AS given (dp_id) JOIN archive.file_right AS f USING (dp_id)"
        " WHERE f.hidden_until IS NOT NULL",
        (dp_ids,),
    )
    return {str(dp_id) for (dp_id,) in rows}


def _programmes(connection: Connection, dp_ids: list[str]) -> list[str]:
    rows = connection.execute(
        "SELECT DISTINCT programme_id FROM archive.file_right"
        " WHERE dp_id = ANY (%s) AND programme_id IS NOT NULL",
        (dp_ids,),
    )
    return [str(programme) for (programme,) in rows]


def _sources(connection: Connection, dp_ids: Iterable[str]) -> dict[str, set[str]]:
    """What each file was made of, and what that was made of; files without sources are not among the keys."""
    direct: dict[str, set[str]] = {}
    new = set(dp_ids)
    while new:
        asked = sorted(new)
        new = set()
        for source, dp_id in connection.execute(_TO_PRODUCTS.encode(), {"files": asked}):
            if source != dp_id:
                direct.setdefault(dp_id, set()).add(source)
                new.add(source)
        new -= direct.keys() | set(asked)
    return direct


def _trace(dp_id: str, direct: Mapping[str, set[str]], known: Mapping[str, _File]) -> None:
    """Finds the sources of a file, and their embargoes.

    The way back ends at what was not made of anything that is known, and at what has a rule of its own: that
    holds for what was made of it, too, and for its ancillary files.
    """
    file = known[dp_id]
    seen, new = {dp_id}, {dp_id}
    while new:
        new = {source for one in new for source in direct.get(one, ())} - seen
        seen |= new
        ends = {one for one in new if one not in direct or known[one].own}
        file.sources |= ends
        new -= ends
    parts = (known[one] for one in sorted(seen))
    embargoes = (one.hidden_until for one in parts if one is file or one.of_sky or one.own)
    file.embargoes = [one for one in embargoes if one is not None]


def _of_sky(dp_id: str, known: Mapping[str, _File]) -> list[_File]:
    """What a file shows of the sky, by its sources."""
    return [known[source] for source in known[dp_id].sources if known[source].of_sky or known[source].own]


def _has_clock(dp_id: str, known: Mapping[str, _File]) -> bool:
    file = known[dp_id]
    is_protected = file.own or bool(file.embargoes)
    return file.of_sky or file.is_listed or is_protected or bool(_of_sky(dp_id, known))


def _protected(
    dp_id: str, known: Mapping[str, _File]
) -> tuple[str, datetime, datetime | None, datetime | None]:
    """Runs, arrival, release and embargo of a file, from its own rule and its sources."""
    file, sources = known[dp_id], _of_sky(dp_id, known)
    runs, release_date = file.runs, file.release_date
    if not file.own and sources:
        dates = [source.release_date for source in sources if source.release_date is not None]
        release_date = max(dates, default=None)
        runs = sorted({run for source in sources for run in source.runs}) or runs
    elif not file.own and file.sources and file.of_calibrations:
        release_date = None  # made of calibrations alone
    return ",".join(runs), file.arrived, release_date, max(file.embargoes, default=None)
