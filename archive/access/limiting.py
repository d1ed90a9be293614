"""How often and how much: leaky buckets by account and by address, and which address is the client's.

Everything is kept in the memory, which is bounded, and nothing asks the database. What is counted, and what a
client is told, is the business of the web server.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

__all__ = ["Buckets", "client_address", "limited_part"]

_MOST = 100_000  # buckets; of more the one that was not used for the longest time is forgotten
_LONGEST = 80  # characters of an address with zone and port
_HOPS = 20  # proxies between a client and this server

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Buckets:
    """A bucket for each key: it holds `capacity`, and fills up again within `seconds`. For many threads."""

    def __init__(
        self,
        capacity: float,
        seconds: float,
        *,
        most: int = _MOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A `capacity` of 0 is no limit."""
        self._capacity = capacity
        self._rate = capacity / seconds
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        # What was left in it, and when: the one that was used last stands at the end.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until there is one in the bucket; 0 when there is one now, and for the key ""."""
        if not self._capacity or not key:
            return 0.0
        lacking = 1.0 - self._level(key, self._clock())
        return max(lacking / self._rate, 0.0)

    def take(self, key: str, amount: float = 1.0) -> None:
        """Takes out what there may not be: a bucket in debt takes longer to have something again."""
        if not self._capacity or not key:
            return
        now = self._clock()
        with self._lock:
            self._buckets[key] = (self._level(key, now) - amount, now)
            self._buckets.move_to_end(key)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)

    def granted(self, key: str) -> float:
        """Takes one out and gives 0, or takes nothing and tells for how many seconds there is none."""
        seconds = self.wait(key)
        if not seconds:
            self.take(key)
        return seconds

    def _level(self, key: str, now: float) -> float:
        level, at = self._buckets.get(key, (self._capacity, now))
        return min(level + (now - at) * self._rate, self._capacity)

    def __len__(self) -> int:
        return len(self._buckets)


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The client's address: the last one that none of the `trusted` proxies has.

    `forwarded`: the values of X-Forwarded-For, to which each proxy adds from whom it has the request. What a
    client writes into it stands before that, and is never looked at. "" when there is no address.
    """
    address = _address(peer)
    if not trusted or address is None or not _is_among(address, trusted):
        return str(address) if address is not None else ""
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    for hop in reversed(hops[-_HOPS:]):
        known = _address(hop)
        if known is None:
            break
        address = known
        if not _is_among(address, trusted):
            break
    return str(address)


def limited_part(address: str) -> str:
    """What is counted together: an address, of IPv6 the network of a customer (/64).

    "" for the machine's own: that is its operator, or a proxy that nobody declared, with everybody behind.
    """
    known = _address(address)
    if known is None or known.is_loopback:
        return ""
    return str(known) if known.version == 4 else known.exploded[:19]


def _address(text: str) -> Address | None:
    return _parsed(text) if len(text) <= _LONGEST else None


@lru_cache(4096)
def _parsed(text: str) -> Address | None:
    """IPv4 addresses in the form of IPv6 are IPv4 addresses; a zone or a port is not kept."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_among(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
