"""What the users' page about images shows runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from pyvo.utils.http import create_session

PAGE = Path(__file__).parents[2] / "docs/users/images.md"


def test_the_examples_run(images, monkeypatch):
    text = PAGE.read_text("utf-8").replace("http://127.0.0.1:8000", str(images.base_url).rstrip("/"))
    snippets = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(snippets) == 3
    with create_session() as session:
        # Sessions that pyvo makes itself are never closed.
        monkeypatch.setattr("pyvo.dal.query.use_session", lambda given: given or session)
        exec("\n".join(snippets), {})  # noqa: S102  # our own page


def test_the_addresses_answer(images):
    addresses = re.findall(r"curl 'http://127.0.0.1:8000([^']+)'", PAGE.read_text("utf-8"))
    assert addresses
    assert all(images.get(address).status_code == 200 for address in addresses)
