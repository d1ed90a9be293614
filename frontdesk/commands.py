"""What the subcommands do: each gives up root, opens the archive, calls one package, prints the outcome."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from dataclasses import replace

from archive.config import Config
from archive.declare.manual import write_manual
from archive.errors import UsageError
from archive.plugins import load_plugins
from archive.protocol import Archive, Workers
from archive.protocol.uws import Jobs
from archive.store.caretaker import cared_for
from ingest import (
    BUILTIN,
    Inputs,
    LoadSummary,
    Summary,
    continued,
    ingest_paths,
    load_catalogue,
    load_tables,
    poll_sources,
    retry_inputs,
)

from .app import JOB_KINDS, create_app
from .backup import backup, restore
from .demo import Season, contents, demonstration_config, greeting, load_demonstration
from .demo_operator import keep_configuration
from .guardian import guarded
from .header_commands import header
from .lineage_command import lineage
from .log import set_up_logging
from .migrate_command import migrate
from .opening import open_archive
from .phase2_command import pull_phase2
from .plugin_commands import plugins
from .privileges import drop_root
from .progress import Progress
from .rights_command import rights
from .server import Server, bind, end_on_terminate
from .simulate_command import simulate
from .store_commands import store
from .transfer_commands import ingestd
from .user_command import user

__all__ = [
    "backup",
    "demo",
    "header",
    "ingest",
    "ingestd",
    "init",
    "lineage",
    "load",
    "manual",
    "migrate",
    "plugins",
    "restore",
    "rights",
    "serve",
    "simulate",
    "store",
    "user",
    "worker",
]

USAGE_STATUS = 2
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
            with guarded(database), cared_for(database, store, config), continued(database, store, config):
                Server(app, lambda: _say(f"{config.title} answers at {config.base_url}")).run([listener])
    return 0


def worker(config: Config, arguments: argparse.Namespace) -> int:
    slots = config.job_slots if arguments.slots is None else arguments.slots
    if slots < 1:
        raise UsageError("a worker needs a slot at least", hint="say --slots 4")
    set_up_logging()
    end_on_terminate(0)
    drop_root(config)
    with open_archive(config) as (database, store), guarded(database):
        jobs = Jobs(Archive(config, database, Workers(1), store), JOB_KINDS, slots)
        jobs.start()
        try:
            _say(f"{config.title}: waiting for jobs, {slots} at once")
            threading.Event().wait()
        finally:
            jobs.close()
    return 0


def ingest(config: Config, arguments: argparse.Namespace) -> int:
    if not (arguments.paths or arguments.retry or arguments.poll or arguments.p2):
        raise UsageError("nothing to ingest", hint="name a file or a folder, or say --retry or --poll")
    if arguments.store_files:
        config = replace(config, store_files=arguments.store_files)
    end_on_terminate(TERMINATED_STATUS)
    drop_root(config)
    summary = Summary(strict=arguments.strict)
    paths = list(arguments.paths)
    try:
        if arguments.p2:
            paths.append(pull_phase2(config, arguments.p2, arguments.p2_run, summary))
        with open_archive(config) as (database, store), Progress("ingesting", "files") as progress:
            plugins = load_plugins(config, BUILTIN)
            inputs = Inputs(
                database, store, config, plugins, chosen=arguments.plugin or "", refresh=arguments.refresh
            )
            if arguments.retry:
                retry_inputs(inputs, summary, progress)
            if arguments.poll:
                poll_sources(inputs, summary, progress)
            if paths:
                ingest_paths(
                    database,
                    store,
                    config,
                    paths,
                    collection=arguments.collection,
                    progress=progress,
                    strict=arguments.strict,
                    refresh=arguments.refresh,
                    summary=summary,
                    inputs=inputs,
                )
    finally:
        # Also after an interruption: what is told here is safe in the archive.
        for line in () if summary.offered is None else summary.lines():
            print(line, flush=True)
    return summary.exit_status


def load(config: Config, arguments: argparse.Namespace) -> int:
    end_on_terminate(TERMINATED_STATUS)
    drop_root(config)
    table, files, mode = arguments.table, arguments.files, arguments.mode
    if arguments.all_tables and len(files) > 1:
        raise UsageError("--all-tables takes one file", hint="load one after the other")
    failures: tuple[str, ...] = ()
    with open_archive(config) as (database, _store), Progress("loading", "rows") as progress:
        if arguments.all_tables:
            every = load_tables(database, table, files[0], mode=mode, progress=progress)
            loaded, remarks, failures = every.loaded, tuple(every.lines()), every.failures
        else:
            one = load_catalogue(database, table, files, mode=mode, progress=progress)
            loaded, remarks = (one,), one.remarks
    for line in (*remarks, *(_rows(summary) for summary in loaded)):
        print(line)
    for failure in failures:
        _say(f"uraniborg: {failure}")
    return USAGE_STATUS if failures else 0


def _rows(summary: LoadSummary) -> str:
    return f"{summary.rows:,} rows loaded into {summary.table.name}"


def demo(config: Config, arguments: argparse.Namespace) -> int:
    set_up_logging()
    end_on_terminate(0)
    config = demonstration_config(config, arguments.data, arguments.port)
    with bind(config) as listener:
        drop_root(config)
        with open_archive(config) as (database, store):
            keep_configuration(config)
            for problem in load_demonstration(
                database,
                store,
                config,
                arguments.frames,
                season=Season(arguments.nights, arguments.seed),
                say=_say,
            ):
                _say(problem)
            held = contents(database.catalogue, database.row_counts())
            app = create_app(config, database, store)
            with guarded(database), cared_for(database, store, config), continued(database, store, config):
                Server(app, lambda: _say(greeting(config, held))).run([listener])
    return 0


def manual(config: Config, arguments: argparse.Namespace) -> int:
    with open_archive(config) as (database, _store):
        pages = write_manual(arguments.folder, database.catalogue.schemas)
    print(f"{len(pages)} pages written to {arguments.folder}")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
