"""A run: files harvested, kept and written to the database, each file whole or not at all.

The bytes go into the store first and the rows follow in one transaction; bytes without rows are harmless
and found again by the next run. Several files share a transaction for speed; when one of them is refused,
the others are repeated without it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import assert_never

import psycopg

from archive.config import Config
from archive.database import Database
from archive.declare.instruments import INSTRUMENTS, Instrument
from archive.errors import CopyMissing, UnreadableFile
from archive.store import (
    Connection,
    FileVersion,
    History,
    Store,
    StoredContent,
    histories,
    initialise,
    last_from,
    lock_identifiers,
    record_copies,
    record_files,
    record_headers,
)

from .candidates import Candidate, is_file, looks_like_fits, walk
from .companions import Companion, find_companions, harvest_companion
from .corrected import as_corrected
from .harvest import Harvest, harvest
from .harvester import Task
from .harvesters import Harvesters
from .inputs import Inputs
from .lineage import prepare_lineage
from .outcomes import Outcome, Report, Summary, database_text, record_reports
from .publication import Publication
from .reading import Failure, Found, Read, Reader, read
from .rows import write_rows
from .summaries import renew_lists
from .twins import is_same_data

__all__ = ["Progress", "ingest_paths"]

# Files done, files in all.
Progress = Callable[[int, int], None]

_FILES_PER_TRANSACTION = 64
# More files than this are read by processes of their own, and so many transactions ahead of the writing.
_FEW, _AHEAD = 64, 3
_WRITERS = 8
_TWIN = "the same data in another packing"


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A file harvested and kept, which waits for its transaction."""

    harvest: Harvest
    kept: StoredContent
    source: str

    @property
    def sha256(self) -> str:
        return self.kept.sha256


@dataclass(frozen=True, slots=True)
class _Run:
    """What all steps of a run share."""

    database: Database
    store: Store
    publication: Publication
    refresh: bool
    inputs: Inputs | None
    # Threads, because what takes the time is waiting for the disk to say that the bytes are safe.
    writers: ThreadPoolExecutor


@dataclass(frozen=True, slots=True)
class _Group:
    """The files of one transaction; what became of them comes in their order, perhaps not yet now.

    `known` are the versions that came from the same paths before.
    """

    paths: Sequence[Path]
    known: Mapping[str, FileVersion]
    reading: Iterator[Read]


class _Separately(Exception):
    """Something was wrong with one of several files; written one by one it will be known with which."""


def ingest_paths(
    database: Database,
    store: Store,
    config: Config,
    paths: Iterable[Path],
    *,
    collection: str | None = None,
    progress: Progress | None = None,
    strict: bool = False,
    refresh: bool = False,
    summary: Summary | None = None,
    instruments: tuple[Instrument, ...] = INSTRUMENTS,
    inputs: Inputs | None = None,
) -> Summary:
    """Take in FITS files and all FITS files below folders; the summary tells what became of them.

    What is no FITS goes to the plugins of `inputs`, as do FITS files that they ask for.

    A file that is there already changes nothing, unless `refresh` asks for its rows to be derived anew.
    `summary` is filled as the run goes on, for callers that tell what an interrupted one did. `instruments`
    are those whose tables the database has. Raises ConfigurationError when the store cannot be written.
    """
    summary = Summary() if summary is None else summary
    summary.strict = strict
    writers = ThreadPoolExecutor(_WRITERS)
    run = _Run(database, store, Publication.of(config, collection, instruments), refresh, inputs, writers)
    with database.writer() as connection:
        initialise(connection)
        prepare_lineage(connection)
    store.sweep()
    candidates = list(walk(paths, store.folders))
    summary.offered = (summary.offered or 0) + len(candidates)
    try:
        with _harvesters(run, len(candidates)) as harvesters:
            for done, reports in _groups(run, candidates, harvesters, summary):
                for report in reports:
                    summary.add(report)
                if progress is not None:
                    progress(done, len(candidates))
    finally:
        # What was interrupted does not copy files that nobody will know of.
        writers.shutdown(cancel_futures=True)
        if inputs is not None:
            inputs.rest()
        # After an interruption too: what was done is published.
        if summary.has_changes or refresh:
            with database.writer() as connection:
                renew_lists(connection, config.base_url, instruments)
            database.refresh_row_counts()
    return summary


