"""What a request asks for: the cut-outs that its parameters describe, one for each combination of values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from math import prod

from ...declare.identifiers import dp_id_of
from ...declare.parameters import Arguments, Parameter
from ...declare.regions import Region
from ...errors import BadParameter, SeveralValues, UsageError
from ...pixels import Selection
from ..ranges import as_region, circle, interval, polygon, position
from .parameters import BAND, CIRCLE, ID, POL, POLYGON, POS, PREFIX, RESPONSEFORMAT, TIME

__all__ = ["Asked", "asked_at_once", "asked_in_job"]

MOST = 1000  # cut-outs of one job
# FITS 4.0, table 29; ObsCore separates them by slashes, and so do some who copy them from there.
_STATES = frozenset("I Q U V RR LL RL LR XX YY XY YX".split())
_SINGLE = (ID, POS, CIRCLE, POLYGON, BAND, TIME)
_UNSAFE = re.compile(r"[^A-Za-z0-9._:+-]+")
_ENDING = re.compile(r"(\.(fits?|fts))?(\.(fz|gz|Z|bz2))?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """One cut-out: of which file, what, and how it is to be called. `texts` are the parameters as they came.

    `dp_id` is empty when the identifier can be none of ours.
    """

    identifier: str
    dp_id: str
    selection: Selection
    texts: tuple[str, ...]
    prefix: str
    media_type: str

    @property
    def is_whole(self) -> bool:
        """Whether nothing but a dataset is named."""
        return not self.texts

    @property
    def note(self) -> str:
        return f"Cut out of {self.dp_id} by {' '.join(self.texts)}"

    @property
    def filename(self) -> str:
        stem = _UNSAFE.sub("_", _ENDING.sub("", self.dp_id))
        return f"{self.prefix}_{stem}.fits" if self.prefix else f"{stem}_cutout.fits"


def asked_at_once(arguments: Arguments, authority: str) -> Asked:
    """The one cut-out of a sync request; SeveralValues when it asks for more (SODA 1.0, 3.1)."""
    for parameter in _SINGLE:
        given = len(arguments.all(parameter))
        if given > 1:
            raise SeveralValues(
                parameter.name, f"given {given} times", hint="send one request for each, or make a job"
            )
    (asked,) = asked_in_job(arguments, authority)
    return asked


def asked_in_job(arguments: Arguments, authority: str) -> list[Asked]:
    """All combinations of the values (SODA 1.0, 6); those of POL are one filter together (3.3.6)."""
    identifiers = _texts(arguments, ID)
    if not identifiers:
        raise BadParameter("ID", "is missing", hint="name a dataset by its publisher DID")
    filters = [parameter for parameter in (POS, CIRCLE, POLYGON, BAND, TIME) if _texts(arguments, parameter)]
    values = [_texts(arguments, parameter) for parameter in filters]
    if len(identifiers) * prod(len(some) for some in values) > MOST:
        raise UsageError(f"these would be more than {MOST} cut-outs", hint="make several jobs of them")
    states = _states(arguments)
    return [
        _asked(arguments, authority, identifier, dict(zip(filters, combination, strict=True)), states)
        for identifier in identifiers
        for combination in product(*values)
    ]


def _asked(
    arguments: Arguments,
    authority: str,
    identifier: str,
    chosen: dict[Parameter, str],
    states: frozenset[str],
) -> Asked:
    dp_id = dp_id_of(authority, identifier) or ""
    texts = [f"{parameter.name}={' '.join(text.split())}" for parameter, text in chosen.items()]
    texts += [f"POL={state}" for state in sorted(states)]
    selection = Selection(
        tuple(_region(parameter, text) for parameter, text in chosen.items() if parameter in _SHAPES),
        _limits(BAND, chosen),
        _limits(TIME, chosen),
        states,
    )
    prefix = _UNSAFE.sub("_", arguments.text(PREFIX) or "")[:100]
    media_type = "image/fits" if arguments.text(RESPONSEFORMAT) == "image/fits" else "application/fits"
    dp_id = dp_id if dp_id.isprintable() else ""
    return Asked(identifier, dp_id, selection, tuple(texts), prefix, media_type)


_SHAPES = (POS, CIRCLE, POLYGON)


def _region(parameter: Parameter, text: str) -> Region:
    if parameter is CIRCLE:
        return as_region(parameter.name, circle(parameter.name, text))
    return polygon(parameter.name, text) if parameter is POLYGON else position(parameter.name, text)


def _limits(parameter: Parameter, chosen: dict[Parameter, str]) -> tuple[float, float] | None:
    if parameter not in chosen:
        return None
    found = interval(parameter.name, chosen[parameter])
    return found.low, found.high


def _states(arguments: Arguments) -> frozenset[str]:
    states = {
        state for text in _texts(arguments, POL) for state in re.split(r"[\s,/]+", text.upper()) if state
    }
    if unknown := sorted(states - _STATES):
        raise BadParameter(
            "POL", f"there is no state {unknown[0][:40]!r}", hint="use " + ", ".join(sorted(_STATES))
        )
    return frozenset(states)


def _texts(arguments: Arguments, parameter: Parameter) -> list[str]:
    return [str(value).strip() for value in arguments.all(parameter)]
