"""Documents of Phase 2 for the tests, in the shapes that the API, p2api and exports have; small ones."""

from __future__ import annotations

import copy
from typing import Any

__all__ = ["EXPORT", "bundle", "container", "package"]

_BUNDLE: dict[str, Any] = {
    "ob": {
        "obId": 4725578,
        "itemType": "OB",
        "obStatus": "P",
        "name": "Quasar, first half",
        "exposureTime": 600,
        "executionTime": 1800.5,
        "runId": 116232900,
        "instrument": "FORS2",
        "ipVersion": 116.1,
        "migrate": False,
        "grade": "?",
        "userPriority": 1,
        "parentContainerId": 3131,
        "obsDescription": {"name": "No name", "userComments": "Ångström", "InstrumentComments": ""},
        "target": {
            "name": "HE 0841",
            "ra": "08:41:32.429",
            "dec": "-12:30:00.000",
            "equinox": "J2000",
            "epoch": 2000.0,
            "properMotionRa": 0.01,
            "properMotionDec": -0.02,
            "differentialRa": 0.0,
            "differentialDec": 0.0,
        },
        "constraints": {
            "name": "Dark",
            "airmass": 2.8,
            "skyTransparency": "Clear",
            "fli": 0.4,
            "seeing": 0.8,
            "moonDistance": 30,
            "twilight": 0,
            "waterVapour": 30.0,
        },
    },
    "run": {
        "runId": 116232900,
        "progId": "116.20AB.001",
        "containerId": 3130,
        "instrument": "FORS2",
        "telescope": "UT1",
        "mode": "SM",
        "period": 116,
        "title": "Quasars",
        "ipVersion": "116.10",
        "pi": {"firstName": "Tycho", "lastName": "Brahe"},
    },
    "templates": [
        {
            "templateId": 1,
            "templateName": "FORS2_img_acq",
            "type": "acquisition",
            "parameters": [{"name": "INS.FILT1.NAME", "type": "keyword", "value": "R_SPECIAL"}],
        },
        {
            "templateId": 2,
            "templateName": "FORS2_img_obs",
            "type": "science",
            "parameters": [
                {"name": "DET.WIN1.UIT1", "type": "number", "value": 300.0},
                {"name": "SEQ.NEXPO", "type": "integer", "value": 2},
                {"name": "SEQ.OFFSETS", "type": "numlist", "value": [0, 10.5, -3]},
                {"name": "SEQ.RETURN", "type": "boolean", "value": True},
                {"name": "INS.MASK", "type": "paramfile", "value": "mask.fims"},
            ],
        },
    ],
    "absoluteTimeConstraints": [
        {"from": "2026-01-01T00:00", "to": "2026-01-31T23:59"},
        {"from": "2026-03-01T00:00", "to": "2026-03-31T23:59"},
    ],
    "siderealTimeConstraints": [{"from": "03:00", "to": "24:00"}],
    "findingCharts": ["chart.jpg", {"name": "second.jpg", "file": "ob_4725578.fc2.jpg"}],
    "ephemeris": "$$SOE\n2026-Jan-01 00:00, 08 41 32.4, -12 30 00\n$$EOE",
    "readme": "Please centre on the fainter one.",
    "transitions": [{"time": "2025-11-01T10:00:00Z", "from": None, "to": "P", "actor": "brahe"}],
}

