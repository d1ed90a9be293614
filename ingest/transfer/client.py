"""The archive as the sender sees it: tus 1.0 over HTTP, each answer judged with distrust.

Whatever is not plainly right is `Unreachable` (the link or the archive is at fault: the same again after a
while) or `Unwelcome` (this file is: others go on). Nothing is believed that the next request would not show.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import httpx

from archive.protocol.incoming.headers import VERSION
from archive.protocol.incoming.values import Offer

__all__ = ["Client", "Standing", "Unreachable", "Unwelcome"]

_PIECE = 64 << 10  # bytes handed to the network at once
_LONGEST = 300  # characters of what the archive says
# The file is the reason, and not the link or the archive; though a request damaged on the way looks the same.
_OF_THE_FILE = {400, 404, 409, 410, 413, 415, 422}


class Unreachable(Exception):
    """The archive could not be asked, or did not answer as it should."""


class Unwelcome(Exception):
    """The archive has something against this file, or against this request for it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the archive has come with a file."""

    status: str
    received: int
    reason: str


class Client:
    """One thread's connection. `pace` is told how many bytes will go, and waits if they are too many."""

    def __init__(self, archive: str, token: str, seconds: float, pace: Callable[[int], None]) -> None:
        self._pace = pace
        self._http = httpx.Client(
            base_url=archive.rstrip("/"),
            headers={"Tus-Resumable": VERSION, "Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(seconds, connect=min(seconds, 20.0)),
        )

    def close(self) -> None:
        self._http.close()

    def create(self, offer: Offer) -> int:
        """A place for the file at the archive; how many bytes of it are there."""
        metadata = {
            "filename": offer.name,
            "sha256": offer.sha256,
            "priority": str(offer.priority),
            "attempts": str(offer.attempts),
            "queued_at": f"{offer.queued_at.isoformat()}Z",
            "transfer_id": offer.transfer_id,
        }
        pairs = ",".join(f"{key} {_base64(value.encode())}" for key, value in metadata.items())
        answer = self._ask("POST", "/incoming", {"Upload-Length": str(offer.size), "Upload-Metadata": pairs})
        _expect(answer, 201)
        return _offset(answer)

    def offset(self, offer: Offer) -> int | None:
        """How many bytes the archive has; None when it does not know of the file."""
        answer = self._ask("HEAD", f"/incoming/{offer.transfer_id}")
        if answer.status_code in {404, 410}:
            return None
        _expect(answer, 200)
        return _offset(answer)

    def send(self, offer: Offer, offset: int, chunk: bytes) -> int:
        """The offset that the archive acknowledges after the chunk."""
        digest = hashlib.sha256(chunk).digest()
        headers = {
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(len(chunk)),
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {_base64(digest)}",
        }
        answer = self._ask("PATCH", f"/incoming/{offer.transfer_id}", headers, self._paced(chunk))
        _expect(answer, 204)
        return _offset(answer)

    def give_up(self, transfer_id: str) -> None:
        """The file is not there any more."""
        answer = self._ask("DELETE", f"/incoming/{transfer_id}")
        if answer.status_code not in {204, 404, 409, 410}:
            _expect(answer, 204)

    def report(self, offers: Sequence[Offer]) -> Mapping[str, Standing]:
        """Tells what waits here, and hears how far each has come, by transfer_id."""
        files = [
            {
                "name": offer.name,
                "size": offer.size,
                "sha256": offer.sha256,
                "priority": offer.priority,
                "attempts": offer.attempts,
                "queued_at": f"{offer.queued_at.isoformat()}Z",
                "reason": offer.reason,
                "transfer_id": offer.transfer_id,
            }
            for offer in offers
        ]
        answer = self._ask("POST", "/incoming/queue", content=json.dumps({"files": files}).encode())
        _expect(answer, 200)
        try:
            told = answer.json()["files"]
            return {
                str(transfer_id): Standing(
                    str(one["status"]), int(one["bytes_received"]), str(one["reason"] or "")
                )
                for transfer_id, one in told.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as cause:
            raise Unreachable(f"the archive's answer is damaged: {cause}") from cause

    def _paced(self, chunk: bytes) -> Iterator[bytes]:
        for start in range(0, len(chunk), _PIECE):
            piece = chunk[start : start + _PIECE]
            self._pace(len(piece))
            yield piece

    def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | Iterator[bytes] | None = None,
    ) -> httpx.Response:
        try:
            return self._http.request(method, path, headers=headers, content=content)
        except httpx.HTTPError as cause:
            raise Unreachable(str(cause) or type(cause).__name__) from cause


def _expect(answer: httpx.Response, status: int) -> None:
    if answer.status_code == status:
        return
    text = " ".join(answer.text.split())[:_LONGEST]
    said = f"the archive answers {answer.status_code}: {text}"
    if answer.status_code in _OF_THE_FILE:
        raise Unwelcome(said)
    raise Unreachable(said)


def _offset(answer: httpx.Response) -> int:
    text = answer.headers.get("upload-offset", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Unreachable("the archive's answer has no offset")
    return int(text)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
