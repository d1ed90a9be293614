"""Servers that do nothing but send one file: what downloads of the archive go by.

`bare` is a thread for each connection that calls sendfile, `plain` is Starlette's FileResponse on uvicorn.
"""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route


def bare(path: Path, listener: socket.socket) -> None:
    def answer(client: socket.socket) -> None:
        with client, path.open("rb") as file:
            asked = b""
            while not asked.endswith(b"\r\n\r\n"):
                asked += client.recv(4096)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {path.stat().st_size}\r\nConnection: close\r\n\r\n"
            client.sendall(head.encode())
            client.sendfile(file)

    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def plain(path: Path, listener: socket.socket) -> None:
    async def answer(_request: Request) -> FileResponse:
        return FileResponse(path)

    config = uvicorn.Config(
        Starlette(routes=[Route("/{name}", answer)]), loop="uvloop", log_level="error", access_log=False
    )
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    which, name, port = sys.argv[1:]
    with socket.create_server(("127.0.0.1", int(port)), backlog=200) as listening:
        {"bare": bare, "plain": plain}[which](Path(name), listening)
