"""`uraniborg ingest --p2`: a live Phase 2 API pulled into a folder of the archive, which is then taken in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from archive.config import Config
from ingest import Outcome, Report, Summary
from ingest.readers.p2_connection import connect
from ingest.readers.p2_pull import pull

from .progress import Progress

__all__ = ["pull_phase2"]


def pull_phase2(config: Config, url: str, runs: Sequence[str], summary: Summary) -> Path:
    """The folder of documents, brought up to date; failures go into the summary.

    Raises ConfigurationError when the API cannot be asked.
    """
    parts = urlsplit(url)
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", f"{parts.netloc}{parts.path}".strip("/")) or "api"
    documents = config.data_folder / "p2" / "documents" / name
    connection = connect(url, config.data_folder / "p2" / "answers" / name)
    with Progress("pulling", "documents") as progress:
        pulled = pull(connection, documents, runs=runs, progress=lambda done: progress(done, None))
    summary.offered = (summary.offered or 0) + len(pulled.failures)
    for failure in pulled.failures:
        summary.add(Report(Path(name), Outcome.UNREADABLE, failure))
    return documents
