"""A hostile proxy on loopback: it cuts, slows, corrupts and duplicates what goes through it, by chance."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator

from tests.serving import listening

__all__ = ["FAULTS", "Proxy", "proxy"]

FAULTS = ("cut", "cut answer", "slow", "corrupt", "corrupt answer", "duplicate", "stall")
_PIECE = 4096


class Proxy:
    """Passes connections on to `target`; of 100 pieces `percent` have a fault, until there were `most`."""

    def __init__(self, target: int, seed: int, percent: int, most: int, stall: float) -> None:
        self.listener = listening()
        self.port: int = self.listener.getsockname()[1]
        self.seen: Counter[str] = Counter()
        self._target = target
        self._chance = random.Random(seed)
        self._percent, self._most, self._stall = percent, most, stall
        self._closing = False
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _fault(self) -> tuple[str, int]:
        """What befalls a piece of the stream, and where in it."""
        with self._lock:
            place = self._chance.randrange(_PIECE)
            if self.seen.total() >= self._most or self._chance.randrange(100) >= self._percent:
                return "", place
            fault = self._chance.choice(FAULTS)
            self.seen[fault] += 1
            return fault, place

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=30)
        except OSError:
            client.close()
            return
        with client, server:
            back = threading.Thread(target=self._pass, args=(server, client, True), daemon=True)
            back.start()
            self._pass(client, server, False)
            back.join()

    def _pass(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        sent = bytearray()
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                fault, place = self._fault()
                if fault in {"cut", "cut answer"} and fault.endswith("answer") == is_answer:
                    target.sendall(piece[: place % (len(piece) + 1)])
                    break
                if fault in {"corrupt", "corrupt answer"} and fault.endswith("answer") == is_answer:
                    at = place % len(piece)
                    piece = piece[:at] + bytes([piece[at] ^ (1 << place % 7)]) + piece[at + 1 :]
                if fault == "slow":
                    time.sleep(0.1)
                if fault == "stall":
                    time.sleep(self._stall)
                if not is_answer:
                    sent += piece
                    if fault == "duplicate":
                        self._replay(bytes(sent))
                target.sendall(piece)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _replay(self, sent: bytes) -> None:
        """All that a connection has sent so far, once more, by somebody who does not wait for the answer."""
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self._target), timeout=5) as other,
        ):
            other.sendall(sent)


@contextlib.contextmanager
def proxy(
    target: int, seed: int, percent: int = 10, most: int = 1 << 30, stall: float = 4.0
) -> Iterator[Proxy]:
    hostile = Proxy(target, seed, percent, most, stall)
    try:
        yield hostile
    finally:
        hostile.close()
