"""Passwords: what is asked of one, and how it is kept and compared.

They are kept as argon2id, as the library recommends. Who may try how often is `lockout`'s business.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import BadParameter, Busy

__all__ = ["LEAST_CHARACTERS", "Passwords", "check_password", "is_storable"]

LEAST_CHARACTERS = 10
_MOST_BYTES = 1000
_AT_ONCE = 4  # each takes 64 MiB for a moment
_PATIENCE = 10.0  # seconds for which one waits for its turn
_REMEMBERED = 1000


def is_storable(text: str) -> bool:
    """Whether a text can be one of the database's, or of an e-mail: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def check_password(password: str, *others: str) -> None:
    """Raises BadParameter for what no account may have; `others`: its name and address, easily guessed."""
    hint = "several words that only you connect are good"
    if not is_storable(password) or len(_normal(password)) > _MOST_BYTES:
        raise BadParameter("password", f"is longer than {_MOST_BYTES} bytes, or no text", hint=hint)
    normal = _normal(password).decode()
    if len(normal) < LEAST_CHARACTERS:
        raise BadParameter("password", f"has less than {LEAST_CHARACTERS} characters", hint=hint)
    guessed = {other.casefold() for other in others} | {
        part.casefold() for other in others for part in other.split("@")
    }
    if len(set(normal)) < 4 or normal.casefold() in guessed:
        raise BadParameter("password", "is too easily guessed", hint=hint)


def _normal(password: str) -> bytes:
    """The same for every way to type it (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


class Passwords:
    """Hashes and compares, few at once; remembers for a while, in memory, what was found right.

    Programs that know HTTP Basic only send the password with every request.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = PasswordHasher() if hasher is None else hasher
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._nobody: str | None = None

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Within it one may hash or compare. Raises Busy when too many do."""
        if not self._turns.acquire(timeout=_PATIENCE):
            raise Busy("too many people are logging in just now", retry_after=10)
        try:
            yield
        finally:
            self._turns.release()

    def hashed(self, password: str) -> str:
        return self._hasher.hash(_normal(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether `kept` was made of the password; never for None, which takes just as long."""
        if self._nobody is None:
            self._nobody = self._hasher.hash(secrets.token_bytes(16))
        normal = _normal(password)
        # Longer ones than an account can have would take longer to compare, too.
        too_long = len(normal) > _MOST_BYTES
        try:
            self._hasher.verify(self._nobody if kept is None or too_long else kept, normal[:_MOST_BYTES])
        except (VerificationError, InvalidHashError):
            return False
        if kept is None or too_long:
            return False
        self.remember(kept, password)
        return True

    def remember(self, kept: str, password: str) -> None:
        """That `kept` was made of the password."""
        with self._lock:
            self._known[self._mark(kept, password)] = None
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)

    def is_outdated(self, kept: str) -> bool:
        """Whether the library recommends other parameters by now."""
        return self._hasher.check_needs_rehash(kept)

    def remembers(self, kept: str, password: str) -> bool:
        """Whether just this was found right before, in this process."""
        mark = self._mark(kept, password)
        with self._lock:
            if mark not in self._known:
                return False
            self._known.move_to_end(mark)
            return True

    def _mark(self, kept: str, password: str) -> bytes:
        """What tells nothing about the password to who reads the memory's copy on a disk, without the key."""
        return hmac.digest(self._key, kept.encode() + b"\0" + _normal(password), "sha256")
