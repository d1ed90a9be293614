"""Phase 1 of the demonstration: programmes with those who proposed them, their runs and their fate.

Pure data; the documents are made of it in `phase1`.
"""

from __future__ import annotations

from ..wishes import Allocation, Investigator, Programme, Proposed
from .blocks import HIGH_RESOLUTION, TRANSIENTS
from .plan import CLUSTERS, DWARFS, GALAXIES, POPULATIONS

__all__ = ["PROGRAMMES"]

_HVEN = "Uraniborg"
_TYCHO = Investigator("Tycho", "Brahe", _HVEN, "DK", email="tycho@uraniborg.example")
_KEPLER = Investigator("Johannes", "Kepler", "Univerzita Karlova", "CZ", email="kepler@uraniborg.example")
_PROPRIETARY = 365  # days

PROGRAMMES: tuple[Programme, ...] = (
    Programme(
        "116.28AB",
        4711,
        "Old clusters and young spirals in the infrared",
        "B3",
        "Normal",
        "Colours and magnitudes of southern globular clusters, and of young stars in spirals nearby.",
        "2025-03-25T15:10:00Z",
        (
            _TYCHO,
            Investigator("Susanne", "Åkesson", "Lunds universitet", "SE"),
            Investigator("Søren", "Løvgren", "Københavns Universitet", "DK"),
            Investigator("Sophie", "Brahe", _HVEN, "DK"),
        ),
        (
            Proposed(
                CLUSTERS,
                8010,
                "HAWKI",
                "UT4",
                "SM",
                "Normal",
                4.0,
                1.0,
                0.7,
                Allocation(4.0, "A", 1.4, 3),
                ("NGC 3201", "NGC 6397"),
            ),
            Proposed(
                GALAXIES,
                8011,
                "HAWKI",
                "UT4",
                "SM",
                "Normal",
                3.0,
                0.9,
                0.5,
                Allocation(2.0, "B", 2.2, 17),
                ("M 83", "M 104"),
            ),
            Proposed(
                POPULATIONS,
                8012,
                "HAWKI",
                "UT4",
                "SM",
                "Normal",
                1.0,
                1.0,
                0.7,
                Allocation(1.0, "A", 1.4, 3),
                ("NGC 5139",),
                _PROPRIETARY,
            ),
        ),
    ),
    Programme(
        "116.29CD",
        4712,
        "White dwarfs as flux standards",
        "D5",
        "Large",
        "Spectrophotometry of bright white dwarfs, for the calibration of all who come after.",
        "2025-03-26T09:45:30Z",
        (
            Investigator("Christen", "Longomontanus", "Københavns Universitet", "DK"),
            _KEPLER,
            Investigator("Tadeáš", "Hájek", "Univerzita Karlova", "CZ"),
        ),
        (
            Proposed(
                DWARFS,
                8020,
                "FORS2",
                "UT1",
                "SM",
                "Large",
                6.0,
                1.5,
                1.0,
                Allocation(6.0, "C", 2.9, 41),
                ("LTT 4364", "EG 274", "EG 131", "LTT 7987"),
            ),
            Proposed(
                HIGH_RESOLUTION,
                8021,
                "UVES",
                "UT2",
                "VM",
                "Large",
                1.5,
                1.0,
                1.0,
                Allocation(1.0, "B", 2.4, 22),
                ("EG 274",),
                _PROPRIETARY,
            ),
        ),
    ),
    Programme(
        "116.2A0E",
        4713,
        "Spectra of what flares",
        "D1",
        "Normal",
        "Whatever new star appears is observed within a night, as in 1572.",
        "2025-03-27T11:02:00Z",
        (
            Investigator("守敬", "郭", "太史院", "CN", "郭守敬"),
            Investigator("علي", "ابن يونس", "دار الحكمة", "EG"),
            Investigator("Ὑπατία", "", "Μουσεῖον", "GR"),
        ),
        (
            Proposed(
                TRANSIENTS,
                8030,
                "FORS2",
                "UT1",
                "SM",
                "ToO",
                5.0,
                2.0,
                1.0,
                Allocation(5.0, "A", 1.7, 6),
                ("V1404 Cen",),
            ),
        ),
    ),
)
