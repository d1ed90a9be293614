"""Sources that plugins poll by HTTP: what they answer becomes an input, unless they answered it before.

The address was declared by a plugin, which the operator chose, so any host may be asked. The transfer runs in
a process of its own and is ended when it takes too long. When a source is due is told here; who asks it then
is the caller's business.
"""

from __future__ import annotations

import os
import tempfile
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from archive.errors import UnreadableFile
from archive.plugins import Ingest, Poll
from archive.plugins.inputs import LARGEST
from archive.store import Connection

from .confined import Limits, confined
from .inputs import Inputs
from .outcomes import Outcome, Report

__all__ = ["TABLES", "poll", "record_asked", "waits"]

# What makes the answers of a source recognisable: its validators. And what became of asking it last; failures
# are those in a row.
TABLES = """
CREATE TABLE IF NOT EXISTS archive.polled (
    plugin text NOT NULL, url text NOT NULL, etag text NOT NULL, last_modified text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (plugin, url));
CREATE TABLE IF NOT EXISTS archive.polling (
    plugin text NOT NULL, url text NOT NULL, asked_at timestamptz NOT NULL DEFAULT now(),
    outcome text NOT NULL, reason text, failures integer NOT NULL, PRIMARY KEY (plugin, url));
"""

_SECONDS = 120.0  # for one answer
_STALL = 30.0  # without a byte
_LONGEST_PAUSE = 6 * 3600.0  # seconds between attempts with a source that cannot be had
_MEMORY = 512 << 20
_PIECE = 1 << 17


@dataclass(frozen=True, slots=True)
class _Answer:
    """`status` 200 or 304; the validators by which the next request asks for news (RFC 9110, 8.8)."""

    status: int
    media_type: str
    etag: str
    last_modified: str


def poll(inputs: Inputs, plugin: Ingest, source: Poll, stop: threading.Event | None = None) -> Report:
    """Asks a source once; what became of its answer. One that cannot be had fails this round only.

    `stop` breaks off the asking, which then counts for nothing.
    """
    with inputs.database.writer() as connection:
        connection.execute(TABLES)
        known = _validators(connection, plugin, source)
    report = _asked(inputs, plugin, source, known, stop)
    if stop is None or not stop.is_set() or report.file is not None:
        with inputs.database.writer() as connection:
            record_asked(connection, plugin, source, report)
    return report


def _asked(
    inputs: Inputs, plugin: Ingest, source: Poll, known: tuple[str, str], stop: threading.Event | None
) -> Report:
    with tempfile.TemporaryDirectory(prefix="uraniborg-poll-") as folder:
        path = Path(folder, "answer")
        try:
            answer = _fetched(source, known, path, stop)
        except UnreadableFile as error:
            return Report(Path(source.name), Outcome.UNREADABLE, f"{source.url}: {error}", plugin=plugin.name)
        if answer.status == 304:
            return Report(Path(source.name), Outcome.UNCHANGED, plugin=plugin.name)
        report = inputs.answer(path, source.name, plugin, source.url, answer.media_type)
    if report.file is not None:
        # Only what is safe in the store need not be sent again.
        with inputs.database.writer() as connection:
            _remember(connection, plugin, source, answer)
    return report


def _validators(connection: Connection, plugin: Ingest, source: Poll) -> tuple[str, str]:
    row = connection.execute(
        "SELECT etag, last_modified FROM archive.polled WHERE plugin = %s AND url = %s",
        (plugin.name, source.url),
    ).fetchone()
    return (str(row[0]), str(row[1])) if row else ("", "")


def _remember(connection: Connection, plugin: Ingest, source: Poll, answer: _Answer) -> None:
    connection.execute(
        "INSERT INTO archive.polled (plugin, url, etag, last_modified) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (plugin, url) DO UPDATE SET (etag, last_modified, at) ="
        " (EXCLUDED.etag, EXCLUDED.last_modified, now())",
        (plugin.name, source.url, answer.etag, answer.last_modified),
    )


