"""What the benchmarks measured: kept by group, written as JSON and as the tables of docs/performance.md.

A time is worth something only beside another of the same run, so most figures are ratios to a limit
(what PostgreSQL alone takes) or to a peer, with the most that the ratio may be. How to measure is the
benchmarks' business.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["Figure", "Figures", "machine"]

_BEGIN, _END = "<!-- figures of the last make bench -->", "<!-- end of the figures -->"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `limit` is the value of the other side, in the same `unit`; `most` bounds the ratio
    to it or, where there is no other side, the value itself.
    """

    group: str
    case: str
    value: float
    unit: str = "s"
    limit: float | None = None
    against: str = ""
    most: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if self.limit is None else self.value / self.limit

    @property
    def holds(self) -> bool:
        measured = self.value if self.ratio is None else self.ratio
        return self.most is None or measured <= self.most


class Figures:
    """All figures of a run, in the order in which they were measured."""

    def __init__(self) -> None:
        self.all: list[Figure] = []

    def add(self, figure: Figure) -> None:
        """Keeps a figure, then fails when it is beyond its bound."""
        self.all.append(figure)
        print(_line(figure))
        assert figure.holds, _line(figure)

    def write(self, folder: Path, page: Path) -> None:
        """`bench.json` in `folder`; the tables in `page`, where groups that were not run keep theirs."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "bench.json"
        known = _read(file)
        known |= {group: _measured(figures) for group, figures in _grouped(self.all).items()}
        file.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
        text = page.read_text()
        tables = "\n".join(_table(group, known[group]) for group in sorted(known))
        pattern = f"{re.escape(_BEGIN)}.*{re.escape(_END)}"
        page.write_text(re.sub(pattern, lambda _: f"{_BEGIN}\n{tables}{_END}", text, flags=re.DOTALL))


def machine() -> str:
    """What the figures were measured on, in a line."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(os.sched_getaffinity(0))} cores ({cpu[1].strip() if cpu else platform.machine()}), "
        f"{memory:.0f} GiB, {_system()}, Python {sys.version.split()[0]}"
    )


def _system() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())


def _grouped(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(figure.group, []).append(figure)
    return groups


def _measured(figures: list[Figure]) -> dict[str, object]:
    return {
        "machine": machine(),
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load": round(os.getloadavg()[0], 1),
        "figures": [asdict(figure) for figure in figures],
    }


def _read(file: Path) -> dict[str, dict[str, object]]:
    try:
        known: dict[str, dict[str, object]] = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    return known


def _table(group: str, measured: dict[str, object]) -> str:
    lines = [
        f"### {group}",
        "",
        f"{measured['measured']}, {measured['machine']}, load {measured['load']}",
        "",
        "| | measured | beside | ratio | at most |",
        "|---|---:|---|---:|---:|",
    ]
    figures = measured["figures"]
    assert isinstance(figures, list)
    lines += [_row(Figure(**figure)) for figure in figures]
    return "\n".join(lines) + "\n"


def _row(figure: Figure) -> str:
    beside = "" if figure.limit is None else f"{_said(figure.limit, figure.unit)} ({figure.against})"
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    most = "" if figure.most is None else f"{figure.most:g}"
    return f"| {figure.case} | {_said(figure.value, figure.unit)} | {beside} | {ratio} | {most} |"


def _line(figure: Figure) -> str:
    return _row(figure).strip("| ").replace(" | ", "  ")


def _said(value: float, unit: str) -> str:
    if unit == "s" and value < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:.3g} {unit}" if abs(value) < 1000 else f"{value:.0f} {unit}"
