"""Messages about transient events (VOEvent 2.0 and 1.x), and what the observatory did about them.

Elements are found by their names without namespaces, since few authors get those right. A message whose
parameter `run_id` names a run tells that it sets that run off; so do JSON documents of triggers, in the shape
in which the API for observation blocks (p2) takes them. Telephone numbers and addresses are not archived.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from datetime import datetime

import erfa
from astropy.time import Time
from lxml import etree

from archive.declare import Record
from archive.declare.dataflow.voevents import TOO_TRIGGER, VOEVENT, VOEVENT_CITATION, VOEVENT_PARAM
from archive.declare.parts import part_of
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from .conditions import first_text
from .documents import as_text, document, parse_moment, parse_number
from .identifiers import programme_of
from .tabular import loose

__all__ = ["too_triggers", "voevents"]

_LONGEST = 16 << 20
_MOST_PARAMS = 20_000
_LONGEST_NAME = 2000
_DEGREES = {"deg": 1.0, "degree": 1.0, "degrees": 1.0, "deg-deg": 1.0, "": 1.0, "arcmin": 1 / 60}
_DEGREES |= {"arcsec": 1 / 3600, "rad": math.degrees(1.0)}
_OTHER_FRAMES = {"FK4", "GALACTIC", "GALACTIC_II", "ECLIPTIC", "SUPER_GALACTIC"}
_SCALES = ("UTC", "TDB", "TAI", "TT")
# What a message knows of a trigger; its block is told by the document of the trigger, whichever comes first.
_SET_OFF = part_of(TOO_TRIGGER, "run_id", "programme_id", "ivorn", "triggered")
_RUN_PARAMS = {"runid", "esorunid", "progid", "observingrun"}


def _is_voevent(beginning: bytes) -> bool:
    return b"VOEvent" in beginning


@plugin(
    "voevents",
    accepts=Accepts(names=("*.xml", "*.voevent"), looks=_is_voevent),
    tables=(VOEVENT, VOEVENT_PARAM, VOEVENT_CITATION, _SET_OFF),
)
def voevents(input: Input) -> Iterator[Record]:
    """Messages about transient events (VOEvent 2.0 and 1.x, XML), and the runs that they set off."""
    if len(input.content) > _LONGEST:
        raise UnreadableFile(f"{input.name} has more than {_LONGEST >> 20} MiB: no message is that long")
    root = input.xml
    if _name(root) != "VOEvent":
        raise UnreadableFile(f"{input.name} is a {_name(root)[:60]}, not a VOEvent")
    ivorn = as_text(root.get("ivorn") or root.get("id") or "")
    if not ivorn or len(ivorn) > _LONGEST_NAME:
        raise UnreadableFile(f"{input.name} has no ivorn, by which events are told apart")
    sent = _moment(input, _first_text(root, "Who", "Date") or "")
    yield _event(input, root, ivorn, sent)
    yield from _citations(input, root, ivorn)
    params = list(_params(root, ivorn))
    yield from params
    for run_id in dict.fromkeys(_runs_of(params)):
        yield _SET_OFF.row(
            trigger_id=f"{run_id} {ivorn}",
            run_id=run_id,
            programme_id=programme_of(run_id),
            ivorn=ivorn,
            triggered=sent or input.received,
        )


@plugin("too-triggers", accepts=Accepts(names=("*.trigger.json",)), tables=TOO_TRIGGER)
def too_triggers(input: Input) -> Iterator[Record]:
    """Triggers of runs for targets of opportunity: which run, when, by which event (JSON)."""
    for node in document(input).records("triggers"):
        run_id = first_text((node,), "runCode", "runId")
        if run_id is None:
            raise UnreadableFile(f"{node.path}.runId is missing")
        triggered, cause = node.moment("triggered"), first_text((node,), "ivorn", "event")
        ob_id, container_id = node.integer("obId"), node.integer("containerId")
        about = cause or (triggered.isoformat() if triggered else f"OB {ob_id or container_id}")
        yield TOO_TRIGGER.row(
            trigger_id=node.text("triggerId") or f"{run_id} {about}",
            run_id=run_id,
            programme_id=programme_of(run_id),
            ob_id=ob_id,
            container_id=container_id,
            ivorn=cause,
            triggered=triggered,
            execute_within="RRM" if node.flag("rrm") else node.text("executeWithin"),
            comments=node.text("comments"),
        )


def _event(input: Input, root: etree._Element, ivorn: str, sent: datetime | None) -> Record:
    where = _find(root, "WhereWhen")
    system = _coordinate_system(where)
    ra, dec, error = _position(input, where, system)
    time_text = _first_text(where, "ISOTime") or ""
    importance = parse_number(_attribute(_child(root, "Why"), "importance") or "")
    author = _find(root, "Author")
    return VOEVENT.row(
        ivorn=ivorn,
        event_role=as_text(root.get("role") or "observation"),
        voevent_version=as_text(root.get("version") or "") or None,
        author_ivorn=_first_text(root, "AuthorIVORN") or _first_text(root, "Publisher"),
        author_name=next(
            filter(None, (_first_text(author, one) for one in ("title", "shortName", "contactName"))), None
        ),
        sent=sent,
        received=input.received,
        event_time=_event_time(input, time_text, system),
        time_text=" ".join(filter(None, (time_text, system))) or None,
        ra=ra,
        dec=dec,
        position_error=error,
        coordinate_system=system or None,
        description="\n".join(_descriptions(root)) or None,
        concept="; ".join(_all_texts(_child(root, "Why"), "Concept")) or None,
        importance=importance if importance is not None and 0 <= importance <= 1 else None,
        dp_id=input.dp_id,
    )


def _descriptions(root: etree._Element) -> Iterator[str]:
    """The message's own description, then those of What and Why, not those of their parameters."""
    for holder in (root, _child(root, "What"), _child(root, "Why")):
        for child in () if holder is None else holder:
            if _name(child) == "Description" and (text := _text(child)):
                yield text


