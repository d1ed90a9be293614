"""A real server for tests: an application on a free port, in a thread of its own."""

from __future__ import annotations

import contextlib
import faulthandler
import socket
import threading
from collections.abc import Iterator

from starlette.types import ASGIApp

from frontdesk.server import Server

__all__ = ["listening", "serving"]


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@contextlib.contextmanager
def serving(app: ASGIApp, listener: socket.socket) -> Iterator[str]:
    """The address of the running application, which has ended when the block has."""
    ready = threading.Event()
    server = Server(app, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        assert ready.wait(20)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()
        if thread.is_alive():
            # The program would wait for it for ever, and say nothing.
            faulthandler.dump_traceback(all_threads=True)
            raise AssertionError("the server does not end; what its threads do is on stderr")