def _harvesters(run: _Run, files: int) -> AbstractContextManager[Harvesters | None]:
    """None for a few files, which are read in less time than processes take to begin."""
    return nullcontext() if files <= _FEW else Harvesters(run.publication)


def _groups(
    run: _Run, candidates: Sequence[Candidate], harvesters: Harvesters | None, summary: Summary
) -> Iterator[tuple[int, list[Report]]]:
    """Files done so far and the reports on the last of them: FITS files first, since they name the others."""
    done = 0
    others: list[Candidate] = []
    groups = (_begun(run, dict.fromkeys(paths, harvest), harvesters) for paths in _fits(candidates, others))
    for group in _ahead(groups, _AHEAD if harvesters else 0):
        done += len(group.paths)
        yield done, _with_plugins(run, _take_in(run, group))
    remaining = iter(others)
    while some := list(islice(remaining, _FILES_PER_TRANSACTION)):
        done += len(some)
        readers, reports = _readers(run, some, summary)
        yield done, [*reports, *_take_in(run, _begun(run, readers))]


def _fits(candidates: Iterable[Candidate], others: list[Candidate]) -> Iterator[list[Path]]:
    """FITS files by transactions, and named ones that are not there; the rest goes to `others`."""
    remaining = iter(candidates)
    while group := list(islice(remaining, _FILES_PER_TRANSACTION)):
        wanted = [one for one in group if looks_like_fits(one.path) or (one.named and not is_file(one.path))]
        others += [one for one in group if one not in wanted]
        if wanted:
            yield [one.path for one in wanted]


def _ahead(groups: Iterator[_Group], count: int) -> Iterator[_Group]:
    """Each group when so many after it have been begun."""
    waiting = deque(islice(groups, count))
    for group in groups:
        waiting.append(group)
        yield waiting.popleft()
    yield from waiting


def _begun(run: _Run, readers: Mapping[Path, Reader], harvesters: Harvesters | None = None) -> _Group:
    paths = list(readers)
    with run.database.writer() as connection:
        known = last_from(connection, map(database_text, paths))
    sums = {path: version.sha256 for path in paths if (version := known.get(database_text(path)))}
    tasks = [Task(path, None if run.refresh else sums.get(path)) for path in paths]
    if harvesters is not None:
        return _Group(paths, known, harvesters.begin(tasks))
    reading = (read(one.path, readers[one.path], run.publication, one.known) for one in tasks)
    return _Group(paths, known, reading)


def _with_plugins(run: _Run, reports: list[Report]) -> list[Report]:
    """The reports on FITS files, and those on what plugins made of them."""
    if run.inputs is None:
        return reports
    files = [report.file for report in reports if report.file is not None and not report.outcome.is_failure]
    return [*reports, *(more for file in files for more in run.inputs.offer_fits(file))]


def _readers(
    run: _Run, group: Sequence[Candidate], summary: Summary
) -> tuple[dict[Path, Reader], list[Report]]:
    """How each of these files, which do not look like FITS, is read; those that nobody wants are left out.

    And the reports on those that plugins have read.
    """
    regular = [one.path for one in group if is_file(one.path)]
    with run.database.writer() as connection:
        companions = find_companions(connection, regular)
    readers: dict[Path, Reader] = {}
    reports: list[Report] = []
    offered = _offered(run, [one for one in group if one.path in set(regular) - companions.keys()])
    for one in group:
        companion = companions.get(one.path)
        report = offered.get(id(one))
        if companion is not None:
            readers[one.path] = partial(_read_companion, companion)
        elif report is not None:
            reports.append(report)
        elif one.named:
            readers[one.path] = harvest  # which tells what is wrong with it
        else:
            summary.ignored += 1
    return readers, reports


