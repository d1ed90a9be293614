"""An archive in this process that takes files in, for all tests that kill nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from archive.config import Config
from frontdesk.app import create_app
from tests.serving import listening, serving
from tests.transfer.local import TOKENS, Receiving, prepared


@pytest.fixture(scope="session")
def archive(test_cluster, tmp_path_factory) -> Iterator[Receiving]:
    config = Config(
        data_folder=tmp_path_factory.mktemp("receiving"),
        incoming_users=("mountain",),
        incoming_bytes=3_000_000,
        incoming_quota=6_000_000,
        job_slots=0,
        stall_seconds=1.5,
    )
    with pytest.MonkeyPatch.context() as patch, test_cluster.database(config=config) as database:
        patch.setenv("URANIBORG_TOKENS", TOKENS)
        store = prepared(database, config)
        with (
            closing(listening()) as listener,
            serving(create_app(config, database, store), listener) as address,
        ):
            yield Receiving(address, database, config)
