"""Inputs on their way into the archive: kept in the store first, then read by their plugin, then written.

Each is whole in the tables or not at all, and its outcome is told in dfs.input_file. What was interrupted
between these steps is found again: by the next run over the same path, and by `retry`. FITS files are kept
and harvested by `run`; plugins that ask for their keywords get them here, from the store.
"""

from __future__ import annotations

import mimetypes
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from archive.config import Config
from archive.database import Database
from archive.errors import CopyMissing, UnreadableFile
from archive.plugins import Ingest, Input, Plugins
from archive.plugins.writing import write_batches
from archive.store import (
    Connection,
    FileVersion,
    Header,
    Store,
    StoredContent,
    checksum,
    find_file,
    histories,
    lock_identifiers,
    read_headers,
    record_copies,
    record_files,
)

from .confined import Limits
from .identify import safe
from .input_files import (
    InputKey,
    begin,
    is_read,
    now,
    received_at,
    record_failure,
    record_reading,
    unread,
)
from .input_reading import Bounds, Reading, looked_at, read_input
from .naming import encodable
from .outcomes import Outcome, Report, Summary, database_text, record_reports

__all__ = ["Inputs"]

_LOOKING = 20.0  # seconds that a plugin may take to look at the beginning of a file


@dataclass(frozen=True, slots=True)
class _Offer:
    """A file that a plugin takes; `source` is the path or the address that it came from."""

    path: Path
    name: str
    plugin: Ingest
    source: str
    media_type: str


