"""Proposals as the API of ESO's proposal tool (p1) gives them: one JSON document with all parts of each.

The API answers each part by itself; a document has them together, with the API's names: the members of the
proposal, `investigators`, `targets`, `obsRuns`, and in each run `targets`, `observingSetups`, `observations`,
`telescopeTimes`. What the observatory adds later stands in the run too: `outcome`, `review`, `etc`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archive.declare import Record
from archive.declare.dataflow.allocation import OUTCOME, REVIEW
from archive.declare.dataflow.etc import ETC_REQUEST
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
from ..obsplan import follow_obsplan
from .allocations import allocation
from .conditions import conditions, first_text
from .documents import Node, document
from .etc_json import etc_row
from .identifiers import find_programme, period_of, programme_of, run_of

__all__ = ["p1_proposals"]

_SMALL = 2**31 - 1
_LONGEST_DAYS = 36_525  # of a proprietary time
_CODES = ("programmeId", "progId", "proposalCode", "code")
_RUN_CODES = ("runCode", "progId", "code")


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of a document, under its name in the archive."""

    programme_id: str
    run_id: str
    node: Node


@plugin(
    "p1-proposals",
    accepts=Accepts(names=("*.p1.json",)),
    tables=(
        PROGRAMME,
        ABSTRACT,
        INVESTIGATOR,
        INVESTIGATOR_ACCOUNT,
        RUN,
        RUN_SETUP,
        RUN_TARGET,
        OUTCOME,
        REVIEW,
        ETC_REQUEST,
    ),
    follows=follow_obsplan,
)
def p1_proposals(input: Input) -> Iterator[Record]:
    """Proposals with investigators, runs, setups and targets, as the API of p1 gives them (JSON)."""
    proposals = document(input).records("proposals")
    alone = len(proposals) == 1
    for node in proposals:
        yield from _proposal(input, node, input.name if alone else "")


def _proposal(input: Input, node: Node, name: str) -> Iterator[Record]:
    """`name` of the file, which may say the programme where the document does not."""
    own = node.node("proposal") if "proposal" in node else node
    # A document without runs would take them away from a programme that has some.
    run_nodes = node.items("obsRuns", required=True)
    programme_id = _programme_id(own, run_nodes, name)
    investigators = list(_investigators(programme_id, node))
    yield _programme(programme_id, own, [name for name, _ in investigators])
    yield from (row for _, rows in investigators for row in rows)
    if abstract := own.text("abstract"):
        yield ABSTRACT.row(programme_id=programme_id, abstract=abstract)
    targets = _targets_by_id(node)
    runs = [
        _Run(programme_id, _run_id(programme_id, run, number), run) for number, run in enumerate(run_nodes, 1)
    ]
    _check_once(runs)
    used: set[str] = set()
    for run in runs:
        yield _run(run)
        yield from _setups(run)
        for row, key in _run_targets(run, targets):
            used.add(key)
            yield row
        yield from _later(input, run)
    unused = [key for key in targets if key not in used]
    if unused:
        shown = ", ".join((targets[key].text("name") or key)[:40] for key in unused[:10])
        input.problem(f"{programme_id}: {len(unused)} targets belong to no run and are passed over: {shown}")


def _programme_id(own: Node, runs: tuple[Node, ...], name: str) -> str:
    text = first_text((own,), *_CODES)
    if text is not None:
        return text
    for run in runs:
        of_run = programme_of(first_text((run,), *_RUN_CODES) or "")
        if of_run is not None:
            return of_run
    found = find_programme(name)
    if found is None:
        raise UnreadableFile(
            f"{own.path} does not say which programme it is",
            hint=f"give it as {_CODES[0]}, or name the file after it, such as 116.20AB.p1.json",
        )
    return found


def _run_id(programme_id: str, run: Node, number: int) -> str:
    return first_text((run,), *_RUN_CODES) or run_of(programme_id, number)


def _check_once(runs: list[_Run]) -> None:
    seen: dict[str, _Run] = {}
    for run in runs:
        before = seen.setdefault(run.run_id, run)
        if before is not run:
            raise UnreadableFile(f"{before.node.path} and {run.node.path} are both run {run.run_id}")


def _programme(programme_id: str, own: Node, names: list[str]) -> Record:
    return PROGRAMME.row(
        programme_id=programme_id,
        period=own.integer("periodNumber", highest=_SMALL) or period_of(programme_id),
        cycle=first_text((own,), "cycle", "cycleName", "cycleId"),
        title=own.text("title"),
        programme_type=own.text("programmeType"),
        category=first_text((own,), "scientificCategory", "category", "subCategory"),
        pi_name=names[0] if names else None,
        status=first_text((own,), "status", "proposalStatus"),
        submitted=own.moment("submitted"),
        p1_proposal_id=own.integer("proposalId"),
    )


