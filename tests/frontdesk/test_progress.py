from __future__ import annotations

import io

from frontdesk.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_where_there_is_no_terminal():
    stream = io.StringIO()
    with Progress("ingesting", "files", stream) as progress:
        for done in range(1001):
            progress(done, 1000)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("ingesting: 0 files")
    assert lines[-1].startswith("ingesting: 1,000 of 1,000 files, ")
    assert len(lines) == 2


def test_a_bar_on_a_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    with Progress("loading", "rows", stream) as progress:
        progress(500, 1000)
    pictures = stream.getvalue().split("\r\033[K")
    assert pictures[-1].startswith("loading [###############...............] 500 of 1,000 rows")
    assert pictures[-1].endswith("\n")
    assert all(len(picture.strip()) < 80 for picture in pictures)


def test_failure_leaves_the_terminal_in_order():
    stream = Terminal()
    try:
        with Progress("loading", stream=stream) as progress:
            progress(1)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert stream.getvalue().endswith("\n")


def test_work_that_nobody_counts_tells_its_time():
    plain, terminal = io.StringIO(), Terminal()
    for stream in (plain, terminal):
        with Progress("simulating", stream=stream):
            pass
    assert plain.getvalue() == "simulating: 0 s\nsimulating: 0 s\n"
    assert terminal.getvalue().endswith("simulating 0 s\n")
