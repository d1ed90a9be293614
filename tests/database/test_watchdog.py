"""Deadlines: they ring when they should, not when they were called off, and leave nothing behind."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest

from archive.database.watchdog import Watchdog


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    with contextlib.closing(Watchdog()) as watchdog:
        yield watchdog


def test_rings_in_order_whatever_the_order_of_setting(watchdog):
    rung: list[float] = []
    done = threading.Event()
    begin = time.monotonic()
    for seconds in (0.6, 0.0, 0.3):
        watchdog.after(seconds, lambda seconds=seconds: rung.append(seconds))
    watchdog.after(0.9, done.set)
    assert done.wait(10)
    assert rung == [0.0, 0.3, 0.6]
    assert time.monotonic() - begin >= 0.9


def test_cancelled_alarms_do_not_ring(watchdog):
    rung, done = threading.Event(), threading.Event()
    alarm = watchdog.after(0.05, rung.set)
    alarm.cancel()
    alarm.cancel()
    watchdog.after(0.2, done.set)
    assert done.wait(10)
    assert not rung.is_set()


def test_slow_action_delays_no_other(watchdog):
    release, done = threading.Event(), threading.Event()
    watchdog.after(0.0, lambda: release.wait(10))
    watchdog.after(0.05, done.set)
    assert done.wait(5)
    release.set()


def test_thousands_called_off_take_no_room_and_no_threads(watchdog):
    threads = threading.active_count()
    for _ in range(20_000):
        watchdog.after(3600, lambda: None).cancel()
    assert len(watchdog._alarms) < 200
    assert threading.active_count() <= threads + 1


def test_closed_one_is_silent():
    rung = threading.Event()
    watchdog = Watchdog()
    watchdog.after(0.1, rung.set)
    watchdog.close()
    assert not rung.wait(0.3)
