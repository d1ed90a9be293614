"""Proposals, schedules, requests and events made worse in every place, in every way that the tests know."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.plugins import Ingest
from ingest.readers.allocations import allocations
from ingest.readers.esoform import esoform
from ingest.readers.etc_json import etc_requests
from ingest.readers.p1_json import p1_proposals
from ingest.readers.slots import time_slots
from ingest.readers.voevents import too_triggers, voevents
from tests.readers.mangling import survives, truncated, wrong_places
from tests.readers.phase1_documents import ESOFORM, etc_request, proposal
from tests.readers.test_slots import CSV, JSON, OUTCOMES
from tests.readers.test_voevents import EVENT, TRIGGER

pytestmark = pytest.mark.soak

_PIECES = (
    *"{}[]()<>&%\\\"',;:/\n\t\0$~^`",
    *(
        "\udcff",
        "東",
        "\u202e",
        "9" * 400,
        "1e999",
        "NaN",
        "<x>",
        "</",
        "<!--",
        "]]>",
        "&#0;",
        "\\end{document}",
    ),
    *("\\Title{", "\\Target{A}{", "\\'", "\\ObservingRun{A}{", "{" * 60, "\\" * 99, "null", "true", "-1"),
)
_TEXTS: tuple[tuple[Ingest, str, str], ...] = (
    (esoform, "089.D-0123.tex", ESOFORM),
    (time_slots, "P116.slots.csv", CSV),
    (allocations, "P116.allocations.csv", OUTCOMES),
    (voevents, "event.xml", EVENT),
    (p1_proposals, "mine.p1.json", json.dumps(proposal(), ensure_ascii=False)),
    (etc_requests, "mine.etc.json", json.dumps({"runId": "116.20AB.001", "request": etc_request()})),
)
_DOCUMENTS: tuple[tuple[Ingest, str, object], ...] = (
    (p1_proposals, "mine.p1.json", proposal()),
    (etc_requests, "mine.etc.json", {"runId": "116.20AB.001", "request": etc_request()}),
    (time_slots, "P116.slots.json", JSON),
    (too_triggers, "mine.trigger.json", {"triggers": [TRIGGER]}),
)


def _mutated(content: bytes, count: int) -> Iterator[bytes]:
    """Pieces put in, cut out and doubled at random places, several at once."""
    chance = random.Random(5)
    for _ in range(count):
        mangled = content
        for _ in range(chance.randint(1, 4)):
            first, last = sorted(chance.randrange(len(mangled) + 1) for _ in range(2))
            match chance.randrange(4):
                case 0:
                    mangled = mangled[:first] + mangled[min(last, first + 40) :]
                case 1:
                    mangled = mangled[:last] + mangled[first : min(last, first + 200)] + mangled[last:]
                case 2:
                    mangled = mangled[:first] + bytes([chance.randrange(256)]) + mangled[first + 1 :]
                case _:
                    piece = chance.choice(_PIECES).encode("utf-8", "surrogateescape")
                    mangled = mangled[:first] + piece + mangled[first:]
        yield mangled


@pytest.mark.parametrize(("plugin", "name", "text"), _TEXTS, ids=lambda one: getattr(one, "name", None))
def test_texts_cut_off_everywhere_and_changed_at_random(
    tmp_path: Path, plugin: Ingest, name: str, text: str
) -> None:
    outcomes = [survives(plugin, tmp_path, part, name) for part in truncated(text.encode(), 1)]
    outcomes += [survives(plugin, tmp_path, part, name) for part in _mutated(text.encode(), 5000)]
    assert {True, False} == set(outcomes)


@pytest.mark.parametrize(
    ("plugin", "name", "document"), _DOCUMENTS, ids=lambda one: getattr(one, "name", None)
)
def test_wrong_values_in_all_places(tmp_path: Path, plugin: Ingest, name: str, document: object) -> None:
    outcomes = [survives(plugin, tmp_path, one, name) for one in wrong_places(document)]
    assert {True, False} == set(outcomes)
