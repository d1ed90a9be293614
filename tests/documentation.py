"""Pages of docs/, and the code that they show: tests run it against a site of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pyvo.utils.http import create_session

__all__ = ["ADDRESS", "Page", "check_examples"]

ADDRESS = "http://127.0.0.1:8000"  # of the demonstration archive, in all pages


@dataclass(frozen=True)
class Page:
    text: str

    @classmethod
    def read(cls, name: str) -> Page:
        """`name` is a path below docs/."""
        return cls((Path(__file__).parents[1] / "docs" / name).read_text(encoding="utf-8"))

    def blocks(self, language: str, address: str = ADDRESS) -> list[str]:
        """The pieces of code in a language, about the site at an address."""
        found = re.findall(rf"^```{language}\n(.*?)^```", self.text, re.MULTILINE | re.DOTALL)
        return [block.replace(ADDRESS, address) for block in found]


def check_examples(page: Page, site: httpx.Client, monkeypatch: pytest.MonkeyPatch, snippets: int) -> None:
    """So many pieces of Python run, one after the other, and all addresses that curl is given answer."""
    blocks = page.blocks("python", str(site.base_url).rstrip("/"))
    assert len(blocks) == snippets
    with create_session() as session:
        # Sessions that pyvo makes itself are never closed.
        monkeypatch.setattr("pyvo.dal.query.use_session", lambda given: given or session)
        exec("\n".join(blocks), {})  # noqa: S102  # our own page
    addresses = re.findall(rf"curl '{re.escape(ADDRESS)}([^']+)'", page.text)
    assert addresses
    assert all(site.get(address).status_code == 200 for address in addresses)
