"""One archive for all these tests, which leave it as they found it: with its stars, and nothing that runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.site import Site, new_site


@pytest.fixture(scope="session")
def only_site() -> Iterator[Site]:
    with new_site() as site:
        yield site


@pytest.fixture
def site(only_site: Site) -> Iterator[Site]:
    yield only_site
    only_site.clear()