def _offered(run: _Run, group: Sequence[Candidate]) -> dict[int, Report | None]:
    """What became of those that plugins have read, by identity: the operator may name a path twice."""
    if run.inputs is None:
        return {}
    reports = run.inputs.offer_all([(one.path, one.named) for one in group])
    return dict(zip(map(id, group), reports, strict=True))


def _read_companion(companion: Companion, path: Path, publication: Publication) -> Harvest:
    return harvest_companion(path, companion)


def _take_in(run: _Run, group: _Group) -> list[Report]:
    reports: list[Report] = []
    harvested: list[Found] = []
    for path, found in zip(group.paths, group.reading, strict=True):
        match found:
            case Found():
                harvested.append(found)
            case Failure(reason):
                reports.append(Report(path, Outcome.UNREADABLE, reason))
            case None:
                last = group.known.get(database_text(path))
                reports.append(Report(path, Outcome.UNCHANGED, file=last))
            case _:
                assert_never(found)
    prepared = _keep(run, harvested, reports)
    return _write(run, prepared, reports) if prepared or reports else []


def _keep(run: _Run, harvested: Sequence[Found], reports: list[Report]) -> list[_Prepared]:
    """Put the bytes of what will be written into the store; what will not is reported."""
    with run.database.writer() as connection:
        known = histories(connection, (one.harvest.dp_id for one in harvested))
    accepted: list[Found] = []
    for one in harvested:
        found, sha256 = one.harvest, one.sha256
        source, history = database_text(found.path), known.get(found.dp_id)
        twin = _twin(run.store, found.path, sha256, source, history)
        reason = _refusal(found, sha256, source, history)
        if twin is not None or _is_offered(found, sha256, accepted):
            reports.append(Report(found.path, Outcome.UNCHANGED, _TWIN, file=twin))
        elif reason is not None:
            reports.append(Report(found.path, Outcome.REFUSED, reason, found.problems))
        else:
            accepted.append(one)
    results = list(run.writers.map(partial(_keep_one, run), accepted))
    reports += (result for result in results if isinstance(result, Report))
    return [result for result in results if isinstance(result, _Prepared)]


def _is_offered(found: Harvest, sha256: str, accepted: Sequence[Found]) -> bool:
    """Whether the same run takes in the same data in another packing."""
    return any(
        other.harvest.dp_id == found.dp_id
        and other.sha256 != sha256
        and is_same_data(found.path, other.harvest.path)
        for other in accepted
    )


def _keep_one(run: _Run, one: Found) -> _Prepared | Report:
    found = one.harvest
    try:
        kept = run.store.keep(found.path, found.dp_id, one.sha256)
    except UnreadableFile as error:
        return Report(found.path, Outcome.UNREADABLE, str(error))
    return _Prepared(found, kept, database_text(found.path))


def _refusal(found: Harvest, sha256: str, source: str, history: History | None) -> str | None:
    """Two different files of one name are two datasets, not two versions, while both of them exist."""
    if history is None or not found.by_name or history.current.sha256 == sha256:
        return None
    other = history.current.source
    if other == source or not os.path.exists(other):
        return None
    return f"{found.dp_id} is the identifier of {other} already, and only file names tell them apart"


def _write(run: _Run, prepared: list[_Prepared], reports: list[Report]) -> list[Report]:
    """One transaction for all; if the database refuses it, one for each, so that the culprit is found."""
    try:
        return reports + _commit(run, prepared, reports)
    except (_Separately, UnreadableFile, psycopg.DataError, psycopg.IntegrityError) as error:
        if len(prepared) > 1:
            written = _write(run, [], reports)
            for single in prepared:
                written += _write(run, [single], [])
            return written
        if not prepared:
            raise
        refused = Report(prepared[0].harvest.path, Outcome.UNREADABLE, f"refused by the database: {error}")
        return _write(run, [], [*reports, refused])


def _commit(run: _Run, prepared: Sequence[_Prepared], reports: Sequence[Report]) -> list[Report]:
    with run.database.writer() as connection:
        written = _write_rows(run, connection, prepared)
        record_reports(connection, [*reports, *written])
    return written


