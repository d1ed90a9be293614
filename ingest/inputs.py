"""Inputs on their way into the archive: kept in the store first, then read by their plugin, then written.

Each is whole in the tables or not at all, and its outcome is told in dfs.input_file. Several are kept and
read at the same time, and written one after the other, in the order in which they came. What was interrupted
between these steps is found again: by the next run over the same path, and by `retry`. FITS files are kept
and harvested by `run`; plugins that ask for their keywords get them here, from the store.
"""

from __future__ import annotations

import mimetypes
import shutil
import tempfile
import weakref
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from archive.config import Config
from archive.database import Database
from archive.errors import CopyMissing, UnreadableFile
from archive.plugins import Ingest, Input, Plugins
from archive.store import FileVersion, Header, Store, find_file, lock_identifiers, read_headers

from .confined import Limits
from .input_files import InputKey, are_read, begin, unread
from .input_keeping import Kept, Offer, Task, apart, keep
from .input_reading import Asked, Looked, reading_of, work_of
from .input_writing import came_by_path, failed, path_of, written
from .naming import encodable
from .outcomes import Outcome, Report, Summary, database_text, record_reports
from .reading_pool import ReadingPool

__all__ = ["Inputs"]

_LOOKING = 20.0  # seconds that a plugin may take to look at the beginning of a file
_AHEAD = 2  # inputs that each process has read, or is reading, before their turn to be written


@dataclass(frozen=True, eq=False)
class _Begun:
    """A task whose reading has begun; `resources` are the file, and the folder that the rows come into."""

    task: Task
    folder: Path
    answer: Future[object]
    resources: ExitStack


