"""A volume that is a bucket of an S3 store, or a prefix in one.

An object appears whole or not at all, and the server compares each part with a SHA-256 that is sent along.
Addresses are s3://BUCKET/PREFIX?endpoint=https://...&region=...; keys come from the environment.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from ..errors import ConfigurationError
from .volumes import Fault, VolumeFault

__all__ = ["BucketVolume"]

_SMALL = 8 << 20  # bytes that are sent in one request
_MOST_PARTS = 9000  # S3 takes 10,000
_CHUNK = 1 << 20
_OPTIONS = frozenset({"endpoint", "region"})


class BucketVolume:
    """Making the value asks nobody yet. Keys are those of URANIBORG_S3_<NAME> ("id:secret"), or AWS_*."""

    is_local = False

    def __init__(self, name: str, address: str, environment: Mapping[str, str] = os.environ) -> None:
        self.name = name
        self.address = address
        parts = urlsplit(address)
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        if not parts.netloc or options.keys() - _OPTIONS:
            raise ConfigurationError(
                f"{address} is no address of a bucket",
                hint="write s3://bucket/prefix?endpoint=https://s3.example&region=eu-1",
            )
        endpoint = options.get("endpoint", "")
        keys = _keys(name, environment)
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config={
                **({"endpoint": endpoint} if endpoint else {}),
                **({"access_key_id": keys[0], "secret_access_key": keys[1]} if keys else {}),
                "region": options.get("region", "us-east-1"),
                "virtual_hosted_style_request": False,
                "checksum_algorithm": "sha256",
            },
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=10),
                "read_timeout": timedelta(seconds=60),
                # Of a whole answer, which may be a large file.
                "timeout": timedelta(hours=12),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
        )

    def path(self, place: str) -> Path | None:
        return None

    def size(self, place: str) -> int:
        with self._asking():
            return obstore.head(self._store, place)["size"]

    def read(self, place: str, offset: int, length: int) -> bytes:
        with self._asking():
            return bytes(obstore.get_range(self._store, place, start=offset, length=length))

    def chunks(self, place: str) -> Iterator[bytes]:
        with self._asking():
            stream = iter(obstore.get(self._store, place).stream(min_chunk_size=_CHUNK))
        while True:
            with self._asking():
                chunk = next(stream, None)
            if chunk is None:
                return
            yield bytes(chunk)

    def put(self, place: str, chunks: Iterable[bytes], size: int) -> None:
        with self._asking():
            if size <= _SMALL:
                obstore.put(self._store, place, b"".join(chunks), use_multipart=False)
            else:
                part = max(_SMALL, -(-size // _MOST_PARTS))
                obstore.put(self._store, place, iter(chunks), chunk_size=part, max_concurrency=4)
        if (found := self.size(place)) != size:
            raise VolumeFault(Fault.SHORT, f"the bucket has {found} bytes instead of {size}")

    def set_aside(self, place: str) -> str:
        name = f"quarantine/{time.time_ns()}~{place.rpartition('/')[2]}"
        with self._asking():
            obstore.copy(self._store, place, name)
        return name

    def free(self) -> int | None:
        return None

    def probe(self) -> None:
        try:
            self.size("uraniborg-volume")
        except VolumeFault as fault:
            if fault.fault is not Fault.MISSING:
                raise VolumeFault(Fault.AWAY, fault.detail) from fault

    def sweep(self, age: float) -> int:
        """Nothing to do: parts of interrupted uploads are the bucket's, which has a rule for them."""
        return 0

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        # obstore's own, or Python's class of the same meaning.
        except (NotFoundError, FileNotFoundError) as cause:
            raise VolumeFault(Fault.MISSING, "there is no such object") from cause
        except (PermissionDeniedError, UnauthenticatedError, PermissionError) as cause:
            raise VolumeFault(Fault.UNREADABLE, f"the bucket refuses: {_brief(cause)}") from cause
        except (BaseError, OSError) as cause:
            raise VolumeFault(Fault.UNREADABLE, _brief(cause)) from cause


def _keys(name: str, environment: Mapping[str, str]) -> tuple[str, str] | None:
    variable = "URANIBORG_S3_" + re.sub(r"\W", "_", name).upper()
    identity, colon, secret = environment.get(variable, "").partition(":")
    return (identity, secret) if colon else None


def _brief(cause: Exception) -> str:
    """The first sentence: what follows repeats the request."""
    return " ".join(str(cause).split())[:200]
