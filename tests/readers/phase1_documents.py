"""Documents of Phase 1 for the tests: a proposal as p1's API gives it, and one in LaTeX."""

from __future__ import annotations

import copy
from typing import Any

__all__ = ["ESOFORM", "etc_request", "proposal"]

_REQUEST: dict[str, Any] = {
    "target": {
        "morphology": {"morphologytype": "point"},
        "sed": {"sedtype": "spectrum", "extinctionav": 0, "spectrum": {"spectrumtype": "template"}},
        "brightness": {"brightnesstype": "mag", "mag": 21.5, "magband": "V", "magsys": "vega"},
    },
    "sky": {"airmass": 1.3, "moon_fli": 0.5, "pwv": 10.0},
    "seeing": {"turbulence_category": 50, "aperturepix": 12},
    "instrument": {"name": "Fors2", "ins_configuration": "IMG", "INS.FILT1.NAME": "v_HIGH"},
    "timesnr": {"DET.WIN1.UIT1": 300.0, "SEQ.NEXPO": 4},
    "output": {"snr": True},
}

_PROPOSAL: dict[str, Any] = {
    "proposalId": 4711,
    "progId": "116.20AB",
    "cycleId": 2696,
    "periodNumber": 116,
    "title": "Ästhetik der 銀河",
    "programmeType": "Normal",
    "scientificCategory": "B2",
    "status": "Submitted",
    "submitted": "2025-03-20T11:59:30Z",
    "abstract": "We ask for time.",
    "investigators": [
        {"firstName": "Ada", "lastName": "Ōe", "role": "CoI", "institute": "東京大学", "country": "JP"},
        {
            "firstName": "Tycho",
            "lastName": "Brahe",
            "role": "PI",
            "institute": {"name": "Uraniborg", "code": 1597, "country": "DK"},
            "orcid": "0000-0001-2345-6789",
            "email": "tycho@example.org",
        },
    ],
    "targets": [
        {
            "targetId": 1,
            "name": "M81",
            "ra": "09:55:33.173",
            "dec": "69:03:55.06",
            "coordinateSystem": "J2000",
            "inSolarSystem": False,
            "movement": {
                "properMotionRa": 0.1,
                "properMotionDec": -0.2,
                "epoch": 2000,
                "parallax": 0,
                "radialVelocity": -34.0,
                "redShift": 0,
                "useRedShift": False,
            },
            "sed": "none",
            "brightness": [{"band": "VVEGA", "magnitude": 8}, {"band": "KVEGA", "magnitude": 4.5}],
        },
        {"targetId": 2, "name": "Ceres", "ra": "00:00:00", "dec": "00:00:00", "inSolarSystem": True},
        {"targetId": 3, "name": "forgotten", "ra": "10:00:00", "dec": "-10:00:00"},
    ],
    "obsRuns": [
        {
            "runId": 8001,
            "runCode": "116.20AB.001",
            "title": "Images",
            "instrument": "FORS2",
            "periodNumber": 116,
            "observingMode": "SM",
            "telescopeSetup": "UT1",
            "runType": "Normal",
            "telescopeTimes": [{"telescopeTime": 7200}, {"telescopeTime": 1800}],
            "constraints": {"seeing": 0.8, "skyTransparency": "Clear", "fli": 0.5, "airmass": 1.6},
            "targets": [1, 2],
            "observingSetups": [
                {
                    "obsSetupId": 501,
                    "name": "V deep",
                    "constraints": {"turbulenceCategory": "70%"},
                    "templates": [
                        {"templateId": 1, "templateName": "FORS2_img_acq"},
                        {"templateId": 2, "templateName": "FORS2_img_obs_crsplit"},
                    ],
                }
            ],
            "observations": [
                {"targetId": 1, "obsSetupId": 501, "telescopeTime": 3600, "repeatCount": 2},
                {"targetId": 2, "obsSetupId": 501, "telescopeTime": 1800, "repeatCount": 1},
            ],
            "outcome": {"decision": "Scheduled", "priorityClass": "A", "allocatedHours": 2.5},
            "review": {"panel": "B", "opcGrade": 1.7, "opcRank": 12},
            "etc": [{"setup": "V deep", "obId": 4725578, "request": _REQUEST}],
        },
        {
            "runId": 8002,
            "runCode": "116.20AB.002",
            "instrument": "UVES",
            "periodNumber": 116,
            "observingMode": "VM",
            "telescopeSetup": "UT2",
            "runType": "Normal/ToO",
            "requestedNights": 1.5,
            "targets": [{"targetId": 1}],
        },
    ],
}


def proposal() -> dict[str, Any]:
    """A copy that a test may change."""
    return copy.deepcopy(_PROPOSAL)


def etc_request() -> dict[str, Any]:
    """A request as ETC 2.0 takes it."""
    return copy.deepcopy(_REQUEST)


ESOFORM = r"""% A proposal as users of ESO wrote them until period 104.
\documentclass{esoform}
\usepackage{graphicx}
\newcommand{\kms}{km\,s$^{-1}$}
\begin{document}
\Cycle{89A}
\Title{The H$\alpha$ line of {\"u}ber-giants: na\"{\i}ve -- or not?} % not \Title{this}
\SubCategoryCode{D4}
\ProgrammeType{NORMAL}
\Abstract{We ask for 100\% of the time {\it within braces {and braces}}.}
\ObservingRun{A}{89}{FORS2}{12h}{feb}{d}{0.8}{CLR}{s}{}
\ObservingRun{B}{89}{UVES}{1.5n}{any}{n}{PHO}{v}{TOO}
\ObservingRun{C}{89}{HAWKI}{soon}{any}{n}{n}{THN}{s}{}
\PI{TBRAHE}
\CoI{J.}{\v{C}ern\'y}{1597}
\CoI{\O.}{M{\"u}ller-Stra\ss e}{1200}
\CoI{Garc{\'\i}a, \'A.}{Universit\'e de Li\`ege}{B}{}
\INSconfig{A}{FORS2}{IMG}{v\_HIGH}
\INSconfig{A}{FORS2}{LSS}{GRIS\_300V}
\Target{A}{NGC 104}{00 24 05.67}{-72 04 52.6}{2}{V=4.1}{30 min}{a cluster}{S000123}
\Target{AB}{47~Tuc~X--9}{00 24 04.3}{$-$72 04 58}{0.5}{16}{}{}{}
\Target{A}{M\,31}{00:42:44.3}
       {+41:16:09}{1}{}{}{}{}
\Target{Z}{nowhere}{00 00}{0 0}{}{}{}{}{}
\MakeProposal
\FancyMacro{x}
\end{document}
\Title{Never read}
"""
