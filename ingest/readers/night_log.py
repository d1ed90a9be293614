"""Night logs, `<dp_id>.NL.txt`: texts that operators and their tools write, without a specification.

What is read in them is what their users read in them: lines as "Grade: A", rows of templates and files with
tabs between, stations of interferometers. All other lines are comments. Nothing in a text hinders; the whole
of it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from archive.declare.dataflow.night_log import NIGHT_LOG, NIGHT_LOG_ENTRY
from archive.declare.tables import Record
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from .documents import BIGINT, as_text, parse_moment
from .executions import GRADES
from .tolerance import first_line, night_of

__all__ = ["night_log"]

_ENDING = ".nl.txt"
_MOST_ROWS = 20_000  # of one log; those of a whole night are some hundred
_LONGEST_CELL = 200
_KEY = re.compile(r"[ \t]*(grade|target|ob|container|run|comments?|night)[ \t]*:(.*)", re.IGNORECASE)
_STATION = re.compile(r"[ \t]*STATION\w*\b[ \t:=]*(.*)", re.IGNORECASE)
_NUMBERED = re.compile(r"(.*?)[ \t]*[(\[]?(\d{1,19})[)\]]?")
_RULER = re.compile(r"[ \t]*[-=_*#~]{3,}[ \t]*")
_FILE = re.compile(r"[A-Za-z0-9+_-]{1,20}\.(\d{4}-\d\d-\d\dT\d\d[:_]\d\d[:_]\d\d(?:\.\d{1,6})?)")
_ENDINGS = re.compile(r"\.(?:fits|fits\.fz|fits\.Z|fits\.gz|NL\.txt|txt)\Z", re.IGNORECASE)


@dataclass(slots=True)
class _Log:
    """What was found so far. Of a key that stands several times the last value counts, as its users do."""

    keys: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    stations: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


@plugin("night-log", accepts=Accepts(names=(f"*{_ENDING}",)), tables=(NIGHT_LOG, NIGHT_LOG_ENTRY))
def night_log(input: Input) -> Iterable[Record]:
    """Night logs of raw files: grade, target, observation block, run, comments, and rows of templates."""
    dp_id = (
        input.name[: -len(_ENDING)].replace("_", ":") if _is_spelled(input) else input.name[: -len(_ENDING)]
    )
    if not dp_id:
        raise UnreadableFile(f"{input.name}: the name of a night log begins with that of its file")
    text = as_text(input.text)
    if not text:
        raise UnreadableFile(f"{input.name} is empty")
    log = _read(input, text)
    yield _row(input, dp_id, log, text)
    yield from _entries(dp_id, log.rows)


def _is_spelled(input: Input) -> bool:
    """Whether the colons of a time are written as underscores, as file systems want it that forbid colons."""
    match = _FILE.match(input.name)
    return match is not None and "_" in match[1]


def _read(input: Input, text: str) -> _Log:
    log = _Log()
    for number, line in enumerate(text.split("\n"), 1):
        key, station = _KEY.fullmatch(line), _STATION.match(line)
        if key is not None:
            _keep(log, key[1].lower(), key[2].strip())
        elif station is not None:
            log.stations += [word for word in station[1].split()[-1:] if len(word) <= _LONGEST_CELL]
        elif "\t" in line.strip():
            if len(log.rows) == _MOST_ROWS:
                input.problem(f"line {number}: more than {_MOST_ROWS} rows; those from here on are not read")
            if len(log.rows) <= _MOST_ROWS:
                log.rows.append(tuple(cell.strip() for cell in line.split("\t")))
        elif line.strip() and not _RULER.fullmatch(line):
            log.comments.append(line.strip())
    return log


def _keep(log: _Log, key: str, value: str) -> None:
    if key.startswith("comment"):
        log.comments += [value] if value else []
    elif value:
        log.keys[key] = value


def _row(input: Input, dp_id: str, log: _Log, text: str) -> Record:
    ob_name, ob_id = _numbered(input, "OB", log.keys.get("ob"))
    container_name, container_id = _numbered(input, "Container", log.keys.get("container"))
    return NIGHT_LOG.row(
        dp_id=dp_id,
        night=_night(dp_id),
        ob_id=ob_id,
        ob_name=ob_name,
        container_id=container_id,
        container_name=container_name,
        run_id=_last_word(log.keys.get("run")),
        target_name=first_line(log.keys.get("target", "")),
        grade=_grade(input, log.keys.get("grade")),
        stations="-".join(log.stations[:10]) or None,
        comments="\n".join(log.comments) or None,
        log_text=text,
    )


def _numbered(input: Input, key: str, text: str | None) -> tuple[str | None, int | None]:
    """Name and number of a line as "OB: NGC1234_J 200187889"."""
    if text is None or text == "-":
        return None, None
    # Some hundred characters are more than any name has, and bound the search.
    match = _NUMBERED.fullmatch(text[:500])
    if match is None or int(match[2]) > BIGINT:
        input.problem(f"{key}: {text[:80]!r} has no number at its end")
        return first_line(text), None
    return first_line(match[1]), int(match[2])


def _last_word(text: str | None) -> str | None:
    words = (text or "").split()
    return first_line(words[-1]) if words else None


def _grade(input: Input, text: str | None) -> str | None:
    """The letter that ends the line, or begins it: "Grade: within constraints A", "Grade: A (seeing 0.7)"."""
    if text is None:
        return None
    words = text.upper().split()
    for letter in (words[-1], words[0]):
        if letter in {"-", "?"}:
            return "?"
        if letter in GRADES:
            return letter
    input.problem(f"Grade: {text[:20]!r} is no grade, which are {' '.join(GRADES)}")
    return None


def _night(dp_id: str) -> str | None:
    match = _FILE.match(dp_id)
    moment = parse_moment(match[1].replace("_", ":")) if match else None
    return night_of(moment) if isinstance(moment, datetime) else None


def _entries(dp_id: str, rows: Iterable[tuple[str, ...]]) -> Iterator[Record]:
    for number, cells in enumerate(rows, 1):
        yield NIGHT_LOG_ENTRY.row(
            dp_id=dp_id,
            entry_number=number,
            template_name=first_line(cells[0]),
            entry_dp_id=next((name for cell in cells[:4] if (name := _file_of(cell))), None),
            cells="\t".join(cells),
        )


def _file_of(cell: str) -> str | None:
    name = _ENDINGS.sub("", cell)
    return name if len(name) <= _LONGEST_CELL and _FILE.fullmatch(name) else None
