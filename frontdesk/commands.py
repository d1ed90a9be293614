"""What the subcommands do: each gives up root, opens the archive, calls one package, prints the outcome."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace

from archive.config import Config
from archive.declare.manual import write_manual
from ingest import Summary, ingest_paths, load_catalogue

from .app import create_app
from .demo import contents, demonstration_config, greeting, load_demonstration
from .guardian import guarded
from .log import set_up_logging
from .opening import open_archive
from .privileges import drop_root
from .progress import Progress
from .server import Server, bind, end_on_terminate

__all__ = ["demo", "ingest", "init", "load", "manual", "serve"]

TERMINATED_STATUS = 128 + signal.SIGTERM


def init(config: Config, _arguments: argparse.Namespace) -> int:
    end_on_terminate(TERMINATED_STATUS)
    drop_root(config)
    with open_archive(config) as (database, _store):
        tables = sum(1 for _table in database.catalogue)
    print(f"the archive in {config.data_folder} is ready; {tables} tables are published")
    return 0


def serve(config: Config, _arguments: argparse.Namespace) -> int:
    set_up_logging()
    end_on_terminate(0)
    with bind(config) as listener:
        drop_root(config)
        with open_archive(config) as (database, store):
            app = create_app(config, database, store)
            with guarded(database):
                Server(app, lambda: _say(f"{config.title} answers at {config.base_url}")).run([listener])
    return 0


def ingest(config: Config, arguments: argparse.Namespace) -> int:
    if arguments.store_files:
        config = replace(config, store_files=arguments.store_files)
    end_on_terminate(TERMINATED_STATUS)
    drop_root(config)
    summary = Summary()
    try:
        with open_archive(config) as (database, store), Progress("ingesting", "files") as progress:
            ingest_paths(
                database,
                store,
                config,
                arguments.paths,
                collection=arguments.collection,
                progress=progress,
                strict=arguments.strict,
                summary=summary,
            )
    finally:
        # Also after an interruption: what is told here is safe in the archive.
        for line in () if summary.offered is None else summary.lines():
            print(line, flush=True)
    return summary.exit_status


def load(config: Config, arguments: argparse.Namespace) -> int:
    end_on_terminate(TERMINATED_STATUS)
    drop_root(config)
    with open_archive(config) as (database, _store), Progress("loading", "rows") as progress:
        summary = load_catalogue(
            database, arguments.table, arguments.files, mode=arguments.mode, progress=progress
        )
    for remark in summary.remarks:
        print(remark)
    print(f"{summary.rows:,} rows loaded into {summary.table.name}")
    return 0


def demo(config: Config, arguments: argparse.Namespace) -> int:
    set_up_logging()
    end_on_terminate(0)
    config = demonstration_config(config, arguments.data, arguments.port)
    with bind(config) as listener:
        drop_root(config)
        with open_archive(config) as (database, store):
            for problem in load_demonstration(database, store, config, arguments.frames, say=_say):
                _say(problem)
            held = contents(database.catalogue, database.row_counts())
            app = create_app(config, database, store)
            with guarded(database):
                Server(app, lambda: _say(greeting(config, held))).run([listener])
    return 0


def manual(config: Config, arguments: argparse.Namespace) -> int:
    with open_archive(config) as (database, _store):
        pages = write_manual(arguments.folder, database.catalogue.schemas)
    print(f"{len(pages)} pages written to {arguments.folder}")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
