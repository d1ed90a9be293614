"""Chromium without a window, told over a pipe (the DevTools protocol) what a person at it would do.

`setup/prepare soak` installs it; a browser that is there under another of its names does as well.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Chromium", "chromium"]

_SECONDS = 60.0  # a loaded machine takes its time
_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Chromium:
    """One window. What it was answered and what it complained of are in `statuses` and `complaints`."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders, self._answers = orders, answers
        self._rest = b""
        self._number = 0
        self._session = ""
        self.statuses: dict[str, int] = {}
        self.complaints: list[str] = []
        self._loaded = 0
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        while True:
            message = self._next()
            if message.get("id") == self._number:
                assert "error" not in message, message
                answer: dict[str, Any] = message["result"]
                return answer

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + _SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            piece = os.read(self._answers, 1 << 16)
            assert piece, "the browser has ended"
            self._rest += piece
        text, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        self._note(message)
        return message

    def _note(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired":
                self._loaded += 1
            case "Network.responseReceived":
                self.statuses[told["response"]["url"]] = told["response"]["status"]
            case "Log.entryAdded":
                self.complaints.append(told["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["exceptionDetails"]))

    @contextmanager
    def _loading(self) -> Iterator[None]:
        before = self._loaded
        yield
        while self._loaded == before:
            self._next()

    def open(self, address: str) -> None:
        with self._loading():
            self.ask("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        told = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def fill(self, name: str, value: str) -> None:
        self.run(f"document.getElementsByName({json.dumps(name)})[0].focus()")
        self.run(f"document.getElementsByName({json.dumps(name)})[0].select?.()")
        self.ask("Input.insertText", text=value)

    def press(self, selector: str) -> None:
        """Clicks on what the selector finds first, and waits for the page to which that leads."""
        with self._loading():
            self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def downloaded(self, folder: Path, selector: str) -> bytes:
        """What comes of a click that leads to a file."""
        folder.mkdir()
        self.ask("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.run(f"document.querySelector({json.dumps(selector)}).click()")
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            files = list(folder.iterdir())
            if files and files[0].suffix != ".crdownload":
                return files[0].read_bytes()
            time.sleep(0.05)
        raise AssertionError("no file was downloaded")

    @property
    def address(self) -> str:
        return str(self.run("location.href"))

    @property
    def text(self) -> str:
        return str(self.run("document.body.innerText"))

    def picture(self, file: Path) -> None:
        told = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(told["data"]))


@contextmanager
def chromium(folder: Path, *more: str) -> Iterator[Chromium]:
    """A running browser with a profile of its own in `folder`; `more` are options of its command line."""
    # It reads orders from the descriptor 3, and writes answers to 4.
    [program, *_] = [name for name in _NAMES if shutil.which(name)]
    read_orders, write_orders = os.pipe()
    read_answers, write_answers = os.pipe()
    options = [
        program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
        "--no-first-run", "--disable-background-networking", "--window-size=1000,1000",
        f"--user-data-dir={folder}", *more,
    ]  # fmt: skip
    process = subprocess.Popen(
        ["bash", "-c", f'exec "$@" 3<&{read_orders} 4>&{write_answers}', "-", *options],
        pass_fds=(read_orders, write_answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read_orders)
    os.close(write_answers)
    try:
        yield Chromium(write_orders, read_answers)
    finally:
        os.close(write_orders)
        os.close(read_answers)
        process.terminate()
        process.wait(30)
