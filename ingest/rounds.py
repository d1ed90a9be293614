"""Rounds over inputs without a path: those that failed before, and the sources that plugins poll."""

from __future__ import annotations

from collections.abc import Callable

from .inputs import Inputs
from .outcomes import Summary
from .polling import poll

__all__ = ["poll_sources", "retry_inputs"]

Progress = Callable[[int, int], None]


def retry_inputs(inputs: Inputs, summary: Summary, progress: Progress | None = None) -> None:
    """Reads again what failed, and what was kept and never read, from the store."""
    keys = inputs.unread()
    summary.offered = (summary.offered or 0) + len(keys)
    for done, report in enumerate(inputs.retry(keys), 1):
        summary.add(report)
        if progress is not None:
            progress(done, len(keys))
    inputs.rest()
    inputs.refresh_counts(summary)


def poll_sources(inputs: Inputs, summary: Summary, progress: Progress | None = None) -> None:
    """Asks every source of every plugin once."""
    sources = [(plugin, source) for plugin in inputs.plugins.ingests for source in plugin.polls]
    summary.offered = (summary.offered or 0) + len(sources)
    for done, (plugin, source) in enumerate(sources, 1):
        summary.add(poll(inputs, plugin, source))
        if progress is not None:
            progress(done, len(sources))
    inputs.rest()
    inputs.refresh_counts(summary)