class Inputs:
    """The plugins of an archive at work. `rest` ends the processes in which they read, for the time being."""

    def __init__(
        self,
        database: Database,
        store: Store,
        config: Config,
        plugins: Plugins,
        *,
        chosen: str = "",
        refresh: bool = False,
    ) -> None:
        """`chosen` names the only plugin that gets files; such as the operator names, whatever it accepts.

        `refresh` reads also what was read before. Raises ConfigurationError when there is no such plugin.
        """
        self.database = database
        self._store = store
        self.plugins = plugins
        self._chosen = plugins.named(chosen) if chosen else None
        self._refresh = refresh
        self._limits = Limits(config.plugin_seconds, config.plugin_memory_bytes)
        self._most_rows = config.plugin_rows
        self._files = [plugin for plugin in plugins.ingests if not plugin.accepts.is_fits]
        self._fits = [plugin for plugin in plugins.ingests if plugin.accepts.is_fits]
        self._pool = ReadingPool(work_of(plugins.ingests))
        self._folders: list[Path] = []  # into which nothing is read at the moment
        # So that nobody who has not said `rest` leaves processes behind.
        weakref.finalize(self, _rest, self._pool, self._folders)

    # --- which plugin -------------------------------------------------------------------------------

    def _takers(self, paths: Sequence[tuple[Path, bool]]) -> Iterator[Ingest | UnreadableFile | None]:
        """For each path, with whether the operator named it: the plugin that takes it, or why none does."""
        # All looks are begun before the first is waited for.
        for looks in [self._looks(path, named) for path, named in paths]:
            try:
                yield _one([plugin for plugin, look in looks if look is None or look.result() is True])
            except UnreadableFile as error:
                yield error

    def _looks(self, path: Path, named: bool) -> list[tuple[Ingest, Future[object] | None]]:
        """The plugins that may take a file; with what they say of its content, if they want to look at it."""
        if self._chosen is not None and named:
            return [(self._chosen, None)]
        limits = Limits(min(_LOOKING, self._limits.seconds), self._limits.memory)
        return [
            (plugin, self._pool.begin(Looked(plugin.name, path), limits) if plugin.accepts.looks else None)
            for plugin in self._files
            if plugin in (self._chosen or plugin,) and plugin.accepts.may_take(encodable(path.name))
        ]

    # --- files ----------------------------------------------------------------------------------------

    def offer(self, path: Path, *, named: bool = True) -> Report | None:
        """Takes in a file that is no FITS; None when no plugin wants it. `named`: by the operator himself."""
        return self.offer_all([(path, named)])[0]

    def offer_all(self, paths: Sequence[tuple[Path, bool]]) -> list[Report | None]:
        """The same for many files, each with whether the operator named it."""
        reports: dict[int, Report] = {}
        offers: dict[Offer, int] = {}
        for number, ((path, _), taker) in enumerate(zip(paths, self._takers(paths), strict=True)):
            if isinstance(taker, UnreadableFile):
                reports[number] = Report(path, Outcome.REFUSED, str(taker))
            elif taker is not None:
                media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                offers[Offer(path, path.name, taker, database_text(path), media_type)] = number
        reports |= {offers[offer]: report for offer, report in self._take(offers)}
        self._record(reports.values())
        return [reports.get(number) for number in range(len(paths))]

    def answer(self, path: Path, name: str, plugin: Ingest, url: str, media_type: str) -> Report:
        """Takes in what a source answered, as an input called `name`."""
        [(_, report)] = self._take([Offer(path, name, plugin, url, media_type)])
        # What came from elsewhere is not among the outcomes of paths.
        self._record([report] if came_by_path(url) else [])
        return report

    def _take(self, offers: Iterable[Offer]) -> Iterator[tuple[Offer, Report]]:
        for some in apart(offers):
            tasks: dict[Task, Offer] = {}
            for offer, kept in keep(self.database, self._store, some, refresh=self._refresh):
                match kept:
                    case UnreadableFile():
                        yield offer, Report(offer.path, Outcome.UNREADABLE, str(kept))
                    case Kept(file, None):
                        yield offer, Report(offer.path, Outcome.UNCHANGED, file=file)
                    case Kept(_, Task() as task):
                        tasks[task] = offer
            yield from ((tasks[task], report) for task, report in self._read(tasks))

    # --- FITS files -----------------------------------------------------------------------------------

    def offer_fits(self, file: FileVersion) -> Iterator[Report]:
        """What became of a stored FITS file with each plugin that wants it and has not read it yet."""
        wanting = [plugin for plugin in self._fits if plugin.accepts.may_take(file.name)]
        if not wanting:
            return
        with self.database.writer() as connection:
            headers = read_headers(connection, file.dp_id, file.version, 0)
        for plugin in wanting:
            if not _has_keywords(headers, plugin.accepts.keywords):
                continue
            key = InputKey(file.dp_id, file.version, plugin.name)
            with self.database.writer() as connection:
                lock_identifiers(connection, [file.dp_id])
                if not self._refresh and are_read(connection, [key]):
                    continue
                started = begin(connection, {key: plugin.is_restricted})
            for _, report in self._read([Task(file, key, plugin, started[key])]):
                self._record([report])
                yield replace(report, besides=True)

    def refresh_counts(self, summary: Summary) -> None:
        """Brings TAP_SCHEMA's numbers of rows up to date after a round that changed anything."""
        if summary.has_changes:
            self.database.refresh_row_counts()

    # --- reading --------------------------------------------------------------------------------------

    def unread(self) -> list[InputKey]:
        """What failed, or was interrupted."""
        with self.database.writer() as connection:
            return unread(connection)

    def retry(self, keys: Iterable[InputKey]) -> Iterator[Report]:
        """Reads inputs again, from the store."""
        known = {plugin.name: plugin for plugin in self.plugins.ingests}
        for key in keys:
            with self.database.writer() as connection:
                file = find_file(connection, key.input_id, key.version)
                plugin = known.get(key.plugin)
                started = {} if plugin is None else begin(connection, {key: plugin.is_restricted})
            if plugin is None:
                reason = f"there is no plugin {key.plugin} any more"
                yield Report(path_of(file), Outcome.REFUSED, reason, file=file)
                continue
            for _, report in self._read([Task(file, key, plugin, started[key])]):
                self._record([report] if came_by_path(file.source) else [])
                yield report

    def rest(self) -> None:
        """Ends the processes in which plugins read; others begin when there is more to read."""
        _rest(self._pool, self._folders)

    def _read(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Report]]:
        """Several are read at the same time; they are written, and told of, in their order."""
        waiting: deque[_Begun] = deque()
        try:
            for task in tasks:
                waiting.append(self._begin(task))
                if len(waiting) > _AHEAD * self._pool.size:
                    yield waiting[0].task, self._finish(waiting.popleft())
            while waiting:
                yield waiting[0].task, self._finish(waiting.popleft())
        finally:
            if waiting:
                self._pool.rest()
            for begun in waiting:
                begun.resources.close()

    def _begin(self, task: Task) -> _Begun:
        with ExitStack() as stack:
            folder = stack.enter_context(self._folder())
            answer: Future[object] = Future()
            try:
                path = stack.enter_context(self._store.fetched(task.file))
            except CopyMissing as error:
                answer.set_exception(error)
            else:
                asked = Asked(task.plugin.name, _input(task, path), self._most_rows, folder)
                answer = self._pool.begin(asked, self._limits)
            return _Begun(task, folder, answer, stack.pop_all())

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """An empty one, for the rows of one input after the other: to make and remove one takes its time."""
        folder = self._folders.pop() if self._folders else Path(tempfile.mkdtemp(prefix="uraniborg-input-"))
        try:
            yield folder
        finally:
            for left in folder.iterdir():
                left.unlink()
            self._folders.append(folder)

    def _finish(self, begun: _Begun) -> Report:
        with begun.resources:
            try:
                reading = reading_of(begun.task.plugin, begun.answer.result(), begun.folder)
                return written(self.database, begun.task, reading)
            except (UnreadableFile, CopyMissing, psycopg.DataError) as error:
                return failed(self.database, begun.task, str(error))

    def _record(self, reports: Collection[Report]) -> None:
        """What became of paths. Once it is committed, so is all that was written before."""
        if reports:
            with self.database.writer() as connection:
                record_reports(connection, reports)


def _rest(pool: ReadingPool, folders: list[Path]) -> None:
    pool.rest()
    while folders:
        # A process that was stopped may have left something.
        shutil.rmtree(folders.pop(), ignore_errors=True)


def _one(plugins: Sequence[Ingest]) -> Ingest | None:
    """Raises UnreadableFile when there are several."""
    if len(plugins) > 1:
        names = " and ".join(plugin.name for plugin in plugins)
        raise UnreadableFile(
            f"the plugins {names} take it", hint="say which by --plugin, or let one accept less"
        )
    return plugins[0] if plugins else None


def _input(task: Task, path: Path) -> Input:
    file = task.file
    source = "" if came_by_path(file.source) else file.source
    return Input(path, file.name, file.dp_id, task.started.received, file.media_type, source)


def _has_keywords(headers: Sequence[Header], wanted: Mapping[str, str | int | bool]) -> bool:
    if not headers:
        return False
    # fpack moves the primary header into the first extension.
    packed = len(headers) > 1 and headers[1].flag("ZSIMPLE")
    primary = headers[1] if packed else headers[0]

    def has(keyword: str, value: str | int | bool) -> bool:
        found = primary.get(keyword)
        stripped = found.strip() if isinstance(found, str) else found
        return stripped == value and isinstance(found, bool) == isinstance(value, bool)

    return all(has(keyword, value) for keyword, value in wanted.items())
