"""The book-keeping of the benchmarks, which runs with all other tests."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks.figures import Figure, Figures

PAGE = """# Performance

Words.

<!-- figures of the last make bench -->
old
<!-- end of the figures -->

More.
"""


def test_figures_become_tables_and_groups_not_run_stay(tmp_path):
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    first, second = Figures(), Figures()
    first.add(Figure("Small queries", "TOP 1", 0.002, limit=0.001, against="bare route", most=2.5))
    first.write(tmp_path, page)
    second.add(Figure("Memory", "5 million rows", 250, "MiB", most=300))
    second.write(tmp_path, page)
    text = page.read_text()
    assert "| TOP 1 | 2 ms | 1 ms (bare route) | 2.00 | 2.5 |" in text
    assert "| 5 million rows | 250 MiB |  |  | 300 |" in text
    assert text.startswith("# Performance\n\nWords.") and text.endswith("More.\n") and "old" not in text
    assert list(json.loads((tmp_path / "bench.json").read_text())) == ["Small queries", "Memory"]


def test_figure_beyond_its_bound_fails_and_is_kept():
    figures = Figures()
    with pytest.raises(AssertionError, match="CSV"):
        figures.add(Figure("Streaming", "CSV", 3.0, limit=1.0, against="COPY", most=1.3))
    assert len(figures.all) == 1
