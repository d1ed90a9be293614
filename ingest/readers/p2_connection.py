"""A connection to a Phase 2 API by p2api: its calls, over a transport of our own.

p2api knows only ESO's servers, waits for ever, and asks for everything anew. Here any server that speaks the
API can be asked, within limits, and only for what has another ETag than the answer kept from last time.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from archive.errors import ConfigurationError, UnreadableFile

__all__ = ["P2Connection", "connect", "write_whole"]

TOKEN, USER, PASSWORD = "URANIBORG_P2_TOKEN", "URANIBORG_P2_USER", "URANIBORG_P2_PASSWORD"
_WHO = f"set {TOKEN}, or {USER} and {PASSWORD}"
_TIMEOUT = (10.0, 60.0)  # seconds for connecting, and without a byte
_LARGEST = 64 << 20  # bytes of one answer
_MOST_REQUESTS = 1_000_000  # in one round, should a server list containers without end
_PIECE = 1 << 16


def connect(url: str, answers: Path, environment: Mapping[str, str] = os.environ) -> P2Connection:
    """Logs in with what the environment has: a token, or a name and a password.

    `url` is the base of the API, as https://www.eso.org/cop/api/v1; `answers` a folder where its
    answers are kept. Raises ConfigurationError.
    """
    url = url.rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"{url} is no address of an API", hint="https://www.eso.org/cop/api/v1")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("an address with a password in it is shown to everybody", hint=_WHO)
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise ConfigurationError(f"{url} would be told your password in the open", hint="say https://")
    connection = P2Connection(url, answers)
    token = environment.get(TOKEN, "").strip()
    connection.token = token or connection.log_in(environment.get(USER, ""), environment.get(PASSWORD, ""))
    return connection


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class P2Connection:
    """`calls` are p2api's: what they answer are pairs of data and ETag, as there.

    They raise UnreadableFile for whatever goes wrong with one resource.
    """

    def __init__(self, url: str, answers: Path) -> None:
        try:
            # Not at the top: its HTTP library opens a socket when it is imported.
            import p2api  # type: ignore[import-untyped, unused-ignore]
        except ImportError as cause:
            raise ConfigurationError(
                f"{url} is asked by p2api, which is missing", hint="install uraniborg[p2]"
            ) from cause
        self.url = url
        self.token = ""
        self.requests = 0
        self._answers = answers
        # Without its constructor, which knows a few servers only.
        self.calls = p2api.ApiConnection.__new__(p2api.ApiConnection)
        self.calls.request = self.request
        self.calls.downloadTextFile = self.download_text
        self.calls.downloadBinaryFile = self.download
        self._session = self.calls.requests_retry_session()

    def log_in(self, user: str, password: str) -> str:
        """The token that the server gives; raises ConfigurationError."""
        if not user or not password:
            raise ConfigurationError(f"{self.url} wants to know who asks", hint=_WHO)
        url = f"{self.url.removesuffix('/v1')}/login"
        try:
            answer = self._session.post(
                url, data={"username": user, "password": password}, timeout=_TIMEOUT, allow_redirects=False
            )
            token = answer.json()["access_token"] if answer.status_code == 200 else None
        except OSError as cause:
            raise ConfigurationError(f"{url} cannot be reached: {_reason(cause)}") from cause
        except (ValueError, KeyError, TypeError) as cause:
            raise ConfigurationError(f"{url} gives no token") from cause
        if not isinstance(token, str):
            raise ConfigurationError(
                f"{url} answers {answer.status_code}", hint=f"look at {USER} and {PASSWORD}"
            )
        return token

    def request(
        self, method: str, url: str, data: object = None, etag: str | None = None
    ) -> tuple[Any, str | None]:
        """One answer in JSON, that of last time if it has not changed since."""
        if method != "GET" or data is not None:
            raise UnreadableFile(f"{method} {url}: only reading is allowed here")
        kept = self._kept(url)
        content, found = self._fetched(url, "application/json", kept.get("etag"))
        if content is None:
            return kept["body"], found
        try:
            body = json.loads(content)
        except (ValueError, RecursionError) as cause:
            raise UnreadableFile(f"{url} answers what is no JSON") from cause
        if found is not None:
            self._keep(url, {"url": url, "etag": found, "body": body})
        return body, found

    def download_text(self, url: str, filename: str) -> tuple[None, str | None]:
        return self._download(url, "text/plain", Path(filename))

    def download(self, url: str, filename: str) -> tuple[None, str | None]:
        return self._download(url, "*/*", Path(filename))

    def _download(self, url: str, wanted: str, path: Path) -> tuple[None, str | None]:
        kept = self._kept(url) if path.exists() else {}
        content, found = self._fetched(url, wanted, kept.get("etag"))
        if content is not None:
            write_whole(path, content)
            if found is not None:
                self._keep(url, {"url": url, "etag": found, "body": None})
        return None, found

    def _fetched(self, url: str, wanted: str, etag: str | None) -> tuple[bytes | None, str | None]:
        """Content and ETag; no content when the one that has this ETag is still right."""
        self.requests += 1
        if self.requests > _MOST_REQUESTS:
            raise ConfigurationError(f"{self.url} has no end", hint="name the runs that you want")
        headers = {"Authorization": f"Bearer {self.token}", "Accept": wanted}
        if etag:
            headers["If-None-Match"] = etag
        with _told(url):
            answer = self._session.request(
                "GET",
                self.url + url,
                headers=headers,
                timeout=_TIMEOUT,
                stream=True,
                allow_redirects=False,
            )
            with answer:
                if answer.status_code == 304 and etag:
                    return None, etag
                content = _content(answer, url)
                if answer.status_code != 200:
                    _refused(url, answer.status_code, content)
                return content, answer.headers.get("ETag")

    def _place(self, url: str) -> Path:
        return self._answers / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"

    def _kept(self, url: str) -> dict[str, Any]:
        try:
            kept = json.loads(self._place(url).read_bytes())
        except (OSError, ValueError):
            return {}
        # A file that somebody else wrote counts for nothing.
        return kept if isinstance(kept, dict) and kept.get("url") == url and "body" in kept else {}

    def _keep(self, url: str, answer: Mapping[str, object]) -> None:
        self._answers.mkdir(parents=True, exist_ok=True)
        write_whole(self._place(url), json.dumps(answer).encode())


def write_whole(path: Path, content: bytes) -> bool:
    """Writes a file that is there as a whole or as it was; whether that changed it."""
    if path.exists() and path.read_bytes() == content:
        return False
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
        file.write(content)
    os.replace(file.name, path)
    return True


@contextmanager
def _told(url: str) -> Iterator[None]:
    try:
        yield
    except OSError as cause:  # all that requests raises is one
        raise UnreadableFile(f"{url} cannot be had: {_reason(cause)}") from cause


def _content(answer: Any, url: str) -> bytes:
    content = bytearray()
    for piece in answer.iter_content(_PIECE):
        content += piece
        if len(content) > _LARGEST:
            raise UnreadableFile(f"{url} answers more than {_LARGEST >> 20} MiB")
    return bytes(content)


def _refused(url: str, status: int, content: bytes) -> NoReturn:
    """The API tells reasons as {"error": "..."}."""
    try:
        reason = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        reason = ""
    raise UnreadableFile(f"{url} answers {status} {str(reason)[:300]}".rstrip())


def _reason(cause: OSError) -> str:
    return str(cause)[:300] or type(cause).__name__