class Inputs:
    """The plugins of an archive at work, one input after the other."""

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
        self._bounds = Bounds(Limits(config.plugin_seconds, config.plugin_memory_bytes), config.plugin_rows)
        self._files = [plugin for plugin in plugins.ingests if not plugin.accepts.is_fits]
        self._fits = [plugin for plugin in plugins.ingests if plugin.accepts.is_fits]

    # --- which plugin -------------------------------------------------------------------------------

    def _taker(self, path: Path, *, named: bool) -> Ingest | None:
        """Raises UnreadableFile when there are several."""
        if self._chosen is not None and named:
            return self._chosen
        limits = Limits(min(_LOOKING, self._bounds.limits.seconds), self._bounds.limits.memory)
        found = [
            plugin
            for plugin in self._files
            if plugin in (self._chosen or plugin,)
            and plugin.accepts.may_take(encodable(path.name))
            and looked_at(plugin.accepts, path, limits)
        ]
        if len(found) > 1:
            names = " and ".join(plugin.name for plugin in found)
            raise UnreadableFile(
                f"the plugins {names} take it", hint="say which by --plugin, or let one accept less"
            )
        return found[0] if found else None

    # --- files ----------------------------------------------------------------------------------------

    def offer(self, path: Path, *, named: bool = True) -> Report | None:
        """Takes in a file that is no FITS; None when no plugin wants it. `named`: by the operator himself."""
        source = database_text(path)
        try:
            taker = self._taker(path, named=named)
        except UnreadableFile as error:
            return self._told(Report(path, Outcome.REFUSED, str(error)), source)
        if taker is None:
            return None
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return self._take(_Offer(path, path.name, taker, source, media_type))

    def answer(self, path: Path, name: str, plugin: Ingest, url: str, media_type: str) -> Report:
        """Takes in what a source answered, as an input called `name`."""
        return self._take(_Offer(path, name, plugin, url, media_type))

    def _take(self, offer: _Offer) -> Report:
        try:
            sha256 = checksum(offer.path)
            file, key = self._keep(offer, sha256)
        except UnreadableFile as error:
            return self._told(Report(offer.path, Outcome.UNREADABLE, str(error)), offer.source)
        if key is None:
            return self._told(Report(offer.path, Outcome.UNCHANGED, file=file), offer.source)
        return self._read(file, key, offer.plugin)

    def _keep(self, offer: _Offer, sha256: str) -> tuple[FileVersion, InputKey | None]:
        """The stored input, and its key if it is to be read."""
        dp_id = safe(f"{offer.plugin.name}.{encodable(offer.name)}")
        with self.database.writer() as connection:
            known = _known(connection, dp_id, sha256, offer.source)
        kept = None if known else self._store.keep(offer.path, dp_id, sha256)
        with self.database.writer() as connection:
            lock_identifiers(connection, [dp_id])
            # Another process may have been faster.
            file = _known(connection, dp_id, sha256, offer.source)
            if file is None:
                assert kept is not None  # versions are never taken away
                file = _version(connection, dp_id, offer, kept)
                record_files(connection, [file])
                record_copies(connection, [kept])
            key = InputKey(dp_id, file.version, offer.plugin.name)
            if is_read(connection, key) and not self._refresh:
                return file, None
            begin(connection, key)
        return file, key

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
                if is_read(connection, key) and not self._refresh:
                    continue
                begin(connection, key)
            yield replace(self._read(file, key, plugin), besides=True)

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
                if plugin is not None:
                    begin(connection, key)
            if plugin is None:
                reason = f"there is no plugin {key.plugin} any more"
                yield Report(_path(file), Outcome.REFUSED, reason, file=file)
            else:
                yield self._read(file, key, plugin)

    def _read(self, file: FileVersion, key: InputKey, plugin: Ingest) -> Report:
        try:
            with (
                self._store.fetched(file) as path,
                tempfile.TemporaryDirectory(prefix="uraniborg-input-") as folder,
            ):
                reading = read_input(plugin, self._input(file, key, path), self._bounds, Path(folder))
                return self._write(file, key, plugin, reading)
        except (UnreadableFile, CopyMissing, psycopg.DataError) as error:
            reason = str(error)
        report = Report(_path(file), Outcome.UNREADABLE, reason, file=file, plugin=plugin.name)
        with self.database.writer() as connection:
            record_failure(connection, key, reason)
            _record(connection, report, file.source)
        return report

    def _input(self, file: FileVersion, key: InputKey, path: Path) -> Input:
        with self.database.writer() as connection:
            received = received_at(connection, key)
        source = "" if _is_path(file.source) else file.source
        return Input(path, file.name, file.dp_id, received, file.media_type, source)

    def _write(self, file: FileVersion, key: InputKey, plugin: Ingest, reading: Reading) -> Report:
        """All rows and what follows from them, or nothing."""
        moment = now()
        with self.database.writer() as connection:
            before = is_read(connection, key)
            written = write_batches(
                connection, plugin.tables, reading.batches, input_id=key.input_id, moment=moment
            )
            if plugin.follows is not None:
                plugin.follows(connection, reading.batches, moment)
            faults = tuple(problem for changes in written.values() for problem in changes.problems)
            rows = sum(changes.rows for changes in written.values())
            changed = sum(changes.changed + changes.removed for changes in written.values())
            record_reading(
                connection,
                key,
                problems=(*reading.problems, *faults),
                problem_count=reading.problem_count + len(faults),
                rows=rows,
                changed=changed,
                seconds=reading.seconds,
            )
            outcome = Outcome.NEW_VERSION if file.version > 1 else Outcome.INGESTED
            if before:
                outcome = Outcome.INGESTED if changed else Outcome.UNCHANGED
            report = Report(
                _path(file), outcome, None, (*reading.problems, *faults), file=file, plugin=plugin.name
            )
            _record(connection, report, file.source)
        return report

    def _told(self, report: Report, source: str) -> Report:
        with self.database.writer() as connection:
            _record(connection, report, source)
        return report


def _known(connection: Connection, dp_id: str, sha256: str, source: str) -> FileVersion | None:
    """The version that an input is already: the current one, or what last came from the same place.

    The second lets two files of one name be offered again and again without taking turns.
    """
    history = histories(connection, [dp_id]).get(dp_id)
    versions = (history.current, history.last_from(source)) if history else ()
    return next((version for version in versions if version and version.sha256 == sha256), None)


def _version(connection: Connection, dp_id: str, offer: _Offer, kept: StoredContent) -> FileVersion:
    history = histories(connection, [dp_id]).get(dp_id)
    return FileVersion(
        dp_id,
        history.current.version + 1 if history else 1,
        encodable(offer.name),
        kept.place,
        kept.sha256,
        kept.bytes,
        offer.media_type,
        offer.source,
        datetime.now(UTC),
        kept.blocks,
    )


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


def _is_path(source: str) -> bool:
    return source.startswith("/")


def _path(file: FileVersion) -> Path:
    """What a summary calls it."""
    return Path(file.source if _is_path(file.source) else file.name)


def _record(connection: Connection, report: Report, source: str) -> None:
    """Among the outcomes of paths, unless it came from elsewhere."""
    if _is_path(source):
        record_reports(connection, [report])
