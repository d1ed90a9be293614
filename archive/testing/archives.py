"""An archive in this process: a database, a store, the tables of plugins, and its pages if they are wanted.

The HTTP application is given by whoever calls, since it is made of all packages and this one knows none.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import store as storage
from ..config import Config
from ..database.database import Database
from ..errors import UnreadableFile
from ..plugins import Ingest, Input, Plugins
from ..plugins.loading import checked
from ..plugins.modules import Source, public_values
from ..plugins.writing import Written, write_input
from ..store import Store
from .clusters import ClusterForTests, SessionFolder

__all__ = ["ArchiveForTests", "archive_for_tests", "input_of"]

_VARIABLE = "URANIBORG_TEST_FOLDER"  # the folder of a session whose cluster several processes share
_STARTING = 30.0  # seconds

Factory = Callable[[Config, Database, Store], Any]  # an ASGI application


def input_of(path: Path, plugin: Ingest) -> Input:
    """A file as the plugin's reader is given it."""
    # The same each time, as the archive keeps it: a reader may put it into its rows.
    received = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
    return Input(path, path.name, f"{plugin.name}.{path.name}", received)


@dataclass(frozen=True)
class ArchiveForTests:
    """An archive with nothing in it but the tables."""

    database: Database
    store: Store
    config: Config
    plugins: Plugins

    def read(self, path: Path, plugin: str = "") -> Written:
        """Has the plugin that accepts a file read it, here, and writes its rows; what became of them.

        `plugin` names the one to take. Raises UnreadableFile, and whatever else the reader raises.
        """
        chosen = self.plugins.named(plugin) if plugin else self._taker(path)
        given = input_of(path, chosen)
        with self.database.writer() as connection:
            return write_input(
                connection,
                chosen.reader(given),
                tables=chosen.tables,
                input_id=given.dp_id,
                moment=given.received,
            )

    def _taker(self, path: Path) -> Ingest:
        for plugin in self.plugins.ingests:
            looks = plugin.accepts.looks
            if plugin.accepts.may_take(path.name) and (looks is None or looks(path.read_bytes()[: 64 << 10])):
                return plugin
        raise UnreadableFile(f"no plugin accepts {path.name}")

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query in PostgreSQL's own language."""
        with self.database.writer() as connection:
            return connection.execute(query.encode()).fetchall()

    @contextlib.contextmanager
    def tap(self, create_app: Factory) -> Iterator[Any]:
        """A `pyvo.dal.TAPService` that asks this archive by HTTP; `create_app` is that of `frontdesk.app`."""
        import uvicorn
        from pyvo.dal import TAPService
        from pyvo.utils.http import create_session

        listener = socket.create_server(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(replace(self.config, public_url=address), self.database, self.store)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _await(server, thread)
            with create_session() as session:
                yield TAPService(f"{address}/tap", session=session)
        finally:
            server.should_exit = True
            thread.join(_STARTING)
            listener.close()


def _await(server: Any, thread: threading.Thread) -> None:
    waiting = threading.Event()
    for _ in range(int(_STARTING / 0.05)):
        if server.started:
            return
        if not thread.is_alive():
            break
        waiting.wait(0.05)
    raise RuntimeError("the application does not start")


@contextlib.contextmanager
def archive_for_tests(*sources: ModuleType | Ingest) -> Iterator[ArchiveForTests]:
    """An archive with the tables of plugins: modules, which are loaded like files of the folder, or plugins.

    It is gone at the end. The first one starts a PostgreSQL, which takes seconds: make one for many tests.
    Raises AssertionError that tells everything that is wrong with the plugins.
    """
    plugins = checked(map(_source, sources))
    if plugins.problems:
        raise AssertionError("\n".join(map(str, plugins.problems)))
    with (
        _cluster() as cluster,
        tempfile.TemporaryDirectory(prefix="uraniborg-archive-") as folder,
        cluster.database() as database,
    ):
        config = Config(data_folder=Path(folder))
        database.publish(plugins.tables, plugins.schemas)
        with database.writer() as connection:
            storage.initialise(connection)
        yield ArchiveForTests(database, storage.open_store(database, config), config, plugins)


def _source(given: ModuleType | Ingest) -> Source:
    if isinstance(given, ModuleType):
        return Source(Path(given.__file__ or given.__name__), public_values(given))
    return Source(Path(given.origin.rpartition(":")[0] or given.name), {given.name: given})


@contextlib.contextmanager
def _cluster() -> Iterator[ClusterForTests]:
    """That of the session, or one for this time."""
    known = os.environ.get(_VARIABLE)
    session = None if known else SessionFolder()
    try:
        cluster = ClusterForTests(session.path if session else Path(str(known)))
        cluster.ensure()
        try:
            yield cluster
        finally:
            cluster.release()
    finally:
        if session is not None:
            session.close()
