"""Files fetched from addresses that a client names: only from where the operator allows, never from within.

A name is resolved once, the address judged, and the connection made to that very address; so is every
redirection's. Proxies of the environment are not asked, nor are credentials or cookies sent.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from ..errors import Busy, TooLarge, UsageError

__all__ = ["fetch"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_REDIRECTIONS = {301, 302, 303, 307, 308}
_MOST_REDIRECTIONS = 3
_PIECE = 1 << 17
_STALL = 15.0  # seconds without a byte
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# What Python takes for public in some of its versions, and IANA's registries of special addresses do not.
_SPECIAL = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "3fff::/20", "5f00::/16", "fec0::/10")
)


def fetch(
    url: str,
    target: Path,
    *,
    hosts: Sequence[str],
    most_bytes: int,
    seconds: float,
    check: Callable[[], None] = lambda: None,
) -> int:
    """Writes what is at `url` to `target`; returns its size. Raises UsageError and TooLarge.

    `hosts` are the operator's: names ("*" for all), of which only addresses in the public network are asked,
    and addresses or networks (10.1.0.0/16) of any kind. `check` is called now and then, and may raise.
    """
    end = time.monotonic() + seconds
    for _ in range(_MOST_REDIRECTIONS + 1):
        parts = _parts(url)
        with _reached(parts, _permitted(parts, hosts), end) as sock:
            try:
                with contextlib.closing(_asked(sock, parts)) as response:
                    if response.status not in _REDIRECTIONS:
                        size = _saved(response, parts, target, most_bytes, check)
                        if time.monotonic() < end:
                            return size
                        raise TimeoutError
                    url = urljoin(url, response.headers.get("Location") or "")
            except TimeoutError as cause:
                raise UsageError(f"{_said(parts)} was too slow") from cause
            except (OSError, http.client.HTTPException, ValueError) as cause:
                late = time.monotonic() >= end
                raise UsageError(f"{_said(parts)} {'was too slow' if late else 'broke off'}") from cause
    raise UsageError(f"{_said(parts)} leads to ever more other addresses")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as cause:
        raise UsageError(f"{url[:200]!r} is no address") from cause
    if parts.scheme not in {"http", "https"}:
        raise UsageError(f"{url[:200]!r} is not fetched", hint="use http or https")
    if not parts.hostname or port == 0 or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError(f"{url[:200]!r} is no address")
    if parts.username is not None or parts.password is not None:
        raise UsageError("an address with a user's name in it is not fetched")
    return parts


def _said(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:300]


def _permitted(parts: SplitResult, hosts: Sequence[str]) -> list[_Address]:
    """The addresses of the host that may be asked."""
    host = (parts.hostname or "").rstrip(".").lower()
    networks = list(_networks(hosts))
    named = "*" in hosts or host in {name.lower() for name in hosts}
    if not named and not networks:
        raise _refused(parts)
    try:
        found = socket.getaddrinfo(host, parts.port or 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as cause:
        raise UsageError(f"there is no host {host[:200]}") from cause if named else _refused(parts)
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    permitted = [
        address
        for address in dict.fromkeys(addresses)
        if (named and _is_public(address)) or any(address in network for network in networks)
    ]
    if not permitted:
        raise _refused(parts)
    return permitted


def _refused(parts: SplitResult) -> UsageError:
    return UsageError(
        f"{parts.hostname} is not among the hosts from which tables are fetched here",
        hint="send the table itself, as a part of the request",
    )


def _networks(hosts: Sequence[str]) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for host in hosts:
        try:
            yield ipaddress.ip_network(host, strict=False)
        except ValueError:
            continue  # a name


def _is_public(address: _Address) -> bool:
    """Whether anybody could ask it; so must the address be that is packed into one of IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        packed = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            packed.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if not all(_is_public(inner) for inner in packed if inner is not None):
            return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


@contextlib.contextmanager
def _reached(parts: SplitResult, addresses: list[_Address], end: float) -> Iterator[socket.socket]:
    """A connection to the first address that answers, which is cut off when the time is up."""
    plain = _connected(parts, addresses, end)
    handle = plain.dup()
    alarm = threading.Timer(max(end - time.monotonic(), 0.0), _cut, (handle,))
    alarm.daemon = True
    alarm.start()
    sock = plain
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            try:
                sock = context.wrap_socket(plain, server_hostname=parts.hostname, suppress_ragged_eofs=False)
            except (OSError, ValueError) as cause:
                raise UsageError(f"{_said(parts)} cannot be trusted: {cause}") from cause
        yield sock
    finally:
        alarm.cancel()
        handle.close()
        sock.close()


def _connected(parts: SplitResult, addresses: list[_Address], end: float) -> socket.socket:
    last: OSError | None = None
    for address in addresses:
        left = min(_STALL, end - time.monotonic())
        if left <= 0:
            break
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            return socket.create_connection((str(address), port), timeout=left)
        except OSError as cause:
            last = cause
    raise UsageError(f"{_said(parts)} cannot be reached") from last


def _asked(sock: socket.socket, parts: SplitResult) -> http.client.HTTPResponse:
    # With the connection that there is: one of its own would look the name up again.
    connection = http.client.HTTPConnection(parts.hostname or "")
    connection.sock, connection.auto_open = sock, 0
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request(
        "GET",
        target,
        headers={"Host": parts.netloc, "Accept-Encoding": "identity", "User-Agent": "Uraniborg"},
    )
    return connection.getresponse()


def _write(file: io.FileIO, piece: bytes) -> None:
    """All of it, without a buffer whose end would meet the full disk later."""
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]


def _saved(
    response: http.client.HTTPResponse,
    parts: SplitResult,
    target: Path,
    most_bytes: int,
    check: Callable[[], None],
) -> int:
    if response.status != 200:
        raise UsageError(f"{_said(parts)} answered {response.status}")
    size = response.length or 0
    if size > most_bytes:
        raise _too_large(parts, most_bytes)
    try:
        file = target.open("wb", buffering=0)
    except OSError as cause:
        raise _no_room() from cause
    size = 0
    with file:
        while piece := response.read1(_PIECE):
            check()
            size += len(piece)
            if size > most_bytes:
                raise _too_large(parts, most_bytes)
            try:
                _write(file, piece)
            except OSError as cause:
                raise _no_room() from cause
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return size


def _too_large(parts: SplitResult, most_bytes: int) -> TooLarge:
    return TooLarge(f"{_said(parts)} is larger than the {most_bytes} bytes that are left for uploads")


def _no_room() -> Busy:
    return Busy("there is no room for uploads at this moment", retry_after=60)


def _cut(sock: socket.socket) -> None:
    """Ends whatever waits for the connection, of which this is a second handle."""
    with contextlib.suppress(OSError):  # it has ended already
        sock.shutdown(socket.SHUT_RDWR)
