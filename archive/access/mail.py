"""Mail to the people behind accounts: what it says, and the operator's program or folder that takes it.

The archive speaks to no mail server itself. Where nothing is configured, `uraniborg user` shows the links.
"""

from __future__ import annotations

import logging
import os
import secrets
import shlex
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.parse import quote

from ..config import Config
from ..errors import BadParameter, Busy
from .passwords import is_storable

__all__ = ["RESET_PATH", "VERIFY_PATH", "Mailer", "checked_address", "reset_link", "verify_link"]

# The pages to which the links in messages lead, with `token` as their parameter. Opening one changes nothing:
# programs that look through mail open links too.
VERIFY_PATH = "/account/verify"
RESET_PATH = "/account/reset"

_log = logging.getLogger("uraniborg.mail")
_SECONDS = 60.0  # that the operator's program may take
_WAITING = 100  # messages
_LONGEST = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets


def checked_address(text: str) -> str:
    """An address as it is kept and compared, in small letters; raises BadParameter for what is none."""
    address = text.strip().lower()
    local, _, domain = address.rpartition("@")
    wrong = BadParameter("email", f"{text[:100]!r} is no e-mail address", hint="write it as name@domain")
    if not local or not domain or len(address) > _LONGEST or not is_storable(address):
        raise wrong
    # Rare forms, in quotes or with comments, are no use to anybody and some to attackers.
    if not address.isprintable() or any(sign in address for sign in ' "(),:;<>[\\]') or "@" in local:
        raise wrong
    try:
        Address(addr_spec=address)
    except (MessageError, ValueError, IndexError) as cause:
        raise wrong from cause
    return address


def verify_link(base_url: str, token: str) -> str:
    return f"{base_url}{VERIFY_PATH}?token={quote(token)}"


def reset_link(base_url: str, token: str) -> str:
    return f"{base_url}{RESET_PATH}?token={quote(token)}"


class Mailer:
    """Sends in the background, one message after the other: nobody can tell by the time whether one was sent.

    What cannot be sent is logged; whoever waits for it asks again.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._room = threading.BoundedSemaphore(_WAITING)
        self._sender = ThreadPoolExecutor(1, "mail")

    @property
    def is_configured(self) -> bool:
        return bool(self._config.mail_command or self._config.mail_folder)

    def send(self, to: str, subject: str, lines: list[str]) -> None:
        """Raises Busy when too many messages wait. Without a hook nothing happens."""
        if not self.is_configured:
            return
        self.later(lambda: self._deliver(self._message(to, subject, lines)))

    def later(self, work: Callable[[], None]) -> None:
        """Does what leads to a message, so that its time tells nothing either. Raises Busy as `send` does."""
        if not self._room.acquire(blocking=False):
            raise Busy("too many messages are waiting to be sent", retry_after=60)
        self._sender.submit(work).add_done_callback(self._done)

    def wait(self) -> None:
        """Until what was to be sent by now has been, and what that has led to."""
        for _round in range(2):
            self._sender.submit(lambda: None).result()

    def close(self) -> None:
        self._sender.shutdown()

    def _message(self, to: str, subject: str, lines: list[str]) -> bytes:
        config = self._config
        message = EmailMessage(policy=SMTP if to.isascii() else SMTPUTF8)
        message["From"] = Address(config.title, addr_spec=config.contact_email)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = make_msgid(domain=config.authority)
        # RFC 3834: holiday notices are not for machines.
        message["Auto-Submitted"] = "auto-generated"
        text = "\n".join([*lines, "", config.title, config.base_url, ""])
        # Not quoted-printable, which would break links where programs read the plain message.
        message.set_content(text, cte="7bit" if text.isascii() else "8bit")
        return message.as_bytes()

    def _deliver(self, message: bytes) -> None:
        if self._config.mail_folder:
            _write(Path(self._config.mail_folder), message)
        if self._config.mail_command:
            run = subprocess.run(
                shlex.split(self._config.mail_command),
                input=message,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=_SECONDS,
                check=False,
            )
            if run.returncode:
                told = run.stderr.decode("utf-8", "replace").strip()[-500:]
                raise OSError(f"exit status {run.returncode}: {told}")

    def _done(self, sent: Future[None]) -> None:
        self._room.release()
        problem = sent.exception()
        if problem is not None:
            _log.error("a message could not be sent: %r", str(problem))


def _write(folder: Path, message: bytes) -> None:
    """Under a name of its own, in one step, and for nobody else's eyes."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
    written = folder / f".{name}"
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(message)
    written.rename(folder / f"{name}.eml")
