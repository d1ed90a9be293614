"""Running the application: the port, the web server, and an orderly end on Ctrl-C and SIGTERM."""

from __future__ import annotations

import ctypes
import errno
import gc
import resource
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from archive.config import Config
from archive.errors import ConfigurationError

from .connections import Connection

__all__ = ["Server", "bind", "end_on_terminate"]

_PATIENCE = 5  # seconds that running transfers get to end on shutdown
# Milliseconds after which a client that takes nothing of its answer, or has vanished, is given up. Programs
# may well pause for minutes.
_STALLED = 300_000
_OPEN_FILES = 16384
_M_ARENA_MAX = -8  # malloc.h


def bind(config: Config) -> socket.socket:
    """The listening socket; opened first of all, so that a port in use is known before any work is done."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it from the socket that accepts them.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _STALLED)
    try:
        listener.bind((config.host, config.port))
    except OSError as cause:
        listener.close()
        raise _refused(config, cause) from cause
    listener.set_inheritable(False)
    return listener


def _refused(config: Config, cause: OSError) -> ConfigurationError:
    where = f"port {config.port} of {config.host}"
    match cause.errno:
        case errno.EADDRINUSE:
            return ConfigurationError(
                f"{where} is in use", hint="stop the other program or set another port in the configuration"
            )
        case errno.EACCES:
            return ConfigurationError(f"{where} is not allowed to this account", hint="use a port above 1023")
        case _:
            return ConfigurationError(f"{where}: {cause.strerror or cause}")


def _allow_many_connections() -> None:
    """Raises the limit on open files, often 1024, so that idle clients do not shut others out."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _OPEN_FILES)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _share_arenas() -> None:
    """Has all threads allocate from two arenas: each of its own would keep what its largest result took."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # the GNU library has it
        library.mallopt(_M_ARENA_MAX, 2)


def _settle() -> None:
    """Spares the collector what stays for good, which it would go through for every large answer."""
    gc.collect()
    gc.freeze()


def end_on_terminate(status: int) -> None:
    """SIGTERM ends the program in good order, with an exit status, so that the database is stopped too."""

    def terminate(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(status)

    def hang_up(_signal: int, _frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, terminate)
    # The terminal was closed. With nohup the signal is ignored, and stays so.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, hang_up)


class Server(uvicorn.Server):
    """The web server over an application; `ready` is called when requests are answered."""

    def __init__(self, app: ASGIApp, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=Connection,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                headers=[("Server", "Uraniborg")],
                # Addresses come from `public_url`; nothing that a client can send changes them.
                proxy_headers=False,
                timeout_graceful_shutdown=_PATIENCE,
            )
        )
        self._ready = ready

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        _allow_many_connections()
        _share_arenas()
        super().run(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:
            # Ctrl-C a second time: nobody is waited for. What runs has to be ended all the same, since the
            # program does not end before its threads.
            for task in self.server_state.tasks:
                task.cancel()
            await self.lifespan.shutdown()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _settle()
            self._ready()
