"""Every test of the formats runs twice: with compiled code and without."""

from __future__ import annotations

import pytest

from archive.wire import transcoder


@pytest.fixture(autouse=True, params=["compiled", "pure"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("URANIBORG_WIRE", request.param)
    assert (transcoder(()) is None) == (request.param == "pure"), "setup/prepare compiles archive/wire"
    return str(request.param)
