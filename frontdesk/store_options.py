"""What can be said after `uraniborg store`, `backup` and `restore`; what they do is told elsewhere."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["backup_options", "restore_options", "store_options"]


def _path(text: str) -> Path:
    return Path(text).absolute()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def store_options(subparser: argparse.ArgumentParser) -> None:
    actions = subparser.add_subparsers(metavar="ACTION", dest="action", required=True)

    def add(name: str, help: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")

    add("list", "show the volumes: their state, what they hold, their free room")
    volume = add("add", "open a volume, or a drained one again")
    volume.add_argument("volume", metavar="VOLUME", help="its name")
    volume.add_argument("address", metavar="ADDRESS", help="its folder, or s3://bucket/prefix?endpoint=...")
    drain = add("drain", "copy everything on a volume elsewhere, and then ask it no more")
    drain.add_argument("volume", metavar="VOLUME", help="its name")
    scrub = add("scrub", "read all copies through and repair what is bad")
    for one in (drain, scrub):
        rate = "bytes per second, such as 20e6 (default: as fast as can be)"
        one.add_argument("--rate", metavar="RATE", type=float, default=0.0, help=rate)
    scrub.add_argument("--once", action="store_true", help="check everything once and end")

    _file(add("check", "read all copies of a file through and repair what is bad"))
    clone = add("clone", "put a copy of a file on a volume")
    _file(clone)
    clone.add_argument("volume", metavar="VOLUME", help="name of the volume")
    retrieve = add("retrieve", "write a file, as it was kept, to a path or to the standard output")
    _file(retrieve)
    retrieve.add_argument("path", metavar="PATH", type=_path, nargs="?", help="a new file, or a folder")
    archive = add("archive", "keep any file under an identifier, without looking into it")
    archive.add_argument("path", metavar="PATH", type=_path, help="the file")
    archive.add_argument("--id", metavar="DP_ID", help="the identifier (default: the file's name)")
    archive.add_argument("--media-type", metavar="TYPE", help="such as text/csv (default: by the name)")

    subscribe = add("subscribe", "deliver every new file to a folder or a web address")
    subscribe.add_argument("name", metavar="NAME", help="a name for the subscription")
    subscribe.add_argument("target", metavar="TARGET", help="a folder, or an address that takes PUT")
    pattern = "which identifiers, with * and ? (default: all)"
    subscribe.add_argument("--pattern", metavar="PATTERN", default="*", help=pattern)
    since = "also the files stored since then"
    subscribe.add_argument("--since", metavar="DATE", type=_moment, help=since)
    whose = subscribe.add_mutually_exclusive_group()
    whose.add_argument(
        "--account", metavar="NAME", help="also proprietary files on which this account has rights"
    )
    whose.add_argument(
        "--everything", action="store_true", help="also all other proprietary files, for a mirror of yours"
    )
    add("unsubscribe", "end a subscription").add_argument("name", metavar="NAME", help="its name")
    add("deliver", "try to deliver what waits for subscribers, and show what remains")


def _file(subparser: argparse.ArgumentParser) -> None:
    subparser.add_argument("dp_id", metavar="DP_ID", help="identifier of the file")
    subparser.add_argument("--version", metavar="N", type=int, help="its version (default: the newest)")


def backup_options(subparser: argparse.ArgumentParser) -> None:
    subparser.add_argument("folder", metavar="FOLDER", type=_path, help="where back-ups are kept")
    subparser.add_argument("--database-only", action="store_true", help="leave out the stored files")
    subparser.add_argument("--verify", action="store_true", help="read all of the finished back-up through")


def restore_options(subparser: argparse.ArgumentParser) -> None:
    subparser.add_argument("folder", metavar="FOLDER", type=_path, help="a folder made by `uraniborg backup`")
    subparser.add_argument("--database-only", action="store_true", help="the stored files are still there")
    subparser.add_argument("--made-at", metavar="STAMP", help="which back-up (default: the last)")
    until = "the private database as it was at this moment, or `latest`; needs wal_archive and the volumes"
    subparser.add_argument("--until", metavar="MOMENT", help=until)
