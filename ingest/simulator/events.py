"""What set off the run for targets of opportunity: messages about a new star, and a trigger."""

from __future__ import annotations

from collections.abc import Iterator

from .blocks import NOVA, TRANSIENTS
from .plan import NIGHT
from .writing import as_json, stamp

__all__ = ["event_files"]

_STREAM = "ivo://uraniborg.example/newstars"
_SEEN = NIGHT + 0.34
_CONFIRMED = NIGHT + 0.39
_TRIGGERED = NIGHT + 0.40


def event_files() -> Iterator[tuple[str, str]]:
    """(name, text) of the messages (VOEvent 2.0) and of the trigger (JSON)."""
    first, second = f"{_STREAM}#1", f"{_STREAM}#2"
    seen = "A new star where there was none the night before"
    yield "voevent_newstars_1.xml", _message(first, _SEEN, seen, "", "")
    run = f'<Param name="run_id" value="{TRANSIENTS.id}" ucd="meta.id;obs.proposal"/>'
    cited = f'<Citations><EventIVORN cite="followup">{first}</EventIVORN></Citations>'
    yield "voevent_newstars_2.xml", _message(second, _CONFIRMED, "It is a nova: broad H-alpha", run, cited)
    trigger = {
        "runId": TRANSIENTS.id,
        "obId": NOVA.id,
        "ivorn": second,
        "triggered": stamp(_TRIGGERED),
        "executeWithin": "OneNight",
        "comments": "Before it fades; any seeing will do",
    }
    yield f"{TRANSIENTS.id}.trigger.json", as_json(trigger)


def _message(ivorn: str, sent: float, seen: str, more: str, cited: str) -> str:
    target = NOVA.target
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0"
 ivorn="{ivorn}" role="observation" version="2.0">
 <Who>
  <AuthorIVORN>ivo://uraniborg.example/tycho</AuthorIVORN>
  <Date>{stamp(sent)[:-1]}</Date>
  <Author><shortName>Stella nova</shortName></Author>
 </Who>
 <What>
  <Description>{seen}</Description>
  <Param name="magnitude" value="9.4" unit="mag" ucd="phot.mag;em.opt.V"/>
  {more}
 </What>
 <WhereWhen>
  <ObsDataLocation><ObservatoryLocation id="Paranal"/><ObservationLocation>
   <AstroCoordSystem id="UTC-FK5-GEO"/>
   <AstroCoords coord_system_id="UTC-FK5-GEO">
    <Time unit="s"><TimeInstant><ISOTime>{stamp(_SEEN)[:-1]}</ISOTime></TimeInstant></Time>
    <Position2D unit="deg">
     <Name1>RA</Name1><Name2>Dec</Name2>
     <Value2><C1>{target.ra}</C1><C2>{target.dec}</C2></Value2><Error2Radius>0.0003</Error2Radius>
    </Position2D>
   </AstroCoords>
  </ObservationLocation></ObsDataLocation>
 </WhereWhen>
 <Why importance="0.9"><Concept>nova</Concept></Why>
 {cited}
</voe:VOEvent>
"""
