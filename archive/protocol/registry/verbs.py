"""OAI-PMH 2.0: the arguments of a request, checked, and the tokens by which a list goes on.

Every refusal is an `OaiError` with the protocol's own code, which is answered with HTTP 200 (3.6).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["MANAGED", "PREFIXES", "Arguments", "Listing", "OaiError", "arguments_of", "listing_of"]

PREFIXES = ("ivo_vor", "oai_dc")
MANAGED = "ivo_managed"  # the set of the records that a registry itself publishes

_LISTING = frozenset({"from", "until", "set", "metadataPrefix", "resumptionToken"})
_ALLOWED = {
    "Identify": frozenset[str](),
    "ListMetadataFormats": frozenset({"identifier"}),
    "ListSets": frozenset({"resumptionToken"}),
    "ListIdentifiers": _LISTING,
    "ListRecords": _LISTING,
    "GetRecord": frozenset({"identifier", "metadataPrefix"}),
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?", re.ASCII)


class OaiError(Exception):
    """`code` of 3.6, such as badArgument."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Arguments:
    """A request whose arguments are allowed with its verb, each of them given once."""

    verb: str
    values: dict[str, str]

    def needed(self, name: str) -> str:
        if name not in self.values:
            raise OaiError("badArgument", f"{self.verb} needs the argument {name}")
        return self.values[name]

    def prefix(self) -> str:
        prefix = self.needed("metadataPrefix")
        if prefix not in PREFIXES:
            raise OaiError(
                "cannotDisseminateFormat", f"{prefix!r} is none of the formats here: {', '.join(PREFIXES)}"
            )
        return prefix


@dataclass(frozen=True, slots=True)
class Listing:
    """A list and how far it has come: everything that a resumption token says.

    `revision` of the records, 0 for the newest; `first` and `last` datestamps as ISO text, "" for open ends;
    `after` the last identifier sent, `cursor` how many were sent, `size` how many there are in all.
    """

    verb: str
    prefix: str
    revision: int = 0
    first: str = ""
    last: str = ""
    after: str = ""
    cursor: int = 0
    size: int = 0

    def token(self) -> str:
        text = json.dumps(list(asdict(self).values()), separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        first, last = (datetime.fromisoformat(end) if end else None for end in (self.first, self.last))
        return first, last


def arguments_of(pairs: Sequence[tuple[str, str]]) -> Arguments:
    verbs = [value for name, value in pairs if name == "verb"]
    if len(verbs) != 1:
        said = "verb is missing" if not verbs else "verb is given more than once"
        raise OaiError("badVerb", f"{said}; use one of {', '.join(_ALLOWED)}")
    (verb,) = verbs
    if verb not in _ALLOWED:
        raise OaiError("badVerb", f"{verb!r} is no verb; use one of {', '.join(_ALLOWED)}")
    values: dict[str, str] = {}
    for name, value in pairs:
        if name == "verb":
            continue
        if name not in _ALLOWED[verb]:
            raise OaiError("badArgument", f"{verb} has no argument {name!r}")
        if name in values:
            raise OaiError("badArgument", f"{name} is given more than once")
        values[name] = value
    if "resumptionToken" in values and len(values) > 1:
        raise OaiError("badArgument", "resumptionToken is an exclusive argument")
    return Arguments(verb, values)


def listing_of(arguments: Arguments) -> Listing:
    """The list that is asked for, or the one that its token goes on with."""
    token = arguments.values.get("resumptionToken")
    if token is not None:
        return _continued(arguments.verb, token)
    prefix = arguments.prefix()
    first, last = (arguments.values.get(name) for name in ("from", "until"))
    if first is not None and last is not None and len(first) != len(last):
        raise OaiError("badArgument", "from and until must have the same granularity")
    begin = _moment("from", first)
    end = _moment("until", last)
    if begin and end and begin > end:
        raise OaiError("badArgument", "from is later than until")
    if end and last is not None and "T" not in last:
        end += timedelta(days=1, seconds=-1)  # until the end of that day
    if arguments.values.get("set", MANAGED) != MANAGED:
        raise OaiError("noRecordsMatch", f"there is no set but {MANAGED}")
    return Listing(
        arguments.verb, prefix, first=begin.isoformat() if begin else "", last=end.isoformat() if end else ""
    )


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    wrong = OaiError("badArgument", f"{name}={text!r} is neither YYYY-MM-DD nor YYYY-MM-DDThh:mm:ssZ")
    if not _MOMENT.fullmatch(text):
        raise wrong
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError as cause:
        raise wrong from cause


def _continued(verb: str, token: str) -> Listing:
    refused = OaiError("badResumptionToken", "this token is none of ours, or for another verb")
    try:
        padded = token + "=" * (-len(token) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        listing = Listing(*values)
        for value, default in zip(values, asdict(Listing("", "")).values(), strict=True):
            if type(value) is not type(default):
                raise refused
        _ = listing.span
    except (binascii.Error, ValueError, TypeError, RecursionError) as cause:
        raise refused from cause
    sound = listing.prefix in PREFIXES and 0 < listing.revision < 2**63 and listing.after.isprintable()
    if listing.verb != verb or not sound or listing.cursor < 0 or listing.size < 0:
        raise refused
    return listing
