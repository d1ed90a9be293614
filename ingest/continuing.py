"""What ingest does by itself while an archive is served: polls sources, keeps the plan, opens what is public.

Of several processes that serve one archive one does it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from archive.access.clock import pass_time
from archive.config import Config
from archive.database import Database
from archive.plugins import Ingest, Plugins, Poll, load_plugins
from archive.protocol.background import Background
from archive.store import Connection, Store

from .builtin import BUILTIN
from .inputs import Inputs
from .obsplan import blocks_after, derive_obsplan, follow_clock
from .outcomes import Outcome, Report, Summary
from .polling import TABLES, poll, record_asked, waits

__all__ = ["Opening", "Planning", "Polling", "continued"]

_LOG = logging.getLogger("uraniborg.ingest")
# Keys of the locks.
_POLLING, _PLANNING, _OPENING = 0x55_52_41_4E_49_42_08, 0x55_52_41_4E_49_42_09, 0x55_52_41_4E_49_42_0B
_ASKED_AT_ONCE = 4  # sources; one that takes long hinders no other
_LOOK, _WATCH = 5.0, 0.5  # seconds between looks for what is due, and for what is under way
_CLOCK = 60.0  # seconds between looks for slots that have passed
_ROUND = 3600.0  # seconds from one derivation of the whole plan to the next
_PAGE = 500  # observation blocks in a transaction
_SHARE = 0.1  # of its time the derivation of the whole plan takes so much


@contextmanager
def continued(database: Database, store: Store, config: Config) -> Iterator[None]:
    """While the block runs. Raises ConfigurationError when there is something wrong with a plugin."""
    with ExitStack() as stack:
        plugins = load_plugins(config, BUILTIN)
        if config.poll_sources and any(plugin.polls for plugin in plugins.ingests):
            polling = Polling(database, store, config, plugins)
            stack.callback(polling.close)
            polling.start()
        planning = Background(database, "observing plan", _PLANNING, Planning(database).step)
        stack.callback(planning.close)
        planning.start()
        opening = Background(database, "rights", _OPENING, Opening(database).step)
        stack.callback(opening.close)
        opening.start()
        yield


class Polling:
    """Asks each source when it is due; how its readers and tables take the answer is `poll`'s business."""

    def __init__(self, database: Database, store: Store, config: Config, plugins: Plugins) -> None:
        self._database, self._store, self._config, self._plugins = database, store, config, plugins
        self._sources = [(plugin, source) for plugin in plugins.ingests for source in plugin.polls]
        self._threads = ThreadPoolExecutor(_ASKED_AT_ONCE, thread_name_prefix="polling")
        self._asked: dict[tuple[str, str], Future[Report]] = {}
        self._background = Background(database, "polling", _POLLING, self._step)

    def start(self) -> None:
        self._background.start()

    def close(self) -> None:
        """Answers that are on their way are broken off; those that are being read are read."""
        self._background.close()
        self._threads.shutdown(cancel_futures=True)

    def _step(self, connection: Connection) -> float:
        connection.execute(TABLES)
        summary = Summary()
        for plugin, source in self._sources:
            asked = self._asked.get((plugin.name, source.url))
            if asked is not None and asked.done():
                del self._asked[plugin.name, source.url]
                summary.add(self._concluded(connection, plugin, source, asked))
        if summary.has_changes:
            self._database.refresh_row_counts()
        pause = _LOOK
        for plugin, source in self._sources:
            key = (plugin.name, source.url)
            if key in self._asked:
                continue
            remaining = waits(connection, plugin, source)
            if remaining <= 0:
                self._asked[key] = self._threads.submit(self._ask, plugin, source)
            else:
                pause = min(pause, remaining)
        return _WATCH if self._asked else pause

    def _ask(self, plugin: Ingest, source: Poll) -> Report:
        # Each with processes of its own for the reading, which end with it.
        inputs = Inputs(self._database, self._store, self._config, self._plugins)
        try:
            return poll(inputs, plugin, source, self._background.stop)
        finally:
            inputs.rest()

    def _concluded(
        self, connection: Connection, plugin: Ingest, source: Poll, asked: Future[Report]
    ) -> Report:
        error = asked.exception()
        if error is None:
            report = asked.result()
        else:
            _LOG.error("a fault of ours when %s was polled", source.url, exc_info=error)
            report = Report(Path(source.name), Outcome.UNREADABLE, f"a fault of ours: {error}")
            record_asked(connection, plugin, source, report)
        if report.outcome.is_failure:
            _LOG.warning("polled %s for %s: %s", source.url, plugin.name, report.public_reason)
        elif report.outcome is not Outcome.UNCHANGED:
            _LOG.info("polled %s for %s: %s", source.url, plugin.name, report.outcome.value)
        return report


class Planning:
    """Follows the clock, and derives the whole plan anew from time to time, a few blocks after the other."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked = self._begun = -_ROUND
        self._last: int | None = None  # the block that was derived last, while a round is under way

    def step(self, _connection: Connection) -> float:
        now = time.monotonic()
        if now - self._looked >= _CLOCK:
            self._looked = now
            with self._database.writer() as connection:
                follow_clock(connection, _moment())
        if self._last is None and now - self._begun >= _ROUND:
            self._begun, self._last = now, -1
        if self._last is not None:
            self._last = self._page(self._last)
        if self._last is not None:
            return (time.monotonic() - now) * (1 / _SHARE - 1)
        return _CLOCK

    def _page(self, last: int) -> int | None:
        """The last block of a page that was derived; None when there is none after `last`."""
        with self._database.writer() as connection:
            blocks = blocks_after(connection, last, _PAGE)
            if blocks:
                derive_obsplan(connection, _moment(), blocks=blocks)
        return blocks[-1] if blocks else None


class Opening:
    """Says in the rows of files that they have become public. That they have, nobody waits for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def step(self, _connection: Connection) -> float:
        with self._database.writer() as connection:
            opened = pass_time(connection, self._database.catalogue)
        return 0.0 if opened else _CLOCK


def _moment() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
