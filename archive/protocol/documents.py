"""Documents that are made once and sent often: kept encoded, compressed, and not sent again to who has them.

What a document says and when it is out of date is decided by whoever makes it. Results of queries are no
documents.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from .compression import Coding, coding_headers, compressed, is_compressible, negotiated

__all__ = ["Document", "DocumentCache", "document_response"]

_SMALL = 1000  # bytes that fit into one packet as they are


@dataclass(frozen=True)
class Document:
    content: bytes
    media_type: str
    _codings: dict[Coding, bytes] = field(default_factory=dict, repr=False)

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:32]

    def coded(self, coding: Coding) -> bytes:
        known = self._codings.get(coding)
        if known is None:
            known = self._codings[coding] = compressed(self.content, coding)
        return known


def document_response(
    request: Request, document: Document, more: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """The document in the client's coding, or 304 when it has that in any; `more` are headers."""
    coding = Coding.IDENTITY
    headers = {**more, "Cache-Control": "no-cache"}
    if is_compressible(document.media_type) and len(document.content) > _SMALL:
        coding = negotiated(request.headers.get("accept-encoding"))
        headers |= coding_headers(coding)
    # A coding makes another representation, which has another strong tag (RFC 9110, 8.8.3.3).
    headers["ETag"] = f'"{document.digest}-{coding.value}"'
    if request.method != "POST" and _has_it(request.headers.get("if-none-match"), document):
        headers.pop("Content-Encoding", None)
        return Response(status_code=304, headers=headers)
    response = Response(document.coded(coding), headers=headers)
    # Starlette would add a charset to some types, and clients compare the text.
    response.headers["Content-Type"] = document.media_type
    return response


def _has_it(known: str | None, document: Document) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (known or "").split(",")]
    return "*" in tags or any(f'"{document.digest}-{coding.value}"' in tags for coding in Coding)


class DocumentCache:
    """Documents by a key, as long as what they were made from is the same object; the ones used last."""

    def __init__(self, most_bytes: int = 100_000_000) -> None:
        """`most_bytes`: of the contents, of which compression adds a part."""
        self._most_bytes = most_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._source: object = None
        self._documents: OrderedDict[Hashable, Document] = OrderedDict()

    def known(self, source: object, key: Hashable) -> Document | None:
        with self._lock:
            if self._source is not source or key not in self._documents:
                return None
            self._documents.move_to_end(key)
            return self._documents[key]

    def get(self, source: object, key: Hashable, make: Callable[[], Document]) -> Document:
        known = self.known(source, key)
        if known is not None:
            return known
        made = make()
        with self._lock:
            if self._source is not source:
                self._documents.clear()
                self._bytes, self._source = 0, source
            self._forget(self._documents.pop(key, None))
            self._documents[key] = made
            self._bytes += len(made.content)
            while self._bytes > self._most_bytes and len(self._documents) > 1:
                self._forget(self._documents.popitem(last=False)[1])
        return made

    def _forget(self, document: Document | None) -> None:
        self._bytes -= 0 if document is None else len(document.content)
