"""The tables a client sends along with a query: what UPLOAD says of them (TAP 1.1, 2.7.6; DALI 1.1, 3.4.5).

Reading such a table and keeping it for a query is the archive's; HTTP is too.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.config import Config
from archive.declare.names import is_regular
from archive.errors import BadParameter, TooLarge, UsageError
from archive.protocol.fetching import fetch

from .parameters import UPLOAD

__all__ = ["Upload", "present", "uploads_of"]

_FORM = "write UPLOAD=name,uri such as mytable,param:part; several are separated by semicolons"
# The name may be delimited, and then have commas in it; the address goes to the next semicolon.
_PAIR = re.compile(r'\s*("(?:[^"]|"")*"|[^",;]*?)\s*,\s*([^;]*?)\s*(?:;|$)')
_LONGEST = 128  # characters of a name


@dataclass(frozen=True, slots=True)
class Upload:
    """A table that the query knows as `TAP_UPLOAD.name`: a file that came along, or an address."""

    name: str
    file: Path | None = None
    url: str = ""


def uploads_of(texts: Sequence[str], files: Mapping[str, Path], config: Config) -> tuple[Upload, ...]:
    """What the values of UPLOAD mean; raises BadParameter, also for parts that did not come."""
    uploads: list[Upload] = []
    seen: dict[str, tuple[str, str]] = {}
    for name, address in (pair for text in texts for pair in _pairs(text)):
        if seen.get(name.lower()) == (name, address):
            continue  # a client that adds to a job's uploads may tell them all again
        if name.lower() in seen:
            raise BadParameter(UPLOAD.name, f"two tables are called {name}")
        seen[name.lower()] = name, address
        if len(seen) > config.upload_tables:
            raise TooLarge(f"more than {config.upload_tables} tables are uploaded")
        uploads.append(_upload(name, address, files, config))
    return tuple(uploads)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        if not text[place:].strip(" \t\r\n;"):
            return
        pair = _PAIR.match(text, place)
        if pair is None or not pair[1] or not pair[2]:
            raise BadParameter(UPLOAD.name, f"{_short(text[place:])} is no pair of name and uri", hint=_FORM)
        yield _name(pair[1]), pair[2]
        place = pair.end()


def _name(written: str) -> str:
    """The name of a table as ADQL writes it, without the quotes of a delimited one."""
    if written.startswith('"'):
        name = written[1:-1].replace('""', '"')
        if not name.strip() or not name.isprintable():
            raise BadParameter(UPLOAD.name, f"{_short(written)} is no name of a table")
    elif is_regular(written):
        name = written
    else:
        hint = "begin with a letter, go on with letters, digits and _, or put the name into double quotes"
        if written.upper().startswith("TAP_UPLOAD."):
            hint = "leave TAP_UPLOAD out here"
        raise BadParameter(UPLOAD.name, f"{_short(written)} is no name of a table in ADQL", hint=hint)
    if len(name) > _LONGEST:
        raise BadParameter(UPLOAD.name, f"the name {_short(name)} has more than {_LONGEST} characters")
    return name


def _upload(name: str, address: str, files: Mapping[str, Path], config: Config) -> Upload:
    scheme, _, rest = address.partition(":")
    match scheme.lower():
        case "param":
            if rest not in files:
                raise BadParameter(
                    UPLOAD.name,
                    f"there is no part called {_short(rest)} in the request",
                    hint="send the table as a file in multipart/form-data, under that name",
                )
            return Upload(name, file=files[rest])
        case "http" | "https":
            if not config.upload_hosts:
                raise BadParameter(
                    UPLOAD.name,
                    "tables are not fetched from other addresses here",
                    hint="send the table itself, as a part of the request",
                )
            return Upload(name, url=address)
        case _:
            known = "param: or http(s):" if config.upload_hosts else "param:"
            raise BadParameter(UPLOAD.name, f"{_short(address)} cannot be fetched", hint=f"use {known}")


def present(
    uploads: Sequence[Upload], folder: Path, config: Config, seconds: float, check: Callable[[], None]
) -> list[Path]:
    """The files of the uploads; those that lie elsewhere are fetched into `folder` first.

    All together have `config.upload_bytes`. `check` is called now and then, and may raise.
    """
    end = time.monotonic() + seconds
    left = config.upload_bytes - sum(upload.file.stat().st_size for upload in uploads if upload.file)
    files = []
    for number, upload in enumerate(uploads):
        if upload.file is not None:
            files.append(upload.file)
            continue
        files.append(folder / str(number))
        try:
            left -= fetch(
                upload.url,
                files[-1],
                hosts=config.upload_hosts,
                most_bytes=left,
                seconds=end - time.monotonic(),
                check=check,
            )
        except TooLarge:
            raise
        except UsageError as cause:
            raise BadParameter(UPLOAD.name, cause.message, hint=cause.hint) from cause
    return files


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}...")
