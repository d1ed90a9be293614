"""What became of each file that was offered, and the summary of a run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from archive.store import Connection, FileVersion

__all__ = ["RESTRICTED", "Outcome", "Report", "Summary", "database_text", "printable", "record_reports"]


# What is wrong with a restricted input may tell what is in it.
RESTRICTED = "restricted; `uraniborg ingest --retry` tells the operator why"


class Outcome(Enum):
    INGESTED = "ingested"
    NEW_VERSION = "new version"
    STORED = "stored"  # kept with its headers, without a row in a published table
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    UNREADABLE = "unreadable"

    @property
    def is_failure(self) -> bool:
        return self in {Outcome.REFUSED, Outcome.UNREADABLE}


@dataclass(frozen=True, slots=True)
class Report:
    """One file; `reason` why it failed, has no row or brings nothing new.

    `problems`: what was wrong, but did not hinder. `plugin` is the one that read it; `besides` a FITS file's
    own harvest, when the file was counted already; `restricted` when its reason is for operators alone.
    """

    path: Path
    outcome: Outcome
    reason: str | None = None
    problems: tuple[str, ...] = ()
    file: FileVersion | None = None
    plugin: str = ""
    besides: bool = False
    restricted: bool = False

    @property
    def public_reason(self) -> str | None:
        return RESTRICTED if self.restricted and self.reason else self.reason


@dataclass
class Summary:
    """A run in numbers, with its failures one by one.

    `ignored` counts what does not look like FITS, `offered` all files that were found; as long as not all of
    them are dealt with, the run is going on or was interrupted.
    """

    strict: bool = False
    offered: int | None = None
    ignored: int = 0
    counts: Counter[Outcome] = field(default_factory=Counter)
    reasons: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    failures: list[Report] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    plugins: Counter[tuple[Outcome, str]] = field(default_factory=Counter)

    def add(self, report: Report) -> None:
        if not report.besides:
            self.counts[report.outcome] += 1
        if report.plugin:
            self.plugins[report.outcome, report.plugin] += 1
        if report.outcome in {Outcome.STORED, Outcome.UNCHANGED} and report.reason:
            self.reasons[report.outcome, report.reason] += 1
        if report.outcome.is_failure:
            self.failures.append(report)
        self.problems.update(report.problems)

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def remaining(self) -> int:
        """Files that were found and not dealt with."""
        return max((self.offered or 0) - self.total - self.ignored, 0)

    @property
    def has_changes(self) -> bool:
        """Whether any row of a published table may be another than before."""
        changing = {Outcome.INGESTED, Outcome.NEW_VERSION, Outcome.STORED}
        return bool((self.counts.keys() | {outcome for outcome, _ in self.plugins}) & changing)

    @property
    def exit_status(self) -> int:
        """1 when files failed and the run is strict about it."""
        return 1 if self.strict and self.failures else 0

    def lines(self, failures: bool = True) -> Iterator[str]:
        """The summary as an operator reads it; `failures` one by one, or only counted."""
        others = "other" if self.ignored == 1 else "others"
        files = "file" if self.total == 1 else "files"
        yield f"{self.total} {files}" + (f", {self.ignored} {others} ignored" if self.ignored else "")
        for outcome in Outcome:
            by_plugins = sorted(name for of, name in self.plugins if of is outcome)
            if self.counts[outcome] or by_plugins:
                yield f"{self.counts[outcome]:8} {outcome.value}"
            for (of, reason), count in sorted(self.reasons.items(), key=lambda item: -item[1]):
                if of is outcome:
                    yield f"{count:12} {reason}"
            for name in by_plugins:
                yield f"{self.plugins[outcome, name]:12} by plugin {name}"
        if self.remaining:
            yield f"{self.remaining:8} not reached; the same command takes them in"
        for report in self.failures if failures else ():
            yield printable(f"{report.outcome.value}: {report.path}: {report.reason}")


# Rows of two writers that report on the same paths in another order would wait for each other.
_LOCK = 0x55_52_41_4E_49_42_02


def record_reports(connection: Connection, reports: Iterable[Report]) -> None:
    """Keep the last outcome of each path. Unchanged files leave no trace but that they are no failures."""
    told = list(reports)
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    settled = [database_text(report.path) for report in told if report.outcome is Outcome.UNCHANGED]
    if settled:
        connection.execute(
            "DELETE FROM archive.ingest_outcome WHERE path = ANY (%s) AND outcome = ANY (%s)",
            (settled, [outcome.value for outcome in Outcome if outcome.is_failure]),
        )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO archive.ingest_outcome (path, outcome, reason, problems, dp_id, version) "
            "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (path) DO UPDATE SET (outcome, reason, problems, "
            "dp_id, version, at) = (EXCLUDED.outcome, EXCLUDED.reason, EXCLUDED.problems, EXCLUDED.dp_id, "
            "EXCLUDED.version, now())",
            [
                (
                    database_text(report.path),
                    report.outcome.value,
                    report.reason and printable(report.reason),
                    [printable(problem) for problem in report.problems[:50]],
                    report.file and report.file.dp_id,
                    report.file and report.file.version,
                )
                for report in told
                if report.outcome is not Outcome.UNCHANGED
            ],
        )


def database_text(path: Path) -> str:
    """A path as text, also one that is not UTF-8: \\xe9 stands for a byte that is no character."""
    return os.fsencode(path.absolute()).decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """One line that any terminal and database can show, whatever is in a file name or a header."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
