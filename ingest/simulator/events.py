"""Documents of what sets off runs for targets of opportunity: messages about new stars, and triggers."""

from __future__ import annotations

from collections.abc import Iterator

from .season import Event, Season, Trigger
from .times import stamp
from .writing import as_json

__all__ = ["event_files"]


def event_files(season: Season) -> Iterator[tuple[str, str]]:
    """(name, text) of the messages (VOEvent 2.0) and of the triggers (JSON)."""
    for event in season.events:
        yield f"voevent_{event.name}.xml", _message(event)
    for trigger in season.triggers:
        yield f"{trigger.name}.trigger.json", as_json(_told(trigger))


def _told(trigger: Trigger) -> dict[str, object]:
    # With a name of its own: the message, which names the run too, may come later, and a run have several.
    return {
        "triggerId": trigger.name,
        "runId": trigger.run.id,
        "obId": trigger.block.id,
        "ivorn": trigger.ivorn,
        "triggered": stamp(trigger.time),
        "executeWithin": trigger.within,
        "comments": trigger.comments,
    }


def _message(event: Event) -> str:
    target, ivorn, sent, seen = event.target, event.ivorn, event.sent, event.description
    more = f'<Param name="run_id" value="{event.run.id}" ucd="meta.id;obs.proposal"/>' if event.run else ""
    cited = ""
    if event.cites:
        cited = f'<Citations><EventIVORN cite="followup">{event.cites}</EventIVORN></Citations>'
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
  <Param name="magnitude" value="{event.magnitude}" unit="mag" ucd="phot.mag;em.opt.V"/>
  {more}
 </What>
 <WhereWhen>
  <ObsDataLocation><ObservatoryLocation id="Paranal"/><ObservationLocation>
   <AstroCoordSystem id="UTC-FK5-GEO"/>
   <AstroCoords coord_system_id="UTC-FK5-GEO">
    <Time unit="s"><TimeInstant><ISOTime>{stamp(event.seen)[:-1]}</ISOTime></TimeInstant></Time>
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