def _investigators(programme_id: str, node: Node) -> Iterator[tuple[str, list[Record]]]:
    """Names with their rows, the principal investigator first."""
    people = list(node.items("investigators"))
    people.sort(key=lambda person: _role(person) != "PI")
    for number, person in enumerate(people, 1):
        first, last = person.text("firstName"), person.text("lastName")
        name = first_text((person,), "name", "fullName") or " ".join(part for part in (first, last) if part)
        if not name:
            raise UnreadableFile(f"{person.path} has no name")
        place = _institute(person)
        row = INVESTIGATOR.row(
            programme_id=programme_id,
            investigator_number=number,
            investigator_role=_role(person),
            full_name=name,
            first_name=first,
            last_name=last,
            institute=place.text("name"),
            institute_code=first_text((place,), "code", "instituteId"),
            country=first_text((person, place), "country"),
            orcid=_orcid(person),
        )
        yield name, [row, *_account(programme_id, number, person)]


def _account(programme_id: str, number: int, person: Node) -> Iterator[Record]:
    email = first_text((person,), "email", "eMail", "emailAddress")
    account = first_text((person,), "userName", "accountName")
    if email or account:
        yield INVESTIGATOR_ACCOUNT.row(
            programme_id=programme_id,
            investigator_number=number,
            email=email.strip().lower() if email else None,
            account_name=account,
        )


def _orcid(person: Node) -> str | None:
    """Without the address of its page, which many write before it."""
    text = person.text("orcid")
    return text.strip().rstrip("/").rpartition("/")[2].upper() if text else None


def _institute(person: Node) -> Node:
    """An object with `name`, also where the person has the name itself."""
    if isinstance(person.any("institute").value, dict):
        return person.node("institute")
    return Node({"name": person.text("institute"), "code": person.text("instituteId")}, person.path)


def _role(person: Node) -> str:
    role = first_text((person,), "role", "investigatorRole") or "CoI"
    return {"pi": "PI", "dpi": "dPI", "delegatedpi": "dPI", "coi": "CoI", "co-i": "CoI"}.get(
        role.lower(), role
    )


def _run(run: _Run) -> Record:
    node = run.node
    run_type = node.text("runType")
    return RUN.row(
        programme_id=run.programme_id,
        run_id=run.run_id,
        period=node.integer("periodNumber", highest=_SMALL) or period_of(run.run_id),
        title=node.text("title"),
        instrument=node.text("instrument"),
        telescope=first_text((node,), "telescopeSetup", "telescope"),
        observing_mode=node.text("observingMode"),
        run_type=run_type,
        is_too=None if run_type is None else "too" in run_type.lower(),
        time_requested=_hours_requested(node),
        nights_requested=node.number("requestedNights"),
        month_preferred=node.text("preferredMonth"),
        proprietary_days=_proprietary_days(node),
        p1_run_id=node.integer("runId"),
        **conditions(node.node("constraints"), node),
    )


