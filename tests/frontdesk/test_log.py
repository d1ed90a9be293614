"""Lines of the log: one for each thing that is told, whatever a file is called."""

from __future__ import annotations

import logging

import pytest

from frontdesk.log import set_up_logging


def test_a_name_cannot_pretend_to_be_another_line(capfd: pytest.CaptureFixture[str]) -> None:
    root, ours = logging.getLogger(), logging.getLogger("uraniborg")
    handlers, levels, source = list(root.handlers), (root.level, ours.level), logging._srcfile
    try:
        set_up_logging()
        logging.getLogger("uraniborg.test").warning("queued %s", "a\n2026-01-01 00:00:00 all is well\x1b[2J")
    finally:
        root.handlers[:] = handlers
        root.setLevel(levels[0])
        ours.setLevel(levels[1])
        logging._srcfile = source
        logging.logThreads = logging.logProcesses = logging.logMultiprocessing = True
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("queued a\\n2026-01-01 00:00:00 all is well\\x1b[2J")