def record_asked(connection: Connection, plugin: Ingest, source: Poll, report: Report) -> None:
    """What its answer was, or became; only one that could not be had makes the next asking later."""
    failed = report.file is None and report.outcome.is_failure
    connection.execute(
        "INSERT INTO archive.polling AS known (plugin, url, outcome, reason, failures)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (plugin, url) DO UPDATE SET (asked_at, outcome, reason,"
        " failures) = (now(), EXCLUDED.outcome, EXCLUDED.reason,"
        " CASE WHEN EXCLUDED.failures > 0 THEN least(known.failures + 1, 1000) ELSE 0 END)",
        (plugin.name, source.url, report.outcome.value, report.public_reason, int(failed)),
    )


def waits(connection: Connection, plugin: Ingest, source: Poll) -> float:
    """For how many seconds a source need not be asked yet; longer and longer while it cannot be had."""
    row = connection.execute(
        "SELECT extract(epoch FROM now() - asked_at)::float8, failures FROM archive.polling"
        " WHERE plugin = %s AND url = %s",
        (plugin.name, source.url),
    ).fetchone()
    if row is None:
        return 0.0
    longest = max(source.seconds, _LONGEST_PAUSE)
    return float(min(source.seconds * 2.0 ** min(row[1], 40), longest) - max(row[0], 0.0))


# --- HTTP ----------------------------------------------------------------------------------------------


def _fetched(source: Poll, known: tuple[str, str], path: Path, stop: threading.Event | None) -> _Answer:
    request = urllib.request.Request(source.url)
    etag, last_modified = known
    for name, value in (
        ("If-None-Match", etag),
        ("If-Modified-Since", last_modified),
        ("Accept-Encoding", "identity"),
        ("User-Agent", "Uraniborg"),
        ("Authorization", _authorization(source)),
    ):
        if value:
            request.add_header(name, value)

    def work() -> object:
        return _transferred(request, path)

    answer = confined(work, Limits(_SECONDS, _MEMORY), stop)
    if not isinstance(answer, list):
        raise UnreadableFile("it gave no sensible answer")
    status, *texts = answer
    return _Answer(int(status), *(str(text) for text in texts))


def _authorization(source: Poll) -> str:
    if not source.token:
        return ""
    token = os.environ.get(source.token, "").strip()
    if not token:
        raise UnreadableFile(f"it wants a token, and {source.token} is not in the environment")
    return f"Bearer {token}"


def _transferred(request: urllib.request.Request, path: Path) -> object:
    """Status, media type and validators; the content goes into `path`."""
    try:
        with _opener().open(request, timeout=_STALL) as response, path.open("wb") as file:
            size = 0
            while piece := response.read(_PIECE):
                size += len(piece)
                if size > LARGEST:
                    raise UnreadableFile(f"it sends more than {LARGEST >> 20} MiB")
                file.write(piece)
            headers: HTTPMessage = response.headers
            if response.length:
                raise UnreadableFile("it broke off")
    except urllib.error.HTTPError as answer:
        if answer.code == 304:
            return [304, "", "", ""]
        raise UnreadableFile(f"it answers {answer.code} {answer.reason}") from answer
    except (OSError, HTTPException, ValueError) as cause:
        raise UnreadableFile(f"it cannot be had: {getattr(cause, 'reason', cause)}") from cause
    texts = (headers.get(name, "") for name in ("Content-Type", "ETag", "Last-Modified"))
    return [200, *(text[:500] for text in texts)]


def _opener() -> urllib.request.OpenerDirector:
    """HTTP and HTTPS, and no other kind of address that a redirection could name."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _Redirections(),
    ):
        opener.add_handler(handler)
    return opener


class _Redirections(urllib.request.HTTPRedirectHandler):
    """A token goes to the host that it is for, and to no other."""

    max_redirections = 5

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if made is not None and (before.scheme, before.netloc) != (after.scheme, after.netloc):
            made.remove_header("Authorization")
        return made