def _coordinate_system(where: etree._Element | None) -> str:
    for name, attribute in (("AstroCoords", "coord_system_id"), ("AstroCoordSystem", "id")):
        text = _attribute(_find(where, name), attribute)
        if text:
            return text.upper()
    return ""


def _position(
    input: Input, where: etree._Element | None, system: str
) -> tuple[float | None, float | None, float | None]:
    """Right ascension, declination and radius of the error in degrees; None where there are none."""
    place = _find(where, "Position2D")
    if place is None:
        place = _find(where, "Position3D")
    if place is None:
        return None, None, None
    unit = (_attribute(place, "unit") or "deg").split("-")[0].lower()
    names = [(_first_text(place, f"Name{one}") or "").lower() for one in (1, 2)]
    if (
        unit not in _DEGREES
        or (names[0] and not names[0].startswith("ra"))
        or _OTHER_FRAMES & set(system.split("-"))
    ):
        input.problem(
            f"the position in {unit[:40]}, {names[0][:40]!r}, {system[:40]!r} is not kept as ra, dec"
        )
        return None, None, None
    numbers = [parse_number(_first_text(place, name) or "") for name in ("C1", "C2", "Error2Radius")]
    ra, dec, error = (None if number is None else number * _DEGREES[unit] for number in numbers)
    if ra is None or dec is None:
        return None, None, None
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        input.problem(f"{ra:g} {dec:g} is no position on the sky")
        return None, None, None
    return ra, dec, error if error is not None and 0 <= error <= 180 else None


def _event_time(input: Input, text: str, system: str) -> datetime | None:
    """In UTC, from the scale that the system of coordinates names; UTC if there is no system."""
    moment = _moment(input, text)
    # UTC-FK5-GEO in VOEvent 2.0, FK5-UTC-GEO in some of 1.1.
    scale = next((part for part in system.split("-") if part in _SCALES), None) if system else "UTC"
    if moment is None or scale == "UTC":
        return moment
    if scale is None:
        input.problem(
            f"{system[:40]!r} names no scale of time that is known: {text[:60]!r} is kept as text only"
        )
        return None
    with warnings.catch_warnings():
        # "Dubious year": UTC did not exist before 1960, and its future leap seconds are not known.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        try:
            found: datetime = Time(moment, scale=scale.lower()).utc.to_datetime()
        except ValueError:
            input.problem(f"the time {text[:60]!r} of scale {scale} has no UTC")
            return None
    return found


def _moment(input: Input, text: str) -> datetime | None:
    moment = parse_moment(text)
    if moment is None and text:
        input.problem(f"{text[:60]!r} is no time as 2016-01-16T07:52:27")
    return moment


def _params(root: etree._Element, ivorn: str) -> Iterator[Record]:
    what = _child(root, "What")
    for number, param in enumerate(_all(what, "Param"), 1):
        if number > _MOST_PARAMS:
            raise UnreadableFile(f"{ivorn[:100]} has more than {_MOST_PARAMS} parameters")
        group = param.getparent()
        of_group = group is not None and _name(group) == "Group"
        value = _attribute(param, "value")
        yield VOEVENT_PARAM.row(
            ivorn=ivorn,
            param_number=number,
            group_name=_attribute(group, "name") if of_group else None,
            param_name=_attribute(param, "name"),
            param_value=value if value is not None else _first_text(param, "Value"),
            param_unit=_attribute(param, "unit"),
            param_ucd=_attribute(param, "ucd"),
        )


def _runs_of(params: list[Record]) -> Iterator[str]:
    name, value = (list(VOEVENT_PARAM.by_name).index(one) for one in ("param_name", "param_value"))
    for param in params:
        text = str(param.values[value] or "")
        if loose(str(param.values[name] or "")) in _RUN_PARAMS and programme_of(text):
            yield text


def _citations(input: Input, root: etree._Element, ivorn: str) -> Iterator[Record]:
    seen: set[str] = set()
    for cited in _all(_child(root, "Citations"), "EventIVORN", "EventID"):
        name = _text(cited)
        if not name or name in seen or len(name) > _LONGEST_NAME:
            input.problem(f"a citation of {name[:100]!r} is passed over")
            continue
        seen.add(name)
        yield VOEVENT_CITATION.row(ivorn=ivorn, cited_ivorn=name, citation=_attribute(cited, "cite"))


def _name(element: etree._Element) -> str:
    """Without its namespace; empty for comments and processing instructions."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _child(element: etree._Element | None, name: str) -> etree._Element | None:
    return None if element is None else next((one for one in element if _name(one) == name), None)


def _all(element: etree._Element | None, *names: str) -> Iterator[etree._Element]:
    """The descendants of these names, in their order."""
    for one in () if element is None else element.iter():
        if one is not element and _name(one) in names:
            yield one


def _find(element: etree._Element | None, name: str) -> etree._Element | None:
    return next(_all(element, name), None)


def _all_texts(element: etree._Element | None, name: str) -> list[str]:
    return [text for one in _all(element, name) if (text := _text(one))]


def _first_text(element: etree._Element | None, *path: str) -> str | None:
    """The text of the first descendant that these names lead to."""
    for name in path:
        element = _find(element, name)
    return None if element is None else _text(element) or None


def _text(element: etree._Element) -> str:
    return as_text("".join(element.itertext("*")) if len(element) else element.text or "")


def _attribute(element: etree._Element | None, name: str) -> str | None:
    text = None if element is None else element.get(name)
    return None if text is None else as_text(text) or None
