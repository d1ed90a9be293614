"""Readers of Phase 2 with documents cut off, of wrong types at every place, and of hostile sizes.

Whatever comes, there are rows that fit their tables or an UnreadableFile, in a bounded time.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from archive.plugins import Ingest
from ingest.readers.obx import read_obx
from ingest.readers.p2_json import p2_answer, p2_bundle
from ingest.readers.packages import instrument_package
from tests.readers.mangling import WRONG, survives, truncated, wrong_places
from tests.readers.phase2_documents import EXPORT, bundle, container, package

DOCUMENTS = [
    (p2_bundle, {"run": bundle()["run"], "obs": [bundle()], "containers": [container()]}),
    (p2_answer, [bundle()["ob"], container()["container"], bundle()["run"]]),
    (instrument_package, package()),
]
HOSTILE = (
    *WRONG,
    1.5,
    1e308,
    "1e999",
    "9" * 50,
    "24:00:01",
    "9999-12-31T23:59:59-23:59",
    [[]],
    {"": None},
    {"name": {}},
)


@pytest.mark.parametrize(("plugin", "document"), DOCUMENTS, ids=lambda value: getattr(value, "name", ""))
def test_wrong_types_at_every_place(tmp_path: Path, plugin: Ingest, document: Any) -> None:
    # 5 is no divisor of their number: each place gets every fifth one, other ones than its neighbours.
    assert len(HOSTILE) % 5
    tried = [survives(plugin, tmp_path, mangled, "a.json") for mangled in wrong_places(document, 5, HOSTILE)]
    assert any(tried) and not all(tried)


@pytest.mark.parametrize(("plugin", "document"), DOCUMENTS, ids=lambda value: getattr(value, "name", ""))
def test_cut_off_anywhere(tmp_path: Path, plugin: Ingest, document: Any) -> None:
    content = json.dumps(document).encode()
    assert not any(
        survives(plugin, tmp_path, part, "a.json") for part in truncated(content, len(content) // 100)
    )


def test_exports_cut_off_and_changed_anywhere(tmp_path: Path) -> None:
    content = EXPORT.encode()
    chance = random.Random(5)
    read_ones = 0
    for _ in range(300):
        mangled = bytearray(content[: chance.randrange(len(content))] if chance.random() < 0.3 else content)
        for _ in range(chance.randrange(10)):
            if mangled:
                mangled[chance.randrange(len(mangled))] = chance.choice(b'\0\n" \\{}\xff9:')
        read_ones += survives(read_obx, tmp_path, bytes(mangled), "a.obx")
    assert 50 < read_ones < 300


@pytest.mark.parametrize(
    ("plugin", "content", "name"),
    [
        (p2_bundle, b'{"ob": ' + b"[" * 100_000, "a.json"),
        (
            p2_bundle,
            b'{"container": {"containerId": 1}, "items": ' + b'[{"containerId": 1, "items": ' * 400,
            "a.json",
        ),
        (p2_answer, b'{"itemType": ' + b"9" * 1_000_000 + b"}", "a.json"),
        (p2_answer, b'[{"itemType": "OB", "obId": 1, "ipVersion": ' + b"9" * 19 + b"e300}]", "a.json"),
        (instrument_package, b'{"ipVersion": "1", "instrument": "' + b"X" * 3_000_000 + b'"}', "a.json"),
        (read_obx, b'ra "' + b"1" * 3_000_000 + b'"', "a.obx"),
        (read_obx, b"a " * 1_000_000, "a.obx"),
        (read_obx, b'STTimeIntervals "' + b"{ " * 500_000, "a.obx"),
        (read_obx, b'name "' + b"\\" * 1_000_001, "a.obx"),
        (read_obx, b"{" * 300_000, "a.obx"),
    ],
    ids=lambda value: getattr(value, "name", "") or str(value)[:30],
)
def test_hostile_sizes_take_a_bounded_time(tmp_path: Path, plugin: Ingest, content: bytes, name: str) -> None:
    begun = time.process_time()
    survives(plugin, tmp_path, content, name)
    assert time.process_time() - begun < 5