def _proprietary_days(node: Node) -> int | None:
    """Of days, or of months as ESO counts the proprietary time."""
    days = node.integer("proprietaryDays", highest=_LONGEST_DAYS)
    if days is None:
        months = node.integer("proprietaryMonths", highest=_LONGEST_DAYS // 31)
        days = None if months is None else round(months * 365.25 / 12)
    if days is not None and days < 0:
        raise UnreadableFile(f"{node.path}: a proprietary time of {days} days")
    return days


def _hours_requested(node: Node) -> float | None:
    """What the run states, else the sum of its telescope times, else that of its observations (seconds)."""
    hours = node.number("requestedHours")
    if hours is not None:
        return hours
    times = [one.number("telescopeTime") for one in node.items("telescopeTimes")] or [
        _observation_seconds(one) for one in node.items("observations")
    ]
    known = [seconds for seconds in times if seconds is not None]
    return sum(known) / 3600 if known else None


def _observation_seconds(observation: Node) -> float | None:
    seconds = observation.number("telescopeTime")
    repeats = observation.number("repeatCount")
    return None if seconds is None else seconds * (1 if repeats is None else repeats)


def _setups(run: _Run) -> Iterator[Record]:
    for number, setup in enumerate(run.node.items("observingSetups"), 1):
        names = [one.text("templateName") for one in setup.items("templates")]
        yield RUN_SETUP.row(
            programme_id=run.programme_id,
            run_id=run.run_id,
            setup_number=number,
            setup_name=setup.text("name"),
            instrument=setup.text("instrument") or run.node.text("instrument"),
            instrument_mode=first_text((setup,), "instrumentMode", "mode"),
            setting=first_text((setup,), "setting", "description"),
            templates=" ".join(name for name in names if name) or None,
            p1_setup_id=setup.integer("obsSetupId"),
            **conditions(setup.node("constraints"), setup),
        )


def _targets_by_id(node: Node) -> dict[str, Node]:
    """The proposal's targets by the number that the API gives them, else by their name."""
    found: dict[str, Node] = {}
    for target in node.items("targets"):
        key = first_text((target,), "targetId", "name")
        if key is None or key in found:
            raise UnreadableFile(f"{target.path} has no targetId of its own")
        found[key] = target
    return found


def _run_targets(run: _Run, targets: dict[str, Node]) -> Iterator[tuple[Record, str]]:
    """Rows with the keys of their targets, which the run names by number or name, or has as objects."""
    numbers = {key: number for number, key in enumerate(targets, 1)}
    seconds = _seconds_by_target(run.node)
    taken: set[str] = set()
    wanted: list[tuple[str, Node]] = []
    for item in run.node.items("targets"):
        key = _target_key(item)
        if key not in targets and isinstance(item.value, dict):
            # A target that only the run has.
            numbers[key] = len(numbers) + 1
        elif key not in targets:
            raise UnreadableFile(f"{item.path}: the proposal has no target {key[:60]!r}")
        wanted.append((key, targets.get(key, item)))
    for key, target in wanted:
        if key not in taken:
            taken.add(key)
            yield _target(run, numbers[key], target, seconds.get(key)), key


def _target_key(item: Node) -> str:
    holder = item if isinstance(item.value, dict) else Node({"targetId": item.value}, item.path)
    key = first_text((holder,), "targetId", "name")
    if key is None:
        raise item.wrong("the number or the name of a target")
    return key


def _seconds_by_target(node: Node) -> dict[str, float]:
    found: dict[str, float] = {}
    for observation in node.items("observations"):
        key, seconds = observation.text("targetId"), _observation_seconds(observation)
        if key is not None and seconds is not None:
            found[key] = found.get(key, 0.0) + seconds
    return found


def _target(run: _Run, number: int, target: Node, seconds: float | None) -> Record:
    movement = target.node("movement")
    moves = bool(target.flag("inSolarSystem"))
    ra, dec = (None, None) if moves else _position(target)
    magnitudes = [(one.text("band"), one.number("magnitude")) for one in target.items("brightness")]
    stated = [(band, magnitude) for band, magnitude in magnitudes if magnitude is not None]
    band, magnitude = stated[0] if stated else (None, None)
    return RUN_TARGET.row(
        programme_id=run.programme_id,
        run_id=run.run_id,
        target_number=number,
        target_name=target.text("name"),
        ra=ra,
        dec=dec,
        position_epoch=movement.number("epoch"),
        pm_ra=movement.number("properMotionRa"),
        pm_dec=movement.number("properMotionDec"),
        parallax=movement.number("parallax"),
        radial_velocity=movement.number("radialVelocity"),
        redshift=movement.number("redShift"),
        in_solar_system=target.flag("inSolarSystem"),
        magnitude=magnitude,
        magnitude_band=band,
        magnitudes=", ".join(f"{name or '?'} {value:g}" for name, value in stated) or None,
        sed=target.text("sed"),
        angular_size=target.text("angularSize"),
        time_requested=None if seconds is None else seconds / 3600,
        remarks=first_text((target,), "remarks", "comments"),
    )


def _position(target: Node) -> tuple[float | None, float | None]:
    ra, dec = target.angle("ra", hours=True), target.angle("dec")
    if (ra is None) != (dec is None):
        raise UnreadableFile(f"{target.path} has one of ra and dec, not both")
    if ra is not None and dec is not None and not (0 <= ra <= 360 and -90 <= dec <= 90):
        raise UnreadableFile(f"{target.path}: {ra:g} {dec:g} is no position on the sky")
    return ra, dec


def _later(input: Input, run: _Run) -> Iterator[Record]:
    for name in ("outcome", "review"):
        if name in run.node:
            yield from allocation(run.node.node(name), run.run_id, run.programme_id)
    for request in run.node.items("etc"):
        yield etc_row(input, request, run_id=run.run_id, programme_id=run.programme_id)
