"""STILTS as users call it, and its validators."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from archive.query.vocabularies import matching_terms

__all__ = ["lint", "lint_links", "stilts"]

# Many short runs: what the compiler optimises is not used long enough.
_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# Said on stderr, whatever the service: that TAP is quicker than a search for each row, and that the server in
# Strasbourg that knows which parts of the sky a registered service covers was not to be had.
_ALWAYS_SAID = re.compile(
    r"WARNING: (Multi-Cone is somewhat deprecated in favour of .*"
    r"|There is probably a much faster way to do this"
    r"|Coverage initialisation failed: java\.net\.UnknownHostException: .*)"
)
# Without a network, datalinklint knows the terms of 2015 only; those that have come since are its errors.
_UNKNOWN_TERM = re.compile(
    r"E-SMCO-\d+ Unknown predicate '([\w-]+)' from core DataLink vocabulary(?: at row \d+)?"
)
_MOST = 100_000  # reports of one kind


def stilts(*arguments: str) -> str:
    """What the command writes; it must not complain."""
    ended = subprocess.run(["stilts", *_JAVA, *arguments], capture_output=True, text=True, timeout=200)
    assert ended.returncode == 0, f"{' '.join(arguments)}\n{ended.stderr}"
    complaints = [line for line in ended.stderr.splitlines() if not _ALWAYS_SAID.fullmatch(line)]
    assert complaints == [], arguments
    return ended.stdout


def lint(document: bytes, folder: Path) -> list[str]:
    """What votlint finds, errors and warnings alike."""
    said = stilts("votlint", f"votable={_kept(document, folder)}").splitlines()
    # Newer versions tell besides what they do not judge.
    return [line for line in said if not line.startswith("INFO ")]


def lint_links(document: bytes, folder: Path) -> list[str]:
    """The errors and warnings of datalinklint, but for terms that only the vocabulary of today has."""
    file = _kept(document, folder)
    said = stilts("datalinklint", f"votable={file}", "report=EWF", f"maxrepeat={_MOST}").splitlines()
    faults = [line for line in said if re.match(r"[EWF]-", line)]
    terms = [found[1] if (found := _UNKNOWN_TERM.fullmatch(line)) else None for line in faults]
    return [
        line
        for line, term in zip(faults, terms, strict=True)
        if term is None or not matching_terms("datalink/core", term)
    ]


def _kept(document: bytes, folder: Path) -> Path:
    file = folder / "document.vot"
    file.write_bytes(document)
    return file
