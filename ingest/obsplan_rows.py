"""A row of ivoa.obsplan from what is known of an observation block, its last execution and its time slot.

Pure functions. The mapping is ours, since ObsLocTAP leaves it open: docs/operators/night.md has it as a
table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from archive.declare.dataflow.statuses import ObStatus
from archive.declare.obsplan import OBSPLAN
from archive.declare.tables import Record

from .times import as_mjd

__all__ = ["Block", "Category", "Execution", "PlanStatus", "Tracking", "aborted_row", "planned_row"]


class PlanStatus(StrEnum):
    """ObsLocTAP 1.0: execution_status."""

    PLANNED = "Planned"
    SCHEDULED = "Scheduled"
    UNSCHEDULED = "Unscheduled"
    PERFORMED = "Performed"
    ABORTED = "Aborted"


class Category(StrEnum):
    """ObsLocTAP 1.0: category."""

    FIXED = "Fixed"
    COORDINATED = "Coordinated"
    WINDOW = "Window"
    OTHER = "Other"


class Tracking(StrEnum):
    """ObsLocTAP 1.0: tracking_type."""

    SIDEREAL = "Sidereal"
    MOVING = "Solar-system-object-tracking"
    FIXED = "Fixed-az-el-transit"


_DONE = (ObStatus.STARTED, ObStatus.EXECUTED, ObStatus.COMPLETED)
_SPOILT = (ObStatus.ABORTED, ObStatus.MUST_REPEAT)
_LONGEST = 86_400.0  # seconds of an execution
_PRIORITIES = {"A": 2, "B": 1, "C": 0}


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution; `end` is None while it goes on."""

    execution_id: str
    start: datetime
    end: datetime | None
    status: str | None


@dataclass(frozen=True, slots=True)
class Block:
    """What the archive knows of an observation block; positions and sizes in degrees, times in seconds.

    `slot` is the visitor's or other time that its run has on the schedule, `taken` the raw files' first start
    and last end. `is_bound` tells that it may be observed in certain windows of time only.
    """

    ob_id: int
    status: str | None = None
    target: str | None = None
    ra: float | None = None
    dec: float | None = None
    diameter: float | None = None
    em_min: float | None = None
    em_max: float | None = None
    collection: str | None = None
    telescope: str | None = None
    instrument: str | None = None
    exposure: float | None = None
    duration: float | None = None
    slot: tuple[datetime, datetime] | None = None
    is_visitor: bool = False
    is_bound: bool = False
    is_joint: bool = False
    is_moving: bool = False
    priority_class: str | None = None
    taken: tuple[datetime, datetime] | None = None
    seconds_taken: float | None = None
    executions: tuple[Execution, ...] = ()

    @property
    def state(self) -> ObStatus | None:
        """Its status, or that of its last execution where the block's is older than that."""
        told, last = _status(self.status), _status(self.executions[-1].status if self.executions else None)
        if last in _DONE and told not in _SPOILT:
            return last
        return told or last


def _status(text: str | None) -> ObStatus | None:
    return ObStatus(text) if text in set(ObStatus) else None


def _plan_status(block: Block) -> PlanStatus:
    match block.state:
        case ObStatus.STARTED | ObStatus.EXECUTED | ObStatus.COMPLETED:
            return PlanStatus.PERFORMED
        case ObStatus.ABORTED | ObStatus.MUST_REPEAT:
            return PlanStatus.ABORTED
        case ObStatus.REJECTED | ObStatus.FAILED | ObStatus.CANCELLED | ObStatus.TERMINATED:
            return PlanStatus.UNSCHEDULED
        case ObStatus.ACCEPTED if block.slot is not None:
            return PlanStatus.SCHEDULED
        case ObStatus.PARTIAL | ObStatus.DEFINED | ObStatus.ACCEPTED | None:
            return PlanStatus.PLANNED
        case _ as unknown:
            assert_never(unknown)


def planned_row(block: Block, moment: datetime) -> Record | None:
    """The block's own row as of `moment` (UTC); None for one that was done, and nobody told when."""
    status = _plan_status(block)
    span = _span(block, status)
    if span is None and status is PlanStatus.PERFORMED:
        return None
    return _row(block, str(block.ob_id), status, span, moment)


