"""What exposure-time calculators were asked and answered (JSON): ETC 2.0's, alone or with what it is for.

A document is `{request, response, runId, obId, ...}`, an array of such, or a bare request or answer of the
calculator. It has no published schema, so the whole of it is kept, and chief values that are not where they
are expected, or not of their type, are told as problems.
"""

from __future__ import annotations

import hashlib
import math
import re
import statistics
from collections.abc import Callable, Iterator
from typing import TypeVar

from archive.declare import Record
from archive.declare.dataflow.etc import ETC_REQUEST
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from .conditions import conditions, first_number, first_text
from .documents import Node, document
from .identifiers import programme_of

__all__ = ["etc_requests", "etc_row"]

_V = TypeVar("_V")

_SECTIONS = ("target", "sky", "seeing", "instrument", "timesnr", "output")
_LONGEST = 32 << 20  # characters of one request with its answer
_MOST_RATIOS = 2_000_000  # pixels of one answer that are looked at
_EXPOSURE = re.compile(r"(?:.*\.)?(?:DIT|UIT1?|EXPTIME|TEXP)", re.IGNORECASE)
_EXPOSURES = re.compile(r"(?:.*\.)?(?:NDIT|NEXPO?|NEXPOSURES)", re.IGNORECASE)


@plugin("etc-requests", accepts=Accepts(names=("*.etc.json",)), tables=ETC_REQUEST)
def etc_requests(input: Input) -> Iterator[Record]:
    """Requests to exposure-time calculators and their answers, with the run and OB they are for (JSON)."""
    seen: set[object] = set()
    for node in document(input).records("etc"):
        row = etc_row(input, node)
        if row.values[0] in seen:
            input.problem(f"{node.path} is the same request as one before it, and passed over")
            continue
        seen.add(row.values[0])
        yield row


def etc_row(
    input: Input, node: Node, *, run_id: str | None = None, programme_id: str | None = None
) -> Record:
    """The row of one request; the arguments are what the document around it tells."""
    request, response = _parts(node)
    run_id = first_text((node,), "runCode", "runId") if run_id is None else run_id
    programme_id = programme_id or node.text("programmeId") or programme_of(run_id or "")
    ob_id, setup = node.integer("obId"), first_text((node,), "setup", "setupName")
    asked, answered = request.dumped(), None if response is None else response.dumped()
    if len(asked) + len(answered or "") > _LONGEST:
        raise UnreadableFile(f"{node.path} has more than {_LONGEST} characters")
    return ETC_REQUEST.row(
        etc_id=node.text("etcId") or _checksum(run_id, ob_id, setup, asked),
        run_id=run_id,
        programme_id=programme_id,
        ob_id=ob_id,
        setup_name=setup,
        calculated=node.moment("calculated"),
        etc_version=first_text((node, *_some(response)), "etcVersion", "version"),
        request=asked,
        response=answered,
        **_chief_values(input, node, request, response),
    )


def _some(node: Node | None) -> tuple[Node, ...]:
    return () if node is None or not isinstance(node.value, dict) else (node,)


def _parts(node: Node) -> tuple[Node, Node | None]:
    """Request and answer: as such, or of a bare document of the calculator."""
    if "request" in node:
        return node.node("request"), node.node("response") if "response" in node else None
    if not any(name in node for name in _SECTIONS):
        raise UnreadableFile(f"{node.path} has no request", hint=f"a request has {', '.join(_SECTIONS)}")
    answer = {name: node.any(name).value for name in node.names if name in ("data", "plots")}
    asked = {name: node.any(name).value for name in node.names if name not in answer}
    return Node(asked, node.path), Node(answer, node.path) if answer else None


def _checksum(*about: object) -> str:
    text = "\n".join("" if one is None else str(one) for one in about)
    return "etc-" + hashlib.sha256(text.encode()).hexdigest()[:32]


class _Tolerant:
    """Values of a document without a schema: what has not the type that is expected is told, and None."""

    def __init__(self, input: Input) -> None:
        self._input = input

    def tried(self, pick: Callable[[], _V]) -> _V | None:
        try:
            return pick()
        except UnreadableFile as cause:
            self._input.problem(str(cause))
            return None

    def section(self, node: Node, name: str) -> Node:
        """An object in another, an empty one if there is none."""
        return self.tried(lambda: node.node(name)) or Node({}, node.path)

    def text(self, node: Node, *names: str) -> str | None:
        return self.tried(lambda: first_text((node,), *names))

    def number(self, node: Node, *names: str) -> float | None:
        return self.tried(lambda: first_number((node,), *names))

    def kind(self, node: Node, name: str, inner: str) -> str | None:
        """A word, or an object that has it as `inner`."""
        if isinstance(node.any(name).value, dict):
            return self.text(node.node(name), inner)
        return self.text(node, name)


def _chief_values(input: Input, node: Node, request: Node, response: Node | None) -> dict[str, object]:
    ask = _Tolerant(input)
    target, instrument = ask.section(request, "target"), ask.section(request, "instrument")
    brightness, timesnr = ask.section(target, "brightness"), ask.section(request, "timesnr")
    sky, seeing = ask.section(request, "sky"), ask.section(request, "seeing")
    ratios = _ratios(response)
    return {
        "instrument": ask.text(node, "instrumentName") or ask.text(instrument, "instrumentName", "name"),
        "instrument_mode": ask.text(instrument, "ins_configuration", "mode"),
        "target_name": ask.text(node, "targetName") or ask.text(target, "name"),
        "morphology": ask.kind(target, "morphology", "morphologytype"),
        "sed_type": ask.kind(target, "sed", "sedtype"),
        "magnitude": ask.number(brightness, "mag", "magnitude"),
        "magnitude_band": ask.text(brightness, "magband", "band"),
        "magnitude_system": ask.text(brightness, "magsys", "system"),
        "exposure_time": ask.tried(lambda: _matching(timesnr, _EXPOSURE)),
        "exposures": ask.tried(lambda: _whole(_matching(timesnr, _EXPOSURES))),
        "snr_wanted": ask.number(timesnr, "snr", "SNR"),
        "snr_median": statistics.median(ratios) if ratios else None,
        "snr_max": max(ratios, default=None),
        **(ask.tried(lambda: conditions(sky, seeing)) or {}),
    }


def _matching(node: Node, name: re.Pattern[str]) -> float | None:
    found = next((one for one in node.names if len(one) < 100 and name.fullmatch(one)), None)
    return None if found is None else node.number(found)


def _whole(number: float | None) -> int | None:
    return int(number) if number is not None and number.is_integer() and abs(number) < 2**31 else None


def _ratios(response: Node | None) -> list[float]:
    """All finite numbers of the answer that stand in arrays called snr, or in `data` of objects called so."""
    found: list[float] = []
    left: list[tuple[object, bool]] = [] if response is None else [(response.value, False)]
    while left and len(found) < _MOST_RATIOS:
        match left.pop():
            case dict() as members, is_ratio:
                left += [
                    (one, "snr" in name.lower() or (is_ratio and name == "data"))
                    for name, one in members.items()
                    if name != "plots"
                ]
            case list() as elements, is_ratio:
                left += [(one, is_ratio) for one in elements if isinstance(one, list | dict)]
                if is_ratio:
                    found += [float(one) for one in elements if _is_finite(one)]
            case _:
                pass
    return found


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) < 1e300
