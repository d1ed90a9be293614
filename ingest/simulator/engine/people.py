"""Who proposes, from where, and about what: names in the scripts of their owners, institutes, titles."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from ..wishes import Investigator

__all__ = ["OPERATORS", "SUBJECTS", "Subject", "in_headers", "team"]

# Astronomers of the past, as they or their times wrote their names; institutes where they might work.
_PEOPLE = (
    Investigator("Henrietta", "Leavitt", "Harvard College Observatory", "US"),
    Investigator("Cecilia", "Payne-Gaposchkin", "Harvard College Observatory", "US"),
    Investigator("Caroline", "Herschel", "University of Bath", "GB"),
    Investigator("Mary", "Somerville", "Royal Observatory Edinburgh", "GB"),
    Investigator("Maria", "Margaretha Kirch", "Leibniz-Institut für Astrophysik Potsdam", "DE"),
    Investigator("Friedrich", "Bessel", "Albertus-Universität Königsberg", "DE"),
    Investigator("Jérôme", "Lalande", "Observatoire de Paris", "FR"),
    Investigator("Nicole-Reine", "Lepaute", "Observatoire de Paris", "FR"),
    Investigator("Giovanni", "Schiaparelli", "Osservatorio Astronomico di Brera", "IT"),
    Investigator("Mikołaj", "Kopernik", "Uniwersytet Mikołaja Kopernika w Toruniu", "PL"),
    Investigator("Elżbieta", "Heweliusz", "Uniwersytet Gdański", "PL"),
    Investigator("Tadeáš", "Hájek", "Univerzita Karlova", "CZ"),
    Investigator("Anders", "Ångström", "Uppsala universitet", "SE"),
    Investigator("Søren", "Rømer", "Københavns Universitet", "DK"),
    Investigator("Åse", "Hansteen", "Universitetet i Oslo", "NO"),
    Investigator("José", "Comas Solà", "Observatori Fabra", "ES"),
    Investigator("Wang", "Zhenyi", "南京大学", "CN", "王贞仪"),
    Investigator("Seki", "Takakazu", "国立天文台", "JP", "関孝和"),
    Investigator("영실", "장", "한국천문연구원", "KR", "장영실"),
    Investigator("आर्यभट", "", "टाटा मूलभूत अनुसंधान संस्थान", "IN"),
    Investigator("محمد", "البتاني", "مرصد الرقة", "SY"),
    Investigator("Αρίσταρχος", "ο Σάμιος", "Εθνικό Αστεροσκοπείο Αθηνών", "GR"),
    Investigator("Фёдор", "Бредихин", "Пулковская обсерватория", "RU"),
    Investigator("Վիկտոր", "Համբարձումյան", "Բյուրականի աստղադիտարան", "AM"),
    Investigator("María", "Ruiz Muñoz", "Universidad de Chile", "CL"),
    Investigator("Ruby", "Payne-Scott", "University of Sydney", "AU"),
    Investigator("João", "de Castro", "Universidade de Lisboa", "PT"),
    Investigator("Işıl", "Takîyüddin", "İstanbul Üniversitesi", "TR"),
)
_ROOM = 40  # characters
# Last names as headers have them, where more than the accents has to go.
_ROMAN = {
    "Rømer": "ROMER",
    "Zhenyi": "WANG",
    "Takakazu": "SEKI",
    "장": "JANG",
    "आर्यभट": "ARYABHATA",
    "البتاني": "AL-BATTANI",
    "ο Σάμιος": "ARISTARCHUS",
    "Бредихин": "BREDIKHIN",
    "Համբարձումյան": "AMBARTSUMIAN",
}
OPERATORS = ("S. Brahe", "E. Flemløse", "P. Jacobsen", "C. Longomontanus", "M. Gómez", "Í. Sigurðsson")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a programme is about; `category` is the scientific one."""

    category: str
    title: str
    abstract: str


_WHERE = (
    "in the southern sky",
    "of the Milky Way's disc",
    "in the halo",
    "towards the bulge",
    "in the Magellanic Clouds",
    "beyond the Local Group",
)
_WHAT = (
    (
        "A1",
        "Galaxies at cosmic noon",
        "Redshifts and masses of galaxies of which little but colours is known.",
    ),
    ("A4", "Lensed quasars", "Delays between the images of quasars, for the expansion of the Universe."),
    ("B1", "Dwarf galaxies", "Whether their oldest stars formed together, as their colours suggest."),
    ("B3", "Star clusters", "Ages of clusters from their turn-offs, freed of the dust in front of them."),
    ("C2", "Young stellar objects", "How discs around young stars lose their gas, line by line."),
    ("C4", "Planets in transit", "Atmospheres of planets against the light of their stars."),
    ("D1", "Novae and their remnants", "Shells of novae, as they grow and fade."),
    ("D2", "Metal-poor stars", "What the first supernovae left in the stars that formed after them."),
    ("D3", "Cepheids and RR Lyrae", "Periods and luminosities of variable stars, once more and better."),
    ("D5", "White dwarfs", "The slowest clocks of the Galaxy, read by their spectra."),
)
SUBJECTS = tuple(
    Subject(category, f"{what} {where}", abstract) for where in _WHERE for category, what, abstract in _WHAT
)


def in_headers(people: tuple[Investigator, ...]) -> str:
    """Last names with slashes between, of as many as there is room for in a card, comment and all."""
    names = [_plain(person) for person in people]
    while len("/".join(names)) > _ROOM:
        del names[-1]
    return "/".join(names)


def _plain(person: Investigator) -> str:
    """The last name in the letters that FITS headers may have (FITS 4.0, 3.3.1)."""
    name = person.last or person.first
    plain = unicodedata.normalize("NFKD", _ROMAN.get(name, name)).upper()
    return "".join(letter for letter in plain if letter.isascii())


def team(random: np.random.Generator) -> tuple[Investigator, ...]:
    """Two to six people, of whom the first is the principal investigator."""
    chosen = random.choice(len(_PEOPLE), int(random.integers(2, 7)), replace=False)
    return tuple(_PEOPLE[place] for place in chosen)
