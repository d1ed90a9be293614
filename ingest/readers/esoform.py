"""Proposals in LaTeX with ESO's class esoform, as they were until period 104.

A file does not say which programme it became, so its name has to: 089.B-0123.tex. Macros are read tolerantly:
missing arguments are unknown values, macros that are not of the form are passed over and told as problems.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from archive.declare import Record
from archive.declare.dataflow.phase1 import (
    ABSTRACT,
    INVESTIGATOR,
    INVESTIGATOR_ACCOUNT,
    PROGRAMME,
    RUN,
    RUN_SETUP,
    RUN_TARGET,
)
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from .documents import as_text, parse_angle, parse_number
from .identifiers import find_programme, period_of, run_of
from .tex import Macro, macros

__all__ = ["esoform"]

_MOST_ROWS = 50_000  # macros of one proposal; real ones have some hundred
_MOST_UNKNOWN = 20  # that are told by name

_TYPES = {"normal": "Normal", "large": "Large", "too": "ToO", "short": "Short", "calibration": "Calibration"}
_TYPES |= {"monitoring": "Monitoring", "gto": "GTO", "ddt": "DDT"}
_TRANSPARENCIES = {"PHO": "Photometric", "CLR": "Clear", "THN": "Variable, thin cirrus", "THK": "Thick"}
_MODES = {"s": "SM", "v": "VM", "d": "DVM"}
# Visitors ask for halves of nights (2H1: two first halves), and say how a total is split (5n=2x2+1x1).
_TIME = re.compile(
    r"([0-9]{1,6}(?:\.[0-9]{0,6})?|\.[0-9]{1,6})\s*(h[12]|[hn][a-z]*|(?==))(?:=.*)?", re.IGNORECASE
)
_MAGNITUDE = re.compile(
    r"(?:([A-Za-z]['A-Za-z_]{0,9})\s*(?:=|~|≈)?\s*)?(-?[0-9]{1,2}(?:\.[0-9]{1,6})?)(?:\s*mag)?", re.IGNORECASE
)
_BOUND = re.compile(r"[<≤≲~≈∼]=?\s*")
_UNIT_BEFORE_POINT = re.compile(r"[hmds°'′″\"](?=\.[0-9])")
_UNITS_OF_ANGLES = re.compile(r"\s*\^?[hmds°'′″”\":]\s*")
_BLANK = {"", "-", "–", "n", "na", "n/a", "any", "none", "tbd", "..."}

# Macros of the form, and of LaTeX around it, that hold nothing for the tables.
_PASSED_OVER = frozenset(
    "documentclass usepackage newcommand renewcommand providecommand def begin input include label "
    "MakeProposal MakePicture MakePictures Makeproposal SpecialFeatures SpecialRemarks PreferredDates "
    "ScientificRationale ImmediateObjective ScientificAim ScientificAimsObjectives WhyLunarPhase WhyNights "
    "TelescopeJustification ModeJustification Calibrations LastObservationRemark RequestedDataRemark "
    "RequestedDataReport Publications TargetNotes NightsAwarded NightsFuture AwardedNights FutureNights "
    "UnsuitableTimes TimeCritical TimingConstraints HasTimingConstraints Link RelatedRuns RunSplitting "
    "SpecialNeeds Area GTOcontract GuaranteedTimeObservation Thesis Students Strategy Figures Attachments "
    "PhDThesis Supervisor FinalRemark BackupStrategy ReportPast Duplications Requirements Boxed".split()
)


@dataclass
class _Form:
    """What has been gathered from a file so far."""

    programme_id: str
    input: Input
    values: dict[str, str] = field(default_factory=dict)
    pi_name: str | None = None
    people: list[Record] = field(default_factory=list)
    accounts: list[Record] = field(default_factory=list)
    runs: dict[str, Record] = field(default_factory=dict)
    setups: list[Record] = field(default_factory=list)
    setup_counts: Counter[str] = field(default_factory=Counter)
    targets: list[Macro] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)

    def problem(self, macro: Macro, text: str) -> None:
        self.input.problem(f"line {macro.line}, \\{macro.name}: {text}")


def _looks_like_esoform(beginning: bytes) -> bool:
    return b"esoform" in beginning or b"\\ObservingRun" in beginning


@plugin(
    "esoform",
    accepts=Accepts(names=("*.tex",), looks=_looks_like_esoform),
    tables=(PROGRAMME, ABSTRACT, INVESTIGATOR, INVESTIGATOR_ACCOUNT, RUN, RUN_SETUP, RUN_TARGET),
)
def esoform(input: Input) -> Iterator[Record]:
    """Proposals in LaTeX of the class esoform, named after their programme."""
    form = _Form(_programme_id(input), input)
    for number, macro in enumerate(macros(input.text)):
        if number > _MOST_ROWS:
            raise UnreadableFile(f"{input.name} has more than {_MOST_ROWS} macros")
        _take(form, macro)
    if not form.values and not form.runs:
        raise UnreadableFile(f"{input.name} has none of the macros of esoform, such as \\Title{{...}}")
    for name, line in list(form.unknown.items())[:_MOST_UNKNOWN]:
        input.problem(f"line {line}: \\{name} is not of the form, and passed over")
    yield _programme(form)
    if abstract := form.values.get("Abstract"):
        yield ABSTRACT.row(programme_id=form.programme_id, abstract=abstract)
    yield from form.people
    yield from form.accounts
    yield from form.runs.values()
    yield from form.setups
    for number, target in enumerate(form.targets, 1):
        yield from _targets(form, number, target)


def _programme_id(input: Input) -> str:
    found = find_programme(input.name)
    if found is None:
        raise UnreadableFile(
            f"{input.name}: a proposal in LaTeX does not tell which programme it became",
            hint="name the file after the programme, such as 089.B-0123.tex",
        )
    return found


def _take(form: _Form, macro: Macro) -> None:
    match macro.name:
        case "Cycle" | "Title" | "ProgrammeType" | "SubCategoryCode" | "Abstract":
            form.values[macro.name] = as_text(macro.argument(0))
        case "PI" | "CoI":
            _person(form, macro)
        case "ObservingRun" | "AlternativeRun":
            _run(form, macro)
        case "INSconfig":
            _setup(form, macro)
        case "Target":
            form.targets.append(macro)
        case name if name not in _PASSED_OVER:
            form.unknown.setdefault(name, macro.line)
        case _:
            pass


def _programme(form: _Form) -> Record:
    values = form.values
    kind = values.get("ProgrammeType", "")
    cycle = values.get("Cycle", "")
    digits = re.match(r"[0-9]{1,4}", cycle)
    return PROGRAMME.row(
        programme_id=form.programme_id,
        period=int(digits[0]) if digits else period_of(form.programme_id),
        cycle=cycle or None,
        title=values.get("Title") or None,
        programme_type=_TYPES.get(kind.lower(), kind) or None,
        category=values.get("SubCategoryCode") or None,
        pi_name=form.pi_name,
    )


def _person(form: _Form, macro: Macro) -> None:
    """\\PI{account}, \\CoI{initials}{surname}{institute code}, or name, institute, country, address."""
    first, second, third = (as_text(macro.argument(number)) for number in range(3))
    coded = len(macro.arguments) == 3 and (third.isdecimal() or not third)
    name = " ".join(part for part in (first, second) if part) if coded else first
    if not name:
        form.problem(macro, "nobody is named")
        return
    if macro.name == "PI":
        form.pi_name = form.pi_name or name
    form.people.append(
        INVESTIGATOR.row(
            programme_id=form.programme_id,
            investigator_number=len(form.people) + 1,
            investigator_role=macro.name,
            full_name=name,
            first_name=first if coded else None,
            last_name=second if coded else None,
            institute=None if coded else second or None,
            institute_code=(third or None) if coded else None,
            country=None if coded else third or None,
        )
    )
    address = as_text(macro.argument(3)).strip().lower()
    email = address if not coded and "@" in address else None
    account = name if len(macro.arguments) == 1 else None
    if email or account:
        form.accounts.append(
            INVESTIGATOR_ACCOUNT.row(
                programme_id=form.programme_id,
                investigator_number=len(form.people),
                email=email,
                account_name=account,
            )
        )


def _run(form: _Form, macro: Macro) -> None:
    """\\ObservingRun{letter}{period}{instrument}{time}{month}{moon}{seeing}{transparency}{mode}{type}."""
    letter, period, instrument, time, month, moon, *rest = (as_text(macro.argument(n)) for n in range(10))
    if not letter or len(letter) > 10:
        form.problem(macro, "the run has no letter")
        return
    if letter in form.runs:
        form.problem(macro, f"run {letter} stands twice; the second one is passed over")
        return
    if len(macro.arguments) < 10 and rest[0].upper() in _TRANSPARENCIES:
        rest = ["", *rest[:3]]  # written without seeing
    seeing, transparency, mode, kind = rest
    hours, nights = _time(form, macro, time)
    form.runs[letter] = RUN.row(
        programme_id=form.programme_id,
        run_id=run_of(form.programme_id, 1, letter),
        period=int(period) if re.fullmatch("[0-9]{1,4}", period) else period_of(form.programme_id),
        instrument=instrument or None,
        observing_mode=_MODES.get(mode.lower(), mode.upper()) or None,
        run_type=_TYPES.get(kind.lower(), kind) or "Normal",
        is_too=any(word in kind.lower() for word in ("too", "rrm")),
        time_requested=hours,
        nights_requested=nights,
        month_preferred=month or None,
        moon=moon or None,
        seeing=_number(form, macro, seeing, "seeing"),
        sky_transparency=_TRANSPARENCIES.get(transparency.upper(), transparency) or None,
    )


def _setup(form: _Form, macro: Macro) -> None:
    """\\INSconfig{letter}{instrument}{mode}{setting}."""
    letters, instrument, mode, setting = (as_text(macro.argument(number)) for number in range(4))
    for letter in _letters(form, macro, letters):
        form.setup_counts[letter] += 1
        form.setups.append(
            RUN_SETUP.row(
                programme_id=form.programme_id,
                run_id=run_of(form.programme_id, 1, letter),
                setup_number=form.setup_counts[letter],
                instrument=instrument or None,
                instrument_mode=mode or None,
                setting=setting or None,
            )
        )


def _targets(form: _Form, number: int, macro: Macro) -> Iterator[Record]:
    """\\Target{letters}{name}{ra}{dec}{hours}{magnitude}{diameter}{remarks}{star for guiding}."""
    letters, name, ra, dec, time, magnitude, size, *remarks = (as_text(macro.argument(n)) for n in range(9))
    hours, _ = _time(form, macro, f"{time}h" if parse_number(time) is not None else time)
    longitude = _angle(form, macro, ra, "right ascension", hours=True)
    latitude = _angle(form, macro, dec, "declination", hours=False)
    if longitude is None or latitude is None or longitude == latitude == 0:
        longitude = latitude = None  # 00 00 00 00 00 00 stands for targets that are not known yet
    band = _MAGNITUDE.fullmatch(magnitude)
    for letter in _letters(form, macro, letters):
        yield RUN_TARGET.row(
            programme_id=form.programme_id,
            run_id=run_of(form.programme_id, 1, letter),
            target_number=number,
            target_name=name or None,
            ra=longitude,
            dec=latitude,
            magnitude=float(band[2]) if band else None,
            magnitude_band=band[1] if band else None,
            magnitudes=magnitude or None,
            angular_size=size or None,
            time_requested=hours,
            remarks="; ".join(part for part in remarks if part) or None,
        )


def _letters(form: _Form, macro: Macro, text: str) -> list[str]:
    """The runs that "A", "ABC" or "A, B" mean; others are told as problems."""
    parts = [text] if text in form.runs else [part for part in re.split(r"[\s,;+]+", text) if part]
    known = [part for part in parts if part in form.runs]
    if not known:
        known = [letter for letter in dict.fromkeys(text[:60]) if letter in form.runs]
    if not known:
        form.problem(macro, f"{text[:60]!r} is no run of this proposal")
    return list(dict.fromkeys(known))


def _time(form: _Form, macro: Macro, text: str) -> tuple[float | None, float | None]:
    """Hours and nights, of which one is None."""
    match = _TIME.fullmatch(text)
    if match is None:
        if text.lower() not in _BLANK:
            form.problem(macro, f"{text[:60]!r} is no time as 12h or 3n")
        return None, None
    amount, unit = float(match[1]), match[2].lower()
    if unit in ("h1", "h2"):
        return None, amount / 2
    return (amount, None) if unit.startswith("h") else (None, amount)


def _number(form: _Form, macro: Macro, text: str, what: str) -> float | None:
    number = parse_number(_BOUND.sub("", text, count=1))
    if number is None and text.lower() not in _BLANK:
        form.problem(macro, f"{text[:60]!r} is no {what}")
    return number


def _angle(form: _Form, macro: Macro, text: str, what: str, *, hours: bool) -> float | None:
    written = _UNIT_BEFORE_POINT.sub("", text.replace("–", "-").replace("−", "-").lstrip("+ "))
    angle = parse_angle(_UNITS_OF_ANGLES.sub(":", written).rstrip(":."), hours=hours)
    if angle is not None and not (0 <= angle < 360 if hours else -90 <= angle <= 90):
        angle = None
    if angle is None and text.lower() not in _BLANK:
        form.problem(macro, f"{text[:60]!r} is no {what}")
    return angle
