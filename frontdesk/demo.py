"""The demonstration archive: what it holds, and loading it once.

Everything in it is made by the simulator, comes from a folder of real frames, or from $URANIBORG_DATA.
What has been loaded is written down in the data folder, so that the next start only serves.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from archive.config import Config
from archive.database import Database
from archive.declare import Catalogue
from archive.declare.builtin import builtin_schemas
from archive.declare.obscore import OBSCORE
from archive.declare.raw import RAW
from archive.errors import ArchiveError
from archive.plugins import load_plugins
from archive.store import Store
from ingest import BUILTIN, Inputs, find_catalogues, ingest_paths, load_tables
from ingest.simulator import SEED, seasons, write_night, write_season

from .demo_accounts import accounts_told, make_accounts
from .demo_operator import commands_told
from .demo_transfer import send_from_mountain
from .progress import Progress

__all__ = ["DATA_VARIABLE", "Season", "contents", "demonstration_config", "greeting", "load_demonstration"]

DATA_VARIABLE = "URANIBORG_DATA"
_RECORD = "demonstration.json"
_STARS = "safcat.simulated_stars"
_SIMULATED = "SIMULATED"
_FRAMES = "ESO-MIDAS"
# Public archives whose tables a query may name by address.
_UPLOAD_HOSTS = ("vizier.cds.unistra.fr", "tapvizier.cds.unistra.fr", "archive.eso.org", "dc.g-vo.org")


def demonstration_config(config: Config, folder: Path | None, port: int | None) -> Config:
    """The configuration, with the demonstration's own folders and port unless others are given."""
    folder = folder or Path("var/demo").absolute()
    return replace(
        config,
        title="Uraniborg, demonstration archive" if config.title == Config().title else config.title,
        data_folder=folder,
        port=config.port if port is None else port,
        upload_hosts=config.upload_hosts or _UPLOAD_HOSTS,
        volumes=config.volumes or (f"second = {folder / 'second'}",),
        scrub_rate=config.scrub_rate or 20_000_000,
    )


@dataclass(frozen=True)
class Season:
    """What is simulated beyond the demonstration's night, if anything."""

    nights: int = 0
    seed: int = SEED