_PACKAGE: dict[str, Any] = {
    "instrument": "FORS2",
    "ipVersion": "116.10",
    "instrumentConstraints": {
        "observingConstraints": [
            {
                "name": "airmass",
                "label": "Airmass",
                "type": "float",
                "range": {"min": 1.0, "max": 5.0},
                "default": 1.6,
            },
            {
                "name": "skyTransparency",
                "type": "string",
                "values": ["Photometric", "Clear"],
                "default": "Clear",
            },
            {"name": "fli", "type": "float", "range": {"min": 0, "max": 1}, "default": 1.0},
            {"name": "seeing", "type": "float", "range": {"min": 0.4, "max": 5}, "default": 1.0},
            {"name": "moonDistance", "type": "integer", "range": {"min": 0, "max": 180}, "default": 30},
            {"name": "twilight", "type": "integer", "range": {"min": -45, "max": 0}, "default": 0},
            {"name": "waterVapour", "type": "float", "default": 30},
        ]
    },
    "templateSignatures": [
        {
            "templateName": "FORS2_img_acq",
            "type": "acquisition",
            "parameters": [
                {
                    "name": "INS.FILT1.NAME",
                    "type": "keyword",
                    "values": ["R_SPECIAL", "V_HIGH"],
                    "label": "Filter",
                    "minihelp": "Filter of the acquisition",
                }
            ],
        },
        {
            "templateName": "FORS2_img_obs",
            "type": "science",
            "parameters": [
                {"name": "DET.WIN1.UIT1", "type": "number", "range": "0.25..3600"},
                {
                    "name": "SEQ.NEXPO",
                    "type": "integer",
                    "range": [{"min": 1, "max": 10}, {"min": 20, "max": 100}],
                },
                {"name": "SEQ.OFFSETS", "type": "numlist", "default": [0]},
                {"name": "SEQ.RETURN", "type": "boolean", "default": True},
                {"name": "INS.MASK", "type": "paramfile", "default": ""},
            ],
        },
        {"templateName": "FORS2_cal_dark", "type": "calib"},
    ],
}

_CONTAINER: dict[str, Any] = {
    "container": {
        "containerId": 3131,
        "itemType": "TimeLink",
        "name": "Monitoring",
        "parentContainerId": 3130,
        "runId": 116232900,
        "itemCount": 2,
        "containerStatus": "P",
    },
    "items": [
        {"itemType": "OB", "obId": 4725578},
        {
            "itemType": "Concatenation",
            "containerId": 3132,
            "name": "Pair",
            "parentContainerId": 3131,
            "items": [{"itemType": "OB", "obId": 4725579}, {"itemType": "CB", "obId": 4725580}],
        },
    ],
    "scheduling": [
        {"obId": 4725578, "groupContribution": 50},
        {"containerId": 3132, "earliestAfterPrevious": 2, "latestAfterPrevious": "10:12:00"},
    ],
}

# As P2PP wrote them, escapes, blanks and an open quote included.
EXPORT = r"""IMPEX.VERSION "2.0"
STTimeIntervals         "{36000 43200 1} {21600 86400 0} "
absolute_times_list     "{2018-03-27T19:43:00 2018-03-30T23:12:00 0} "
calibrationReq          ""
type                    "O"
InstrumentComments      "first line\nsecond \"line\""
userComments            "mv=7.2"
userPriority            "1"
LineNumber              "0"
name                    "HD1461"
finding_chart_list      "HD1461_1.jpg HD1461_2.jpg "


objectClass         "  Star              "
comments                ""
ra                      " 00:18:41.867"
dec                     "- 08:03:10.80"
epoch                   "2000.0"
equinox                 "2000"
propDec                 "-0.14"
propRA                  "0.42"
diffRA                  "0.000000"
diffDec                 "0.000000"
TARGET.NAME             "HD 1461"


air_mass                      "2.0"
fractional_lunar_illumination "1.0"
sky_transparency              "Variable, thin cirrus"
moon_angular_distance         "30"
seeing                        "2.0"
StrehlRatio                   "0.0"
CONSTRAINT.SET.NAME           "No Name"


IPVersion                    "254.09"
instrument                   "UVES"
longDescription              ""
OBSERVATION.DESCRIPTION.NAME "No Name"


ACQUISITION.TEMPLATE.NAME "UVES_red_acq_imsl"
TEL.TARG.OFFSETALPHA "0.0"
TEL.AG.GUIDESTAR     "CATALOGUE"
INS.SLIT1.NAME       "NODEFAULT"


TEMPLATE.NAME "UVES_red_obs_exp"
DET2.READ.SPEED  "225kHz,1x1,low"
DET2.WIN1.UIT1   "120.0"
SEQ.NEXPO        "1"
SEQ.OPEN         "not closed
LONELY
"""


def bundle() -> dict[str, Any]:
    """An observation block with all its parts."""
    return copy.deepcopy(_BUNDLE)


def container() -> dict[str, Any]:
    """A time link that holds an observation block and a concatenation of two."""
    return copy.deepcopy(_CONTAINER)


def package() -> dict[str, Any]:
    """The package by which `bundle` was made."""
    return copy.deepcopy(_PACKAGE)