def aborted_row(block: Block, execution: Execution, moment: datetime) -> Record | None:
    """A row of its own for an execution that came to nothing, unless the block's row shows it."""
    if _status(execution.status) not in _SPOILT:
        return None
    if execution == block.executions[-1] and _plan_status(block) is PlanStatus.ABORTED:
        return None
    span = _executed(block, execution)
    return _row(block, execution.execution_id, PlanStatus.ABORTED, span, moment)


def _executed(block: Block, execution: Execution) -> tuple[datetime, datetime]:
    """Start and end; what goes on still ends as Phase 2 computed it."""
    if execution.end is not None:
        return execution.start, execution.end
    seconds = block.duration if block.duration is not None and 0 <= block.duration < _LONGEST else 0.0
    return execution.start, execution.start + timedelta(seconds=seconds)


def _span(block: Block, status: PlanStatus) -> tuple[datetime, datetime] | None:
    match status:
        case PlanStatus.SCHEDULED:
            return block.slot
        case PlanStatus.PERFORMED | PlanStatus.ABORTED:
            return _executed(block, block.executions[-1]) if block.executions else block.taken
        case PlanStatus.PLANNED | PlanStatus.UNSCHEDULED:
            return None
        case _ as unknown:
            assert_never(unknown)


def _row(
    block: Block,
    obs_id: str,
    status: PlanStatus,
    span: tuple[datetime, datetime] | None,
    moment: datetime,
) -> Record:
    category = _category(block)
    return OBSPLAN.row(
        t_planning=_mjd(moment),
        obs_id=obs_id,
        target_name=block.target,
        obs_collection=block.collection,
        t_min=span and _mjd(span[0]),
        t_max=span and _mjd(span[1]),
        t_exptime=None if span is None else _exposure(block, status, span),
        t_plan_exptime=block.exposure,
        em_min=block.em_min,
        em_max=block.em_max,
        facility_name=block.telescope or "unknown",
        instrument_name=block.instrument,
        category=category.value,
        priority=_priority(block, category),
        execution_status=status.value,
        tracking_type=_tracking(block).value,
        **_place(block),
    )


def _exposure(block: Block, status: PlanStatus, span: tuple[datetime, datetime]) -> float:
    """Seconds: as taken when it was performed, else as planned, else the time from start to end."""
    taken = block.seconds_taken if status is PlanStatus.PERFORMED else None
    known = taken if taken is not None else block.exposure
    return known if known is not None else (span[1] - span[0]).total_seconds()


def _category(block: Block) -> Category:
    if block.is_visitor:
        return Category.FIXED
    if block.is_joint:
        return Category.COORDINATED
    return Category.WINDOW if block.is_bound else Category.OTHER


def _priority(block: Block, category: Category) -> int:
    if category is Category.FIXED:
        return 2
    usual = 0 if category is Category.OTHER else 1
    return _PRIORITIES.get((block.priority_class or "").upper(), usual)


def _tracking(block: Block) -> Tracking:
    if block.is_moving:
        return Tracking.MOVING
    # A calibration block has no target that the telescope could follow.
    has_target = block.ra is not None or block.target is not None
    return Tracking.SIDEREAL if has_target else Tracking.FIXED


def _place(block: Block) -> dict[str, object]:
    """A circle, since the position angle may be chosen late (ObsLocTAP 1.0, 3.1); or the position alone."""
    if block.ra is None or block.dec is None or not (0 <= block.ra <= 360 and -90 <= block.dec <= 90):
        return {}
    where = f"{block.ra!r} {block.dec!r}"
    if block.diameter is None or not 0 < block.diameter < 90:
        return {"s_ra": block.ra, "s_dec": block.dec, "s_region": f"POSITION ICRS {where}"}
    region = f"CIRCLE ICRS {where} {block.diameter / 2:.6f}"
    return {"s_ra": block.ra, "s_dec": block.dec, "s_fov": block.diameter, "s_region": region}


def _mjd(moment: datetime) -> float:
    return as_mjd(moment.replace(tzinfo=UTC))
