"""Fixtures for all tests: one PostgreSQL for the whole session, whatever the number of workers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from archive.database import Cluster, Database
from archive.testing import ClusterForTests, SessionFolder
from tests import demonstrations
from tests.demonstrations import Demonstration

# The same examples in every run of the suite; new ones in `make soak`, by --hypothesis-profile.
settings.register_profile("suite", derandomize=True)
settings.register_profile("soak", derandomize=False, print_blob=True)
settings.load_profile("suite")

_VARIABLE = "URANIBORG_TEST_FOLDER"  # tells the workers of pytest-xdist
_FOLDER = pytest.StashKey[SessionFolder]()


def pytest_configure(config: pytest.Config) -> None:
    # A shell's background job or nohup ignores these, and so would every program that the tests start.
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, usual)
    if not hasattr(config, "workerinput"):
        config.stash[_FOLDER] = SessionFolder()
        os.environ[_VARIABLE] = str(config.stash[_FOLDER].path)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _FOLDER in config.stash:
        config.stash[_FOLDER].close()


@pytest.fixture(scope="session")
def test_cluster() -> Iterator[ClusterForTests]:
    """A running private cluster; `test_cluster.database()` makes a new database in it."""
    shared = ClusterForTests(Path(os.environ[_VARIABLE]))
    shared.ensure()
    yield shared
    shared.release()


@pytest.fixture(scope="session")
def cluster(test_cluster: ClusterForTests) -> Cluster:
    return test_cluster.cluster


@pytest.fixture(scope="session")
def database(test_cluster: ClusterForTests) -> Iterator[Database]:
    """A database with the built-in tables, for tests that only read or clear up behind them."""
    with test_cluster.database() as shared:
        yield shared


@pytest.fixture
def fresh_database(test_cluster: ClusterForTests) -> Iterator[Database]:
    """A database with the built-in tables that belongs to one test."""
    with test_cluster.database() as own:
        yield own


@pytest.fixture(scope="session")
def demonstration(
    test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demonstration]:
    """The demonstration archive on a server, for tests that leave it as they found it."""
    with demonstrations.demonstration(test_cluster, tmp_path_factory.mktemp("demonstration"), {}) as served:
        yield served
