"""What goes first: rules from the configuration, by keywords of FITS headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from archive.errors import ConfigurationError
from archive.protocol.incoming.values import LARGEST_PRIORITY
from archive.store import Header

__all__ = ["Priorities", "Rule"]

_RULE = re.compile(r"\s*(\d{1,4})\s+([^=]+?)\s*=\s*(.*?)\s*")


@dataclass(frozen=True, slots=True)
class Rule:
    """Files whose keyword fits the pattern (`*` and `?` as in a shell) have the priority."""

    priority: int
    keyword: str
    pattern: str

    def fits(self, header: Header) -> bool:
        value = header.get(self.keyword)
        return value is not None and fnmatchcase(str(value).strip(), self.pattern)


class Priorities:
    """The first rule that fits counts; what none fits has the usual priority."""

    def __init__(self, rules: Sequence[str], usual: int) -> None:
        self.usual = usual
        self.rules = tuple(_rule(text) for text in rules)
        if not 0 <= usual <= LARGEST_PRIORITY:
            raise ConfigurationError(f"ingestd_priority = {usual} is not from 0 to {LARGEST_PRIORITY}")

    def of(self, headers: Sequence[Header]) -> int:
        """`headers` of the HDUs of a file; none for files that are no FITS."""
        return next(
            (rule.priority for rule in self.rules if any(rule.fits(header) for header in headers)), self.usual
        )


def _rule(text: str) -> Rule:
    parts = _RULE.fullmatch(text)
    if parts is None or int(parts[1]) > LARGEST_PRIORITY or not parts[3]:
        raise ConfigurationError(
            f"ingestd_priorities: {text!r} is no rule",
            hint=f'a number to {LARGEST_PRIORITY}, a keyword, a pattern: "90 ESO OBS PROG ID = *.ToO"',
        )
    return Rule(int(parts[1]), parts[2], parts[3])
