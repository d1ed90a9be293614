"""Who a request proves to be."""

from __future__ import annotations

import base64

import pytest

from archive.access import ANONYMOUS, Caller, Callers
from archive.errors import ConfigurationError, Unauthenticated

TOKEN = "0123456789abcdef-tycho"
CALLERS = Callers.from_environment({"URANIBORG_TOKENS": f"tycho:{TOKEN} kepler:another-token-of-kepler"})


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer  {TOKEN} ", basic("tycho", TOKEN)])
def test_token_proves_its_owner(header):
    assert CALLERS.of(header) == Caller("tycho")


def test_nothing_proves_nobody():
    assert CALLERS.of(None) is ANONYMOUS


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        "Bearer caf\udce9",
        f"Digest {TOKEN}",
        "Basic !!!",
        "Basic /w==",
        basic("kepler", TOKEN),
        basic("tycho", ""),
        basic("tych\u00f6", TOKEN),
    ],
)
def test_wrong_proof_is_never_taken_for_none(header):
    with pytest.raises(Unauthenticated):
        CALLERS.of(header)


@pytest.mark.parametrize(
    "text",
    [
        "tycho",
        "tycho:short",
        "Tycho:0123456789abcdef",
        f"tycho:{TOKEN} tycho:{TOKEN}2",
        f":{TOKEN}",
        f"a-b:{TOKEN}",
    ],
)
def test_mistakes_of_the_operator_are_told_without_the_token(text):
    with pytest.raises(ConfigurationError) as raised:
        Callers.from_environment({"URANIBORG_TOKENS": text})
    assert "0123456789abcdef" not in str(raised.value)
