"""Messages about transient events, of all versions, and the runs that they set off."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from archive.errors import UnreadableFile
from ingest.readers.voevents import too_triggers, voevents
from tests.readers.mangling import survives, truncated, wrong_places
from tests.readers.phase2_support import RECEIVED, given, read, rows_of

NAME = "event.xml"
EVENT = """<?xml version="1.0" encoding="UTF-8"?>
<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" version="2.0" role="observation"
    ivorn="ivo://example.org/alerts#1">
  <Who>
    <AuthorIVORN>ivo://example.org/author</AuthorIVORN>
    <Author><title>Ωmega Alerts</title><contactName>Nobody</contactName></Author>
    <Date>2026-01-02T03:04:05</Date>
  </Who>
  <What>
    <Description>A flash</Description>
    <Param name="magnitude" value="17.3" unit="mag" ucd="phot.mag"><Description>not this</Description></Param>
    <Group name="requests">
      <Param name="ESO_RUN_ID" value="116.20AB.002"/>
      <Param name="note"><Value>in an element</Value></Param>
    </Group>
  </What>
  <WhereWhen><ObsDataLocation><ObservatoryLocation id="GEOLUN"/><ObservationLocation>
    <AstroCoordSystem id="UTC-ICRS-TOPO"/>
    <AstroCoords coord_system_id="UTC-ICRS-TOPO">
      <Time unit="s"><TimeInstant><ISOTime>2026-01-02T03:00:00.5</ISOTime></TimeInstant></Time>
      <Position2D unit="deg"><Name1>RA</Name1><Name2>Dec</Name2>
        <Value2><C1>74.7412</C1><C2>-9.3137</C2></Value2><Error2Radius>0.05</Error2Radius></Position2D>
    </AstroCoords></ObservationLocation></ObsDataLocation></WhereWhen>
  <Why importance="0.9"><Concept>process.variation.burst</Concept><Description>so bright</Description></Why>
  <Citations><EventIVORN cite="followup">ivo://example.org/alerts#0</EventIVORN></Citations>