def _write_rows(run: _Run, connection: Connection, prepared: Sequence[_Prepared]) -> list[Report]:
    identifiers = [one.harvest.dp_id for one in prepared]
    lock_identifiers(connection, identifiers)
    known = histories(connection, identifiers)
    reports: list[Report] = []
    files: list[FileVersion] = []
    latest: dict[str, Harvest] = {}
    for one in prepared:
        history = known.get(one.harvest.dp_id)
        twin = _twin(run.store, one.harvest.path, one.sha256, one.source, history)
        if twin is not None:
            reports.append(Report(one.harvest.path, Outcome.UNCHANGED, _TWIN, file=twin))
            continue
        reason = _refusal(one.harvest, one.sha256, one.source, history)
        if reason is not None:
            reports.append(Report(one.harvest.path, Outcome.REFUSED, reason, one.harvest.problems))
            continue
        same = _same(one, history)
        if same is not None:
            reports.append(Report(one.harvest.path, Outcome.UNCHANGED, file=same))
            if run.refresh and same == (history and history.current):
                latest[one.harvest.dp_id] = as_corrected(connection, one.harvest, run.publication)
            continue
        file = _version(one, history)
        files.append(file)
        latest[one.harvest.dp_id] = one.harvest
        known[one.harvest.dp_id] = History((file, *(history.versions if history else ())))
        reports.append(_success(one.harvest, file))
    record_files(connection, files)
    places = {file.place for file in files}
    record_copies(connection, [one.kept for one in prepared if one.kept.place in places])
    blocks = {(one.harvest.dp_id, one.sha256): one.harvest.headers for one in prepared}
    record_headers(connection, [(f.dp_id, f.version, blocks[f.dp_id, f.sha256]) for f in files])
    faults = write_rows(connection, latest, run.publication)
    if not faults:
        return reports
    if len(prepared) > 1:
        raise _Separately
    return [replace(report, problems=(*report.problems, *faults)) for report in reports]


def _same(one: _Prepared, history: History | None) -> FileVersion | None:
    """The version that this file is already: the current one, or what last came from the same path.

    The second lets two files of one identifier be offered again and again without taking turns.
    """
    if history is None:
        return None
    versions = (history.current, history.last_from(one.source))
    return next((version for version in versions if version and version.sha256 == one.sha256), None)


def _twin(store: Store, path: Path, sha256: str, source: str, history: History | None) -> FileVersion | None:
    """The version that has the same data in another packing; None also for a file that is a version itself.

    Besides the current version that may be an older one that came from elsewhere: when a file has become
    better, the old packed copy beside it has not.
    """
    if history is None or any(version.sha256 == sha256 for version in history.versions):
        return None
    for version in history.versions:
        near = version in {history.current, history.last_from(source)}
        elsewhere = version.source != source and os.path.exists(version.source)
        if (near or elsewhere) and _has_same_data(store, path, version):
            return version
    return None


def _has_same_data(store: Store, path: Path, version: FileVersion) -> bool:
    try:
        with store.fetched(version) as kept:
            return is_same_data(path, kept)
    except CopyMissing:
        return False  # nothing to compare with: what comes is another version


def _version(one: _Prepared, history: History | None) -> FileVersion:
    return FileVersion(
        one.harvest.dp_id,
        history.current.version + 1 if history else 1,
        one.harvest.path.name.encode("utf-8", "replace").decode("utf-8"),
        one.kept.place,
        one.sha256,
        one.kept.bytes,
        one.harvest.media_type,
        one.source,
        datetime.now(UTC),
        one.kept.blocks,
    )


def _success(found: Harvest, file: FileVersion) -> Report:
    if file.version > 1:
        outcome = Outcome.NEW_VERSION
    else:
        outcome = Outcome.INGESTED if found.records else Outcome.STORED
    reason = None if found.records else found.reason
    return Report(found.path, outcome, reason, found.problems, file)
