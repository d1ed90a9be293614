"""The command line: what can be said on it. What the subcommands do is in `commands`.

Failures that the archive can explain are one line on stderr and exit status 2; Ctrl-C is 130. Anything
else is a bug and shows its trace.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from archive.config import Config, load_config
from archive.errors import ArchiveError

from .header_options import header_options
from .plugin_options import plugin_options
from .rights_options import rights_options
from .simulate_options import season_options, simulate_options
from .store_options import backup_options, restore_options, store_options
from .user_options import user_options

__all__ = ["main", "parser"]

Command = Callable[[Config, argparse.Namespace], int]

USAGE_STATUS = 2
INTERRUPTED_STATUS = 130


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status."""
    arguments = parser().parse_args(argv)
    try:
        config = load_config(arguments.config)
        # Only now, as it takes seconds: --help and mistakes in a configuration are answered at once.
        from . import commands

        run: Command = getattr(commands, arguments.command)
        return run(replace(config, data_folder=config.data_folder.absolute()), arguments)
    except ArchiveError as error:
        print(f"uraniborg: {error}", file=sys.stderr)
        return USAGE_STATUS
    except KeyboardInterrupt:
        print("uraniborg: stopped", file=sys.stderr)
        return INTERRUPTED_STATUS
    except BrokenPipeError:
        # The reader of our output has gone, as with `| head`; nothing is left to tell anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _path(text: str) -> Path:
    """Absolute, as giving up root changes the working folder."""
    return Path(text).absolute()


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="uraniborg", description="An observatory's archive in the Virtual Observatory."
    )
    top.add_argument("--config", metavar="FILE", type=_path, help="configuration in TOML")
    subcommands = top.add_subparsers(metavar="COMMAND", dest="command", required=True)

    def add(name: str, help: str) -> argparse.ArgumentParser:
        return subcommands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")

    add("init", "create the database, or bring it up to date")
    add("serve", "answer queries until Ctrl-C")
    _worker(add("worker", "run jobs of the queue until Ctrl-C"))
    _ingest(add("ingest", "take in FITS files, and others that plugins read"))
    _ingestd(add("ingestd", "send files from the observatory to the archive until Ctrl-C"))
    _load(add("load", "load a catalogue from Parquet, CSV, ECSV, FITS or VOTable files"))
    header_options(add("header", "show and correct the headers of files"))
    _lineage(add("lineage", "show the chain from the proposal of a file to what was made of it"))
    plugin_options(add("plugins", "list the plugins, or write the beginning of a new one"))
    store_options(add("store", "look after the volumes on which the files are kept"))
    rights_options(add("rights", "say until when data are whose, and make exceptions"))
    user_options(add("user", "look after the accounts of people and programs"))
    _migrate(add("migrate", "show how the database differs from the declarations, and change it"))
    backup_options(add("backup", "copy the database and the stored files to a folder"))
    restore_options(add("restore", "make an archive from a back-up"))
    simulate_options(add("simulate", "write nights of a simulated observatory as files"))
    _demo(add("demo", "run the demonstration archive"))
    _manual(add("manual", "write the manual pages of all published tables"))
    return top


def _worker(subparser: argparse.ArgumentParser) -> None:
    slots = "how many jobs it runs at once (default: job_slots of the configuration)"
    subparser.add_argument("--slots", metavar="N", type=int, help=slots)


def _ingest(subparser: argparse.ArgumentParser) -> None:
    add = subparser.add_argument
    add("paths", metavar="PATH", nargs="*", type=_path, help="a file, or a folder of them")
    add("--collection", metavar="NAME", help="collection of the products that name none themselves")
    add("--strict", action="store_true", help="exit status 1 when a file could not be ingested")
    add("--refresh", action="store_true", help="derive the rows of unchanged files anew")
    add("--plugin", metavar="NAME", help="the plugin that reads what is no FITS")
    add("--retry", action="store_true", help="read again what plugins could not read")
    add("--poll", action="store_true", help="ask the sources that plugins poll, once")
    add("--p2", metavar="URL", help="pull observation blocks from a Phase 2 API and take them in")
    add("--p2-run", metavar="RUN", action="append", default=[], help="only those of this run; repeatable")
    keep = subparser.add_mutually_exclusive_group().add_argument
    keep("--copy", dest="store_files", action="store_const", const="copy", help="copy files into the store")
    keep("--link", dest="store_files", action="store_const", const="link", help="link them into the store")


def _ingestd(subparser: argparse.ArgumentParser) -> None:
    mode = subparser.add_mutually_exclusive_group().add_argument
    mode("--once", action="store_true", help="end when everything is safe in the archive or refused by it")
    mode("--list", action="store_true", help="show what is in the queue, and end")
    subparser.add_argument("--retry", action="store_true", help="send again what the archive has refused")


def _load(subparser: argparse.ArgumentParser) -> None:
    subparser.add_argument("table", metavar="TABLE", help="name of the table: schema.table")
    subparser.add_argument("files", metavar="FILE", nargs="+", type=_path, help="a file of the catalogue")
    each = "every table of the one file that has rows, as TABLE__ITS_NAME when there are several"
    subparser.add_argument("--all-tables", action="store_true", help=each)
    mode = subparser.add_mutually_exclusive_group().add_argument
    mode("--replace", dest="mode", action="store_const", const="replace", help="in place of those there are")
    mode("--append", dest="mode", action="store_const", const="append", help="after those there are")
    subparser.set_defaults(mode="create")


def _lineage(subparser: argparse.ArgumentParser) -> None:
    subparser.add_argument("dp_id", metavar="DP_ID", help="identifier of the file")
    subparser.add_argument("--json", action="store_true", help="as JSON, like /lineage/DP_ID")


def _migrate(subparser: argparse.ArgumentParser) -> None:
    add = subparser.add_argument
    add("--apply", action="store_true", help="take the steps, instead of showing them only")
    add("--destructive", action="store_true", help="also those by which values or rows are lost")
    wait = "how long to wait for tables that are in use (default: 600)"
    add("--wait", metavar="SECONDS", type=float, default=600.0, help=wait)


def _demo(subparser: argparse.ArgumentParser) -> None:
    add = subparser.add_argument
    add("--data", metavar="FOLDER", type=_path, help="where the archive is kept (default: var/demo)")
    add("--port", type=int, help="port to listen on (default: 8000)")
    frames = "real frames that are loaded too when the folder exists (default: var/frames)"
    add("--frames", metavar="FOLDER", type=_path, default="var/frames", help=frames)
    season_options(subparser, nights=0)


def _manual(subparser: argparse.ArgumentParser) -> None:
    subparser.add_argument("folder", metavar="FOLDER", type=_path, help="where to write the pages")