def load_demonstration(
    database: Database,
    store: Store,
    config: Config,
    frames: Path,
    environment: Mapping[str, str] = os.environ,
    *,
    season: Season = Season(),
    say: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Loads what has not been loaded yet; returns what could not be, one line each.

    `say` is told what became of the files of each source.
    """
    record = config.data_folder / _RECORD
    loaded: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    problems: list[str] = []
    archive = _Archive(database, store, config, say)
    for source in _sources(archive, frames, season, environment):
        if loaded.get(source.name) == source.state:
            continue
        found = source.load()
        problems += found
        if found and source.again:
            continue
        loaded[source.name] = source.state
        _replace_text(record, json.dumps(loaded, indent=1) + "\n")
    return problems


def contents(catalogue: Catalogue, rows: Mapping[str, int | None]) -> str:
    """What the archive holds, in a line."""
    own = {table.name for schema in builtin_schemas() for table in schema.tables}
    others = [table.name for table in catalogue if table.name not in own]
    total = sum(rows.get(name) or 0 for name in others)
    return (
        f"{rows.get(OBSCORE.name) or 0:,} datasets in {OBSCORE.name}, {rows.get(RAW.name) or 0:,} raw frames "
        f"in {RAW.name}, {total:,} rows in {len(others)} catalogue{'' if len(others) == 1 else 's'}"
    )


def greeting(config: Config, held: str) -> str:
    """What to do next; `held` is what the archive holds."""
    address = f"{config.base_url}/tap"
    return f"""
{config.title} is ready: {held}.

Look at it in a browser:

    {config.base_url}/

or query it from Python:

    import pyvo
    archive = pyvo.dal.TAPService("{address}")
    query = "SELECT obs_collection, COUNT(*) AS n FROM ivoa.ObsCore GROUP BY obs_collection"
    result = archive.search(query)
    print(result.to_table())

or from a shell:

    stilts tapquery tapurl={address} sync=true \\
        adql='SELECT TOP 5 * FROM {_STARS}' ofmt=text

{accounts_told(config)}
{commands_told(config)}Ctrl-C stops it and its database.
"""


@dataclass(frozen=True)
class _Source:
    """Something to load; it is loaded again when its `state` has become another.

    `again`: also as long as there are problems with it.
    """

    name: str
    state: str
    load: Callable[[], list[str]]
    again: bool = False


@dataclass(frozen=True)
class _Archive:
    database: Database
    store: Store
    config: Config
    say: Callable[[str], None]

    def ingest(self, label: str, paths: Iterable[Path], collection: str | None) -> list[str]:
        inputs = Inputs(self.database, self.store, self.config, load_plugins(self.config, BUILTIN))
        with Progress(label, "files") as progress:
            summary = ingest_paths(
                self.database,
                self.store,
                self.config,
                list(paths),
                collection=collection,
                progress=progress,
                inputs=inputs,
            )
        for line in summary.lines(failures=False):
            self.say(f"    {line}")
        return [f"{label}: {report.path}: {report.reason}" for report in summary.failures]

    def send(self, label: str, folders: Sequence[Path], spool: Path) -> list[str]:
        with Progress(label, "files") as progress:
            refused = send_from_mountain(
                self.database, self.store, self.config, folders, spool, _SIMULATED, progress
            )
        return [f"{label}: {one}" for one in refused]

    def load(self, label: str, table: str, file: Path, description: str = "") -> list[str]:
        try:
            with Progress(label, "rows") as progress:
                summary = load_tables(
                    self.database,
                    table,
                    file,
                    mode="replace",
                    progress=progress,
                    description=description,
                )
        except ArchiveError as error:
            return [f"{label}: {error}"]
        for line in summary.lines():
            self.say(f"    {line}")
        return [f"{label}: {failure}" for failure in summary.failures]


def _sources(
    archive: _Archive, frames: Path, season: Season, environment: Mapping[str, str]
) -> Iterator[_Source]:
    yield _Source("simulated night", "4", lambda: _load_night(archive))
    yield _Source("accounts", "1", lambda: make_accounts(archive.database, archive.config))
    if season.nights:
        state = f"{season.nights} nights, seed {season.seed}"
        yield _Source("simulated season", state, lambda: _load_season(archive, season))
    if _is_readable(frames):
        label = "real frames"
        yield _Source(label, _state(frames), lambda: archive.ingest(label, [frames], _FRAMES))
    if environment.get(DATA_VARIABLE):
        yield from _real_data(archive, Path(environment[DATA_VARIABLE]).absolute())


def _load_night(archive: _Archive) -> list[str]:
    # Of a fixed name, so that what a kill leaves behind is found and removed by the next start.
    folder = archive.config.data_folder / "simulation"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with Progress("simulating a night"):
            night = write_night(folder)
        sent = _sent_from(folder)
        made = [path for path in night.frames if not any(one in path.parents for one in sent)]
        problems = archive.send("simulated night", sent, folder / "spool")
        problems += archive.ingest("simulated products", made, _SIMULATED)
        about = "Stars in the fields of the simulated night, of which its frames are made"
        return problems + archive.load("simulated stars", _STARS, night.catalogue, about)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sent_from(folder: Path) -> tuple[Path, ...]:
    """Where the simulator writes what a mountain sends; products are made elsewhere."""
    return folder / "raw", folder / "documents"


def _load_season(archive: _Archive, season: Season) -> list[str]:
    folder = archive.config.data_folder / "simulated season"
    shutil.rmtree(folder, ignore_errors=True)
    label = "simulated season"
    try:
        problems: list[str] = []
        written = count(1)
        for one in seasons(season.seed, season.nights):
            with Progress(f"simulating period {one.period}", "files") as progress:
                write_season(folder, one, season.seed, progress=lambda: progress(next(written)))
            problems += archive.send(label, _sent_from(folder), folder / "spool")
            shutil.rmtree(folder)
        return problems
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _real_data(archive: _Archive, folder: Path) -> Iterator[_Source]:
    label = f"${DATA_VARIABLE}"
    if not _is_readable(folder):
        missing = f"{label}: there is no folder {folder} that this account can read"
        yield _Source(label, "unreadable", lambda: [missing], again=True)
        return
    yield _Source(label, _state(folder), lambda: archive.ingest(label, [folder], None))
    for table, file in find_catalogues(folder):
        yield _catalogue(archive, table, file)


def _is_readable(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _catalogue(archive: _Archive, table: str, file: Path) -> _Source:
    # The state of a file whose first table alone was loaded is another.
    state = f"all tables, {_state(file)}"
    return _Source(table, state, lambda: archive.load(table, table, file), again=True)


def _state(path: Path) -> str:
    """What changes when a file, or any file in a folder, does."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    stats = [file.stat() for file in files]
    newest = max((stat.st_mtime_ns for stat in stats), default=0)
    return f"{len(stats)} files, {sum(stat.st_size for stat in stats)} bytes, {newest}"


def _replace_text(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    temporary.replace(path)