</voe:VOEvent>
"""
TRIGGER: dict[str, Any] = {
    "runId": "116.20AB.002",
    "obId": 4725578,
    "containerId": 3131,
    "ivorn": "ivo://example.org/alerts#1",
    "triggered": "2026-01-02T03:10:00Z",
    "executeWithin": "OneNight",
    "phone": "+49 89 000",
    "notify": ["tycho@example.org"],
    "comments": "Please hurry.",
}


def _row(folder: Path, text: str, table: str = "dfs.voevent") -> dict[str, Any]:
    (row,) = rows_of(read(voevents, folder, text, NAME), table)
    return row


def test_an_event_becomes_a_row(tmp_path: Path) -> None:
    assert _row(tmp_path, EVENT) == {
        "ivorn": "ivo://example.org/alerts#1",
        "event_role": "observation",
        "voevent_version": "2.0",
        "author_ivorn": "ivo://example.org/author",
        "author_name": "Ωmega Alerts",
        "sent": datetime.fromisoformat("2026-01-02T03:04:05"),
        "received": RECEIVED,
        "event_time": datetime.fromisoformat("2026-01-02T03:00:00.5"),
        "time_text": "2026-01-02T03:00:00.5 UTC-ICRS-TOPO",
        "ra": 74.7412,
        "dec": -9.3137,
        "position_error": 0.05,
        "coordinate_system": "UTC-ICRS-TOPO",
        "description": "A flash\nso bright",
        "concept": "process.variation.burst",
        "importance": 0.9,
        "dp_id": f"plugin.{NAME}",
    }


def test_parameters_and_citations_are_rows(tmp_path: Path) -> None:
    records = read(voevents, tmp_path, EVENT, NAME)
    assert [
        (one.get("group_name"), one["param_name"], one["param_value"])
        for one in rows_of(records, "dfs.voevent_param")
    ] == [
        (None, "magnitude", "17.3"),
        ("requests", "ESO_RUN_ID", "116.20AB.002"),
        ("requests", "note", "in an element"),
    ]
    assert rows_of(records, "dfs.voevent_citation") == [
        {
            "ivorn": "ivo://example.org/alerts#1",
            "cited_ivorn": "ivo://example.org/alerts#0",
            "citation": "followup",
        }
    ]


def test_an_event_that_names_a_run_sets_it_off(tmp_path: Path) -> None:
    assert _row(tmp_path, EVENT, "dfs.too_trigger") == {
        "trigger_id": "116.20AB.002 ivo://example.org/alerts#1",
        "run_id": "116.20AB.002",
        "programme_id": "116.20AB",
        "ivorn": "ivo://example.org/alerts#1",
        "triggered": datetime.fromisoformat("2026-01-02T03:04:05"),
    }


def test_triggers_are_kept_without_telephone_numbers(tmp_path: Path) -> None:
    (row,) = rows_of(read(too_triggers, tmp_path, TRIGGER, "a.trigger.json"), "dfs.too_trigger")
    assert row == {
        "trigger_id": "116.20AB.002 ivo://example.org/alerts#1",
        "run_id": "116.20AB.002",
        "programme_id": "116.20AB",
        "ob_id": 4725578,
        "container_id": 3131,
        "ivorn": "ivo://example.org/alerts#1",
        "triggered": datetime.fromisoformat("2026-01-02T03:10:00"),
        "execute_within": "OneNight",
        "comments": "Please hurry.",
    }


@pytest.mark.parametrize(
    ("old", "new", "changed", "problem"),
    [
        ("UTC-ICRS-TOPO", "FK5-UTC-GEO", {}, None),
        ("UTC-ICRS-TOPO", "TDB-ICRS-BARY", {"event_time": "2026-01-02T02:58:51.315"}, None),
        ("UTC-ICRS-TOPO", "GPS-ICRS-TOPO", {"event_time": None}, "no scale of time that is known"),
        ("UTC-ICRS-TOPO", "UTC-FK4-TOPO", {"ra": None, "position_error": None}, "is not kept as ra, dec"),
        ('unit="deg"', 'unit="furlong"', {"ra": None, "dec": None}, "the position in furlong"),
        ('unit="deg"', 'unit="arcsec"', {"ra": 74.7412 / 3600}, None),
        ("<Name1>RA<", "<Name1>GLON<", {"ra": None}, "'glon'"),
        ("<C1>74.7412<", "<C1>474.7412<", {"ra": None}, "474.741 -9.3137 is no position on the sky"),
        ("<C1>74.7412<", "<C1>?<", {"ra": None}, None),
        ("2026-01-02T03:00:00.5", "yesterday", {"event_time": None}, "'yesterday' is no time"),
        ("2026-01-02T03:00:00.5", "0001-01-01T00:00:00", {"event_time": "0001-01-01T00:00:00"}, None),
        ('importance="0.9"', 'importance="very"', {"importance": None}, None),
        (' role="observation"', "", {}, None),
    ],
)
def test_events_differ(
    tmp_path: Path, old: str, new: str, changed: dict[str, Any], problem: str | None
) -> None:
    input = given(tmp_path, NAME, EVENT.replace(old, new))
    row = rows_of(list(voevents.reader(input)), "dfs.voevent")[0]
    for name, value in changed.items():
        found = row.get(name)
        if isinstance(found, datetime):
            assert abs(found - datetime.fromisoformat(value)).total_seconds() < 0.01
        else:
            assert found == value
    assert [problem in told for told in input.problems] == ([True] if problem else [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<VOTable/>", "event.xml is a VOTable, not a VOEvent"),
        ("<VOEvent/>", "event.xml has no ivorn"),
        ("<VOEvent ivorn='x'", "event.xml: "),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><VOEvent ivorn='&b;'/>", "document type of its own"),
        ("<VOEvent ivorn='" + "x" * 5000 + "'/>", "has no ivorn"),
        ("<VOEvent ivorn='x'>" + " " * (17 << 20) + "</VOEvent>", "more than 16 MiB"),
        (
            "<VOEvent ivorn='x'><What>" + "<Param/>" * 20_001 + "</What></VOEvent>",
            "more than 20000 parameters",
        ),
        ("<a>" * 5000, "event.xml: "),
    ],
    ids=range(8),
)
def test_what_is_no_event_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(voevents, tmp_path, content, NAME)
    assert message in str(caught.value)


def test_a_message_with_nothing_but_its_name_is_kept(tmp_path: Path) -> None:
    row = _row(tmp_path, "<VOEvent ivorn='ivo://x/y#z'><!-- nothing --><?pi?></VOEvent>")
    assert row == {
        "ivorn": "ivo://x/y#z",
        "event_role": "observation",
        "received": RECEIVED,
        "dp_id": f"plugin.{NAME}",
    }


def test_truncated_and_damaged_messages_are_refused_or_read(tmp_path: Path) -> None:
    content = EVENT.encode()
    assert not any(survives(voevents, tmp_path, part, NAME) for part in truncated(content[:-10], 17))
    for place in range(0, len(EVENT), 61):
        for inserted in (
            "<",
            ">",
            "&",
            '"',
            "<x>",
            "<x/>",
            "\0",
            "&#0;",
            "&#x110000;",
            "]]>",
            "<!--",
            "9e999",
        ):
            survives(voevents, tmp_path, EVENT[:place] + inserted + EVENT[place:], NAME)


def test_triggers_with_wrong_types_are_refused_or_read(tmp_path: Path) -> None:
    outcomes = [
        survives(too_triggers, tmp_path, document, "a.trigger.json")
        for document in wrong_places({"triggers": [TRIGGER]})
    ]
    assert {True, False} == set(outcomes)


def test_events_are_told_by_their_looks() -> None:
    assert voevents.accepts.may_take("Gaia16aac.XML")
    assert voevents.accepts.looks is not None
    assert voevents.accepts.looks(EVENT.encode()[:200])
    assert not voevents.accepts.looks(b"<VOTABLE/>")


@pytest.mark.real
def test_real_messages(tmp_path: Path) -> None:
    folder = Path(os.environ["URANIBORG_DATA"]) / "voevent"
    found = {}
    for path in sorted(folder.glob("*.xml")):
        input = given(tmp_path, path.name, path.read_bytes())
        records = list(voevents.reader(input))
        assert input.problems == []
        (row,) = rows_of(records, "dfs.voevent")
        found[path.name] = (row["ra"], row["dec"], str(row["event_time"])[:19], len(records) > 5)
    assert found == {
        "Gaia16aac.xml": (73.29423, 7.35212, "2016-01-16 07:51:18", True),
        "MOA_Lensing_Event_2015-07-10T14_50_54.00.xml": (268.686, -29.7073, "2015-07-10 14:50:54", True),
        "SWIFT_bat_position_v2.0_example.xml": (74.7412, -9.3137, "2012-09-07 00:24:23", True),
        "gbm_flt_pos.xml": (193.0, -31.75, "2011-09-04 03:54:36", True),
    }
